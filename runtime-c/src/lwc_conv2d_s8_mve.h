/* lwc_conv2d_s8_mve.h - one output row of a 2-D convolution without groups: cores with MVE. */
#ifndef LWC_CONV2D_S8_MVE_H
#define LWC_CONV2D_S8_MVE_H

#include "isa/lwc_isa_mve.h"

typedef struct lwc_conv2d_mve_params {
    int32_t in_w;
    int32_t in_c;
    int32_t out_w;
    int32_t out_c;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_w;
    int32_t dilation_w;
    int32_t pad_left;
    int32_t in_zero_point; /* [-128, 127] */
    lwc_requant requant;   /* FLOAT or SHORT; the biases already hold -zero point * sum(weights) */
} lwc_conv2d_mve_params;

/* Gathers the window of output pixel `ox` as [kernel_h][kernel_w][in_c] int8; columns outside hold the zero point. */
LWC_MVE_INLINE void lwc_conv2d_patch_mve(const lwc_conv2d_mve_params *p, const int8_t *const *rows, int32_t ox, int8_t *patch)
{
    const int32_t first = (ox * p->stride_w) - p->pad_left;
    const int32_t last = first + ((p->kernel_w - 1) * p->dilation_w);
    const int32_t run = p->kernel_w * p->in_c;

    if ((p->dilation_w == 1) && (first >= 0) && (last < p->in_w)) {
        for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
            lwc_mve_copy(patch + (ky * run), rows[ky] + (first * p->in_c), run);
        }
        return;
    }
    for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
        for (int32_t kx = 0; kx < p->kernel_w; ++kx) {
            const int32_t ix = first + (kx * p->dilation_w);

            if ((ix >= 0) && (ix < p->in_w)) {
                lwc_mve_copy(patch, rows[ky] + (ix * p->in_c), p->in_c);
            } else {
                memset(patch, p->in_zero_point, (size_t)p->in_c);
            }
            patch += p->in_c;
        }
    }
}

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  blocks of four channels over kernel_h * kernel_w * in_c values: see lwc_mve_dot_two
 * quant    groups of four channels
 * out      [out_w][out_c] int8, must not overlap the rows
 * scratch  two patches [kernel_h][kernel_w][in_c] int8
 */
LWC_MVE_INLINE void lwc_conv2d_s8_mve(const lwc_conv2d_mve_params *p, const int8_t *const *rows, const int8_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    const int32_t depth = p->kernel_h * p->kernel_w * p->in_c;
    int8_t *patch = (int8_t *)scratch;

    /* An odd last pixel is computed as a pair of itself. */
    for (int32_t ox = 0; ox < p->out_w; ox += 2) {
        const int32_t step = ((ox + 1) < p->out_w) ? 1 : 0;

        for (int32_t i = 0; i <= step; ++i) {
            lwc_conv2d_patch_mve(p, rows, ox + i, patch + (i * depth));
        }
        lwc_mve_dot_two(&p->requant, patch, patch + (step * depth), depth, p->out_c, weights, quant, out, step * p->out_c);
        out += 2 * p->out_c;
    }
}

#endif
