/*
 * lwc_dot4_s8_dsp.h - dot products of four expanded pixels with pairs of output channels: what the pointwise and general
 * convolutions of cores with the DSP extension share.
 *
 * An expanded pixel holds its taps as int16, two to a word; those of four pixels alternate, so that one pointer serves all. The
 * zero point stays in the taps: the compiler folds it into the biases. Weights come as one word for two taps of two output
 * channels, a and b: halves 256 * b + a where they are "carried" (a sum over whole halves is then 256 * B + A, and A is
 * subtracted once at the end), else bytes a, b of two taps. See packChannelPairs in compiler/ops/conv2d/pack.ts.
 */
#ifndef LWC_DOT4_S8_DSP_H
#define LWC_DOT4_S8_DSP_H

#include "lwc_expand_s8_dsp.h"
#include "lwc_requant4_dsp.h"

/*
 * All output channels of four expanded pixels, channels in pairs.
 *
 * fixed    1: pairs is a constant, for which the loop is laid out
 * x        [pairs][4] words, see above
 * weights  [out_c / 2 rounded up][pairs] words
 * quant    [out_c / 2 rounded up][2][words] int32, see lwc_requant; where weights are carried, the bias of an odd channel is
 *          256 * b + a and its scale holds the factor 1/256
 * out      [4][out_c] int8, out_pitch bytes from pixel to pixel
 */
LWC_INLINE void lwc_dot4_s8_dsp(const lwc_requant *q, int32_t fixed, const uint32_t *x, int32_t pairs, int32_t out_c, int32_t carried, const int32_t *weights, const int32_t *quant,
                                int8_t *out, int32_t out_pitch)
{
    const int32_t words = lwc_requant_words(q);

    weights = lwc_block_base(weights);
    for (int32_t o = 0; o < out_c; o += 2) {
        lwc_block4 s;

        if (fixed != 0) {
            lwc_block4_sum(&s, x, (const uint32_t *)weights, pairs, carried, quant[0], quant[words]);
        } else {
            lwc_block4_sum_any(&s, x, (const uint32_t *)weights, pairs, carried, quant[0], quant[words]);
        }
        lwc_requantize4(q, quant, 0, s.a0, s.a1, s.a2, s.a3, out, out_pitch);
        if (carried != 0) {
            s.b0 = lwc_wrap_sub(s.b0, s.a0);
            s.b1 = lwc_wrap_sub(s.b1, s.a1);
            s.b2 = lwc_wrap_sub(s.b2, s.a2);
            s.b3 = lwc_wrap_sub(s.b3, s.a3);
        }
        if ((o + 1) < out_c) {
            lwc_requantize4(q, &quant[words], carried, s.b0, s.b1, s.b2, s.b3, out + 1, out_pitch);
        }
        weights += pairs;
        quant += 2 * words;
        out += 2;
    }
}

/* Two output channels of n (1 to 3) pixels, see lwc_dot_rest_s8_dsp. */
LWC_INLINE void lwc_dot_rest_pair(const lwc_requant *q, int32_t n, int32_t has_odd, const uint32_t *x, int32_t pairs, int32_t carried, const int32_t *weights, const int32_t *quant,
                                  int8_t *out, int32_t out_pitch)
{
    const int32_t words = lwc_requant_words(q);
    int32_t even[4] = {quant[0], quant[0], quant[0], 0};
    int32_t odd[4] = {quant[words], quant[words], quant[words], 0};

    LWC_UNROLL4
    for (int32_t k = 0; k < pairs; ++k) {
        const uint32_t w = (uint32_t)weights[k];
        const uint32_t a = lwc_sxtb16(w);
        const uint32_t b = lwc_block_odd(w, carried);

        LWC_UNROLL
        for (int32_t i = 0; i < n; ++i) {
            even[i] = lwc_smlad(x[(k * n) + i], a, even[i]);
            odd[i] = lwc_smlad(x[(k * n) + i], b, odd[i]);
        }
    }
    if (carried != 0) {
        LWC_UNROLL
        for (int32_t i = 0; i < n; ++i) {
            odd[i] = lwc_wrap_sub(odd[i], even[i]);
        }
    }
    lwc_requantize_block(q, quant, 0, n, even, out, out_pitch, 2 * out_pitch);
    if (has_odd != 0) {
        lwc_requantize_block(q, &quant[words], carried, n, odd, out + 1, out_pitch, 2 * out_pitch);
    }
}

/* Eight output channels of one pixel, see lwc_dot_rest_s8_dsp. */
LWC_INLINE void lwc_dot_rest_octet(const lwc_requant *q, const uint32_t *x, int32_t pairs, int32_t carried, const int32_t *weights, const int32_t *quant, int8_t *out)
{
    const int32_t words = lwc_requant_words(q);
    int32_t s[8];

    LWC_UNROLL
    for (int32_t i = 0; i < 8; ++i) {
        s[i] = quant[i * words];
    }
    lwc_block8_rows_add(s, x, (const uint32_t *)weights, pairs, carried);
    LWC_UNROLL
    for (int32_t i = 0; i < 8; i += 2) {
        const int32_t odd = (carried != 0) ? lwc_wrap_sub(s[i + 1], s[i]) : s[i + 1];

        lwc_requantize_both(q, &quant[i * words], carried, s[i], odd, out + i);
    }
}

/* Pixels of a run below which a single one behind the blocks of four is worth the code of lwc_dot_rest_octet. */
#define LWC_DOT_SHORT_RUN 32

/*
 * As lwc_dot4_s8_dsp, for the n (1 to 3) pixels behind the blocks of four in a run of `pixels`: x is [pairs][n] words.
 */
LWC_INLINE void lwc_dot_rest_s8_dsp(const lwc_requant *q, int32_t pixels, int32_t n, const uint32_t *x, int32_t pairs, int32_t out_c, int32_t carried, const int32_t *weights,
                                    const int32_t *quant, int8_t *out, int32_t out_pitch)
{
    const int32_t words = lwc_requant_words(q);
    int32_t o = 0;

    if ((n == 1) && (pixels < LWC_DOT_SHORT_RUN)) {
        for (; (o + 8) <= out_c; o += 8) {
            lwc_dot_rest_octet(q, x, pairs, carried, weights, quant, out);
            weights += 4 * pairs;
            quant += 8 * words;
            out += 8;
        }
    }
    for (; o < out_c; o += 2) {
        lwc_dot_rest_pair(q, n, ((o + 1) < out_c) ? 1 : 0, x, pairs, carried, weights, quant, out, out_pitch);
        weights += pairs;
        quant += 2 * words;
        out += 2;
    }
}

#endif
