/*
 * lwc_expand_s8_dsp.h - int8 taps to int16, two to a word, in the order that the kernels of cores with the DSP extension share:
 * see expandedOrder in compiler/ops/conv2d/pack.ts.
 */
#ifndef LWC_EXPAND_S8_DSP_H
#define LWC_EXPAND_S8_DSP_H

#include "isa/lwc_isa.h"

/* Runs of at most so many taps are expanded without loops: windows over images. */
enum { LWC_EXPAND_FLAT = 16 };

/* Expands four taps to two words, `step` words apart. */
LWC_INLINE void lwc_expand_four(const int8_t *in, int32_t step, uint32_t *out)
{
    const uint32_t word = lwc_load_word(in);

    out[0] = lwc_sxtb16(word);
    out[step] = lwc_sxtb16_ror8(word);
}

/*
 * Expands `count` int8 taps of one pixel to int16, in the order 0,2 1,3 of each four; a last group of less than four is left
 * out. Writes two words for each group, `step` words apart; returns where the next word goes.
 */
LWC_INLINE uint32_t *lwc_expand_taps(const int8_t *in, int32_t count, int32_t step, uint32_t *out)
{
    int32_t left = count / 4;

    for (; left >= 4; left -= 4) {
        lwc_expand_four(in, step, out);
        lwc_expand_four(in + 4, step, out + (2 * step));
        lwc_expand_four(in + 8, step, out + (4 * step));
        lwc_expand_four(in + 12, step, out + (6 * step));
        in += 16;
        out += 8 * step;
    }
    if ((left & 2) != 0) {
        lwc_expand_four(in, step, out);
        lwc_expand_four(in + 4, step, out + (2 * step));
        in += 8;
        out += 4 * step;
    }
    if ((left & 1) != 0) {
        lwc_expand_four(in, step, out);
        out += 2 * step;
    }
    return out;
}

/*
 * Expands one pixel: `runs` runs of `length` taps each, run r at from[r]. Whole fours of each run come first, then what is left
 * of all runs, in pairs in order of the runs; an odd last tap has 0 beside it.
 */
LWC_INLINE void lwc_expand_pixel(const int8_t *const *from, int32_t runs, int32_t length, int32_t step, uint32_t *out)
{
    const int32_t whole = length & ~3;

    if (length <= LWC_EXPAND_FLAT) {
        LWC_UNROLL
        for (int32_t r = 0; r < runs; ++r) {
            LWC_UNROLL
            for (int32_t i = 0; i < whole; i += 4) {
                lwc_expand_four(from[r] + i, step, out);
                out += 2 * step;
            }
        }
    } else {
        for (int32_t r = 0; r < runs; ++r) {
            out = lwc_expand_taps(from[r], whole, step, out);
        }
    }
    if (whole < length) {
        uint32_t held = 0u;
        int32_t odd = 0;

        LWC_UNROLL
        for (int32_t r = 0; r < runs; ++r) {
            LWC_UNROLL
            for (int32_t i = whole; i < length; ++i) {
                const uint32_t tap = (uint32_t)(int32_t)from[r][i];

                if (odd == 0) {
                    held = tap & 0xFFFFu;
                } else {
                    *out = held | (tap << 16);
                    out += step;
                }
                odd ^= 1;
            }
        }
        if (odd != 0) {
            *out = held;
        }
    }
}

/*
 * Expands n neighbouring pixels of in_c channels to [pairs][n] words, in the order of lwc_expand_pixel. One function for all layers.
 */
LWC_SHARED void lwc_expand_pixels(const int8_t *in, int32_t in_c, int32_t n, uint32_t *out)
{
    const int32_t rest = in_c & 3;

    for (int32_t i = 0; i < n; ++i) {
        uint32_t *to = out + i;

        for (int32_t left = in_c / 8; left > 0; --left) {
            lwc_expand_four(in, n, to);
            to += 2 * n;
            lwc_expand_four(in + 4, n, to);
            to += 2 * n;
            in += 8;
        }
        if ((in_c & 4) != 0) {
            lwc_expand_four(in, n, to);
            to += 2 * n;
            in += 4;
        }
        if (rest != 0) {
            const uint32_t high = (rest > 1) ? ((uint32_t)(int32_t)in[1] << 16) : 0u;

            to[0] = ((uint32_t)(int32_t)in[0] & 0xFFFFu) | high;
            if (rest > 2) {
                to[n] = (uint32_t)(int32_t)in[2] & 0xFFFFu;
            }
            in += rest;
        }
    }
}

/* Words of an expanded pixel. */
LWC_INLINE int32_t lwc_expanded_pairs(int32_t runs, int32_t length)
{
    return (2 * runs * (length / 4)) + (((runs * (length & 3)) + 1) / 2);
}

#endif
