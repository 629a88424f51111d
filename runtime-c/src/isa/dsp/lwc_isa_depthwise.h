/*
 * Rows of a depthwise 3x3 convolution over int16 planes. Of 14 registers six hold weights, four the words of three plane rows
 * in turn, two the sums of a pair of outputs, two point to the plane and the output. Bias, requantization and the end of the plane
 * are in registers of the FPU. Loads come in pairs where a register is free, which a Cortex-M4 pipelines.
 */
#ifndef LWC_ISA_DEPTHWISE_ROW_H
#define LWC_ISA_DEPTHWISE_ROW_H

#include <stdint.h>
#include <string.h>

/* Text for a constant: nothing where it is 0. */
#define LWC_DW3_IF(constant, TEXT) ".if %c[" constant "]\n" TEXT ".endif\n"
/* ReLU on a sum, as an operand of the macros below: the sign bit, spread, clears it. */
#define LWC_DW3_RELU(y) LWC_DW3_IF("relu", "bic %[" y "], %[" y "], %[" y "], asr #31\n")
/* An odd zero point is added behind the rounding to even, all but its lowest bit before. */
#define LWC_DW3_ODD(y) LWC_DW3_IF("odd", "add %[" y "], %[" y "], #1\n")
/* An upper clamp below 127 is lifted there for the saturation. */
#define LWC_DW3_LOWER(y) LWC_DW3_IF("lift", "sub %[" y "], %[" y "], %[lift]\n")

#define LWC_DW3_SCALE2                                                                                                         \
    "vmov s14, s15, %[y0], %[y1]\n vcvt.f32.s32 s14, s14\n vcvt.f32.s32 s15, s15\n vmul.f32 s14, s14, %[m]\n"                  \
    "vmul.f32 s15, s15, %[m]\n vadd.f32 s14, s14, %[z]\n vadd.f32 s15, s15, %[z]\n vmov %[y0], %[y1], s14, s15\n"
#define LWC_DW3_SCALE1                                                                                                         \
    "vmov s14, %[y0]\n vcvt.f32.s32 s14, s14\n vmul.f32 s14, s14, %[m]\n vadd.f32 s14, s14, %[z]\n vmov %[y0], s14\n"

/* Requantization of y0 and y1; t is a free register. */
#define LWC_DW3_FLOAT2(t)                                                                                                      \
    LWC_DW3_RELU("y0")                                                                                                         \
    LWC_DW3_RELU("y1")                                                                                                         \
    LWC_DW3_SCALE2                                                                                                             \
    LWC_DW3_ODD("y0") LWC_DW3_ODD("y1") "ssat16 %[y0], #8, %[y0]\n ssat16 %[y1], #8, %[y1]\n" LWC_DW3_LOWER("y0") LWC_DW3_LOWER("y1")
#define LWC_DW3_FLOAT1(t)                                                                                                      \
    LWC_DW3_RELU("y0")                                                                                                         \
    LWC_DW3_SCALE1                                                                                                             \
    LWC_DW3_ODD("y0") "ssat16 %[y0], #8, %[y0]\n" LWC_DW3_LOWER("y0")
#define LWC_DW3_SHORT2(t)                                                                                                      \
    LWC_DW3_RELU("y0")                                                                                                         \
    LWC_DW3_RELU("y1")                                                                                                         \
    "vmov %[" t "], %[m]\n smmul %[y0], %[y0], %[" t "]\n smmul %[y1], %[y1], %[" t "]\n vmov %[" t "], %[z]\n"                \
    "add %[y0], %[y0], %[" t "]\n add %[y1], %[y1], %[" t "]\n ssat %[y0], #8, %[y0], asr %[s]\n ssat %[y1], #8, %[y1], asr %[s]\n"
#define LWC_DW3_SHORT1(t)                                                                                                      \
    LWC_DW3_RELU("y0")                                                                                                         \
    "vmov %[" t "], %[m]\n smmul %[y0], %[y0], %[" t "]\n vmov %[" t "], %[z]\n add %[y0], %[y0], %[" t "]\n"                  \
    "ssat %[y0], #8, %[y0], asr %[s]\n"

/* Operands that only some of the forms below have. */
#define LWC_DW3_FLOAT_MORE()
#define LWC_DW3_SHORT_MORE()
#define LWC_DW3_FLOAT_ENTRY_MORE() , [table] "t"(table)
#define LWC_DW3_SHORT_ENTRY_MORE() , [table] "t"(table)

/* The same through a table, whose clamp is that of int8; see lwc_table_low_u8 for what is left of floats. */
#define LWC_DW3_ENTRY2(t) "vmov %[" t "], %[table]\n ldrb %[y0], [%[" t "], %[y0]]\n ldrb %[y1], [%[" t "], %[y1]]\n"
#define LWC_DW3_ENTRY1(t) "vmov %[" t "], %[table]\n ldrb %[y0], [%[" t "], %[y0]]\n"
#define LWC_DW3_FLOAT_ENTRY2(t)                                                                                                \
    LWC_DW3_SCALE2 LWC_DW3_ODD("y0") LWC_DW3_ODD("y1") "usat16 %[y0], #8, %[y0]\n usat16 %[y1], #8, %[y1]\n" LWC_DW3_ENTRY2(t)
#define LWC_DW3_FLOAT_ENTRY1(t) LWC_DW3_SCALE1 LWC_DW3_ODD("y0") "usat16 %[y0], #8, %[y0]\n" LWC_DW3_ENTRY1(t)
#define LWC_DW3_SHORT_ENTRY2(t) LWC_DW3_SHORT2(t) LWC_DW3_ENTRY2(t)
#define LWC_DW3_SHORT_ENTRY1(t) LWC_DW3_SHORT1(t) LWC_DW3_ENTRY1(t)

/* Stores that move on by a step: in one instruction where the step fits its immediate. */
#define LWC_DW3_NEAR(y) "strb %[" y "], [%[o]], %[step]\n"
#define LWC_DW3_FAR(y) "strb %[" y "], [%[o]]\n addw %[o], %[o], %[step]\n"

/* Stride 1, a pair of outputs: a, b, c hold word j - 1 of the plane rows, f is free; then f, a, b hold word j and c is free. */
#define LWC_DW3_PAIR(Q, STORE, a, b, c, f, j)                                                                                  \
    "vmov %[y1], %[bias]\n"                                                                                                    \
    "smlad %[y0], %[" a "], %[u0], %[y1]\n smlatb %[y1], %[" a "], %[u0], %[y1]\n"                                             \
    "ldr %[" f "], [%[x], #16*" j "]\n ldr %[" a "], [%[x], #16*" j "+%c[rw]]\n"                                               \
    "smlabt %[y0], %[" f "], %[v0], %[y0]\n smlad %[y1], %[" f "], %[v0], %[y1]\n"                                             \
    "smlad %[y0], %[" b "], %[u1], %[y0]\n smlatb %[y1], %[" b "], %[u1], %[y1]\n"                                             \
    "ldr %[" b "], [%[x], #16*" j "+2*%c[rw]]\n"                                                                               \
    "smlabt %[y0], %[" a "], %[v1], %[y0]\n smlad %[y1], %[" a "], %[v1], %[y1]\n"                                             \
    "smlad %[y0], %[" c "], %[u2], %[y0]\n smlatb %[y1], %[" c "], %[u2], %[y1]\n"                                             \
    "smlabt %[y0], %[" b "], %[v2], %[y0]\n smlad %[y1], %[" b "], %[v2], %[y1]\n" Q##2(c) STORE("y0") STORE("y1")

/* The last output of an odd number of them. */
#define LWC_DW3_LAST(Q, STORE, a, b, c, f, j)                                                                                  \
    "vmov %[y0], %[bias]\n smlad %[y0], %[" a "], %[u0], %[y0]\n"                                                              \
    "ldr %[" f "], [%[x], #16*" j "]\n ldr %[" a "], [%[x], #16*" j "+%c[rw]]\n"                                               \
    "smlabt %[y0], %[" f "], %[v0], %[y0]\n smlad %[y0], %[" b "], %[u1], %[y0]\n ldr %[" b "], [%[x], #16*" j "+2*%c[rw]]\n"  \
    "smlabt %[y0], %[" a "], %[v1], %[y0]\n smlad %[y0], %[" c "], %[u2], %[y0]\n smlabt %[y0], %[" b "], %[v2], %[y0]\n"      \
        Q##1(c) STORE("y0")

#define LWC_DW3_FIRST(a, b, c, e)                                                                                              \
    "ldr %[" a "], [%[x], #16*" e "]\n ldr %[" b "], [%[x], #16*" e "+%c[rw]]\n ldr %[" c "], [%[x], #16*" e "+2*%c[rw]]\n"

/* Four pairs in turn, entered at one of them: the roles of the registers return after four. */
#define LWC_DW3_LOOP(Q, STORE, FIRST, ENTRY)                                                                                   \
    FIRST "b 2" ENTRY "f\n1:\n20:\n" LWC_DW3_PAIR(Q, STORE, "a", "b", "c", "f", "1") "21:\n" LWC_DW3_PAIR(                     \
        Q, STORE, "f", "a", "b", "c", "2") "22:\n" LWC_DW3_PAIR(Q, STORE, "c", "f", "a", "b", "3") "23:\n"                     \
        LWC_DW3_PAIR(Q, STORE, "b", "c", "f", "a", "4") "add %[x], %[x], #64\n vmov %[f], %[end]\n cmp %[x], %[f]\n bne 1b\n"

/* Stride 2: one plane row of a pair of outputs. a holds word j - 1, then word j + 1. */
#define LWC_DW3_WIDE_ROW(a, u, v, y1, j, row)                                                                                  \
    "ldr %[f], [%[x], #16*" j "+" row "]\n smlad %[y0], %[" a "], %[" u "], %[y0]\n ldr %[" a "], [%[x], #16*" j "+16+" row "]\n" \
    "smlad %[y1], %[f], %[" u "], %[" y1 "]\n smlabt %[y0], %[f], %[" v "], %[y0]\n smlabt %[y1], %[" a "], %[" v "], %[y1]\n"
#define LWC_DW3_WIDE_PAIR(Q, STORE, j)                                                                                         \
    "vmov %[y0], %[bias]\n vmov %[y1], %[bias]\n" LWC_DW3_WIDE_ROW("a", "u0", "v0", "y1", j, "0")                              \
        LWC_DW3_WIDE_ROW("b", "u1", "v1", "y1", j, "%c[rw]") LWC_DW3_WIDE_ROW("c", "u2", "v2", "y1", j, "2*%c[rw]")            \
            Q##2("f") STORE("y0") STORE("y1")
#define LWC_DW3_WIDE_LOOP(Q, STORE, ENTRY)                                                                                     \
    LWC_DW3_FIRST("a", "b", "c", ENTRY "*2") "b 2" ENTRY "f\n1:\n20:\n" LWC_DW3_WIDE_PAIR(Q, STORE, "1") "21:\n"               \
        LWC_DW3_WIDE_PAIR(Q, STORE, "3") "add %[x], %[x], #64\n vmov %[f], %[end]\n cmp %[x], %[f]\n bne 1b\n"

/* Whole rows of at most 13 outputs, without a loop inside. N: pairs before those of the text. */
#define LWC_DW3_N1(Q, S) LWC_DW3_PAIR(Q, S, "a", "b", "c", "f", "1")
#define LWC_DW3_N2(Q, S) LWC_DW3_N1(Q, S) LWC_DW3_PAIR(Q, S, "f", "a", "b", "c", "2")
#define LWC_DW3_N3(Q, S) LWC_DW3_N2(Q, S) LWC_DW3_PAIR(Q, S, "c", "f", "a", "b", "3")
#define LWC_DW3_N4(Q, S) LWC_DW3_N3(Q, S) LWC_DW3_PAIR(Q, S, "b", "c", "f", "a", "4")
#define LWC_DW3_N5(Q, S) LWC_DW3_N4(Q, S) LWC_DW3_PAIR(Q, S, "a", "b", "c", "f", "5")
#define LWC_DW3_N6(Q, S) LWC_DW3_N5(Q, S) LWC_DW3_PAIR(Q, S, "f", "a", "b", "c", "6")
#define LWC_DW3_ODD1(Q, S) LWC_DW3_LAST(Q, S, "a", "b", "c", "f", "1")
#define LWC_DW3_ODD3(Q, S) LWC_DW3_N1(Q, S) LWC_DW3_LAST(Q, S, "f", "a", "b", "c", "2")
#define LWC_DW3_ODD5(Q, S) LWC_DW3_N2(Q, S) LWC_DW3_LAST(Q, S, "c", "f", "a", "b", "3")
#define LWC_DW3_ODD7(Q, S) LWC_DW3_N3(Q, S) LWC_DW3_LAST(Q, S, "b", "c", "f", "a", "4")
#define LWC_DW3_ODD9(Q, S) LWC_DW3_N4(Q, S) LWC_DW3_LAST(Q, S, "a", "b", "c", "f", "5")
#define LWC_DW3_ODD11(Q, S) LWC_DW3_N5(Q, S) LWC_DW3_LAST(Q, S, "f", "a", "b", "c", "6")
#define LWC_DW3_ODD13(Q, S) LWC_DW3_N6(Q, S) LWC_DW3_LAST(Q, S, "c", "f", "a", "b", "7")
#define LWC_DW3_W1(Q, S) LWC_DW3_WIDE_PAIR(Q, S, "1")
#define LWC_DW3_W2(Q, S) LWC_DW3_W1(Q, S) LWC_DW3_WIDE_PAIR(Q, S, "3")
#define LWC_DW3_W3(Q, S) LWC_DW3_W2(Q, S) LWC_DW3_WIDE_PAIR(Q, S, "5")
#define LWC_DW3_W4(Q, S) LWC_DW3_W3(Q, S) LWC_DW3_WIDE_PAIR(Q, S, "7")
#define LWC_DW3_W5(Q, S) LWC_DW3_W4(Q, S) LWC_DW3_WIDE_PAIR(Q, S, "9")
#define LWC_DW3_W6(Q, S) LWC_DW3_W5(Q, S) LWC_DW3_WIDE_PAIR(Q, S, "11")
#define LWC_DW3_WIDE_ODD3(Q, S) LWC_DW3_W1(Q, S) LWC_DW3_LAST(Q, S, "a", "b", "c", "f", "3")
#define LWC_DW3_WIDE_ODD5(Q, S) LWC_DW3_W2(Q, S) LWC_DW3_LAST(Q, S, "a", "b", "c", "f", "5")
#define LWC_DW3_WIDE_ODD7(Q, S) LWC_DW3_W3(Q, S) LWC_DW3_LAST(Q, S, "a", "b", "c", "f", "7")
#define LWC_DW3_WIDE_ODD9(Q, S) LWC_DW3_W4(Q, S) LWC_DW3_LAST(Q, S, "a", "b", "c", "f", "9")
#define LWC_DW3_WIDE_ODD11(Q, S) LWC_DW3_W5(Q, S) LWC_DW3_LAST(Q, S, "a", "b", "c", "f", "11")
#define LWC_DW3_WIDE_ODD13(Q, S) LWC_DW3_W6(Q, S) LWC_DW3_LAST(Q, S, "a", "b", "c", "f", "13")
#define LWC_DW3_ROWS(TEXT)                                                                                                     \
    "1:\n" LWC_DW3_FIRST("a", "b", "c", "0") TEXT "addw %[x], %[x], %[next]\n vmov %[y0], %[end]\n cmp %[x], %[y0]\n bne 1b\n"

#define LWC_DW3_OPERANDS                                                                                                       \
    [u0] "r"(w[0]), [v0] "r"(w[1]), [u1] "r"(w[2]), [v1] "r"(w[3]), [u2] "r"(w[4]), [v2] "r"(w[5]), [bias] "t"(bias),          \
        [m] "t"(scale), [z] "t"(offset), [s] "i"((q->shift > 0) ? q->shift : 1), [rw] "i"(16 * words), [step] "i"(step),       \
        [next] "i"(16 * next), [relu] "i"(lwc_requant_is_relu(q)), [odd] "i"(lwc_narrow_odd(q)), [lift] "i"(lwc_narrow_lift(q))
#define LWC_DW3_RUN(Q, TEXT)                                                                                                   \
    __asm volatile(TEXT                                                                                                        \
                   : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [f] "=&r"(f), [y0] "=&r"(y0), [y1] "=&r"(y1), [x] "+&r"(x),     \
                     [o] "+&r"(out)                                                                                            \
                   : LWC_DW3_OPERANDS, [end] "t"(end) Q##_MORE()                                                               \
                   : "memory", "cc", "s14", "s15")
#define LWC_DW3_RUN_LAST(Q, TEXT)                                                                                              \
    __asm volatile(TEXT                                                                                                        \
                   : [a] "+&r"(a), [b] "+&r"(b), [c] "+&r"(c), [f] "=&r"(f), [y0] "=&r"(y0), [x] "+&r"(x), [o] "+&r"(out)      \
                   : LWC_DW3_OPERANDS Q##_MORE()                                                                               \
                   : "memory", "s14")
#define LWC_DW3_CASE(n, Q, TEXT)                                                                                               \
    case n:                                                                                                                    \
        LWC_DW3_RUN(Q, LWC_DW3_ROWS(TEXT));                                                                                    \
        break
/* One case remains: `count` is a constant. */
#define LWC_DW3_SMALL(Q, S)                                                                                                    \
    do {                                                                                                                       \
        switch ((stride == 2) ? (16 + count) : count) {                                                                        \
            LWC_DW3_CASE(1, Q, LWC_DW3_ODD1(Q, S));                                                                            \
            LWC_DW3_CASE(2, Q, LWC_DW3_N1(Q, S));                                                                              \
            LWC_DW3_CASE(3, Q, LWC_DW3_ODD3(Q, S));                                                                            \
            LWC_DW3_CASE(4, Q, LWC_DW3_N2(Q, S));                                                                              \
            LWC_DW3_CASE(5, Q, LWC_DW3_ODD5(Q, S));                                                                            \
            LWC_DW3_CASE(6, Q, LWC_DW3_N3(Q, S));                                                                              \
            LWC_DW3_CASE(7, Q, LWC_DW3_ODD7(Q, S));                                                                            \
            LWC_DW3_CASE(8, Q, LWC_DW3_N4(Q, S));                                                                              \
            LWC_DW3_CASE(9, Q, LWC_DW3_ODD9(Q, S));                                                                            \
            LWC_DW3_CASE(10, Q, LWC_DW3_N5(Q, S));                                                                             \
            LWC_DW3_CASE(11, Q, LWC_DW3_ODD11(Q, S));                                                                          \
            LWC_DW3_CASE(12, Q, LWC_DW3_N6(Q, S));                                                                             \
            LWC_DW3_CASE(13, Q, LWC_DW3_ODD13(Q, S));                                                                          \
            LWC_DW3_CASE(17, Q, LWC_DW3_ODD1(Q, S));                                                                           \
            LWC_DW3_CASE(18, Q, LWC_DW3_W1(Q, S));                                                                             \
            LWC_DW3_CASE(19, Q, LWC_DW3_WIDE_ODD3(Q, S));                                                                      \
            LWC_DW3_CASE(20, Q, LWC_DW3_W2(Q, S));                                                                             \
            LWC_DW3_CASE(21, Q, LWC_DW3_WIDE_ODD5(Q, S));                                                                      \
            LWC_DW3_CASE(22, Q, LWC_DW3_W3(Q, S));                                                                             \
            LWC_DW3_CASE(23, Q, LWC_DW3_WIDE_ODD7(Q, S));                                                                      \
            LWC_DW3_CASE(24, Q, LWC_DW3_W4(Q, S));                                                                             \
            LWC_DW3_CASE(25, Q, LWC_DW3_WIDE_ODD9(Q, S));                                                                      \
            LWC_DW3_CASE(26, Q, LWC_DW3_W5(Q, S));                                                                             \
            LWC_DW3_CASE(27, Q, LWC_DW3_WIDE_ODD11(Q, S));                                                                     \
            LWC_DW3_CASE(28, Q, LWC_DW3_W6(Q, S));                                                                             \
            LWC_DW3_CASE(29, Q, LWC_DW3_WIDE_ODD13(Q, S));                                                                     \
        default:                                                                                                               \
            break;                                                                                                             \
        }                                                                                                                      \
    } while (0)

#define LWC_DW3_PAIRS(Q, STORE)                                                                                                \
    do {                                                                                                                       \
        if (stride == 2) {                                                                                                     \
            if (entry == 0) {                                                                                                  \
                LWC_DW3_RUN(Q, LWC_DW3_WIDE_LOOP(Q, STORE, "0"));                                                              \
            } else {                                                                                                           \
                LWC_DW3_RUN(Q, LWC_DW3_WIDE_LOOP(Q, STORE, "1"));                                                              \
            }                                                                                                                  \
        } else if (entry == 0) {                                                                                               \
            LWC_DW3_RUN(Q, LWC_DW3_LOOP(Q, STORE, LWC_DW3_FIRST("a", "b", "c", "0"), "0"));                                    \
        } else if (entry == 1) {                                                                                               \
            LWC_DW3_RUN(Q, LWC_DW3_LOOP(Q, STORE, LWC_DW3_FIRST("f", "a", "b", "1"), "1"));                                    \
        } else if (entry == 2) {                                                                                               \
            LWC_DW3_RUN(Q, LWC_DW3_LOOP(Q, STORE, LWC_DW3_FIRST("c", "f", "a", "2"), "2"));                                    \
        } else {                                                                                                               \
            LWC_DW3_RUN(Q, LWC_DW3_LOOP(Q, STORE, LWC_DW3_FIRST("b", "c", "f", "3"), "3"));                                    \
        }                                                                                                                      \
    } while (0)

/* One of the forms of requantization and of stores. */
#define LWC_DW3_STORES(RUN, Q)                                                                                                 \
    do {                                                                                                                       \
        if (step < 256) {                                                                                                      \
            RUN(Q, LWC_DW3_NEAR);                                                                                              \
        } else {                                                                                                               \
            RUN(Q, LWC_DW3_FAR);                                                                                               \
        }                                                                                                                      \
    } while (0)
#define LWC_DW3_EACH(RUN)                                                                                                      \
    do {                                                                                                                       \
        if ((q->form == LWC_REQUANT_SHORT) && (q->table != NULL)) {                                                            \
            LWC_DW3_STORES(RUN, LWC_DW3_SHORT_ENTRY);                                                                          \
        } else if (q->form == LWC_REQUANT_SHORT) {                                                                             \
            LWC_DW3_STORES(RUN, LWC_DW3_SHORT);                                                                                \
        } else if (q->table != NULL) {                                                                                         \
            LWC_DW3_STORES(RUN, LWC_DW3_FLOAT_ENTRY);                                                                          \
        } else {                                                                                                               \
            LWC_DW3_STORES(RUN, LWC_DW3_FLOAT);                                                                                \
        }                                                                                                                      \
    } while (0)
#define LWC_DW3_ONE(Q, STORE) LWC_DW3_RUN_LAST(Q, LWC_DW3_LAST(Q, STORE, "a", "b", "c", "f", "1"))

/* A pointer for a register of the FPU. */
LWC_INLINE float lwc_pointer_word(const void *pointer)
{
    float word;

    _Static_assert(sizeof word == sizeof pointer, "pointers of 32 bits");
    memcpy(&word, &pointer, sizeof word);
    return word;
}

/* See the portable twin. Every argument but pointers and weights is a constant. */
LWC_INLINE void lwc_depthwise3_rows(const lwc_requant *q, int32_t stride, const uint32_t *x, int32_t words, const uint32_t *w, const int32_t *quant, int8_t *out,
                                    int32_t step, int32_t count, int32_t rows, int32_t next)
{
    const int32_t turn = (stride == 2) ? 2 : 4; /* pairs in a turn of the loop; a turn moves on by four words */
    const int32_t pairs = count / 2;
    const int32_t entry = (turn - (pairs % turn)) % turn;
    float end = lwc_pointer_word(x + (4 * rows * next));
    float bias;
    float scale;
    float offset;
    float table = 0.0f;
    uint32_t a;
    uint32_t b;
    uint32_t c;
    uint32_t f;
    int32_t y0;
    int32_t y1;

    /* The text takes every register: no address may be left to be computed inside of it. */
    __asm volatile("" : "+r"(x), "+r"(out));
    memcpy(&bias, &quant[0], sizeof bias);
    memcpy(&scale, &quant[1], sizeof scale);
    if (q->form == LWC_REQUANT_SHORT) {
        memcpy(&offset, &quant[2], sizeof offset);
    } else {
        offset = lwc_narrow_offset(q);
    }
    if (q->table != NULL) {
        table = lwc_pointer_word((const void *)((uintptr_t)q->table - ((q->form == LWC_REQUANT_SHORT) ? 0u : (uintptr_t)LWC_TABLE_LOW)));
    }
    if (count <= 13) {
        LWC_DW3_EACH(LWC_DW3_SMALL);
        return;
    }
    for (int32_t y = 0; y < rows; ++y) {
        const uint32_t *const row = x;

        x -= 4 * entry * (4 / turn);
        end = lwc_pointer_word(x + (16 * ((pairs + entry) / turn)));
        LWC_DW3_EACH(LWC_DW3_PAIRS);
        if ((count & 1) != 0) {
            LWC_DW3_EACH(LWC_DW3_ONE);
        }
        x = row + (4 * next);
    }
}

#endif
