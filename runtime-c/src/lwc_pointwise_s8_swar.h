/* lwc_pointwise_s8_swar.h - 1x1 convolution with stride 1, two multiply-accumulates to a product: cores without the DSP extension. */
#ifndef LWC_POINTWISE_S8_SWAR_H
#define LWC_POINTWISE_S8_SWAR_H

#include "lwc_dot_s8_swar.h"

typedef struct lwc_pointwise_swar_params {
    int32_t pixels; /* pixels in the run, >= 1 */
    int32_t in_c;   /* input channels */
    int32_t out_c;  /* output channels */
    int32_t out_pitch; /* bytes from one output pixel to the next, >= out_c */
    int32_t block;  /* pixels at a time: 2, or 1 for cores with few registers */
    lwc_requant requant;
} lwc_pointwise_swar_params;

/*
 * in       [pixels][in_c] int8
 * weights  [out_c / 4 rounded up][pairs][4] words, pairs = in_c / 2 rounded up; see lwc_dot_s8_swar.h
 * quant    [out_c rounded up to 4][words] int32
 * out      [pixels][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap in
 * scratch  `block` expanded pixels: [pairs][block] words
 */
LWC_INLINE void lwc_pointwise_s8_swar(const lwc_pointwise_swar_params *p, const int8_t *in, const int32_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    uint32_t *x = (uint32_t *)scratch;
    const int32_t pairs = lwc_swar_pairs(1, p->in_c);
    int32_t left = p->pixels;

    if (p->block == 2) {
        for (; left >= 2; left -= 2) {
            const int8_t *next = in + p->in_c;

            lwc_swar_expand_pixel(&in, 1, p->in_c, 2, x);
            lwc_swar_expand_pixel(&next, 1, p->in_c, 2, x + 1);
            lwc_dot_s8_swar(&p->requant, 2, x, pairs, p->out_c, weights, quant, out, p->out_pitch);
            in += 2 * p->in_c;
            out += 2 * p->out_pitch;
        }
    }
    for (; left > 0; --left) {
        lwc_swar_expand_pixel(&in, 1, p->in_c, 1, x);
        lwc_dot_s8_swar(&p->requant, 1, x, pairs, p->out_c, weights, quant, out, p->out_pitch);
        in += p->in_c;
        out += p->out_pitch;
    }
}

#endif
