/*
 * lwc_expand_s8_swar.h - int8 taps to words of two, first + second * 2^16, in the order that the kernels of packed products
 * share: see pairedOrder in compiler/ops/conv2d/pack-swar.ts.
 */
#ifndef LWC_EXPAND_S8_SWAR_H
#define LWC_EXPAND_S8_SWAR_H

#include "isa/lwc_isa.h"

/* first + second * 2^16, modulo 2^32. */
LWC_INLINE uint32_t lwc_swar_pair(int32_t first, int32_t second)
{
    return (uint32_t)first + ((uint32_t)second << 16);
}

/* Expands `pairs` pairs of taps to words that lie `step` apart; returns where the next word goes. */
LWC_INLINE uint32_t *lwc_swar_expand_taps(const int8_t *in, int32_t pairs, int32_t step, uint32_t *out)
{
    const int8_t *const fours = in + (4 * (pairs / 2));

    while (in != fours) {
        const int32_t a = in[0];
        const int32_t b = in[1];
        const int32_t c = in[2];
        const int32_t d = in[3];

        out[0] = lwc_swar_pair(a, b);
        out[step] = lwc_swar_pair(c, d);
        in += 4;
        out += 2 * step;
    }
    if ((pairs & 1) != 0) {
        *out = lwc_swar_pair(in[0], in[1]);
        out += step;
    }
    return out;
}

/*
 * Expands one pixel: `runs` runs of `length` taps each, run r at from[r]. The pairs of each run come first, then the odd last
 * taps of all runs, in pairs in order of the runs; the last one may have 0 beside it.
 */
LWC_INLINE void lwc_swar_expand_pixel(const int8_t *const *from, int32_t runs, int32_t length, int32_t step, uint32_t *out)
{
    for (int32_t r = 0; r < runs; ++r) {
        out = lwc_swar_expand_taps(from[r], length / 2, step, out);
    }
    if ((length & 1) != 0) {
        for (int32_t r = 0; r < runs; r += 2) {
            *out = lwc_swar_pair(from[r][length - 1], ((r + 1) < runs) ? from[r + 1][length - 1] : 0);
            out += step;
        }
    }
}

/* Words of an expanded pixel. */
LWC_INLINE int32_t lwc_swar_pairs(int32_t runs, int32_t length)
{
    return (runs * (length / 2)) + (((length & 1) != 0) ? ((runs + 1) / 2) : 0);
}

#endif
