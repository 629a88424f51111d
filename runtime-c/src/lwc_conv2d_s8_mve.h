/* lwc_conv2d_s8_mve.h - one output row of a 2-D convolution, in groups or not: cores with MVE. */
#ifndef LWC_CONV2D_S8_MVE_H
#define LWC_CONV2D_S8_MVE_H

#include "isa/lwc_isa_mve_dot.h"

/* Rows of a window that can be lined up. */
enum { LWC_CONV2D_MVE_LINES = 16 };

typedef struct lwc_conv2d_mve_params {
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
    int32_t groups;
    int32_t in_zero_point; /* [-128, 127] */
    int32_t pitch;         /* bytes of a patch: kernel_h * kernel_w * in_c / groups, rounded up to vectors */
    int32_t batch;         /* patches in the scratch memory: even */
    int32_t line;          /* 0, or bytes of a copy of a row with its padding, whole vectors: narrow rows, one group, no dilation */
    lwc_requant requant;   /* FLOAT or SHORT; the biases already hold -zero point * sum(weights) */
} lwc_conv2d_mve_params;

/* Tap by tap; columns outside hold the zero point. `rows` start at the group's first channel. */
LWC_MVE_INLINE void lwc_conv2d_taps_mve(const lwc_conv2d_mve_params *p, const int8_t *const *rows, int32_t channel, int32_t first, int8_t *patch)
{
    const int32_t channels = p->in_c / p->groups;

    for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
        const int8_t *row = rows[ky] + channel;

        for (int32_t kx = 0; kx < p->kernel_w; ++kx) {
            const int32_t ix = first + (kx * p->dilation_w);

            if ((ix < 0) || (ix >= p->in_w)) {
                memset(patch, p->in_zero_point, (size_t)channels);
            } else if (channels < 4) {
                for (int32_t c = 0; c < channels; ++c) {
                    patch[c] = row[(ix * p->in_c) + c];
                }
            } else {
                lwc_mve_copy(patch, row + (ix * p->in_c), channels);
            }
            patch += channels;
        }
    }
}

/* Gathers the window of output pixel `ox` as [kernel_h][kernel_w][in_c / groups] int8, from `channel` on. */
LWC_MVE_INLINE void lwc_conv2d_patch_mve(const lwc_conv2d_mve_params *p, const int8_t *const *rows, int32_t channel, int32_t ox, int8_t *patch)
{
    const int32_t first = (ox * p->stride_w) - p->pad_left;
    const int32_t last = first + ((p->kernel_w - 1) * p->dilation_w);
    const int32_t run = p->kernel_w * p->in_c;

    if ((p->groups > 1) || (p->dilation_w != 1) || (first < 0) || (last >= p->in_w)) {
        lwc_conv2d_taps_mve(p, rows, channel, first, patch);
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
    const int32_t other = (room < 0) || (p->groups > 1) || (p->dilation_w != 1) || (p->kernel_h > 4);

    return other ? 0 : ((((room / p->in_c) + p->pad_left) / p->stride_w) + 1);
}

/* Gathers the windows of `count` pixels. */
LWC_MVE_INLINE void lwc_conv2d_patches_mve(const lwc_conv2d_mve_params *p, const int8_t *const *rows, int32_t channel, int32_t ox, int32_t count, int8_t *patches)
{
    const int32_t end = ox + count;
    const int32_t inside = (p->pad_left + p->stride_w - 1) / p->stride_w;
    const int32_t beyond = lwc_conv2d_inside_mve(p);

    while (ox < end) {
        const int32_t run = ((beyond < end) ? beyond : end) - ox;

        if ((beyond > 0) && (ox >= inside) && (run > 0)) {
            lwc_mve_patches(rows, ((ox * p->stride_w) - p->pad_left) * p->in_c, p->kernel_h, p->kernel_w * p->in_c, p->stride_w * p->in_c, run, patches, p->pitch);
            ox += run;
            patches += run * p->pitch;
        } else {
            lwc_conv2d_patch_mve(p, rows, channel, ox, patches);
            ox += 1;
            patches += p->pitch;
        }
    }
}

/* The row, batch by batch and group by group. */
LWC_MVE_INLINE void lwc_conv2d_row_mve(const lwc_conv2d_mve_params *p, const int8_t *const *rows, const int8_t *weights, const int32_t *quant, int8_t *out, int8_t *patches)
{
    const int32_t channels = p->out_c / p->groups;
    const int32_t blocks = (channels + 3) / 4;

    for (int32_t ox = 0; ox < p->out_w; ox += p->batch) {
        const int32_t count = ((p->out_w - ox) < p->batch) ? (p->out_w - ox) : p->batch;

        for (int32_t g = 0; g < p->groups; ++g) {
            lwc_conv2d_patches_mve(p, rows, g * (p->in_c / p->groups), ox, count, patches);
            lwc_mve_dot_pairs(&p->requant, patches, p->pitch, count, p->pitch, channels, weights + (g * blocks * 4 * p->pitch),
                             quant + (g * blocks * 4 * lwc_requant_words(&p->requant)), out + (g * channels), p->out_pitch);
        }
        out += count * p->out_pitch;
    }
}

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  by group, blocks of four channels over `pitch` values, those behind a patch 0: see lwc_mve_dot_pairs
 * quant    by group, groups of four channels
 * out      [out_w][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 * scratch  `batch` patches and 16 bytes, then kernel_h lines
 */
LWC_MVE_INLINE void lwc_conv2d_s8_mve(const lwc_conv2d_mve_params *p, const int8_t *const *rows, const int8_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    int8_t *patches = (int8_t *)scratch;

    if (p->line == 0) {
        lwc_conv2d_row_mve(p, rows, weights, quant, out, patches);
    } else {
        const int8_t *lines[LWC_CONV2D_MVE_LINES];
        int8_t *line = patches + (p->batch * p->pitch) + 16;
        lwc_conv2d_mve_params wide = *p;

        wide.in_w = p->line / p->in_c;
        wide.pad_left = 0;
        for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
            lwc_mve_fill(line, p->in_zero_point, p->line);
            lwc_mve_copy(line + (p->pad_left * p->in_c), rows[ky], p->in_w * p->in_c);
            lines[ky] = line;
            line += p->line;
        }
        lwc_conv2d_row_mve(&wide, lines, weights, quant, out, patches);
    }
}

#endif
