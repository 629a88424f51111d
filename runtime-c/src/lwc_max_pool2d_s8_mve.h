/* lwc_max_pool2d_s8_mve.h - one output row of max pooling, 16 channels at a time: cores with MVE. */
#ifndef LWC_MAX_POOL2D_S8_MVE_H
#define LWC_MAX_POOL2D_S8_MVE_H

#include "isa/lwc_isa_mve_elementwise.h"
#include "lwc_max_pool2d_s8.h"

/*
 * rows  kernel_h pointers to input rows [in_w][channels] int8; a padding row holds -128
 * out   [out_w][channels] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 */
LWC_MVE_INLINE void lwc_max_pool2d_s8_mve(const lwc_max_pool2d_params *p, const int8_t *const *rows, int8_t *out)
{
    const int32_t step = p->dilation_w * p->channels;

    for (int32_t ox = 0; ox < p->out_w; ++ox) {
        const int32_t first = (ox * p->stride_w) - p->pad_left;
        const int32_t last = first + ((p->kernel_w - 1) * p->dilation_w);

        if ((first >= 0) && (last < p->in_w)) {
            lwc_mve_max(rows, first * p->channels, p->kernel_h, p->kernel_w, step, p->min, p->max, p->channels, out);
        } else {
            /* Taps inside the input; none where the window lies beside it. */
            const int32_t skip = (first < 0) ? ((p->dilation_w - 1 - first) / p->dilation_w) : 0;
            const int32_t from = first + (skip * p->dilation_w);
            const int32_t room = (p->in_w - from + p->dilation_w - 1) / p->dilation_w;
            const int32_t taps = ((p->kernel_w - skip) < room) ? (p->kernel_w - skip) : room;

            lwc_mve_max(rows, from * p->channels, p->kernel_h, taps, step, p->min, p->max, p->channels, out);
        }
        out += p->out_pitch;
    }
}

#endif
