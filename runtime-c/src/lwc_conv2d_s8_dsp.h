/* lwc_conv2d_s8_dsp.h - one output row of a 2-D convolution without groups: cores with the DSP extension. */
#ifndef LWC_CONV2D_S8_DSP_H
#define LWC_CONV2D_S8_DSP_H

#include "lwc_dot_s8_dsp.h"

typedef struct lwc_conv2d_dsp_params {
    int32_t in_w;
    int32_t in_c;
    int32_t out_w;
    int32_t out_c;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= out_c */
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_w;
    int32_t dilation_w;
    int32_t pad_left;
    int32_t in_zero_point; /* [-128, 127] */
    lwc_requant requant;
} lwc_conv2d_dsp_params;

/* Gathers the window of output pixel `ox` as [kernel_h][kernel_w][in_c] int8; columns outside hold the zero point. */
static inline void lwc_conv2d_patch_s8(const lwc_conv2d_dsp_params *p, const int8_t *const *rows, int32_t ox, int8_t *patch)
{
    const int32_t first = (ox * p->stride_w) - p->pad_left;
    const int32_t last = first + ((p->kernel_w - 1) * p->dilation_w);
    const int32_t run = p->kernel_w * p->in_c;

    for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
        if ((p->dilation_w == 1) && (first >= 0) && (last < p->in_w)) {
            memcpy(patch, rows[ky] + (first * p->in_c), (size_t)run);
            patch += run;
        } else {
            for (int32_t kx = 0; kx < p->kernel_w; ++kx) {
                const int32_t ix = first + (kx * p->dilation_w);

                if ((ix >= 0) && (ix < p->in_w)) {
                    memcpy(patch, rows[ky] + (ix * p->in_c), (size_t)p->in_c);
                } else {
                    memset(patch, p->in_zero_point, (size_t)p->in_c);
                }
                patch += p->in_c;
            }
        }
    }
}

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  [out_c][kernel_h * kernel_w * in_c rounded up to 4] int8, zero-filled, 4-byte aligned
 * quant    [out_c][words] int32, see lwc_requant
 * out      [out_w][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 * scratch  two expanded patches [2][depth] int16, then one patch [depth] int8; 4-byte aligned
 */
static inline void lwc_conv2d_s8_dsp(const lwc_conv2d_dsp_params *p, const int8_t *const *rows, const int8_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    const int32_t values = p->kernel_h * p->kernel_w * p->in_c;
    const int32_t depth = (values + 3) & ~3;
    uint32_t *x = (uint32_t *)scratch;
    int8_t *patch = (int8_t *)scratch + (4 * depth);
    int32_t ox = 0;

    for (; (ox + 2) <= p->out_w; ox += 2) {
        lwc_conv2d_patch_s8(p, rows, ox, patch);
        lwc_expand_s8_dsp(patch, values, p->in_zero_point, x);
        lwc_conv2d_patch_s8(p, rows, ox + 1, patch);
        lwc_expand_s8_dsp(patch, values, p->in_zero_point, x + (depth / 2));
        lwc_dot_pixels_s8_dsp(&p->requant, x, 2, depth, p->out_c, weights, quant, out, p->out_pitch);
        out += 2 * p->out_pitch;
    }
    if (ox < p->out_w) {
        lwc_conv2d_patch_s8(p, rows, ox, patch);
        lwc_expand_s8_dsp(patch, values, p->in_zero_point, x);
        lwc_dot_pixels_s8_dsp(&p->requant, x, 1, depth, p->out_c, weights, quant, out, p->out_pitch);
    }
}

#endif
