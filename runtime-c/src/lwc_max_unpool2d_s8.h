/* lwc_max_unpool2d_s8.h - pooled values back to where max pooling found them, any core. */
#ifndef LWC_MAX_UNPOOL2D_S8_H
#define LWC_MAX_UNPOOL2D_S8_H

#include <stdint.h>
#include <string.h>

#include "lwc/lwc.h"

typedef struct lwc_max_unpool2d_params {
    int32_t in_h;
    int32_t in_w;
    int32_t channels;
    int32_t out_h;
    int32_t out_w;
    int32_t out_bytes; /* out_h * out_w * channels */
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t zero_point; /* [-128, 127] */
} lwc_max_unpool2d_params;

/*
 * in      [in_h][in_w][channels] int8
 * places  [in_h][in_w][channels] int8: ky * kernel_w + kx - 128, as lwc_argmax_pool2d_s8 yields them
 * out     [out_h][out_w][channels] int8, must not overlap the inputs
 */
static inline void lwc_max_unpool2d_s8(const lwc_max_unpool2d_params *p, const int8_t *in, const int8_t *places, int8_t *out)
{
    memset(out, p->zero_point, (size_t)p->out_bytes);
    for (int32_t iy = 0; iy < p->in_h; ++iy) {
        for (int32_t ix = 0; ix < p->in_w; ++ix) {
            for (int32_t c = 0; c < p->channels; ++c) {
                const int32_t place = (int32_t)*places + 128;
                const int32_t oy = (iy * p->stride_h) - p->pad_top + ((place / p->kernel_w) * p->dilation_h);
                const int32_t ox = (ix * p->stride_w) - p->pad_left + ((place % p->kernel_w) * p->dilation_w);

                /* A place outside would be padding, which is never the largest value. */
                if ((oy >= 0) && (oy < p->out_h) && (ox >= 0) && (ox < p->out_w)) {
                    out[(((oy * p->out_w) + ox) * p->channels) + c] = *in;
                }
                ++in;
                ++places;
            }
        }
    }
}

#endif
