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
    int32_t pitch;         /* bytes of a patch: kernel_h * kernel_w * in_c, rounded up to vectors */
    int32_t batch;         /* patches in the scratch memory: 1 or even */
    lwc_requant requant;   /* FLOAT or SHORT; the biases already hold -zero point * sum(weights) */
} lwc_conv2d_mve_params;

/* A window that leaves the input sideways, or whose taps lie apart: columns outside hold the zero point. */
LWC_MVE_INLINE void lwc_conv2d_border_mve(const lwc_conv2d_mve_params *p, const int8_t *const *rows, int32_t first, int8_t *patch)
{
    for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
        for (int32_t kx = 0; kx < p->kernel_w; ++kx) {
            const int32_t ix = first + (kx * p->dilation_w);

            if ((ix < 0) || (ix >= p->in_w)) {
                memset(patch, p->in_zero_point, (size_t)p->in_c);
            } else if (p->in_c < 4) {
                for (int32_t c = 0; c < p->in_c; ++c) {
                    patch[c] = rows[ky][(ix * p->in_c) + c];
                }
            } else {
                lwc_mve_copy(patch, rows[ky] + (ix * p->in_c), p->in_c);
            }
            patch += p->in_c;
        }
    }
}

/* Gathers the window of output pixel `ox` as [kernel_h][kernel_w][in_c] int8. */
LWC_MVE_INLINE void lwc_conv2d_patch_mve(const lwc_conv2d_mve_params *p, const int8_t *const *rows, int32_t ox, int8_t *patch)
{
    const int32_t first = (ox * p->stride_w) - p->pad_left;
    const int32_t last = first + ((p->kernel_w - 1) * p->dilation_w);
    const int32_t run = p->kernel_w * p->in_c;

    if ((p->dilation_w != 1) || (first < 0) || (last >= p->in_w)) {
        lwc_conv2d_border_mve(p, rows, first, patch);
        return;
    }
    for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
        if (run == 4) {
            lwc_store_word(patch, lwc_load_word(rows[ky] + (first * p->in_c)));
        } else {
            lwc_mve_copy(patch, rows[ky] + (first * p->in_c), run);
        }
        patch += run;
    }
}

/* The last pixel in front of which whole vectors of a window lie inside the row, plus one; 0 where there is none. */
LWC_INLINE int32_t lwc_conv2d_inside_mve(const lwc_conv2d_mve_params *p)
{
    const int32_t room = (p->in_w * p->in_c) - (((p->kernel_w * p->in_c) + 15) & ~15);

    return ((room < 0) || (p->dilation_w != 1) || (p->kernel_h > 4)) ? 0 : ((((room / p->in_c) + p->pad_left) / p->stride_w) + 1);
}

/* Gathers the windows of `count` pixels. */
LWC_MVE_INLINE void lwc_conv2d_patches_mve(const lwc_conv2d_mve_params *p, const int8_t *const *rows, int32_t ox, int32_t count, int8_t *patches)
{
    const int32_t end = ox + count;
    const int32_t inside = (p->pad_left + p->stride_w - 1) / p->stride_w;
    const int32_t beyond = lwc_conv2d_inside_mve(p);

    while (ox < end) {
        const int32_t run = ((beyond < end) ? beyond : end) - ox;

        if ((ox >= inside) && (run > 0)) {
            lwc_mve_patches(rows, ((ox * p->stride_w) - p->pad_left) * p->in_c, p->kernel_h, p->kernel_w * p->in_c, p->stride_w * p->in_c, run, patches, p->pitch);
            ox += run;
            patches += run * p->pitch;
        } else {
            lwc_conv2d_patch_mve(p, rows, ox, patches);
            ox += 1;
            patches += p->pitch;
        }
    }
}

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  blocks of four channels over `pitch` values, those behind a patch 0: see lwc_mve_dot_pairs
 * quant    groups of four channels
 * out      [out_w][out_c] int8, must not overlap the rows
 * scratch  `batch` patches and 16 bytes
 */
LWC_MVE_INLINE void lwc_conv2d_s8_mve(const lwc_conv2d_mve_params *p, const int8_t *const *rows, const int8_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    int8_t *patches = (int8_t *)scratch;

    for (int32_t ox = 0; ox < p->out_w; ox += p->batch) {
        const int32_t count = ((p->out_w - ox) < p->batch) ? (p->out_w - ox) : p->batch;

        lwc_conv2d_patches_mve(p, rows, ox, count, patches);
        lwc_mve_dot_pairs(&p->requant, patches, p->pitch, count, p->pitch, p->out_c, weights, quant, out);
        out += count * p->out_c;
    }
}

#endif
