/*
 * lwc_dot_s8_dsp.h - dot products of expanded pixels with int8 weights by dual multiply-accumulate; the inner block that
 * pointwise, general and fully connected kernels share.
 *
 * An expanded pixel holds (x - zero point) as int16, four at a time in the order 0,2,1,3: what SXTB16 yields for a word and
 * for the word rotated by 8. Weights stay int8, rows padded to a multiple of four with zeros.
 */
#ifndef LWC_DOT_S8_DSP_H
#define LWC_DOT_S8_DSP_H

#include "lwc_requant.h"

/* Expands `count` int8 values; writes 2 words for each four of them, the last group filled up. */
LWC_INLINE void lwc_expand_s8_dsp(const int8_t *in, int32_t count, int32_t zero_point, uint32_t *out)
{
    const uint32_t half = (uint32_t)zero_point & 0xFFFFu;
    const uint32_t zero = half | (half << 16);
    int32_t left = count;

    for (; left >= 4; left -= 4) {
        const uint32_t word = lwc_load_word(in);

        out[0] = lwc_ssub16(lwc_sxtb16(word), zero);
        out[1] = lwc_ssub16(lwc_sxtb16_ror8(word), zero);
        in += 4;
        out += 2;
    }
    if (left > 0) {
        uint32_t word = 0u;

        memcpy(&word, in, (size_t)left);
        out[0] = lwc_ssub16(lwc_sxtb16(word), zero);
        out[1] = lwc_ssub16(lwc_sxtb16_ror8(word), zero);
    }
}

/*
 * All output channels of `pixels` (1 or 2) expanded pixels, channels in pairs.
 *
 * x        [pixels][depth] int16 as words, depth a multiple of 4
 * weights  [out_c][depth] int8, 4-byte aligned
 * quant    [out_c][words] int32
 * out      [pixels][out_c] int8, out_pitch bytes from pixel to pixel
 */
LWC_INLINE void lwc_dot_pixels_s8_dsp(const lwc_requant *q, const uint32_t *x, int32_t pixels, int32_t depth, int32_t out_c,
                                         const int8_t *weights, const int32_t *quant, int8_t *out, int32_t out_pitch)
{
    const int32_t groups = depth / 4;
    int32_t o = 0;

    for (; (o + 2) <= out_c; o += 2) {
        const uint32_t *x0 = x;
        const uint32_t *x1 = (pixels == 2) ? (x + (2 * groups)) : x;
        const int8_t *w0 = weights + (o * depth);
        const int8_t *w1 = w0 + depth;
        int32_t acc00 = lwc_requant_bias(q, quant, o);
        int32_t acc01 = lwc_requant_bias(q, quant, o + 1);
        int32_t acc10 = acc00;
        int32_t acc11 = acc01;

        for (int32_t k = groups; k > 0; --k) {
            const uint32_t a = lwc_load_word(w0);
            const uint32_t b = lwc_load_word(w1);
            const uint32_t a_even = lwc_sxtb16(a);
            const uint32_t a_odd = lwc_sxtb16_ror8(a);
            const uint32_t b_even = lwc_sxtb16(b);
            const uint32_t b_odd = lwc_sxtb16_ror8(b);

            acc00 = lwc_smlad(x0[0], a_even, acc00);
            acc01 = lwc_smlad(x0[0], b_even, acc01);
            acc00 = lwc_smlad(x0[1], a_odd, acc00);
            acc01 = lwc_smlad(x0[1], b_odd, acc01);
            if (pixels == 2) {
                acc10 = lwc_smlad(x1[0], a_even, acc10);
                acc11 = lwc_smlad(x1[0], b_even, acc11);
                acc10 = lwc_smlad(x1[1], a_odd, acc10);
                acc11 = lwc_smlad(x1[1], b_odd, acc11);
                x1 += 2;
            }
            x0 += 2;
            w0 += 4;
            w1 += 4;
        }
        out[o] = (int8_t)lwc_requantize(q, quant, o, acc00);
        out[o + 1] = (int8_t)lwc_requantize(q, quant, o + 1, acc01);
        if (pixels == 2) {
            out[out_pitch + o] = (int8_t)lwc_requantize(q, quant, o, acc10);
            out[out_pitch + o + 1] = (int8_t)lwc_requantize(q, quant, o + 1, acc11);
        }
    }
    if (o < out_c) {
        for (int32_t pixel = 0; pixel < pixels; ++pixel) {
            const uint32_t *x0 = x + (pixel * 2 * groups);
            const int8_t *w0 = weights + (o * depth);
            int32_t acc = lwc_requant_bias(q, quant, o);

            for (int32_t k = groups; k > 0; --k) {
                const uint32_t a = lwc_load_word(w0);

                acc = lwc_smlad(x0[0], lwc_sxtb16(a), acc);
                acc = lwc_smlad(x0[1], lwc_sxtb16_ror8(a), acc);
                x0 += 2;
                w0 += 4;
            }
            out[(pixel * out_pitch) + o] = (int8_t)lwc_requantize(q, quant, o, acc);
        }
    }
}

#endif
