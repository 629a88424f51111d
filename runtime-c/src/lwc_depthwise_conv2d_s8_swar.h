/*
 * lwc_depthwise_conv2d_s8_swar.h - one output row of a depthwise convolution, `block` outputs of a channel at a time, window rows in
 * pairs, two multiply-accumulates to a product: cores without the DSP extension.
 */
#ifndef LWC_DEPTHWISE_CONV2D_S8_SWAR_H
#define LWC_DEPTHWISE_CONV2D_S8_SWAR_H

#include "lwc_depthwise_blocks.h"
#include "lwc_requant.h"

typedef struct lwc_depthwise_conv2d_swar_params {
    int32_t in_w;
    int32_t in_c; /* = channels of the output */
    int32_t out_w;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= in_c */
    int32_t kernel_h;
    int32_t kernel_w; /* at most 8 */
    int32_t stride_w;
    int32_t pad_left;
    int32_t in_zero_point; /* [-128, 127]; the biases already hold -zero point * sum(weights) */
    int32_t block;         /* outputs at a time, 2 or 4 */
    lwc_requant requant;
} lwc_depthwise_conv2d_swar_params;

/* Adds what the word x makes with tap k of one window, if it has one there: two rows to a word, or one. */
LWC_INLINE int32_t lwc_depthwise_swar_tap(int32_t sum, uint32_t x, const int32_t *w, int32_t k, int32_t kernel_w, int32_t paired)
{
    if ((k < 0) || (k >= kernel_w)) {
        return sum;
    }
    if (paired != 0) {
        return lwc_swar_mac(sum, x, (uint32_t)w[k]);
    }
    return (int32_t)((uint32_t)sum + (x * (uint32_t)w[k]));
}

/*
 * Adds a pair of window rows, or an odd last one, to the sums of n (1 to 4) outputs that start at column `first`. Columns outside
 * are zero points where `edge` is set; then `first` is a constant.
 */
LWC_INLINE void lwc_depthwise_swar_rows(const lwc_depthwise_conv2d_swar_params *p, int32_t n, int32_t edge, const int8_t *upper, const int8_t *lower, int32_t paired,
                                        int32_t first, const int32_t *w, int32_t *s)
{
    const int32_t columns = ((n - 1) * p->stride_w) + p->kernel_w;

    LWC_UNROLL
    for (int32_t j = 0; j < columns; ++j) {
        const int32_t ix = first + j;
        const int32_t inside = ((edge == 0) || ((ix >= 0) && (ix < p->in_w))) ? 1 : 0;
        uint32_t x = (uint32_t)((inside != 0) ? (int32_t)upper[ix * p->in_c] : p->in_zero_point);

        if (paired != 0) {
            x += (uint32_t)((inside != 0) ? (int32_t)lower[ix * p->in_c] : p->in_zero_point) << 16;
        }
        s[0] = lwc_depthwise_swar_tap(s[0], x, w, j, p->kernel_w, paired);
        if (n > 1) {
            s[1] = lwc_depthwise_swar_tap(s[1], x, w, j - p->stride_w, p->kernel_w, paired);
        }
        if (n > 2) {
            s[2] = lwc_depthwise_swar_tap(s[2], x, w, j - (2 * p->stride_w), p->kernel_w, paired);
        }
        if (n > 3) {
            s[3] = lwc_depthwise_swar_tap(s[3], x, w, j - (3 * p->stride_w), p->kernel_w, paired);
        }
    }
}

/*
 * n (1 to 4) outputs of one channel from output ox on.
 *
 * rows     kernel_h pointers to input rows, to be read from offset `c`
 * w        [kernel_h / 2 rounded up][kernel_w] words
 * quant    words of the channel
 */
LWC_INLINE void lwc_depthwise_swar_outputs(const lwc_depthwise_conv2d_swar_params *p, int32_t n, int32_t edge, int32_t ox, const int8_t *const *rows, int32_t c,
                                           const int32_t *w, const int32_t *quant, int8_t *out)
{
    const int32_t first = (ox * p->stride_w) - p->pad_left;
    int32_t s[4] = {quant[0], quant[0], quant[0], quant[0]};

    for (int32_t ky = 0; (ky + 2) <= p->kernel_h; ky += 2) {
        lwc_depthwise_swar_rows(p, n, edge, rows[ky] + c, rows[ky + 1] + c, 1, first, w, s);
        w += p->kernel_w;
    }
    if ((p->kernel_h & 1) != 0) {
        const int8_t *row = rows[p->kernel_h - 1] + c;

        lwc_depthwise_swar_rows(p, n, edge, row, row, 0, first, w, s);
    }
    LWC_UNROLL
    for (int32_t i = 0; i < n; ++i) {
        out[(ox + i) * p->out_pitch] = (int8_t)lwc_requantize_words(&p->requant, quant, s[i]);
    }
}

/* The outputs behind the last whole block, or none. */
LWC_INLINE void lwc_depthwise_swar_last(const lwc_depthwise_conv2d_swar_params *p, const int8_t *const *rows, int32_t c, const int32_t *w, const int32_t *quant,
                                        int8_t *out)
{
    const int32_t left = p->out_w % p->block;

    if (left == 1) {
        lwc_depthwise_swar_outputs(p, 1, 1, p->out_w - 1, rows, c, w, quant, out);
    } else if (left == 2) {
        lwc_depthwise_swar_outputs(p, 2, 1, p->out_w - 2, rows, c, w, quant, out);
    } else if (left == 3) {
        lwc_depthwise_swar_outputs(p, 3, 1, p->out_w - 3, rows, c, w, quant, out);
    } else {
        /* A multiple of the block. */
    }
}

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  [in_c][kernel_h / 2 rounded up][kernel_w] words: lower + upper * 2^16 of two window rows, then an odd last row's taps
 * quant    [in_c][words] int32, see lwc_requant
 * out      [out_w][in_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 */
LWC_INLINE void lwc_depthwise_conv2d_s8_swar(const lwc_depthwise_conv2d_swar_params *p, const int8_t *const *rows, const int32_t *weights, const int32_t *quant, int8_t *out)
{
    const int32_t words = lwc_requant_words(&p->requant);
    const lwc_depthwise_blocks blocks = lwc_depthwise_split(p->block, p->in_w, p->out_w, p->kernel_w, p->stride_w, p->pad_left);

    for (int32_t c = 0; c < p->in_c; ++c) {
        LWC_UNROLL
        for (int32_t b = 0; b < blocks.begin; ++b) {
            lwc_depthwise_swar_outputs(p, p->block, 1, p->block * b, rows, c, weights, quant, out);
        }
        for (int32_t b = blocks.begin; b < blocks.end; ++b) {
            lwc_depthwise_swar_outputs(p, p->block, 0, p->block * b, rows, c, weights, quant, out);
        }
        LWC_UNROLL
        for (int32_t b = blocks.end; b < blocks.count; ++b) {
            lwc_depthwise_swar_outputs(p, p->block, 1, p->block * b, rows, c, weights, quant, out);
        }
        lwc_depthwise_swar_last(p, rows, c, weights, quant, out);
        weights += ((p->kernel_h + 1) / 2) * p->kernel_w;
        quant += words;
        out += 1;
    }
}

#endif
