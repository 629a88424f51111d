/* lwc_mean_s8_mve.h - mean over neighbouring axes (global average pooling), 8 channels at a time: cores with MVE. */
#ifndef LWC_MEAN_S8_MVE_H
#define LWC_MEAN_S8_MVE_H

#include "isa/lwc_isa_mve_elementwise.h"
#include "lwc_mean_s8.h"

/*
 * in     [outer][count][inner] int8
 * quant  [1][words] int32: -count * zero point of the input, then the requantization of every value: FLOAT or SHORT
 * out    [outer][inner] int8
 */
LWC_MVE_INLINE void lwc_mean_s8_mve(const lwc_mean_params *p, const int8_t *in, const int32_t *quant, int8_t *out)
{
    for (int32_t o = 0; o < p->outer; ++o) {
        lwc_mve_mean(&p->requant, in, p->inner, p->count, p->inner, quant, out);
        in += p->count * p->inner;
        out += p->inner;
    }
}

#endif
