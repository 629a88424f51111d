/* lwc_mean_rows_s8.h - mean over rows (global average pooling) that come one after the other, any core. */
#ifndef LWC_MEAN_ROWS_S8_H
#define LWC_MEAN_ROWS_S8_H

#include "lwc_requant.h"

typedef struct lwc_mean_rows_params {
    int32_t rows;
    int32_t pixels; /* of a row */
    int32_t channels;
    lwc_requant requant;
} lwc_mean_rows_params;

/*
 * in     [pixels][channels] int8: row y of the input, y in [0, rows)
 * quant  [1][words] int32: -rows * pixels * zero point of the input, then the requantization of every value
 * out    [channels] int8: written with the last row
 * sums   [channels] int32: filled with row 0, to be kept to the last
 */
LWC_INLINE void lwc_mean_rows_s8(const lwc_mean_rows_params *p, const int8_t *in, int32_t y, const int32_t *quant, int8_t *out, int32_t *sums)
{
    if (y == 0) {
        const int32_t start = lwc_requant_bias(&p->requant, quant, 0);

        for (int32_t i = 0; i < p->channels; ++i) {
            sums[i] = start;
        }
    }
    for (int32_t k = 0; k < p->pixels; ++k) {
        for (int32_t i = 0; i < p->channels; ++i) {
            sums[i] += in[i];
        }
        in += p->channels;
    }
    if (y == (p->rows - 1)) {
        for (int32_t i = 0; i < p->channels; ++i) {
            out[i] = (int8_t)lwc_requantize(&p->requant, quant, 0, sums[i]);
        }
    }
}

#endif
