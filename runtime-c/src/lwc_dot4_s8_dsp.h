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
 * out      [4][out_c] int8
 */
LWC_INLINE void lwc_dot4_s8_dsp(const lwc_requant *q, int32_t fixed, const uint32_t *x, int32_t pairs, int32_t out_c, int32_t carried, const int32_t *weights, const int32_t *quant,
                                int8_t *out)
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
        lwc_requantize4(q, quant, 0, s.a0, s.a1, s.a2, s.a3, out, out_c);
        if (carried != 0) {
            s.b0 = lwc_wrap_sub(s.b0, s.a0);
            s.b1 = lwc_wrap_sub(s.b1, s.a1);
            s.b2 = lwc_wrap_sub(s.b2, s.a2);
            s.b3 = lwc_wrap_sub(s.b3, s.a3);
        }
        if ((o + 1) < out_c) {
            lwc_requantize4(q, &quant[words], carried, s.b0, s.b1, s.b2, s.b3, out + 1, out_c);
        }
        weights += pairs;
        quant += 2 * words;
        out += 2;
    }
}

/* The same for n (1 to 3) pixels: x is [pairs][n] words. */
LWC_INLINE void lwc_dot_rest_s8_dsp(const lwc_requant *q, int32_t n, const uint32_t *x, int32_t pairs, int32_t out_c, int32_t carried, const int32_t *weights,
                                    const int32_t *quant, int8_t *out)
{
    const int32_t words = lwc_requant_words(q);

    for (int32_t o = 0; o < out_c; o += 2) {
        int32_t even[4] = {quant[0], quant[0], quant[0], 0};
        int32_t odd[4] = {quant[words], quant[words], quant[words], 0};

        LWC_UNROLL4
        for (int32_t k = 0; k < pairs; ++k) {
            const uint32_t w = (uint32_t)weights[k];
            const uint32_t a = lwc_sxtb16(w);
            const uint32_t b = lwc_block_odd(w, carried);

            even[0] = lwc_smlad(x[k * n], a, even[0]);
            odd[0] = lwc_smlad(x[k * n], b, odd[0]);
            if (n > 1) {
                even[1] = lwc_smlad(x[(k * n) + 1], a, even[1]);
                odd[1] = lwc_smlad(x[(k * n) + 1], b, odd[1]);
            }
            if (n > 2) {
                even[2] = lwc_smlad(x[(k * n) + 2], a, even[2]);
                odd[2] = lwc_smlad(x[(k * n) + 2], b, odd[2]);
            }
        }
        if (carried != 0) {
            odd[0] = lwc_wrap_sub(odd[0], even[0]);
            odd[1] = lwc_wrap_sub(odd[1], even[1]);
            odd[2] = lwc_wrap_sub(odd[2], even[2]);
        }
        lwc_requantize_block(q, quant, 0, n, even, out, out_c, 2 * out_c);
        if ((o + 1) < out_c) {
            lwc_requantize_block(q, &quant[words], carried, n, odd, out + 1, out_c, 2 * out_c);
        }
        weights += pairs;
        quant += 2 * words;
        out += 2;
    }
}

#endif
