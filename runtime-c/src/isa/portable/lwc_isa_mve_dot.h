/*
 * Dot products without vectors: what those in ../mve compute.
 *
 * Quantization words come in groups of four channels: [4] biases, [4] scales or multipliers and, in the SHORT form, [4] addends.
 * The forms are FLOAT and SHORT.
 */
#ifndef LWC_ISA_MVE_DOT_H
#define LWC_ISA_MVE_DOT_H

#include <stdint.h>

#include "../../lwc_requant.h"

/* Words of a group of four channels. */
LWC_MVE_INLINE int32_t lwc_mve_group_words(const lwc_requant *q)
{
    return 4 * lwc_requant_words(q);
}

/* Requantizes one sum: `lane` of the group whose words start at `quant`. */
LWC_MVE_INLINE int8_t lwc_mve_requantize(const lwc_requant *q, const int32_t *quant, int32_t lane, int32_t sum)
{
    int32_t words[3] = {0, 0, 0};

    for (int32_t i = 0; i < lwc_requant_words(q); ++i) {
        words[i] = quant[(4 * i) + lane];
    }
    return (int8_t)lwc_requantize(q, words, 0, (int32_t)((uint32_t)sum + (uint32_t)words[0]));
}

/*
 * All channels of a run of pixels, four channels of two pixels at a time.
 *
 * x        `pixels` vectors [depth] int8, `pitch` bytes from one to the next
 * weights  [out_c / 4 rounded up], each [depth / 16][4][16] and, behind, [4][depth % 16]; 16 readable bytes follow the last
 * quant    [out_c / 4 rounded up] groups
 * out      `pixels` vectors [out_c], `out_pitch` bytes from one to the next
 */
LWC_MVE_INLINE void lwc_mve_dot_pairs(const lwc_requant *q, const int8_t *x, int32_t pitch, int32_t pixels, int32_t depth, int32_t out_c, const int8_t *weights, const int32_t *quant,
                                     int8_t *out, int32_t out_pitch)
{
    for (int32_t i = 0; i < pixels; ++i) {
        for (int32_t c = 0; c < out_c; ++c) {
            const int8_t *block = weights + ((c / 4) * 4 * depth);
            int32_t sum = 0;

            for (int32_t k = 0; k < depth; ++k) {
                const int32_t start = k & ~15;
                const int32_t length = ((depth - start) < 16) ? (depth - start) : 16;

                sum += x[k] * block[(4 * start) + ((c % 4) * length) + (k - start)];
            }
            out[c] = lwc_mve_requantize(q, quant + ((c / 4) * lwc_mve_group_words(q)), c % 4, sum);
        }
        x += pitch;
        out += out_pitch;
    }
}

/* The same for an even number of contiguous pixels of 8 or 16 values. */
LWC_MVE_INLINE void lwc_mve_dot_short(const lwc_requant *q, const int8_t *x, int32_t pixels, int32_t depth, int32_t out_c, const int8_t *weights, const int32_t *quant, int8_t *out,
                                      int32_t out_pitch)
{
    lwc_mve_dot_pairs(q, x, depth, pixels, depth, out_c, weights, quant, out, out_pitch);
}

/* lwc_mve_dot_pairs for one pixel, where out_c is a multiple of eight. */
LWC_MVE_INLINE void lwc_mve_dot_last(const lwc_requant *q, const int8_t *x, int32_t depth, int32_t out_c, const int8_t *weights, const int32_t *quant, int8_t *out)
{
    lwc_mve_dot_pairs(q, x, depth, 1, depth, out_c, weights, quant, out, out_c);
}

/*
 * All channels of one pixel, eight at a time.
 *
 * weights  [out_c / 8 rounded up], each [depth / 16][8][16] and, behind, [8][depth % 16]; 16 readable bytes follow the last
 * quant    [out_c / 8 rounded up][2] groups: channels 0, 2, 4, 6 and 1, 3, 5, 7 of the eight
 */
LWC_MVE_INLINE void lwc_mve_dot_one(const lwc_requant *q, const int8_t *x, int32_t depth, int32_t out_c, const int8_t *weights, const int32_t *quant, int8_t *out)
{
    for (int32_t c = 0; c < out_c; ++c) {
        const int8_t *block = weights + ((c / 8) * 8 * depth);
        const int32_t *group = quant + ((((c / 8) * 2) + (c % 2)) * lwc_mve_group_words(q));
        int32_t sum = 0;

        for (int32_t k = 0; k < depth; ++k) {
            const int32_t start = k & ~15;
            const int32_t length = ((depth - start) < 16) ? (depth - start) : 16;

            sum += x[k] * block[(8 * start) + ((c % 8) * length) + (k - start)];
        }
        out[c] = lwc_mve_requantize(q, group, (c % 8) / 2, sum);
    }
}

#endif
