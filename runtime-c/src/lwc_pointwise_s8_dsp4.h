/* lwc_pointwise_s8_dsp4.h - 1x1 convolution with stride 1, four pixels at a time: cores with the DSP extension. */
#ifndef LWC_POINTWISE_S8_DSP4_H
#define LWC_POINTWISE_S8_DSP4_H

#include "lwc_dot4_s8_dsp.h"

typedef struct lwc_pointwise_dsp4_params {
    int32_t pixels;  /* pixels in the run, >= 1 */
    int32_t in_c;    /* input channels */
    int32_t out_c;   /* output channels */
    int32_t out_pitch; /* bytes from one output pixel to the next, >= out_c */
    int32_t carried; /* weights are 256 * b + a in halves */
    lwc_requant requant;
} lwc_pointwise_dsp4_params;

/*
 * in       [pixels][in_c] int8
 * weights  [out_c / 2 rounded up][pairs] words, pairs = in_c / 2 rounded up; see lwc_dot4_s8_dsp.h
 * quant    [out_c / 2 rounded up][2][words] int32
 * out      [pixels][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap in
 * scratch  four expanded pixels: [pairs][4] words
 */
LWC_INLINE void lwc_pointwise_s8_dsp4(const lwc_pointwise_dsp4_params *p, const int8_t *in, const int32_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    uint32_t *x = (uint32_t *)scratch;
    const int32_t pairs = lwc_expanded_pairs(1, p->in_c);
    const int32_t rest = p->pixels & 3;

    for (int32_t left = p->pixels / 4; left > 0; --left) {
        if (p->in_c <= LWC_EXPAND_FLAT) {
            for (int32_t i = 0; i < 4; ++i) {
                const int8_t *const from = in + (i * p->in_c);

                lwc_expand_pixel(&from, 1, p->in_c, 4, x + i);
            }
        } else {
            lwc_expand_pixels(in, p->in_c, 4, x);
        }
        in += 4 * p->in_c;
        lwc_dot4_s8_dsp(&p->requant, 1, x, pairs, p->out_c, p->carried, weights, quant, out, p->out_pitch);
        out += 4 * p->out_pitch;
    }
    if (rest != 0) {
        lwc_expand_pixels(in, p->in_c, rest, x);
        lwc_dot_rest_s8_dsp(&p->requant, p->pixels, rest, x, pairs, p->out_c, p->carried, weights, quant, out, p->out_pitch);
    }
}

/*
 * The same for `count` rows of p->pixels that lie side by side. Pixels behind the blocks of four are few: they share little code.
 *
 * out      may be `in`, where in_c = out_c = out_pitch: what a block overwrites was expanded before
 */
LWC_INLINE void lwc_pointwise_rows_s8_dsp4(const lwc_pointwise_dsp4_params *p, const int8_t *in, int32_t count, const int32_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    uint32_t *x = (uint32_t *)scratch;
    const int32_t pairs = lwc_expanded_pairs(1, p->in_c);
    const int32_t pixels = count * p->pixels;

    for (int32_t left = pixels / 4; left > 0; --left) {
        lwc_expand_pixels(in, p->in_c, 4, x);
        in += 4 * p->in_c;
        lwc_dot4_s8_dsp(&p->requant, 1, x, pairs, p->out_c, p->carried, weights, quant, out, p->out_pitch);
        out += 4 * p->out_pitch;
    }
    if (((p->pixels & 1) != 0) && ((pixels & 1) != 0)) {
        lwc_expand_pixels(in, p->in_c, 1, x);
        lwc_dot_rest_s8_dsp(&p->requant, 1, 1, x, pairs, p->out_c, p->carried, weights, quant, out, p->out_pitch);
        in += p->in_c;
        out += p->out_pitch;
    }
    if (((p->pixels & 3) != 0) && ((pixels & 2) != 0)) {
        lwc_expand_pixels(in, p->in_c, 2, x);
        lwc_dot_rest_s8_dsp(&p->requant, 2, 2, x, pairs, p->out_c, p->carried, weights, quant, out, p->out_pitch);
    }
}

#endif
