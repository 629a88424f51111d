/* lwc_depthwise_conv2d_s8.h - one output row of a depthwise convolution, any channel multiplier, any core. */
#ifndef LWC_DEPTHWISE_CONV2D_S8_H
#define LWC_DEPTHWISE_CONV2D_S8_H

#include "lwc_requant.h"

typedef struct lwc_depthwise_conv2d_params {
    int32_t in_w;
    int32_t in_c;
    int32_t out_w;
    int32_t out_c; /* a multiple of in_c */
    int32_t out_pitch; /* bytes from one output pixel to the next, >= out_c */
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_w;
    int32_t dilation_w;
    int32_t pad_left;
    int32_t in_zero_point; /* [-128, 127]; the biases already hold -zero point * sum(weights) */
    lwc_requant requant;
} lwc_depthwise_conv2d_params;

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  [out_c][kernel_h][kernel_w] int8
 * quant    [out_c][words] int32, see lwc_requant
 * out      [out_w][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 */
LWC_INLINE void lwc_depthwise_conv2d_s8(const lwc_depthwise_conv2d_params *p, const int8_t *const *rows, const int8_t *weights, const int32_t *quant, int8_t *out)
{
    const int32_t multiplier = p->out_c / p->in_c;

    for (int32_t ox = 0; ox < p->out_w; ++ox) {
        const int32_t first = (ox * p->stride_w) - p->pad_left;
        const int8_t *w = weights;

        for (int32_t o = 0; o < p->out_c; ++o) {
            const int32_t c = o / multiplier;
            int32_t acc = lwc_requant_bias(&p->requant, quant, o);

            for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
                for (int32_t kx = 0; kx < p->kernel_w; ++kx) {
                    const int32_t ix = first + (kx * p->dilation_w);
                    const int32_t x = ((ix >= 0) && (ix < p->in_w)) ? (int32_t)rows[ky][(ix * p->in_c) + c] : p->in_zero_point;

                    /* The folded bias may wrap before the last tap has been added: unsigned arithmetic. */
                    acc = (int32_t)((uint32_t)acc + (uint32_t)(x * (int32_t)*w));
                    ++w;
                }
            }
            out[o] = (int8_t)lwc_requantize(&p->requant, quant, o, acc);
        }
        out += p->out_pitch;
    }
}

#endif
