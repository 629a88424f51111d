/* lwc_pointwise_s8_dsp4.h - 1x1 convolution with stride 1, four pixels at a time: cores with the DSP extension. */
#ifndef LWC_POINTWISE_S8_DSP4_H
#define LWC_POINTWISE_S8_DSP4_H

#include "lwc_dot4_s8_dsp.h"

typedef struct lwc_pointwise_dsp4_params {
    int32_t pixels;  /* pixels in the run, >= 1 */
    int32_t in_c;    /* input channels */
    int32_t out_c;   /* output channels */
    int32_t carried; /* weights are 256 * b + a in halves */
    lwc_requant requant;
} lwc_pointwise_dsp4_params;

/*
 * in       [pixels][in_c] int8
 * weights  [out_c / 2 rounded up][pairs] words, pairs = in_c / 2 rounded up; see lwc_dot4_s8_dsp.h
 * quant    [out_c / 2 rounded up][2][words] int32
 * out      [pixels][out_c] int8, must not overlap in
 * scratch  four expanded pixels: [pairs][4] words
 */
LWC_INLINE void lwc_pointwise_s8_dsp4(const lwc_pointwise_dsp4_params *p, const int8_t *in, const int32_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    uint32_t *x = (uint32_t *)scratch;
    const int32_t pairs = lwc_expanded_pairs(1, p->in_c);
    int32_t left = p->pixels;

    for (; left >= 4; left -= 4) {
        for (int32_t i = 0; i < 4; ++i) {
            lwc_expand_pixel(&in, 1, p->in_c, 4, x + i);
            in += p->in_c;
        }
        lwc_dot4_s8_dsp(&p->requant, x, pairs, p->out_c, p->carried, weights, quant, out);
        out += 4 * p->out_c;
    }
    for (; left > 0; --left) {
        lwc_expand_pixel(&in, 1, p->in_c, 1, x);
        lwc_dot1_s8_dsp(&p->requant, x, pairs, p->out_c, p->carried, weights, quant, out);
        in += p->in_c;
        out += p->out_c;
    }
}

#endif
