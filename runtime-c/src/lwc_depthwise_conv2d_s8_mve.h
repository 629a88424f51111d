/* lwc_depthwise_conv2d_s8_mve.h - one output row of a depthwise convolution with stride 1 or 2: cores with MVE. */
#ifndef LWC_DEPTHWISE_CONV2D_S8_MVE_H
#define LWC_DEPTHWISE_CONV2D_S8_MVE_H

#include "isa/lwc_isa_mve_depthwise.h"

typedef struct lwc_depthwise_conv2d_mve_params {
    int32_t in_w;
    int32_t in_c; /* and output channels */
    int32_t out_w;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= in_c */
    int32_t kernel_h; /* at most 12 */
    int32_t kernel_w;
    int32_t stride_w; /* 1 or 2 */
    int32_t pad_left;
    int32_t in_zero_point; /* [-128, 127] */
    int32_t vectors;       /* of weights in a window */
    int32_t span;          /* outputs of a row that share columns: all, or fewer where there is little scratch memory */
    lwc_requant requant;   /* FLOAT or SHORT; the biases already hold -zero point * sum(weights) */
} lwc_depthwise_conv2d_mve_params;

/* Columns that the outputs of a row reach, padding included. */
LWC_INLINE int32_t lwc_depthwise_columns_mve(const lwc_depthwise_conv2d_mve_params *p)
{
    return ((p->out_w - 1) * p->stride_w) + p->kernel_w;
}

/* Fills the columns beside the input with the zero point; the same for all channels. */
LWC_MVE_INLINE void lwc_depthwise_borders_mve(const lwc_depthwise_conv2d_mve_params *p, int32_t inside, int8_t *columns)
{
    const int32_t step = 64 * ((p->kernel_h + 3) / 4);
    const int32_t right = lwc_depthwise_columns_mve(p) - p->pad_left - inside;

    lwc_mve_fill(columns, p->in_zero_point, p->pad_left * step);
    lwc_mve_fill(columns + ((p->pad_left + inside) * step), p->in_zero_point, right * step);
}

/* Writes four rows of the columns inside the input: channels base to base + 15, or all where there are fewer. */
LWC_MVE_INLINE void lwc_depthwise_quad_mve(const lwc_depthwise_conv2d_mve_params *p, const int8_t *const *rows, int32_t quad, int32_t base, int32_t inside, int8_t *columns)
{
    const int32_t quads = (p->kernel_h + 3) / 4;
    const int32_t first = 4 * quad;
    const int32_t used = ((p->kernel_h - first) < 4) ? (p->kernel_h - first) : 4;
    const int32_t lanes = (p->in_c < 16) ? p->in_c : 16;
    const int8_t *const from[4] = {
        rows[first] + base,
        rows[first + ((used > 1) ? 1 : 0)] + base,
        rows[first + ((used > 2) ? 2 : 0)] + base,
        rows[first + ((used > 3) ? 3 : 0)] + base,
    };

    lwc_mve_columns(from, used, p->in_c, lanes, inside, columns + (64 * ((p->pad_left * quads) + quad)), 64 * quads);
}

/* All outputs, see lwc_depthwise_conv2d_s8_mve. */
LWC_MVE_INLINE void lwc_depthwise_span_mve(const lwc_depthwise_conv2d_mve_params *p, const int8_t *const *rows, const int8_t *weights, const int32_t *quant, int8_t *out,
                                          int8_t *columns)
{
    const int32_t quads = (p->kernel_h + 3) / 4;
    const int32_t reach = lwc_depthwise_columns_mve(p) - p->pad_left;
    const int32_t inside = (reach < p->in_w) ? reach : p->in_w;
    const int32_t lanes = (p->in_c < 16) ? p->in_c : 16;
    const int32_t sets = (p->stride_w == 1) ? 2 : 1;

    lwc_depthwise_borders_mve(p, inside, columns);
    for (int32_t c = 0; c < p->in_c; c += 16) {
        const int32_t count = ((p->in_c - c) < 16) ? (p->in_c - c) : 16;
        /* The last channels are read with those in front of them, not with bytes behind the row. */
        const int32_t base = (c + lanes <= p->in_c) ? c : (p->in_c - lanes);

        lwc_depthwise_quad_mve(p, rows, 0, base, inside, columns);
        if (quads > 1) {
            lwc_depthwise_quad_mve(p, rows, 1, base, inside, columns);
        }
        if (quads > 2) {
            lwc_depthwise_quad_mve(p, rows, 2, base, inside, columns);
        }
        lwc_mve_depthwise(&p->requant, columns + (4 * (c - base)), quads, p->vectors, p->stride_w, count, weights + (16 * sets * p->vectors * c),
                         quant + (lwc_requant_words(&p->requant) * c), out + c, p->out_w, p->out_pitch);
    }
}

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  [in_c][vectors][2 for stride 1][16]: see lwc_mve_depthwise
 * quant    [in_c][words] int32, see lwc_requant
 * out      [out_w][in_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 * scratch  columns of 16 channels that a span of outputs reads: see lwc_mve_columns
 */
LWC_MVE_INLINE void lwc_depthwise_conv2d_s8_mve(const lwc_depthwise_conv2d_mve_params *p, const int8_t *const *rows, const int8_t *weights, const int32_t *quant, int8_t *out,
                                               void *scratch)
{
    if (p->span == p->out_w) {
        lwc_depthwise_span_mve(p, rows, weights, quant, out, (int8_t *)scratch);
        return;
    }
    LWC_UNROLL
    for (int32_t first = 0; first < p->out_w; first += p->span) {
        const int32_t column = (first * p->stride_w) - p->pad_left;
        const int32_t skipped = (column > 0) ? column : 0;
        const int32_t left = p->out_w - first;
        const int8_t *from[12];
        lwc_depthwise_conv2d_mve_params part = *p;

        part.in_w = p->in_w - skipped;
        part.out_w = (left < p->span) ? left : p->span;
        part.pad_left = skipped - column;
        for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
            from[ky] = rows[ky] + (skipped * p->in_c);
        }
        lwc_depthwise_span_mve(&part, from, weights, quant, out + (first * p->out_pitch), (int8_t *)scratch);
    }
}

#endif
