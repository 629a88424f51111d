/* lwc_max_pool2d_s8.h - one output row of max pooling, any core. */
#ifndef LWC_MAX_POOL2D_S8_H
#define LWC_MAX_POOL2D_S8_H

#include <stdint.h>

#include "lwc/lwc.h"

typedef struct lwc_max_pool2d_params {
    int32_t in_w;
    int32_t channels;
    int32_t out_w;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= channels */
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_w;
    int32_t dilation_w;
    int32_t pad_left;
    int32_t min; /* clamp */
    int32_t max;
} lwc_max_pool2d_params;

/*
 * rows  kernel_h pointers to input rows [in_w][channels] int8; a padding row holds -128
 * out   [out_w][channels] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 */
static inline void lwc_max_pool2d_s8(const lwc_max_pool2d_params *p, const int8_t *const *rows, int8_t *out)
{
    for (int32_t ox = 0; ox < p->out_w; ++ox) {
        const int32_t first = (ox * p->stride_w) - p->pad_left;

        for (int32_t c = 0; c < p->channels; ++c) {
            int32_t best = -128;

            for (int32_t kx = 0; kx < p->kernel_w; ++kx) {
                const int32_t ix = first + (kx * p->dilation_w);

                if ((ix >= 0) && (ix < p->in_w)) {
                    for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
                        const int32_t x = rows[ky][(ix * p->channels) + c];

                        if (x > best) {
                            best = x;
                        }
                    }
                }
            }
            if (best < p->min) {
                best = p->min;
            }
            if (best > p->max) {
                best = p->max;
            }
            out[c] = (int8_t)best;
        }
        out += p->out_pitch;
    }
}

#endif
