/* lwc_conv2d_s8_dsp4.h - convolution of one output row, four pixels at a time: cores with the DSP extension. */
#ifndef LWC_CONV2D_S8_DSP4_H
#define LWC_CONV2D_S8_DSP4_H

#include "lwc_dot4_s8_dsp.h"

/* Rows of a window at most: no VLA. */
enum { LWC_CONV2D_DSP4_ROWS = 16 };

typedef struct lwc_conv2d_dsp4_params {
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
    int32_t carried;       /* weights are 256 * b + a in halves */
    lwc_requant requant;
} lwc_conv2d_dsp4_params;

/* Expands the window of output pixel ox. A window that leaves the row is first copied, with zero points outside, to `patch`. */
LWC_INLINE void lwc_conv2d_window(const lwc_conv2d_dsp4_params *p, const int8_t *const *rows, int32_t ox, int32_t step, uint32_t *out, int8_t *patch)
{
    const int32_t first = (ox * p->stride_w) - p->pad_left;
    const int32_t last = first + ((p->kernel_w - 1) * p->dilation_w);
    const int32_t length = p->kernel_w * p->in_c;
    const int8_t *from[LWC_CONV2D_DSP4_ROWS];

    if ((p->dilation_w == 1) && (first >= 0) && (last < p->in_w)) {
        for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
            from[ky] = rows[ky] + (first * p->in_c);
        }
    } else {
        for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
            int8_t *to = patch + (ky * length);

            from[ky] = to;
            for (int32_t kx = 0; kx < p->kernel_w; ++kx) {
                const int32_t ix = first + (kx * p->dilation_w);

                if ((ix >= 0) && (ix < p->in_w)) {
                    memcpy(to, rows[ky] + (ix * p->in_c), (size_t)p->in_c);
                } else {
                    memset(to, p->in_zero_point, (size_t)p->in_c);
                }
                to += p->in_c;
            }
        }
    }
    lwc_expand_pixel(from, p->kernel_h, length, step, out);
}

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  [out_c / 2 rounded up][pairs] words; see lwc_dot4_s8_dsp.h, with kernel_h runs of kernel_w * in_c taps
 * quant    [out_c / 2 rounded up][2][words] int32
 * out      [out_w][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 * scratch  four expanded windows [pairs][4] words, then one window in int8
 */
LWC_INLINE void lwc_conv2d_s8_dsp4(const lwc_conv2d_dsp4_params *p, const int8_t *const *rows, const int32_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    uint32_t *x = (uint32_t *)scratch;
    const int32_t pairs = lwc_expanded_pairs(p->kernel_h, p->kernel_w * p->in_c);
    int8_t *patch = (int8_t *)(x + (4 * pairs));
    const int32_t rest = p->out_w & 3;
    int32_t ox = 0;

    for (; (ox + 4) <= p->out_w; ox += 4) {
        for (int32_t i = 0; i < 4; ++i) {
            lwc_conv2d_window(p, rows, ox + i, 4, x + i, patch);
        }
        lwc_dot4_s8_dsp(&p->requant, 1, x, pairs, p->out_c, p->carried, weights, quant, out, p->out_pitch);
        out += 4 * p->out_pitch;
    }
    if (rest != 0) {
        for (int32_t i = 0; i < rest; ++i) {
            lwc_conv2d_window(p, rows, ox + i, rest, x + i, patch);
        }
        lwc_dot_rest_s8_dsp(&p->requant, p->out_w, rest, x, pairs, p->out_c, p->carried, weights, quant, out, p->out_pitch);
    }
}

#endif
