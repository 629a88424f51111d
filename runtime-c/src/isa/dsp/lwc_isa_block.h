/*
 * Blocks of dual multiply-accumulates, in assembly because all 14 registers are in use: eight sums, two pointers, two words of
 * weights, two of activations. A C compiler spills here. Three loads in a row, which a Cortex-M4 pipelines, then a double one: what
 * two alone would take.
 */
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

/* The same pointer, of whose array the C compiler knows nothing: loops are entered in the middle, from in front of it. */
static inline const int32_t *lwc_block_base(const int32_t *p)
{
    __asm("" : "+r"(p));
    return p;
}

/* Splits the word in %[v]: even channel to %[l], odd one stays in %[v]. */
#define LWC_SPLIT_CARRIED "sxtb16 %[l], %[v]\n"
#define LWC_SPLIT_PLAIN "sxtb16 %[l], %[v]\n sxtb16 %[v], %[v], ror #8\n"

/* One pair of taps: weights at byte wo, activations at byte xo. */
#define LWC_PAIR4(SPLIT, wo, xo)                                                                                               \
    "ldr %[v], [%[w], #" #wo "]\n ldr %[p], [%[x], #" #xo "]\n ldr %[q], [%[x], #" #xo "+4]\n" SPLIT                           \
    "smlad %[a0], %[p], %[l], %[a0]\n smlad %[b0], %[p], %[v], %[b0]\n"                                                        \
    "smlad %[a1], %[q], %[l], %[a1]\n smlad %[b1], %[q], %[v], %[b1]\n"                                                        \
    "ldrd %[p], %[q], [%[x], #" #xo "+8]\n"                                                                                    \
    "smlad %[a2], %[p], %[l], %[a2]\n smlad %[b2], %[p], %[v], %[b2]\n"                                                        \
    "smlad %[a3], %[q], %[l], %[a3]\n smlad %[b3], %[q], %[v], %[b3]\n"

#define LWC_PAIRS4_2(SPLIT, wo, xo) LWC_PAIR4(SPLIT, wo, xo) LWC_PAIR4(SPLIT, wo + 4, xo + 16)
#define LWC_PAIRS4_4(SPLIT, wo, xo) LWC_PAIRS4_2(SPLIT, wo, xo) LWC_PAIRS4_2(SPLIT, wo + 8, xo + 32)
#define LWC_TAIL4_0(SPLIT, wo, xo)
#define LWC_TAIL4_1(SPLIT, wo, xo) LWC_PAIR4(SPLIT, wo, xo)
#define LWC_TAIL4_2(SPLIT, wo, xo) LWC_PAIRS4_2(SPLIT, wo, xo)
#define LWC_TAIL4_3(SPLIT, wo, xo) LWC_PAIR4(SPLIT, wo, xo) LWC_PAIRS4_2(SPLIT, wo + 4, xo + 16)
#define LWC_TAIL4_4(SPLIT, wo, xo) LWC_PAIRS4_4(SPLIT, wo, xo)
#define LWC_TAIL4_5(SPLIT, wo, xo) LWC_PAIR4(SPLIT, wo, xo) LWC_PAIRS4_4(SPLIT, wo + 4, xo + 16)
#define LWC_TAIL4_6(SPLIT, wo, xo) LWC_PAIRS4_2(SPLIT, wo, xo) LWC_PAIRS4_4(SPLIT, wo + 8, xo + 32)
#define LWC_TAIL4_7(SPLIT, wo, xo) LWC_TAIL4_3(SPLIT, wo, xo) LWC_PAIRS4_4(SPLIT, wo + 12, xo + 48)

/* The first pair, at position `at` of a group: a0 and b0 hold the biases, and the other sums start from them without a move. */
#define LWC_FIRST4(SPLIT, at)                                                                                                  \
    "ldr %[v], [%[w], #4*" #at "]\n ldr %[p], [%[x], #16*" #at "+8]\n ldr %[q], [%[x], #16*" #at "+12]\n" SPLIT                \
    "smlad %[a2], %[p], %[l], %[a0]\n smlad %[b2], %[p], %[v], %[b0]\n"                                                        \
    "smlad %[a3], %[q], %[l], %[a0]\n smlad %[b3], %[q], %[v], %[b0]\n"                                                        \
    "ldrd %[p], %[q], [%[x], #16*" #at "]\n"                                                                                   \
    "smlad %[a1], %[q], %[l], %[a0]\n smlad %[b1], %[q], %[v], %[b0]\n"                                                        \
    "smlad %[a0], %[p], %[l], %[a0]\n smlad %[b0], %[p], %[v], %[b0]\n"

/* Groups of eight pairs to where x reaches `end`; a label in front of each pair to enter at. */
#define LWC_GROUPS4(SPLIT)                                                                                                     \
    "20:\n" LWC_PAIR4(SPLIT, 0, 0) "21:\n" LWC_PAIR4(SPLIT, 4, 16) "22:\n" LWC_PAIR4(SPLIT, 8, 32) "23:\n" LWC_PAIR4(SPLIT, 12, 48) \
        "24:\n" LWC_PAIR4(SPLIT, 16, 64) "25:\n" LWC_PAIR4(SPLIT, 20, 80) "26:\n" LWC_PAIR4(SPLIT, 24, 96) "27:\n"             \
            LWC_PAIR4(SPLIT, 28, 112) "28:\n add %[x], %[x], #128\n add %[w], %[w], #32\n ldr %[v], %[end]\n cmp %[x], %[v]\n bne 20b\n"
/* The first pair at position `at`, then the rest from position `next` on. */
#define LWC_LOOP4(SPLIT, at, next) LWC_FIRST4(SPLIT, at) "b 2" #next "f\n" LWC_GROUPS4(SPLIT)
/* Entered at position v. */
#define LWC_ENTER4(SPLIT)                                                                                                      \
    "mov %[a1], %[a0]\n mov %[a2], %[a0]\n mov %[a3], %[a0]\n mov %[b1], %[b0]\n mov %[b2], %[b0]\n mov %[b3], %[b0]\n"         \
    "tbh [pc, %[v], lsl #1]\n29:\n .hword (20f-29b)/2, (21f-29b)/2, (22f-29b)/2, (23f-29b)/2\n"                                \
    " .hword (24f-29b)/2, (25f-29b)/2, (26f-29b)/2, (27f-29b)/2\n" LWC_GROUPS4(SPLIT)

#define LWC_SUMS4                                                                                                              \
    [a0] "=&r"(s->a0), [b0] "=&r"(s->b0), [a1] "=&r"(s->a1), [a2] "=&r"(s->a2), [a3] "=&r"(s->a3), [b1] "=&r"(s->b1),          \
        [b2] "=&r"(s->b2), [b3] "=&r"(s->b3), [v] "=&r"(v), [l] "=&r"(l), [p] "=&r"(p), [q] "=&r"(q), [x] "+&r"(x), [w] "+&r"(w)

#define LWC_BLOCK4_ANY(TEXT)                                                                                                   \
    __asm volatile(TEXT                                                                                                        \
                   : [a0] "=&r"(s->a0), [b0] "=&r"(s->b0), [a1] "=&r"(s->a1), [a2] "=&r"(s->a2), [a3] "=&r"(s->a3),            \
                     [b1] "=&r"(s->b1), [b2] "=&r"(s->b2), [b3] "=&r"(s->b3), [v] "+&r"(v), [l] "=&r"(l), [p] "=&r"(p),        \
                     [q] "=&r"(q), [x] "+&r"(x), [w] "+&r"(w)                                                                  \
                   : "0"(a), "1"(b), [end] "m"(end)                                                                            \
                   : "memory", "cc")
#define LWC_BLOCK4(TEXT) __asm volatile(TEXT : LWC_SUMS4 : "0"(a), "1"(b), [end] "m"(end) : "memory", "cc")

#define LWC_LONG4(at, next)                                                                                                    \
    if (carried != 0) {                                                                                                        \
        LWC_BLOCK4(LWC_LOOP4(LWC_SPLIT_CARRIED, at, next));                                                                    \
    } else {                                                                                                                   \
        LWC_BLOCK4(LWC_LOOP4(LWC_SPLIT_PLAIN, at, next));                                                                      \
    }                                                                                                                          \
    break
/* `left` pairs behind the first one. */
#define LWC_SHORT4(left)                                                                                                       \
    if (carried != 0) {                                                                                                        \
        LWC_BLOCK4(LWC_FIRST4(LWC_SPLIT_CARRIED, 0) LWC_TAIL4_##left(LWC_SPLIT_CARRIED, 4, 16));                                  \
    } else {                                                                                                                   \
        LWC_BLOCK4(LWC_FIRST4(LWC_SPLIT_PLAIN, 0) LWC_TAIL4_##left(LWC_SPLIT_PLAIN, 4, 16));                                      \
    }                                                                                                                          \
    break

/*
 * The sums of `pairs` pairs of taps, started from the biases a and b.
 *
 * x        [pairs][4] words: the taps 2k and 2k + 1 of four pixels
 * w        [pairs] words, see lwc_block_odd
 * pairs    >= 1, a constant
 */
LWC_INLINE void lwc_block4_sum(lwc_block4 *s, const uint32_t *x, const uint32_t *w, int32_t pairs, int32_t carried, int32_t a, int32_t b)
{
    const int32_t at = (8 - (pairs & 7)) & 7; /* position of the first pair in its group of eight */
    const uint32_t *end;
    uint32_t v;
    uint32_t l;
    uint32_t p;
    uint32_t q;

    if (pairs >= 8) {
        x -= 4 * at;
        w -= at;
    }
    end = x + (4 * (pairs + at));
    if (pairs < 8) {
        switch (pairs) {
        case 1:
            LWC_SHORT4(0);
        case 2:
            LWC_SHORT4(1);
        case 3:
            LWC_SHORT4(2);
        case 4:
            LWC_SHORT4(3);
        case 5:
            LWC_SHORT4(4);
        case 6:
            LWC_SHORT4(5);
        default:
            LWC_SHORT4(6);
        }
    } else {
        switch (at) {
        case 0:
            LWC_LONG4(0, 1);
        case 1:
            LWC_LONG4(1, 2);
        case 2:
            LWC_LONG4(2, 3);
        case 3:
            LWC_LONG4(3, 4);
        case 4:
            LWC_LONG4(4, 5);
        case 5:
            LWC_LONG4(5, 6);
        case 6:
            LWC_LONG4(6, 7);
        default:
            LWC_LONG4(7, 8);
        }
    }
}

/* The same for any number of pairs: less code where `pairs` is no constant. */
LWC_INLINE void lwc_block4_sum_any(lwc_block4 *s, const uint32_t *x, const uint32_t *w, int32_t pairs, int32_t carried, int32_t a, int32_t b)
{
    const int32_t at = (8 - (pairs & 7)) & 7;
    const uint32_t *end = x + (4 * pairs); /* a multiple of a group behind x once that is moved */
    uint32_t v = (uint32_t)at;
    uint32_t l;
    uint32_t p;
    uint32_t q;

    x -= 4 * at;
    w -= at;
    if (carried != 0) {
        LWC_BLOCK4_ANY(LWC_ENTER4(LWC_SPLIT_CARRIED));
    } else {
        LWC_BLOCK4_ANY(LWC_ENTER4(LWC_SPLIT_PLAIN));
    }
}

/* One pair of taps for two pairs of channels, whose weights LOAD loads: sums a, b and c, d. */
#define LWC_PAIR8_CARRIED(LOAD, a, b, c, d)                                                                                    \
    LOAD "smlad %[" #b "], %[p], %[v], %[" #b "]\n smlad %[" #d "], %[p], %[l], %[" #d "]\n"                                        \
    "sxtb16 %[v], %[v]\n sxtb16 %[l], %[l]\n"                                                                                  \
    "smlad %[" #a "], %[p], %[v], %[" #a "]\n smlad %[" #c "], %[p], %[l], %[" #c "]\n"
#define LWC_PAIR8_PLAIN(LOAD, a, b, c, d)                                                                                      \
    LOAD "sxtb16 %[q], %[v], ror #8\n smlad %[" #b "], %[p], %[q], %[" #b "]\n"                                                     \
    "sxtb16 %[q], %[l], ror #8\n smlad %[" #d "], %[p], %[q], %[" #d "]\n"                                                     \
    "sxtb16 %[v], %[v]\n sxtb16 %[l], %[l]\n"                                                                                  \
    "smlad %[" #a "], %[p], %[v], %[" #a "]\n smlad %[" #c "], %[p], %[l], %[" #c "]\n"

#define LWC_WORDS8(wo) "ldr %[v], [%[w], #" #wo "]\n ldr %[l], [%[w], #" #wo "+4]\n"
#define LWC_WORDS8_DOUBLE(wo) "ldrd %[v], %[l], [%[w], #" #wo "]\n"
#define LWC_TAPS8(PAIR, k)                                                                                                     \
    "ldr %[p], [%[x], #4*" #k "]\n" PAIR(LWC_WORDS8(16 * k), s0, s1, s2, s3) PAIR(LWC_WORDS8_DOUBLE(16 * k + 8), s4, s5, s6, s7)
#define LWC_ADD8(TEXT, xs, ws)                                                                                                 \
    __asm volatile(TEXT "add %[x], %[x], #" #xs "\n add %[w], %[w], #" #ws                                                     \
                   : [s0] "+r"(s[0]), [s1] "+r"(s[1]), [s2] "+r"(s[2]), [s3] "+r"(s[3]), [s4] "+r"(s[4]), [s5] "+r"(s[5]),     \
                     [s6] "+r"(s[6]), [s7] "+r"(s[7]), [x] "+r"(x), [w] "+r"(w), [v] "=&r"(v), [l] "=&r"(l), [p] "=&r"(p),     \
                     [q] "=&r"(q)                                                                                              \
                   :                                                                                                           \
                   : "memory")

/*
 * Adds `pairs` pairs of taps of one pixel to the sums of eight output channels.
 *
 * s        [8] sums, even and odd channels in turn
 * x        [pairs] words
 * w        [pairs][4] words, see lwc_block_odd
 */
LWC_INLINE void lwc_block8_add(int32_t *s, const uint32_t *x, const uint32_t *w, int32_t pairs, int32_t carried)
{
    const uint32_t *end = x + (pairs & ~7);
    uint32_t v;
    uint32_t l;
    uint32_t p;
    uint32_t q;

    while (x != end) {
        if (carried != 0) {
            LWC_ADD8(LWC_TAPS8(LWC_PAIR8_CARRIED, 0) LWC_TAPS8(LWC_PAIR8_CARRIED, 1) LWC_TAPS8(LWC_PAIR8_CARRIED, 2) LWC_TAPS8(LWC_PAIR8_CARRIED, 3)
                         LWC_TAPS8(LWC_PAIR8_CARRIED, 4) LWC_TAPS8(LWC_PAIR8_CARRIED, 5) LWC_TAPS8(LWC_PAIR8_CARRIED, 6) LWC_TAPS8(LWC_PAIR8_CARRIED, 7),
                     32, 128);
        } else {
            LWC_ADD8(LWC_TAPS8(LWC_PAIR8_PLAIN, 0) LWC_TAPS8(LWC_PAIR8_PLAIN, 1) LWC_TAPS8(LWC_PAIR8_PLAIN, 2) LWC_TAPS8(LWC_PAIR8_PLAIN, 3)
                         LWC_TAPS8(LWC_PAIR8_PLAIN, 4) LWC_TAPS8(LWC_PAIR8_PLAIN, 5) LWC_TAPS8(LWC_PAIR8_PLAIN, 6) LWC_TAPS8(LWC_PAIR8_PLAIN, 7),
                     32, 128);
        }
    }
    end += pairs & 7;
    while (x != end) {
        if (carried != 0) {
            LWC_ADD8(LWC_TAPS8(LWC_PAIR8_CARRIED, 0), 4, 16);
        } else {
            LWC_ADD8(LWC_TAPS8(LWC_PAIR8_PLAIN, 0), 4, 16);
        }
    }
}

/* One pair of taps of two channels: sums a and b. AFTER moves on to the next word. A plain word is loaded twice, for want of a register. */
#define LWC_ROW8_CARRIED(ADDRESS, AFTER, a, b)                                                                                 \
    "ldr %[v], " ADDRESS AFTER "\n smlad %[" #b "], %[p], %[v], %[" #b "]\n"                                                   \
    "sxtb16 %[v], %[v]\n smlad %[" #a "], %[p], %[v], %[" #a "]\n"
#define LWC_ROW8_PLAIN(ADDRESS, AFTER, a, b)                                                                                   \
    "ldr %[v], " ADDRESS "\n sxtb16 %[v], %[v], ror #8\n smlad %[" #b "], %[p], %[v], %[" #b "]\n"                             \
    "ldr %[v], " ADDRESS AFTER "\n sxtb16 %[v], %[v]\n smlad %[" #a "], %[p], %[v], %[" #a "]\n"
#define LWC_ROWS8(ROW)                                                                                                         \
    "ldr %[p], [%[x]], #4\n" ROW("[%[w], %[r], lsl #2]", "", s2, s3) ROW("[%[w], %[r], lsl #3]", "", s4, s5)                   \
        ROW("[%[w], %[t], lsl #2]", "", s6, s7) ROW("[%[w]]", ", #4", s0, s1)
#define LWC_ROWS8_4(ROW) LWC_ROWS8(ROW) LWC_ROWS8(ROW) LWC_ROWS8(ROW) LWC_ROWS8(ROW)
#define LWC_ROWS8_ADD(TEXT)                                                                                                    \
    __asm volatile(TEXT                                                                                                        \
                   : [s0] "+r"(s[0]), [s1] "+r"(s[1]), [s2] "+r"(s[2]), [s3] "+r"(s[3]), [s4] "+r"(s[4]), [s5] "+r"(s[5]),     \
                     [s6] "+r"(s[6]), [s7] "+r"(s[7]), [x] "+r"(x), [w] "+r"(w), [v] "=&r"(v), [p] "=&r"(p)                    \
                   : [r] "r"(pairs), [t] "r"(3 * pairs)                                                                        \
                   : "memory")

/* As lwc_block8_add, with the weights of the four pairs of channels behind each other: w is [4][pairs] words. */
LWC_INLINE void lwc_block8_rows_add(int32_t *s, const uint32_t *x, const uint32_t *w, int32_t pairs, int32_t carried)
{
    const uint32_t *end = x + (pairs & ~7);
    uint32_t v;
    uint32_t p;

    while (x != end) {
        if (carried != 0) {
            LWC_ROWS8_ADD(LWC_ROWS8_4(LWC_ROW8_CARRIED) LWC_ROWS8_4(LWC_ROW8_CARRIED));
        } else {
            LWC_ROWS8_ADD(LWC_ROWS8_4(LWC_ROW8_PLAIN) LWC_ROWS8_4(LWC_ROW8_PLAIN));
        }
    }
    if ((pairs & 4) != 0) {
        if (carried != 0) {
            LWC_ROWS8_ADD(LWC_ROWS8_4(LWC_ROW8_CARRIED));
        } else {
            LWC_ROWS8_ADD(LWC_ROWS8_4(LWC_ROW8_PLAIN));
        }
    }
    end = x + (pairs & 3);
    while (x != end) {
        if (carried != 0) {
            LWC_ROWS8_ADD(LWC_ROWS8(LWC_ROW8_CARRIED));
        } else {
            LWC_ROWS8_ADD(LWC_ROWS8(LWC_ROW8_PLAIN));
        }
    }
}

#endif
