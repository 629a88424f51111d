/*
 * lwc_depthwise_conv2d_s8_dsp4.h - one output row of a depthwise convolution through int16 planes: cores with the DSP extension.
 *
 * Four channels at a time, the rows of the window are unzipped into a plane per channel: a word holds two taps of one column,
 * from window rows 0 and 1, 2 and 3, and so on; of an odd last row a word holds two neighbouring columns. The words of the four
 * planes alternate. Then every word is one dual multiply-accumulate for each output that it serves.
 */
#ifndef LWC_DEPTHWISE_CONV2D_S8_DSP4_H
#define LWC_DEPTHWISE_CONV2D_S8_DSP4_H

#include "lwc_depthwise_unzip_dsp.h"
#include "lwc_requant4_dsp.h"

typedef struct lwc_depthwise_conv2d_dsp4_params {
    int32_t in_w;
    int32_t in_c; /* = channels of the output */
    int32_t out_w;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= in_c */
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_w;
    int32_t pad_left;
    int32_t in_zero_point; /* [-128, 127]; the biases already hold -zero point * sum(weights) */
    lwc_requant requant;
} lwc_depthwise_conv2d_dsp4_params;

/* Columns that the windows of a row cover. */
LWC_INLINE int32_t lwc_depthwise_columns(const lwc_depthwise_conv2d_dsp4_params *p)
{
    return ((p->out_w - 1) * p->stride_w) + p->kernel_w;
}

/* Four channels of column x of a row, which may lie outside. */
LWC_INLINE uint32_t lwc_depthwise_edge(const lwc_depthwise_conv2d_dsp4_params *p, const int8_t *row, int32_t x)
{
    if ((x >= 0) && (x < p->in_w)) {
        return lwc_depthwise_load(row + (x * p->in_c), p->in_c);
    }
    return 0x01010101u * ((uint32_t)p->in_zero_point & 0xFFu);
}

/*
 * Unzips `count` words of each plane whose low halves come from columns x, x + step, ... of row `first` and high halves from columns
 * x + apart, ... of row `second`. Only the words that need a column outside test for it.
 */
LWC_INLINE void lwc_depthwise_unzip_row(const lwc_depthwise_conv2d_dsp4_params *p, const int8_t *first, const int8_t *second, int32_t x, int32_t step, int32_t apart,
                                        int32_t count, uint32_t *out)
{
    const int32_t before = (x < 0) ? ((step - 1 - x) / step) : 0;
    const int32_t fit = (p->in_w - 1 - apart - x) / step;
    const int32_t inside = (fit < (count - 1)) ? (fit + 1) : count;
    int32_t i = 0;

    for (; i < before; ++i) {
        lwc_depthwise_unzip(lwc_depthwise_edge(p, first, x), lwc_depthwise_edge(p, second, x + apart), out + (4 * i));
        x += step;
    }
    if ((p->in_c >= 4) && (inside > i)) {
        lwc_unzip_pixels(first + (x * p->in_c), second + ((x + apart) * p->in_c), step * p->in_c, inside - i, out + (4 * i));
        x += step * (inside - i);
        i = inside;
    }
    for (; i < count; ++i) {
        lwc_depthwise_unzip(lwc_depthwise_edge(p, first, x), lwc_depthwise_edge(p, second, x + apart), out + (4 * i));
        x += step;
    }
}

/* Adds to `n` (1, 2 or 4) sums what `taps` words of weights make of a plane's words at x, `step` words behind it, ... */
LWC_INLINE void lwc_depthwise_mac(int32_t n, const uint32_t *x, int32_t step, const uint32_t *w, int32_t taps, int32_t *s0, int32_t *s1, int32_t *s2, int32_t *s3)
{
    LWC_UNROLL
    for (int32_t k = 0; k < taps; ++k) {
        *s0 = lwc_smlad(x[4 * k], w[k], *s0);
        if (n > 1) {
            *s1 = lwc_smlad(x[4 * (k + step)], w[k], *s1);
        }
        if (n > 2) {
            *s2 = lwc_smlad(x[4 * (k + (2 * step))], w[k], *s2);
            *s3 = lwc_smlad(x[4 * (k + (3 * step))], w[k], *s3);
        }
    }
}

/*
 * n (1, 2 or 4) outputs of one channel, from output ox on.
 *
 * plane    the channel's words, four apart
 * w        [kernel_h / 2][kernel_w] words of weights for pairs of rows; then for an odd last row [kernel_w / 2 + 1] words for
 *          windows that start at an even column, and, where the stride is odd, as many for those that start at an odd one
 */
LWC_INLINE void lwc_depthwise_outputs(const lwc_depthwise_conv2d_dsp4_params *p, int32_t n, int32_t ox, const uint32_t *plane, const uint32_t *w, const int32_t *quant,
                                      int8_t *out)
{
    const int32_t columns = lwc_depthwise_columns(p);
    const int32_t start = ox * p->stride_w;
    int32_t s0 = quant[0];
    int32_t s1 = s0;
    int32_t s2 = s0;
    int32_t s3 = s0;

    LWC_UNROLL
    for (int32_t pair = 0; pair < (p->kernel_h / 2); ++pair) {
        lwc_depthwise_mac(n, plane + (4 * start), p->stride_w, w, p->kernel_w, &s0, &s1, &s2, &s3);
        plane += 4 * columns;
        w += p->kernel_w;
    }
    if ((p->kernel_h & 1) != 0) {
        const int32_t words = (p->kernel_w / 2) + 1;
        const uint32_t *x = plane + (4 * (start / 2));

        if ((p->stride_w & 1) == 0) {
            lwc_depthwise_mac(n, x, p->stride_w / 2, w, words, &s0, &s1, &s2, &s3);
        } else {
            /* Outputs 0 and 2 start at an even column, 1 and 3 at an odd one. */
            int32_t unused = 0;

            lwc_depthwise_mac((n > 2) ? 2 : 1, x, p->stride_w, w, words, &s0, &s2, &unused, &unused);
            if (n > 1) {
                lwc_depthwise_mac((n > 2) ? 2 : 1, x + (4 * (p->stride_w / 2)), p->stride_w, w + words, words, &s1, &s3, &unused, &unused);
            }
        }
    }
    out += ox * p->out_pitch;
    if (n > 2) {
        lwc_requantize4(&p->requant, quant, 0, s0, s1, s2, s3, out, p->out_pitch);
    } else {
        out[0] = (int8_t)lwc_requantize_words(&p->requant, quant, s0);
        if (n > 1) {
            out[p->out_pitch] = (int8_t)lwc_requantize_words(&p->requant, quant, s1);
        }
    }
}

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  [in_c][words], see lwc_depthwise_outputs and packDepthwisePlanes in compiler/ops/conv2d/pack.ts
 * quant    [in_c][words] int32, see lwc_requant
 * out      [out_w][in_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 * scratch  [words of a plane][4]
 */
LWC_INLINE void lwc_depthwise_conv2d_s8_dsp4(const lwc_depthwise_conv2d_dsp4_params *p, const int8_t *const *rows, const int32_t *weights, const int32_t *quant, int8_t *out,
                                             void *scratch)
{
    const int32_t columns = lwc_depthwise_columns(p);
    const int32_t paired = p->kernel_h / 2;
    const int32_t last = ((p->kernel_h & 1) != 0) ? (((p->stride_w & 1) + 1) * ((p->kernel_w / 2) + 1)) : 0;
    const uint32_t *w = (const uint32_t *)weights;
    uint32_t *planes = (uint32_t *)scratch;
    int32_t done = 0;

    while (done < p->in_c) {
        /* The last four channels may overlap those before: only the new ones are computed. */
        const int32_t first = (((done + 4) > p->in_c) && (p->in_c >= 4)) ? (p->in_c - 4) : done;
        const int32_t end = ((first + 4) < p->in_c) ? (first + 4) : p->in_c;

        for (int32_t pair = 0; pair < paired; ++pair) {
            lwc_depthwise_unzip_row(p, rows[2 * pair] + first, rows[(2 * pair) + 1] + first, -p->pad_left, 1, 0, columns, planes + (4 * pair * columns));
        }
        if ((p->kernel_h & 1) != 0) {
            const int8_t *row = rows[p->kernel_h - 1] + first;

            lwc_depthwise_unzip_row(p, row, row, -p->pad_left, 2, 1, (columns + 1) / 2, planes + (4 * paired * columns));
        }
        for (; done < end; ++done) {
            const uint32_t *x = planes + (done - first);
            int32_t ox = 0;

            for (; (ox + 4) <= p->out_w; ox += 4) {
                lwc_depthwise_outputs(p, 4, ox, x, w, quant, out + done);
            }
            if ((p->out_w & 2) != 0) {
                lwc_depthwise_outputs(p, 2, ox, x, w, quant, out + done);
                ox += 2;
            }
            if ((p->out_w & 1) != 0) {
                lwc_depthwise_outputs(p, 1, ox, x, w, quant, out + done);
            }
            w += (paired * p->kernel_w) + last;
            quant += lwc_requant_words(&p->requant);
        }
    }
}

#endif
