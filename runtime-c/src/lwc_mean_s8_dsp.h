/* lwc_mean_s8_dsp.h - mean over neighbouring axes (global average pooling), four channels at a time: cores with the DSP extension. */
#ifndef LWC_MEAN_S8_DSP_H
#define LWC_MEAN_S8_DSP_H

#include "lwc_mean_s8.h"

/* Values whose sum fits an int16. */
enum { LWC_MEAN_RUN = 255 };

/* Adds `count` words of four channels each, `step` bytes apart, to four sums. */
LWC_INLINE void lwc_mean_add4(const int8_t *from, int32_t count, int32_t step, int32_t *sums)
{
    for (int32_t left = count; left > 0; left -= LWC_MEAN_RUN) {
        uint32_t even = 0u;
        uint32_t odd = 0u;

        LWC_UNROLL4
        for (int32_t k = (left < LWC_MEAN_RUN) ? left : LWC_MEAN_RUN; k > 0; --k) {
            const uint32_t word = lwc_load_word(from);

            even = lwc_sxtab16(even, word);
            odd = lwc_sxtab16_ror8(odd, word);
            from += step;
        }
        sums[0] += lwc_low_half(even);
        sums[1] += lwc_low_half(odd);
        sums[2] += lwc_high_half(even);
        sums[3] += lwc_high_half(odd);
    }
}

/*
 * p        inner is at least 4
 * in       [outer][count][inner] int8
 * quant    [1][words] int32: -count * zero point of the input, then the requantization of every value
 * out      [outer][inner] int8, must not overlap in
 */
LWC_INLINE void lwc_mean_s8_dsp(const lwc_mean_params *p, const int8_t *in, const int32_t *quant, int8_t *out)
{
    const int32_t start = lwc_requant_bias(&p->requant, quant, 0);

    for (int32_t o = 0; o < p->outer; ++o) {
        for (int32_t done = 0; done < p->inner; done += 4) {
            /* The last four channels may overlap those before. */
            const int32_t c = ((done + 4) <= p->inner) ? done : (p->inner - 4);
            int32_t sums[4] = {start, start, start, start};

            lwc_mean_add4(in + c, p->count, p->inner, sums);
            for (int32_t i = 0; i < 4; ++i) {
                out[c + i] = (int8_t)lwc_requantize(&p->requant, quant, 0, sums[i]);
            }
        }
        in += p->count * p->inner;
        out += p->inner;
    }
}

#endif
