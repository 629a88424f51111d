/* lwc_depthwise_conv2d_s8_x4.h - one output row of a depthwise convolution, four outputs of a channel at a time: any core. */
#ifndef LWC_DEPTHWISE_CONV2D_S8_X4_H
#define LWC_DEPTHWISE_CONV2D_S8_X4_H

#include "lwc_depthwise_blocks.h"
#include "lwc_requant.h"

typedef struct lwc_depthwise_conv2d_x4_params {
    int32_t in_w;
    int32_t in_c; /* = channels of the output */
    int32_t out_w;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= in_c */
    int32_t kernel_h;
    int32_t kernel_w; /* at most 8 */
    int32_t stride_w;
    int32_t pad_left;
    int32_t in_zero_point; /* [-128, 127]; the biases already hold -zero point * sum(weights) */
    lwc_requant requant;
} lwc_depthwise_conv2d_x4_params;

/* acc + x * w modulo 2^32: a folded bias may wrap before the last tap has been added. */
LWC_INLINE int32_t lwc_x4_mac(int32_t acc, int32_t x, int32_t w)
{
    return (int32_t)((uint32_t)acc + (uint32_t)(x * w));
}

/* Adds tap k of one window, if it has one there. */
LWC_INLINE int32_t lwc_x4_tap(int32_t acc, int32_t x, const int8_t *w, int32_t k, int32_t kernel_w)
{
    return ((k >= 0) && (k < kernel_w)) ? lwc_x4_mac(acc, x, w[k]) : acc;
}

/*
 * Adds one row of the window to the sums of n (1 to 4) outputs that start at column `first` of `row`: every value is loaded once
 * and serves all windows that hold it. Columns outside are zero points where `edge` is set; then `first` is a constant.
 */
LWC_INLINE void lwc_x4_row(const lwc_depthwise_conv2d_x4_params *p, int32_t n, int32_t edge, const int8_t *row, int32_t first, const int8_t *w, int32_t *s)
{
    const int32_t columns = ((n - 1) * p->stride_w) + p->kernel_w;

    LWC_UNROLL
    for (int32_t j = 0; j < columns; ++j) {
        const int32_t ix = first + j;
        const int32_t x = ((edge == 0) || ((ix >= 0) && (ix < p->in_w))) ? (int32_t)row[ix * p->in_c] : p->in_zero_point;

        s[0] = lwc_x4_tap(s[0], x, w, j, p->kernel_w);
        if (n > 1) {
            s[1] = lwc_x4_tap(s[1], x, w, j - p->stride_w, p->kernel_w);
        }
        if (n > 2) {
            s[2] = lwc_x4_tap(s[2], x, w, j - (2 * p->stride_w), p->kernel_w);
        }
        if (n > 3) {
            s[3] = lwc_x4_tap(s[3], x, w, j - (3 * p->stride_w), p->kernel_w);
        }
    }
}

/*
 * n (1 to 4) outputs of one channel from output ox on.
 *
 * rows     kernel_h pointers to input rows, to be read from offset `c`
 * w        [kernel_h][kernel_w] int8
 * quant    words of the channel
 */
LWC_INLINE void lwc_x4_outputs(const lwc_depthwise_conv2d_x4_params *p, int32_t n, int32_t edge, int32_t ox, const int8_t *const *rows, int32_t c, const int8_t *w,
                               const int32_t *quant, int8_t *out)
{
    const int32_t first = (ox * p->stride_w) - p->pad_left;
    int32_t s[4] = {quant[0], quant[0], quant[0], quant[0]};

    if (p->kernel_h == 3) {
        lwc_x4_row(p, n, edge, rows[0] + c, first, w, s);
        lwc_x4_row(p, n, edge, rows[1] + c, first, w + p->kernel_w, s);
        lwc_x4_row(p, n, edge, rows[2] + c, first, w + (2 * p->kernel_w), s);
    } else {
        for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
            lwc_x4_row(p, n, edge, rows[ky] + c, first, w, s);
            w += p->kernel_w;
        }
    }
    LWC_UNROLL
    for (int32_t i = 0; i < n; ++i) {
        out[(ox + i) * p->out_pitch] = (int8_t)lwc_requantize_words(&p->requant, quant, s[i]);
    }
}

/* The last n = 1 to 3 outputs of a row, or none. */
LWC_INLINE void lwc_x4_last(const lwc_depthwise_conv2d_x4_params *p, int32_t edge, const int8_t *const *rows, int32_t c, const int8_t *w, const int32_t *quant, int8_t *out)
{
    const int32_t ox = p->out_w & ~3;

    if ((p->out_w & 3) == 1) {
        lwc_x4_outputs(p, 1, edge, ox, rows, c, w, quant, out);
    } else if ((p->out_w & 3) == 2) {
        lwc_x4_outputs(p, 2, edge, ox, rows, c, w, quant, out);
    } else if ((p->out_w & 3) == 3) {
        lwc_x4_outputs(p, 3, edge, ox, rows, c, w, quant, out);
    } else {
        /* A multiple of four. */
    }
}

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  [in_c][kernel_h][kernel_w] int8
 * quant    [in_c][words] int32, see lwc_requant
 * out      [out_w][in_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 */
LWC_INLINE void lwc_depthwise_conv2d_s8_x4(const lwc_depthwise_conv2d_x4_params *p, const int8_t *const *rows, const int8_t *weights, const int32_t *quant, int8_t *out)
{
    const int32_t words = lwc_requant_words(&p->requant);
    const lwc_depthwise_blocks blocks = lwc_depthwise_split(4, p->in_w, p->out_w, p->kernel_w, p->stride_w, p->pad_left);

    for (int32_t c = 0; c < p->in_c; ++c) {
        LWC_UNROLL
        for (int32_t b = 0; b < blocks.begin; ++b) {
            lwc_x4_outputs(p, 4, 1, 4 * b, rows, c, weights, quant, out);
        }
        for (int32_t b = blocks.begin; b < blocks.end; ++b) {
            lwc_x4_outputs(p, 4, 0, 4 * b, rows, c, weights, quant, out);
        }
        LWC_UNROLL
        for (int32_t b = blocks.end; b < blocks.count; ++b) {
            lwc_x4_outputs(p, 4, 1, 4 * b, rows, c, weights, quant, out);
        }
        lwc_x4_last(p, 1, rows, c, weights, quant, out);
        weights += p->kernel_h * p->kernel_w;
        quant += words;
        out += 1;
    }
}

#endif
