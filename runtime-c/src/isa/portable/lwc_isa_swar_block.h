/* Portable twin of the blocks in isa/swar/lwc_isa_swar_block.h: the same sums, modulo 2^32. */
#ifndef LWC_ISA_SWAR_BLOCK_H
#define LWC_ISA_SWAR_BLOCK_H

#include <stdint.h>

/* Sums of four channels of two pixels, a and b. */
typedef struct lwc_swar_block {
    int32_t a0;
    int32_t a1;
    int32_t a2;
    int32_t a3;
    int32_t b0;
    int32_t b1;
    int32_t b2;
    int32_t b3;
} lwc_swar_block;

/*
 * Adds `pairs` pairs of taps of one pixel to the sums a0 to a3.
 *
 * x        [pairs] words
 * w        [pairs][4] words
 * pairs    >= 1
 */
LWC_INLINE void lwc_swar_1x4(lwc_swar_block *s, const uint32_t *x, const uint32_t *w, int32_t pairs)
{
    for (int32_t k = 0; k < pairs; ++k) {
        s->a0 = lwc_swar_mac(s->a0, x[k], w[4 * k]);
        s->a1 = lwc_swar_mac(s->a1, x[k], w[(4 * k) + 1]);
        s->a2 = lwc_swar_mac(s->a2, x[k], w[(4 * k) + 2]);
        s->a3 = lwc_swar_mac(s->a3, x[k], w[(4 * k) + 3]);
    }
}

/* The same for two pixels: x is [pairs][2] words. */
LWC_INLINE void lwc_swar_2x4(lwc_swar_block *s, const uint32_t *x, const uint32_t *w, int32_t pairs)
{
    for (int32_t k = 0; k < pairs; ++k) {
        s->a0 = lwc_swar_mac(s->a0, x[2 * k], w[4 * k]);
        s->b0 = lwc_swar_mac(s->b0, x[(2 * k) + 1], w[4 * k]);
        s->a1 = lwc_swar_mac(s->a1, x[2 * k], w[(4 * k) + 1]);
        s->b1 = lwc_swar_mac(s->b1, x[(2 * k) + 1], w[(4 * k) + 1]);
        s->a2 = lwc_swar_mac(s->a2, x[2 * k], w[(4 * k) + 2]);
        s->b2 = lwc_swar_mac(s->b2, x[(2 * k) + 1], w[(4 * k) + 2]);
        s->a3 = lwc_swar_mac(s->a3, x[2 * k], w[(4 * k) + 3]);
        s->b3 = lwc_swar_mac(s->b3, x[(2 * k) + 1], w[(4 * k) + 3]);
    }
}

/* One pixel, eight channels: a0 to a3, then b0 to b3. x is [pairs], w [pairs][8] words. */
LWC_INLINE void lwc_swar_1x8(lwc_swar_block *s, const uint32_t *x, const uint32_t *w, int32_t pairs)
{
    for (int32_t k = 0; k < pairs; ++k) {
        s->a0 = lwc_swar_mac(s->a0, x[k], w[8 * k]);
        s->a1 = lwc_swar_mac(s->a1, x[k], w[(8 * k) + 1]);
        s->a2 = lwc_swar_mac(s->a2, x[k], w[(8 * k) + 2]);
        s->a3 = lwc_swar_mac(s->a3, x[k], w[(8 * k) + 3]);
        s->b0 = lwc_swar_mac(s->b0, x[k], w[(8 * k) + 4]);
        s->b1 = lwc_swar_mac(s->b1, x[k], w[(8 * k) + 5]);
        s->b2 = lwc_swar_mac(s->b2, x[k], w[(8 * k) + 6]);
        s->b3 = lwc_swar_mac(s->b3, x[k], w[(8 * k) + 7]);
    }
}

#endif
