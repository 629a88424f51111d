/* lwc_conv2d_s8_swar.h - convolution of one output row, two multiply-accumulates to a product: cores without the DSP extension. */
#ifndef LWC_CONV2D_S8_SWAR_H
#define LWC_CONV2D_S8_SWAR_H

#include "lwc_dot_s8_swar.h"

/* Rows of a window at most: no VLA. */
enum { LWC_CONV2D_SWAR_ROWS = 16 };

typedef struct lwc_conv2d_swar_params {
    int32_t in_w;  /* input pixels in a row */
    int32_t in_c;  /* input channels */
    int32_t out_w; /* output pixels in a row */
    int32_t out_c; /* output channels */
    int32_t out_pitch; /* bytes from one output pixel to the next, >= out_c */
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_w;
    int32_t dilation_w;
    int32_t pad_left;      /* columns of padding before the row */
    int32_t in_zero_point; /* [-128, 127] */
    int32_t block;         /* pixels at a time: 2, or 1 for cores with few registers */
    lwc_requant requant;
} lwc_conv2d_swar_params;

/* Copies the window of columns first, first + dilation, ... to `patch`, with zero points where it leaves the row. */
static inline void lwc_conv2d_swar_patch(const lwc_conv2d_swar_params *p, const int8_t *const *rows, int32_t first, int8_t *patch)
{
    for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
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

/* Expands the window of output pixel ox. */
LWC_INLINE void lwc_conv2d_swar_window(const lwc_conv2d_swar_params *p, const int8_t *const *rows, int32_t ox, int32_t step, uint32_t *out, int8_t *patch)
{
    const int32_t first = (ox * p->stride_w) - p->pad_left;
    const int32_t last = first + ((p->kernel_w - 1) * p->dilation_w);
    const int32_t length = p->kernel_w * p->in_c;
    const int8_t *from[LWC_CONV2D_SWAR_ROWS];

    if ((p->dilation_w == 1) && (first >= 0) && (last < p->in_w)) {
        for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
            from[ky] = rows[ky] + (first * p->in_c);
        }
    } else {
        lwc_conv2d_swar_patch(p, rows, first, patch);
        for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
            from[ky] = patch + (ky * length);
        }
    }
    lwc_swar_expand_pixel(from, p->kernel_h, length, step, out);
}

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  [out_c / 4 rounded up][pairs][4] words; see lwc_dot_s8_swar.h, with kernel_h runs of kernel_w * in_c taps
 * quant    [out_c rounded up to 4][words] int32
 * out      [out_w][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 * scratch  `block` expanded windows [pairs][block] words, then one window in int8
 */
LWC_INLINE void lwc_conv2d_s8_swar(const lwc_conv2d_swar_params *p, const int8_t *const *rows, const int32_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    uint32_t *x = (uint32_t *)scratch;
    const int32_t pairs = lwc_swar_pairs(p->kernel_h, p->kernel_w * p->in_c);
    int8_t *patch = (int8_t *)(x + (p->block * pairs));
    int32_t ox = 0;

    if (p->block == 2) {
        for (; (ox + 2) <= p->out_w; ox += 2) {
            lwc_conv2d_swar_window(p, rows, ox, 2, x, patch);
            lwc_conv2d_swar_window(p, rows, ox + 1, 2, x + 1, patch);
            lwc_dot_s8_swar(&p->requant, 2, x, pairs, p->out_c, weights, quant, out, p->out_pitch);
            out += 2 * p->out_pitch;
        }
    }
    for (; ox < p->out_w; ++ox) {
        lwc_conv2d_swar_window(p, rows, ox, 1, x, patch);
        lwc_dot_s8_swar(&p->requant, 1, x, pairs, p->out_c, weights, quant, out, p->out_pitch);
        out += p->out_pitch;
    }
}

#endif
