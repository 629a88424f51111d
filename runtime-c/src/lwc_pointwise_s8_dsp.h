/* lwc_pointwise_s8_dsp.h - 1x1 convolution with stride 1, and fully connected layers: cores with the DSP extension. */
#ifndef LWC_POINTWISE_S8_DSP_H
#define LWC_POINTWISE_S8_DSP_H

#include "lwc_dot_s8_dsp.h"

typedef struct lwc_pointwise_dsp_params {
    int32_t pixels;        /* pixels in the run, >= 1 */
    int32_t in_c;          /* input channels */
    int32_t out_c;         /* output channels */
    int32_t out_pitch; /* bytes from one output pixel to the next, >= out_c */
    int32_t in_zero_point; /* [-128, 127] */
    lwc_requant requant;
} lwc_pointwise_dsp_params;

/*
 * in       [pixels][in_c] int8
 * weights  [out_c][in_c rounded up to 4] int8, zero-filled, 4-byte aligned
 * quant    [out_c][words] int32, see lwc_requant
 * out      [pixels][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap in
 * scratch  two expanded pixels: [2][in_c rounded up to 4] int16, 4-byte aligned
 */
static inline void lwc_pointwise_s8_dsp(const lwc_pointwise_dsp_params *p, const int8_t *in, const int8_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    uint32_t *x = (uint32_t *)scratch;
    const int32_t depth = (p->in_c + 3) & ~3;
    int32_t pixel = 0;

    for (; (pixel + 2) <= p->pixels; pixel += 2) {
        lwc_expand_s8_dsp(in, p->in_c, p->in_zero_point, x);
        lwc_expand_s8_dsp(in + p->in_c, p->in_c, p->in_zero_point, x + (depth / 2));
        lwc_dot_pixels_s8_dsp(&p->requant, x, 2, depth, p->out_c, weights, quant, out, p->out_pitch);
        in += 2 * p->in_c;
        out += 2 * p->out_pitch;
    }
    if (pixel < p->pixels) {
        lwc_expand_s8_dsp(in, p->in_c, p->in_zero_point, x);
        lwc_dot_pixels_s8_dsp(&p->requant, x, 1, depth, p->out_c, weights, quant, out, p->out_pitch);
    }
}

#endif
