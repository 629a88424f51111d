/* The sixteen matrix products of a Winograd convolution: eight sums, two pointers, two words of weights, two of activations. */
#ifndef LWC_ISA_WINOGRAD_SUMS_H
#define LWC_ISA_WINOGRAD_SUMS_H

#include <stdint.h>

/* One pair of input channels: weights at byte wo, activations at byte xo. MAC is the instruction, a sum the operand behind it. */
#define LWC_WINO_PAIR(MAC, wo, xo)                                                                                             \
    "ldr %[v], [%[w], #" #wo "]\n ldr %[l], [%[w], #" #wo "+4]\n ldr %[p], [%[x], #" #xo "]\n ldr %[q], [%[x], #" #xo "+4]\n"  \
    MAC(a0, p, v) MAC(b0, p, l) MAC(a1, q, v) MAC(b1, q, l)                                                                    \
    "ldr %[p], [%[x], #" #xo "+8]\n ldr %[q], [%[x], #" #xo "+12]\n"                                                           \
    MAC(a2, p, v) MAC(b2, p, l) MAC(a3, q, v) MAC(b3, q, l)
#define LWC_WINO_SET(s, x, w) "smuad %[" #s "], %[" #x "], %[" #w "]\n"
#define LWC_WINO_ADD(s, x, w) "smlad %[" #s "], %[" #x "], %[" #w "], %[" #s "]\n"
#define LWC_WINO_REST3 LWC_WINO_PAIR(LWC_WINO_ADD, 8, 16) LWC_WINO_PAIR(LWC_WINO_ADD, 16, 32) LWC_WINO_PAIR(LWC_WINO_ADD, 24, 48)
#define LWC_WINO_REST7                                                                                                         \
    LWC_WINO_REST3 LWC_WINO_PAIR(LWC_WINO_ADD, 32, 64) LWC_WINO_PAIR(LWC_WINO_ADD, 40, 80) LWC_WINO_PAIR(LWC_WINO_ADD, 48, 96) \
        LWC_WINO_PAIR(LWC_WINO_ADD, 56, 112)

/* A position: the first group of pairs sets the sums, the groups behind it, up to `end`, add to them. */
#define LWC_WINO_POSITION(REST, MORE, xs, ws)                                                                                  \
    "1:\n" LWC_WINO_PAIR(LWC_WINO_SET, 0, 0) REST "add %[x], %[x], #" #xs "\n add %[w], %[w], #" #ws "\n" MORE                \
    "ldr %[v], %[m]\n"                                                                                                         \
    "str %[a0], [%[v], #0]\n str %[a1], [%[v], #4]\n str %[a2], [%[v], #8]\n str %[a3], [%[v], #12]\n"                         \
    "str %[b0], [%[v], #16]\n str %[b1], [%[v], #20]\n str %[b2], [%[v], #24]\n str %[b3], [%[v], #28]\n"                      \
    "add %[v], %[v], #32\n str %[v], %[m]\n ldr %[l], %[last]\n cmp %[v], %[l]\n bne 1b\n"
#define LWC_WINO_MORE(REST, xs, ws)                                                                                            \
    "2:\n" LWC_WINO_PAIR(LWC_WINO_ADD, 0, 0) REST "add %[x], %[x], #" #xs "\n add %[w], %[w], #" #ws "\n"                      \
    "ldr %[v], %[end]\n cmp %[x], %[v]\n bne 2b\n ldr %[l], %[size]\n add %[v], %[v], %[l]\n str %[v], %[end]\n"
#define LWC_WINO_RUN(TEXT)                                                                                                     \
    __asm volatile(TEXT                                                                                                        \
                   : [a0] "=&r"(a0), [b0] "=&r"(b0), [a1] "=&r"(a1), [b1] "=&r"(b1), [a2] "=&r"(a2), [b2] "=&r"(b2),           \
                     [a3] "=&r"(a3), [b3] "=&r"(b3), [v] "=&r"(v), [l] "=&r"(l), [p] "=&r"(p), [q] "=&r"(q), [x] "+&r"(x),     \
                     [w] "+&r"(w), [m] "+m"(sums), [end] "+m"(end)                                                             \
                   : [last] "m"(last), [size] "m"(size)                                                                        \
                   : "memory", "cc")

/* See the portable twin; `pairs` is a constant. */
LWC_INLINE void lwc_winograd_sums(const uint32_t *x, const uint32_t *w, int32_t pairs, int32_t *sums)
{
    const int32_t *const last = sums + 128;
    const uint32_t *end = x + (4 * pairs);
    const int32_t size = 16 * pairs; /* bytes of x at a position */
    int32_t a0;
    int32_t a1;
    int32_t a2;
    int32_t a3;
    int32_t b0;
    int32_t b1;
    int32_t b2;
    int32_t b3;
    uint32_t v;
    uint32_t l;
    uint32_t p;
    uint32_t q;

    if (pairs == 4) {
        LWC_WINO_RUN(LWC_WINO_POSITION(LWC_WINO_REST3, "", 64, 32));
    } else if (pairs == 8) {
        LWC_WINO_RUN(LWC_WINO_POSITION(LWC_WINO_REST7, "", 128, 64));
    } else if ((pairs & 7) == 0) {
        LWC_WINO_RUN(LWC_WINO_POSITION(LWC_WINO_REST7, LWC_WINO_MORE(LWC_WINO_REST7, 128, 64), 128, 64));
    } else {
        LWC_WINO_RUN(LWC_WINO_POSITION(LWC_WINO_REST3, LWC_WINO_MORE(LWC_WINO_REST3, 64, 32), 64, 32));
    }
}

#endif
