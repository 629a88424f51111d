/* Portable twin of the blocks of dual multiply-accumulates in isa/dsp/lwc_isa_block.h: the same sums, modulo 2^32. */
#ifndef LWC_ISA_BLOCK_H
#define LWC_ISA_BLOCK_H

#include <stdint.h>

/* Two output channels of four pixels: a is the even channel, b the odd one. */
typedef struct lwc_block4 {
    int32_t a0;
    int32_t a1;
    int32_t a2;
    int32_t a3;
    int32_t b0;
    int32_t b1;
    int32_t b2;
    int32_t b3;
} lwc_block4;

/* Weights of the odd channel from a packed word: the word itself where they are carried, else its bytes 1 and 3. */
static inline uint32_t lwc_block_odd(uint32_t word, int32_t carried)
{
    return (carried != 0) ? word : lwc_sxtb16_ror8(word);
}

/* Assembly wants to know nothing of the array; C does not mind. */
static inline const int32_t *lwc_block_base(const int32_t *p)
{
    return p;
}

/* Adds one pair of taps to the sums. x: one word per pixel; w: the packed word of both channels. */
static inline void lwc_block4_pair(lwc_block4 *s, const uint32_t *x, uint32_t w, int32_t carried)
{
    const uint32_t even = lwc_sxtb16(w);
    const uint32_t odd = lwc_block_odd(w, carried);

    s->a0 = lwc_smlad(x[0], even, s->a0);
    s->b0 = lwc_smlad(x[0], odd, s->b0);
    s->a1 = lwc_smlad(x[1], even, s->a1);
    s->b1 = lwc_smlad(x[1], odd, s->b1);
    s->a2 = lwc_smlad(x[2], even, s->a2);
    s->b2 = lwc_smlad(x[2], odd, s->b2);
    s->a3 = lwc_smlad(x[3], even, s->a3);
    s->b3 = lwc_smlad(x[3], odd, s->b3);
}

/*
 * The sums of `pairs` pairs of taps, started from the biases a and b.
 *
 * x        [pairs][4] words: the taps 2k and 2k + 1 of four pixels
 * w        [pairs] words, see lwc_block_odd
 * pairs    >= 1
 */
LWC_INLINE void lwc_block4_sum(lwc_block4 *s, const uint32_t *x, const uint32_t *w, int32_t pairs, int32_t carried, int32_t a, int32_t b)
{
    s->a0 = a;
    s->a1 = a;
    s->a2 = a;
    s->a3 = a;
    s->b0 = b;
    s->b1 = b;
    s->b2 = b;
    s->b3 = b;
    for (int32_t k = 0; k < pairs; ++k) {
        lwc_block4_pair(s, &x[4 * k], w[k], carried);
    }
}

/* The same for any number of pairs. */
LWC_INLINE void lwc_block4_sum_any(lwc_block4 *s, const uint32_t *x, const uint32_t *w, int32_t pairs, int32_t carried, int32_t a, int32_t b)
{
    lwc_block4_sum(s, x, w, pairs, carried, a, b);
}

/*
 * Adds `pairs` pairs of taps of one pixel to the sums of eight output channels.
 *
 * s        [8] sums, even and odd channels in turn
 * x        [pairs] words
 * w        [pairs][4] words, see lwc_block_odd
 */
LWC_INLINE void lwc_block8_add(int32_t *s, const uint32_t *x, const uint32_t *w, int32_t pairs, int32_t carried)
{
    for (int32_t k = 0; k < pairs; ++k) {
        for (int32_t i = 0; i < 4; ++i) {
            const uint32_t word = w[(4 * k) + i];

            s[2 * i] = lwc_smlad(x[k], lwc_sxtb16(word), s[2 * i]);
            s[(2 * i) + 1] = lwc_smlad(x[k], lwc_block_odd(word, carried), s[(2 * i) + 1]);
        }
    }
}

/* As lwc_block8_add, with the weights of the four pairs of channels behind each other: w is [4][pairs] words. */
LWC_INLINE void lwc_block8_rows_add(int32_t *s, const uint32_t *x, const uint32_t *w, int32_t pairs, int32_t carried)
{
    for (int32_t k = 0; k < pairs; ++k) {
        for (int32_t i = 0; i < 4; ++i) {
            const uint32_t word = w[(i * pairs) + k];

            s[2 * i] = lwc_smlad(x[k], lwc_sxtb16(word), s[2 * i]);
            s[(2 * i) + 1] = lwc_smlad(x[k], lwc_block_odd(word, carried), s[(2 * i) + 1]);
        }
    }
}

#endif
