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
 * x        [pairs][4] words, see above
 * weights  [out_c / 2 rounded up][pairs] words
 * quant    [out_c / 2 rounded up][2][words] int32, see lwc_requant; where weights are carried, the bias of an odd channel is
 *          256 * b + a and its scale holds the factor 1/256
 * out      [4][out_c] int8
 */
LWC_INLINE void lwc_dot4_s8_dsp(const lwc_requant *q, const uint32_t *x, int32_t pairs, int32_t out_c, int32_t carried, const int32_t *weights, const int32_t *quant,
                                int8_t *out)
{
    const int32_t words = lwc_requant_words(q);

    for (int32_t o = 0; o < out_c; o += 2) {
        lwc_block4 s;

        lwc_block4_sum(&s, x, (const uint32_t *)weights, pairs, carried, quant[0], quant[words]);
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

/* The same for one pixel: x is [pairs] words. */
LWC_INLINE void lwc_dot1_s8_dsp(const lwc_requant *q, const uint32_t *x, int32_t pairs, int32_t out_c, int32_t carried, const int32_t *weights, const int32_t *quant,
                                int8_t *out)
{
    const int32_t words = lwc_requant_words(q);

    for (int32_t o = 0; o < out_c; o += 2) {
        int32_t even = quant[0];
        int32_t odd = quant[words];

        for (int32_t k = 0; k < pairs; ++k) {
            const uint32_t w = (uint32_t)weights[k];

            even = lwc_smlad(x[k], lwc_sxtb16(w), even);
            odd = lwc_smlad(x[k], lwc_block_odd(w, carried), odd);
        }
        out[0] = (int8_t)lwc_requantize_sum(q, quant, 0, even);
        if ((o + 1) < out_c) {
            odd = (carried != 0) ? lwc_wrap_sub(odd, even) : odd;
            out[1] = (int8_t)lwc_requantize_sum(q, &quant[words], carried, odd);
        }
        weights += pairs;
        quant += 2 * words;
        out += 2;
    }
}

#endif
