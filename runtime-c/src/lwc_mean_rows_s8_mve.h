/* lwc_mean_rows_s8_mve.h - mean over rows that come one after the other, 8 channels at a time: cores with MVE. */
#ifndef LWC_MEAN_ROWS_S8_MVE_H
#define LWC_MEAN_ROWS_S8_MVE_H

#include "isa/lwc_isa_mve_elementwise.h"
#include "lwc_mean_rows_s8.h"

/*
 * in     [pixels][channels] int8: row y of the input, y in [0, rows)
 * quant  [1][words] int32: -rows * pixels * zero point of the input, then the requantization: FLOAT or SHORT
 * out    [channels] int8: written with the last row
 * sums   [channels rounded up to 8] int32: filled with row 0, to be kept to the last
 */
LWC_MVE_INLINE void lwc_mean_rows_s8_mve(const lwc_mean_rows_params *p, const int8_t *in, int32_t y, const int32_t *quant, int8_t *out, int32_t *sums)
{
    lwc_mve_add_pixels(in, p->channels, p->pixels, p->channels, (y == 0) ? 1 : 0, sums);
    if (y == (p->rows - 1)) {
        lwc_mve_end_mean(&p->requant, sums, p->channels, quant, out);
    }
}

#endif
