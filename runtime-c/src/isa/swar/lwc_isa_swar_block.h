/*
 * Blocks of packed multiply-accumulates for Armv7-M, in assembly because all 14 registers are in use: eight sums, two pointers,
 * activations, weights and a product. A C compiler spills here.
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

/* The sums of registers `acc` and `other` from the weights in w, which are lost. */
#define LWC_SWAR_BOTH(acc, other)                                                                                              \
    "mul %[t], %[x], %[w]\n asrs %[t], %[t], #16\n adc %[" #acc "], %[" #acc "], %[t]\n"                                       \
    "mul %[w], %[y], %[w]\n asrs %[w], %[w], #16\n adc %[" #other "], %[" #other "], %[w]\n"

/* One pair of taps of two pixels: activations at byte xo, weights at byte wo. */
#define LWC_SWAR_PAIR2(xo, wo)                                                                                                 \
    "ldr %[x], [%[px], #" #xo "]\n ldr %[y], [%[px], #" #xo "+4]\n ldr %[w], [%[pw], #" #wo "]\n" LWC_SWAR_BOTH(a0, b0)        \
    "ldr %[w], [%[pw], #" #wo "+4]\n" LWC_SWAR_BOTH(a1, b1)                                                                    \
    "ldr %[w], [%[pw], #" #wo "+8]\n" LWC_SWAR_BOTH(a2, b2)                                                                    \
    "ldr %[w], [%[pw], #" #wo "+12]\n" LWC_SWAR_BOTH(a3, b3)

#define LWC_SWAR_PAIRS2_0
#define LWC_SWAR_PAIRS2_1 LWC_SWAR_PAIR2(0, 0)
#define LWC_SWAR_PAIRS2_2 LWC_SWAR_PAIRS2_1 LWC_SWAR_PAIR2(8, 16)
#define LWC_SWAR_PAIRS2_3 LWC_SWAR_PAIRS2_2 LWC_SWAR_PAIR2(16, 32)
#define LWC_SWAR_PAIRS2_4 LWC_SWAR_PAIRS2_3 LWC_SWAR_PAIR2(24, 48)
/* Fours of pairs, to where px reaches `end`. */
#define LWC_SWAR_LOOP2 "1:\n" LWC_SWAR_PAIRS2_4 "add %[px], %[px], #32\n add %[pw], %[pw], #64\n ldr %[t], %[end]\n cmp %[px], %[t]\n bne 1b\n"

#define LWC_SWAR_SUMS                                                                                                          \
    [a0] "+&r"(s->a0), [a1] "+&r"(s->a1), [a2] "+&r"(s->a2), [a3] "+&r"(s->a3), [b0] "+&r"(s->b0), [b1] "+&r"(s->b1),          \
        [b2] "+&r"(s->b2), [b3] "+&r"(s->b3), [px] "+&r"(x), [pw] "+&r"(w)
#define LWC_SWAR_RUN2(TEXT)                                                                                                    \
    __asm volatile("" TEXT : LWC_SWAR_SUMS, [x] "=&r"(x0), [y] "=&r"(x1), [w] "=&r"(w0), [t] "=&r"(t) : [end] "m"(end) : "memory", "cc")
#define LWC_SWAR_LEFT2(left)                                                                                                   \
    if (pairs >= 4) {                                                                                                          \
        LWC_SWAR_RUN2(LWC_SWAR_LOOP2 LWC_SWAR_PAIRS2_##left);                                                                  \
    } else {                                                                                                                   \
        LWC_SWAR_RUN2(LWC_SWAR_PAIRS2_##left);                                                                                 \
    }                                                                                                                          \
    break

/* One pair of taps of one pixel, eight channels; weights two at a time, which a Cortex-M3 pipelines. */
#define LWC_SWAR_ONE(acc, w)                                                                                                   \
    "mul %[" #w "], %[x], %[" #w "]\n asrs %[" #w "], %[" #w "], #16\n adc %[" #acc "], %[" #acc "], %[" #w "]\n"
#define LWC_SWAR_TWO(acc, other, wo)                                                                                           \
    "ldr %[w], [%[pw], #" #wo "]\n ldr %[v], [%[pw], #" #wo "+4]\n" LWC_SWAR_ONE(acc, w) LWC_SWAR_ONE(other, v)
#define LWC_SWAR_PAIR8(xo, wo)                                                                                                 \
    "ldr %[x], [%[px], #" #xo "]\n" LWC_SWAR_TWO(a0, a1, wo) LWC_SWAR_TWO(a2, a3, wo + 8) LWC_SWAR_TWO(b0, b1, wo + 16)        \
        LWC_SWAR_TWO(b2, b3, wo + 24)

#define LWC_SWAR_RUN8(TEXT, xs, ws)                                                                                            \
    __asm volatile("1:\n" TEXT "add %[px], %[px], #" #xs "\n add %[pw], %[pw], #" #ws "\n cmp %[px], %[end]\n bne 1b\n"        \
                   : LWC_SWAR_SUMS, [x] "=&r"(x0), [w] "=&r"(w0), [v] "=&r"(w1)                                                \
                   : [end] "r"(end)                                                                                            \
                   : "memory", "cc")

/*
 * Adds `pairs` pairs of taps of one pixel to the sums a0 to a3.
 *
 * x        [pairs] words
 * w        [pairs][4] words
 * pairs    >= 1, a constant
 */
LWC_INLINE void lwc_swar_1x4(lwc_swar_block *s, const uint32_t *x, const uint32_t *w, int32_t pairs)
{
    const uint32_t *end = x + pairs;

    while (x != end) {
        const uint32_t word = *x;

        s->a0 = lwc_swar_mac(s->a0, word, w[0]);
        s->a1 = lwc_swar_mac(s->a1, word, w[1]);
        s->a2 = lwc_swar_mac(s->a2, word, w[2]);
        s->a3 = lwc_swar_mac(s->a3, word, w[3]);
        x += 1;
        w += 4;
    }
}

/* The same for two pixels: x is [pairs][2] words. */
LWC_INLINE void lwc_swar_2x4(lwc_swar_block *s, const uint32_t *x, const uint32_t *w, int32_t pairs)
{
    const uint32_t *end = x + (2 * (pairs & ~3));
    uint32_t x0;
    uint32_t x1;
    uint32_t w0;
    uint32_t t;

    switch (pairs & 3) {
    case 0:
        LWC_SWAR_LEFT2(0);
    case 1:
        LWC_SWAR_LEFT2(1);
    case 2:
        LWC_SWAR_LEFT2(2);
    default:
        LWC_SWAR_LEFT2(3);
    }
}

/* One pixel, eight channels: a0 to a3, then b0 to b3. x is [pairs], w [pairs][8] words. */
LWC_INLINE void lwc_swar_1x8(lwc_swar_block *s, const uint32_t *x, const uint32_t *w, int32_t pairs)
{
    const uint32_t *end = x + (pairs & ~3);
    uint32_t x0;
    uint32_t w0;
    uint32_t w1;

    if (x != end) {
        LWC_SWAR_RUN8(LWC_SWAR_PAIR8(0, 0) LWC_SWAR_PAIR8(4, 32) LWC_SWAR_PAIR8(8, 64) LWC_SWAR_PAIR8(12, 96), 16, 128);
    }
    end += pairs & 3;
    if (x != end) {
        LWC_SWAR_RUN8(LWC_SWAR_PAIR8(0, 0), 4, 32);
    }
}

#endif
