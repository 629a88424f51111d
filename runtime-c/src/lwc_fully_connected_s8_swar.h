/* lwc_fully_connected_s8_swar.h - fully connected layer, eight outputs at a time: Armv7-M without the DSP extension. */
#ifndef LWC_FULLY_CONNECTED_S8_SWAR_H
#define LWC_FULLY_CONNECTED_S8_SWAR_H

#include "lwc_dot_s8_swar.h"

typedef struct lwc_fully_connected_swar_params {
    int32_t in_c;  /* inputs */
    int32_t out_c; /* outputs */
    lwc_requant requant;
} lwc_fully_connected_swar_params;

/*
 * in       [in_c] int8
 * weights  [out_c / 8 rounded up][pairs][8] words, pairs = in_c / 2 rounded up; see lwc_dot_s8_swar.h
 * quant    [out_c rounded up to 8][words] int32
 * out      [out_c] int8, must not overlap in
 * scratch  the expanded inputs: [pairs] words
 */
LWC_INLINE void lwc_fully_connected_s8_swar(const lwc_fully_connected_swar_params *p, const int8_t *in, const int32_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    uint32_t *x = (uint32_t *)scratch;
    const int32_t pairs = lwc_swar_pairs(1, p->in_c);
    const int32_t words = lwc_requant_words(&p->requant);

    lwc_swar_expand_pixel(&in, 1, p->in_c, 1, x);
    for (int32_t o = 0; o < p->out_c; o += 8) {
        const int32_t left = ((p->out_c & 7) == 0) ? 8 : (p->out_c - o);
        lwc_swar_block s;

        lwc_swar_start(&s, quant, words);
        s.b0 = quant[4 * words];
        s.b1 = quant[5 * words];
        s.b2 = quant[6 * words];
        s.b3 = quant[7 * words];
        lwc_swar_1x8(&s, x, (const uint32_t *)weights, pairs);
        lwc_swar_store(&p->requant, quant, 0, left, s.a0, out);
        lwc_swar_store(&p->requant, quant, 1, left, s.a1, out);
        lwc_swar_store(&p->requant, quant, 2, left, s.a2, out);
        lwc_swar_store(&p->requant, quant, 3, left, s.a3, out);
        lwc_swar_store(&p->requant, quant, 4, left, s.b0, out);
        lwc_swar_store(&p->requant, quant, 5, left, s.b1, out);
        lwc_swar_store(&p->requant, quant, 6, left, s.b2, out);
        lwc_swar_store(&p->requant, quant, 7, left, s.b3, out);
        weights += 8 * pairs;
        quant += 8 * words;
        out += 8;
    }
}

#endif
