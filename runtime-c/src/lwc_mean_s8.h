/* lwc_mean_s8.h - mean over neighbouring axes (global average pooling), any core. */
#ifndef LWC_MEAN_S8_H
#define LWC_MEAN_S8_H

#include "lwc_requant.h"

typedef struct lwc_mean_params {
    int32_t outer;
    int32_t count; /* values in each mean */
    int32_t inner;
    lwc_requant requant;
} lwc_mean_params;

/*
 * in       [outer][count][inner] int8
 * quant    [1][words] int32: -count * zero point of the input, then the requantization of every value
 * out      [outer][inner] int8
 * scratch  [inner] int32
 */
LWC_INLINE void lwc_mean_s8(const lwc_mean_params *p, const int8_t *in, const int32_t *quant, int8_t *out, void *scratch)
{
    int32_t *sums = (int32_t *)scratch;
    const int32_t start = lwc_requant_bias(&p->requant, quant, 0);

    for (int32_t o = 0; o < p->outer; ++o) {
        for (int32_t i = 0; i < p->inner; ++i) {
            sums[i] = start;
        }
        for (int32_t k = 0; k < p->count; ++k) {
            for (int32_t i = 0; i < p->inner; ++i) {
                sums[i] += in[i];
            }
            in += p->inner;
        }
        for (int32_t i = 0; i < p->inner; ++i) {
            out[i] = (int8_t)lwc_requantize(&p->requant, quant, 0, sums[i]);
        }
        out += p->inner;
    }
}

#endif
