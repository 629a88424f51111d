/* lwc_fully_connected_s8_dsp.h - fully connected layer, eight outputs at a time: cores with the DSP extension. */
#ifndef LWC_FULLY_CONNECTED_S8_DSP_H
#define LWC_FULLY_CONNECTED_S8_DSP_H

#include "lwc_expand_s8_dsp.h"
#include "lwc_requant4_dsp.h"

typedef struct lwc_fully_connected_dsp_params {
    int32_t in_c;    /* inputs */
    int32_t out_c;   /* outputs */
    int32_t carried; /* weights are 256 * b + a in halves, see lwc_dot4_s8_dsp.h */
    lwc_requant requant;
} lwc_fully_connected_dsp_params;

/*
 * in       [in_c] int8
 * weights  [out_c / 8 rounded up][pairs][4] words, pairs = in_c / 2 rounded up: two taps of two outputs in each word
 * quant    [out_c rounded up to 8][words] int32
 * out      [out_c] int8, must not overlap in
 * scratch  the expanded inputs: [pairs] words
 */
LWC_INLINE void lwc_fully_connected_s8_dsp(const lwc_fully_connected_dsp_params *p, const int8_t *in, const int32_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    uint32_t *x = (uint32_t *)scratch;
    const int32_t pairs = lwc_expanded_pairs(1, p->in_c);
    const int32_t words = lwc_requant_words(&p->requant);

    lwc_expand_pixel(&in, 1, p->in_c, 1, x);
    for (int32_t o = 0; o < p->out_c; o += 8) {
        int32_t s[8] = {
            quant[0], quant[words], quant[2 * words], quant[3 * words], quant[4 * words], quant[5 * words], quant[6 * words], quant[7 * words],
        };

        lwc_block8_add(s, x, (const uint32_t *)weights, pairs, p->carried);
        LWC_UNROLL
        for (int32_t i = 0; i < 8; i += 2) {
            const int32_t odd = (p->carried != 0) ? lwc_wrap_sub(s[i + 1], s[i]) : s[i + 1];

            if ((o + i + 1) < p->out_c) {
                lwc_requantize_both(&p->requant, &quant[i * words], p->carried, s[i], odd, out + i);
            } else if ((o + i) < p->out_c) {
                out[i] = (int8_t)lwc_requantize_sum(&p->requant, &quant[i * words], 0, s[i]);
            } else {
                /* No channel. */
            }
        }
        weights += 4 * pairs;
        quant += 8 * words;
        out += 8;
    }
}

#endif
