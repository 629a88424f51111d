/*
 * lwc_dot_s8_swar.h - dot products of expanded pixels with four output channels: what the pointwise and general convolutions of
 * cores without the DSP extension share.
 *
 * An expanded pixel holds two taps to a word, see lwc_expand_s8_swar.h; those of two pixels alternate. The zero point stays in
 * the taps: the compiler folds it into the biases. A word of weights holds the same two taps of one channel the other way round,
 * second + first * 2^16, so that the upper half of the product is the sum of both. See packSwarWeights in
 * compiler/ops/conv2d/pack-swar.ts, which proves that the sum fits there.
 */
#ifndef LWC_DOT_S8_SWAR_H
#define LWC_DOT_S8_SWAR_H

#include "lwc_expand_s8_swar.h"
#include "lwc_requant.h"

/* Starts the sums of four channels from their biases. */
LWC_INLINE void lwc_swar_start(lwc_swar_block *s, const int32_t *quant, int32_t words)
{
    s->a0 = quant[0];
    s->a1 = quant[words];
    s->a2 = quant[2 * words];
    s->a3 = quant[3 * words];
}

/* Requantizes channel `i` of a block to out[i], unless it lies behind the last channel. */
LWC_INLINE void lwc_swar_store(const lwc_requant *q, const int32_t *quant, int32_t i, int32_t left, int32_t sum, int8_t *out)
{
    if (i < left) {
        out[i] = (int8_t)lwc_requantize_words(q, &quant[i * lwc_requant_words(q)], sum);
    }
}

/*
 * All output channels of `n` (1 or 2) expanded pixels, four channels at a time.
 *
 * x        [pairs][n] words
 * weights  [out_c / 4 rounded up][pairs][4] words
 * quant    [out_c rounded up to 4][words] int32, see lwc_requant
 * out      [n][out_c] int8, out_pitch bytes from pixel to pixel
 */
LWC_INLINE void lwc_dot_s8_swar(const lwc_requant *q, int32_t n, const uint32_t *x, int32_t pairs, int32_t out_c, const int32_t *weights, const int32_t *quant, int8_t *out,
                                int32_t out_pitch)
{
    const int32_t words = lwc_requant_words(q);
    int32_t left = out_c;

    while (left > 0) {
        /* Known at compile time where out_c is a multiple of 4. */
        const int32_t now = ((out_c & 3) == 0) ? 4 : left;
        lwc_swar_block s;

        lwc_swar_start(&s, quant, words);
        if (n == 2) {
            s.b0 = s.a0;
            s.b1 = s.a1;
            s.b2 = s.a2;
            s.b3 = s.a3;
            lwc_swar_2x4(&s, x, (const uint32_t *)weights, pairs);
        } else {
            lwc_swar_1x4(&s, x, (const uint32_t *)weights, pairs);
        }
        lwc_swar_store(q, quant, 0, now, s.a0, out);
        if (n == 2) {
            lwc_swar_store(q, quant, 0, now, s.b0, out + out_pitch);
        }
        lwc_swar_store(q, quant, 1, now, s.a1, out);
        if (n == 2) {
            lwc_swar_store(q, quant, 1, now, s.b1, out + out_pitch);
        }
        lwc_swar_store(q, quant, 2, now, s.a2, out);
        if (n == 2) {
            lwc_swar_store(q, quant, 2, now, s.b2, out + out_pitch);
        }
        lwc_swar_store(q, quant, 3, now, s.a3, out);
        if (n == 2) {
            lwc_swar_store(q, quant, 3, now, s.b3, out + out_pitch);
        }
        weights += 4 * pairs;
        quant += 4 * words;
        out += 4;
        left -= 4;
    }
}

#endif
