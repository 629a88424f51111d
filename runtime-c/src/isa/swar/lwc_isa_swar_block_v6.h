/*
 * Blocks of packed multiply-accumulates for Armv6-M, which computes in eight registers: four sums, two pointers, a word of
 * activations, one of weights. LDM walks both pointers for free.
 */
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

/* One pair of taps of one pixel, four channels, in the eight low registers. */
#define LWC_SWAR_LOW(acc)                                                                                                      \
    "ldmia %[pw]!, {%[w]}\n muls %[w], %[x], %[w]\n asrs %[w], %[w], #16\n adcs %[" #acc "], %[" #acc "], %[w]\n"
#define LWC_SWAR_PAIR1 "ldmia %[px]!, {%[x]}\n" LWC_SWAR_LOW(a0) LWC_SWAR_LOW(a1) LWC_SWAR_LOW(a2) LWC_SWAR_LOW(a3)
#define LWC_SWAR_PAIRS1_0
#define LWC_SWAR_PAIRS1_1 LWC_SWAR_PAIR1
#define LWC_SWAR_PAIRS1_2 LWC_SWAR_PAIRS1_1 LWC_SWAR_PAIR1
#define LWC_SWAR_PAIRS1_3 LWC_SWAR_PAIRS1_2 LWC_SWAR_PAIR1
#define LWC_SWAR_LOOP1 "1:\n" LWC_SWAR_PAIRS1_3 LWC_SWAR_PAIR1 "cmp %[px], %[end]\n bne 1b\n"

#define LWC_SWAR_RUN1(TEXT)                                                                                                    \
    __asm volatile(".syntax unified\n" TEXT                                                                                    \
                   : [a0] "+&l"(s->a0), [a1] "+&l"(s->a1), [a2] "+&l"(s->a2), [a3] "+&l"(s->a3), [px] "+&l"(x), [pw] "+&l"(w), \
                     [x] "=&l"(x0), [w] "=&l"(w0)                                                                              \
                   : [end] "h"(end)                                                                                   \
                   : "memory", "cc")
#define LWC_SWAR_LEFT1(left)                                                                                                   \
    if (pairs >= 4) {                                                                                                          \
        LWC_SWAR_RUN1(LWC_SWAR_LOOP1 LWC_SWAR_PAIRS1_##left);                                                                  \
    } else {                                                                                                                   \
        LWC_SWAR_RUN1(LWC_SWAR_PAIRS1_##left);                                                                                 \
    }                                                                                                                          \
    break

/*
 * Adds `pairs` pairs of taps of one pixel to the sums a0 to a3.
 *
 * x        [pairs] words
 * w        [pairs][4] words
 * pairs    >= 1, a constant
 */
LWC_INLINE void lwc_swar_1x4(lwc_swar_block *s, const uint32_t *x, const uint32_t *w, int32_t pairs)
{
    const uint32_t *end = x + (pairs & ~3);
    uint32_t x0;
    uint32_t w0;

    switch (pairs & 3) {
    case 0:
        LWC_SWAR_LEFT1(0);
    case 1:
        LWC_SWAR_LEFT1(1);
    case 2:
        LWC_SWAR_LEFT1(2);
    default:
        LWC_SWAR_LEFT1(3);
    }
}

/* Eight low registers hold no larger block: the sums of four channels at a time. */
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
