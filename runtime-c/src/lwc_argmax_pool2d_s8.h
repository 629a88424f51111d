/* lwc_argmax_pool2d_s8.h - one output row of the places that max pooling takes its values from, any core. */
#ifndef LWC_ARGMAX_POOL2D_S8_H
#define LWC_ARGMAX_POOL2D_S8_H

#include <stdint.h>

#include "lwc/lwc.h"

typedef struct lwc_argmax_pool2d_params {
    int32_t in_h;
    int32_t in_w;
    int32_t channels;
    int32_t out_w;
    int32_t kernel_h; /* kernel_h * kernel_w <= 256 */
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t pad_top;
    int32_t pad_left;
} lwc_argmax_pool2d_params;

/*
 * rows  kernel_h pointers to input rows [in_w][channels] int8
 * y     the output row: says which rows are padding, whose place no value has
 * out   [out_w][channels] int8: ky * kernel_w + kx - 128 of the first of the largest values; must not overlap the rows
 */
static inline void lwc_argmax_pool2d_s8(const lwc_argmax_pool2d_params *p, const int8_t *const *rows, int32_t y, int8_t *out)
{
    const int32_t top = (y * p->stride_h) - p->pad_top;

    for (int32_t ox = 0; ox < p->out_w; ++ox) {
        const int32_t left = (ox * p->stride_w) - p->pad_left;

        for (int32_t c = 0; c < p->channels; ++c) {
            int32_t best = -129;
            int32_t place = 0;

            for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
                const int32_t iy = top + (ky * p->dilation_h);

                if ((iy < 0) || (iy >= p->in_h)) {
                    continue;
                }
                for (int32_t kx = 0; kx < p->kernel_w; ++kx) {
                    const int32_t ix = left + (kx * p->dilation_w);

                    if ((ix >= 0) && (ix < p->in_w)) {
                        const int32_t x = rows[ky][(ix * p->channels) + c];

                        if (x > best) {
                            best = x;
                            place = (ky * p->kernel_w) + kx;
                        }
                    }
                }
            }
            out[c] = (int8_t)(place - 128);
        }
        out += p->channels;
    }
}

#endif
