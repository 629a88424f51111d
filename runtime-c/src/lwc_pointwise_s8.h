/* lwc_pointwise_s8.h - 1x1 convolution with stride 1, and fully connected layers: any core. */
#ifndef LWC_POINTWISE_S8_H
#define LWC_POINTWISE_S8_H

#include "lwc_requant.h"

typedef struct lwc_pointwise_params {
    int32_t pixels;            /* pixels in the run, >= 1 */
    int32_t in_c;              /* input channels */
    int32_t out_c;             /* output channels */
    int32_t out_pitch; /* bytes from one output pixel to the next, >= out_c */
    int32_t in_zero_point;     /* [-128, 127] */
    int32_t weight_zero_point; /* [-128, 127], 0 for symmetric weights */
    lwc_requant requant;
} lwc_pointwise_params;

/*
 * out[pixel][o] = requantize(bias[o] + sum over c of (in[pixel][c] - zx) * (weights[o][c] - zw))
 *
 * in       [pixels][in_c] int8
 * weights  [out_c][in_c] int8
 * quant    [out_c][words] int32, see lwc_requant
 * out      [pixels][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap in
 */
LWC_INLINE void lwc_pointwise_s8(const lwc_pointwise_params *p, const int8_t *in, const int8_t *weights, const int32_t *quant, int8_t *out)
{
    for (int32_t pixel = 0; pixel < p->pixels; ++pixel) {
        const int8_t *w = weights;

        for (int32_t o = 0; o < p->out_c; ++o) {
            int32_t acc = lwc_requant_bias(&p->requant, quant, o);

            for (int32_t c = 0; c < p->in_c; ++c) {
                acc += ((int32_t)in[c] - p->in_zero_point) * ((int32_t)w[c] - p->weight_zero_point);
            }
            out[o] = (int8_t)lwc_requantize(&p->requant, quant, o, acc);
            w += p->in_c;
        }
        in += p->in_c;
        out += p->out_pitch;
    }
}

#endif
