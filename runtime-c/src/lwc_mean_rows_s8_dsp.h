/* lwc_mean_rows_s8_dsp.h - mean over rows that come one after the other, four channels at a time: cores with the DSP extension. */
#ifndef LWC_MEAN_ROWS_S8_DSP_H
#define LWC_MEAN_ROWS_S8_DSP_H

#include "lwc_mean_rows_s8.h"
#include "lwc_mean_s8_dsp.h"

/*
 * p      channels is at least 4
 * in     [pixels][channels] int8: row y of the input, y in [0, rows)
 * quant  [1][words] int32: -rows * pixels * zero point of the input, then the requantization of every value
 * out    [channels] int8: written with the last row
 * sums   [blocks][4] int32: of each four channels, of which the last may overlap those before; filled with row 0, to be kept
 *        to the last
 */
LWC_INLINE void lwc_mean_rows_s8_dsp(const lwc_mean_rows_params *p, const int8_t *in, int32_t y, const int32_t *quant, int8_t *out, int32_t *sums)
{
    const int32_t start = lwc_requant_bias(&p->requant, quant, 0);

    const int32_t last = p->channels - 4; /* where the last block starts, at most */

    if (y == 0) {
        for (int32_t i = 0; i < ((p->channels + 3) & ~3); ++i) {
            sums[i] = start;
        }
    }
    for (int32_t done = 0; done < p->channels; done += 4) {
        lwc_mean_add4(in + ((done < last) ? done : last), p->pixels, p->channels, sums + done);
    }
    if (y == (p->rows - 1)) {
        for (int32_t done = 0; done < p->channels; done += 4) {
            int8_t *const to = out + ((done < last) ? done : last);

            for (int32_t i = 0; i < 4; ++i) {
                to[i] = (int8_t)lwc_requantize(&p->requant, quant, 0, sums[done + i]);
            }
        }
    }
}

#endif
