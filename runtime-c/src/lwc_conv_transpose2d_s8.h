/* lwc_conv_transpose2d_s8.h - one output row of a transposed 2-D convolution: groups, dilation, any stride, any core. */
#ifndef LWC_CONV_TRANSPOSE2D_S8_H
#define LWC_CONV_TRANSPOSE2D_S8_H

#include "lwc_requant.h"

typedef struct lwc_conv_transpose2d_params {
    int32_t in_w;
    int32_t in_c;
    int32_t out_w;
    int32_t out_c;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= out_c */
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t dilation_h;
    int32_t dilation_w;
    int32_t pad_top;           /* rows cut off the result */
    int32_t pad_left;          /* columns cut off the result */
    int32_t window;            /* input rows that an output row can reach: (kernel_h - 1) * dilation_h / stride_h + 1 */
    int32_t groups;            /* divides in_c and out_c */
    int32_t in_zero_point;     /* [-128, 127] */
    int32_t weight_zero_point; /* [-128, 127], 0 for symmetric weights */
    lwc_requant requant;
} lwc_conv_transpose2d_params;

/* The taps of one phase along one axis: first, first + step, ... below the kernel size; tap k reads `back` pixels before the pixel. */
typedef struct lwc_conv_transpose2d_taps {
    int32_t first;
    int32_t step;
    int32_t back;      /* of the first tap, >= 0 */
    int32_t back_step; /* from a tap to the next */
} lwc_conv_transpose2d_taps;

/* Taps k with k * dilation = phase (mod stride); `first` is `kernel` where there are none. */
LWC_INLINE lwc_conv_transpose2d_taps lwc_conv_transpose2d_phase(int32_t phase, int32_t kernel, int32_t stride, int32_t dilation)
{
    lwc_conv_transpose2d_taps taps;

    taps.first = 0;
    while ((taps.first < kernel) && (((taps.first * dilation) % stride) != phase)) {
        taps.first += 1;
    }
    taps.step = 1;
    while (((taps.step * dilation) % stride) != 0) {
        taps.step += 1;
    }
    taps.back = ((taps.first * dilation) - phase) / stride;
    taps.back_step = (taps.step * dilation) / stride;
    return taps;
}

/*
 * Output pixels whose coordinates have equal remainders by the strides form an ordinary convolution with stride 1 over a part of
 * the taps. A row has one vertical phase; its horizontal phases are computed one after the other.
 *
 * rows     `window` pointers to input rows [in_w][in_c] int8, the last one floor((y + pad_top) / stride_h); a padding row holds
 *          the zero point
 * y        the output row
 * weights  [out_c][kernel_h][kernel_w][in_c / groups] int8
 * quant    [out_c][words] int32, see lwc_requant
 * out      [out_w][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 */
LWC_INLINE void lwc_conv_transpose2d_s8(const lwc_conv_transpose2d_params *p, const int8_t *const *rows, int32_t y, const int8_t *weights,
                                           const int32_t *quant, int8_t *out)
{
    const int32_t in_per_group = p->in_c / p->groups;
    const int32_t out_per_group = p->out_c / p->groups;
    const int32_t filter = p->kernel_h * p->kernel_w * in_per_group;
    const lwc_conv_transpose2d_taps v = lwc_conv_transpose2d_phase((y + p->pad_top) % p->stride_h, p->kernel_h, p->stride_h, p->dilation_h);

    for (int32_t start = 0; (start < p->stride_w) && (start < p->out_w); ++start) {
        const int32_t left = start + p->pad_left;
        const lwc_conv_transpose2d_taps h = lwc_conv_transpose2d_phase(left % p->stride_w, p->kernel_w, p->stride_w, p->dilation_w);
        int32_t pixel = left / p->stride_w;

        for (int32_t ox = start; ox < p->out_w; ox += p->stride_w) {
            for (int32_t o = 0; o < p->out_c; ++o) {
                const int32_t offset = (o / out_per_group) * in_per_group;
                const int8_t *w = weights + (o * filter);
                int32_t acc = lwc_requant_bias(&p->requant, quant, o);
                int32_t row = p->window - 1 - v.back;

                for (int32_t ky = v.first; ky < p->kernel_h; ky += v.step) {
                    int32_t ix = pixel - h.back;

                    for (int32_t kx = h.first; kx < p->kernel_w; kx += h.step) {
                        if ((ix >= 0) && (ix < p->in_w)) {
                            const int8_t *x = rows[row] + (ix * p->in_c) + offset;
                            const int8_t *tap = w + (((ky * p->kernel_w) + kx) * in_per_group);

                            for (int32_t c = 0; c < in_per_group; ++c) {
                                acc += ((int32_t)x[c] - p->in_zero_point) * ((int32_t)tap[c] - p->weight_zero_point);
                            }
                        }
                        ix -= h.back_step;
                    }
                    row -= v.back_step;
                }
                out[(ox * p->out_pitch) + o] = (int8_t)lwc_requantize(&p->requant, quant, o, acc);
            }
            pixel += 1;
        }
    }
}

#endif
