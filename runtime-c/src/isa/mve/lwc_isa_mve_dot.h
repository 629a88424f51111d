/*
 * Dot products on MVE with floating point (Armv8.1-M). Their twins in ../portable state what each computes.
 *
 * Sums of products live in general registers (VMLADAV), of which the instruction can name the even ones only: eight at a time. The
 * C compiler moves such sums about between statements, so the loops over channels are assembly throughout. Conditional assembly
 * specialises them: operands with %c are immediates.
 */
#ifndef LWC_ISA_MVE_DOT_H
#define LWC_ISA_MVE_DOT_H

#include <arm_mve.h>
#include <stdint.h>

#include "../../lwc_requant.h"

/* Loads step `n` of two pixels, of one pixel: at an offset, or walking along where offsets do not reach. */
#define LWC_MVE_LOAD_TWO(n) \
    ".if lwc_walk\n\t" \
    "vldrb.8 q0, [%[x0]], #16\n\t" \
    "vldrb.8 q1, [%[x1]], #16\n\t" \
    ".else\n\t" \
    "vldrb.8 q0, [%[x0], #(16 * " n ")]\n\t" \
    "vldrb.8 q1, [%[x1], #(16 * " n ")]\n\t" \
    ".endif\n\t"

#define LWC_MVE_LOAD_ONE(n) \
    ".if lwc_walk\n\t" \
    "vldrb.8 q0, [%[x0]], #16\n\t" \
    ".else\n\t" \
    "vldrb.8 q0, [%[x0], #(16 * " n ")]\n\t" \
    ".endif\n\t"

/* Loads the last values, fewer than 16; the other lanes are zero. */
#define LWC_MVE_TAIL_TWO \
    ".if lwc_walk\n\t" \
    "vpstt\n\t" \
    "vldrbt.8 q0, [%[x0]]\n\t" \
    "vldrbt.8 q1, [%[x1]]\n\t" \
    ".else\n\t" \
    "vpstt\n\t" \
    "vldrbt.8 q0, [%[x0], #(16 * lwc_steps)]\n\t" \
    "vldrbt.8 q1, [%[x1], #(16 * lwc_steps)]\n\t" \
    ".endif\n\t"

#define LWC_MVE_TAIL_ONE \
    ".if lwc_walk\n\t" \
    "vpst\n\t" \
    "vldrbt.8 q0, [%[x0]]\n\t" \
    ".else\n\t" \
    "vpst\n\t" \
    "vldrbt.8 q0, [%[x0], #(16 * lwc_steps)]\n\t" \
    ".endif\n\t"

/* Two pixels in q0 and q1 against four channels: `mac` is vmlav.s8, which starts a sum, or vmlava.s8. */
#define LWC_MVE_STEP_TWO(mac, bytes) \
    "vldrb.8 q2, [%[w]], " bytes "\n\t" \
    mac " r0, q0, q2\n\t" \
    mac " r8, q1, q2\n\t" \
    "vldrb.8 q3, [%[w]], " bytes "\n\t" \
    mac " r2, q0, q3\n\t" \
    mac " r10, q1, q3\n\t" \
    "vldrb.8 q2, [%[w]], " bytes "\n\t" \
    mac " r4, q0, q2\n\t" \
    mac " r12, q1, q2\n\t" \
    "vldrb.8 q3, [%[w]], " bytes "\n\t" \
    mac " r6, q0, q3\n\t" \
    mac " lr, q1, q3\n\t"

/* One pixel in q0 against four channels, whose weights are at `from`. */
#define LWC_MVE_STEP_FOUR(mac, bytes, from, sum0, sum1, sum2, sum3) \
    "vldrb.8 q2, [" from "], " bytes "\n\t" \
    mac " " sum0 ", q0, q2\n\t" \
    "vldrb.8 q3, [" from "], " bytes "\n\t" \
    mac " " sum1 ", q0, q3\n\t" \
    "vldrb.8 q2, [" from "], " bytes "\n\t" \
    mac " " sum2 ", q0, q2\n\t" \
    "vldrb.8 q3, [" from "], " bytes "\n\t" \
    mac " " sum3 ", q0, q3\n\t"

/* Against a block of eight channels, against two blocks of four. */
#define LWC_MVE_STEP_ONE(mac, bytes) \
    LWC_MVE_STEP_FOUR(mac, bytes, "%[w]", "r0", "r2", "r4", "r6") \
    LWC_MVE_STEP_FOUR(mac, bytes, "%[w]", "r8", "r10", "r12", "lr")
#define LWC_MVE_STEP_LAST(mac, bytes) \
    LWC_MVE_STEP_FOUR(mac, bytes, "%[w]", "r0", "r2", "r4", "r6") \
    LWC_MVE_STEP_FOUR(mac, bytes, "%[next_w]", "r8", "r10", "r12", "lr")

#define LWC_MVE_STEP_IF(n, load, step) ".if lwc_steps > " n "\n\t" load(n) step("vmlava.s8", "#16") ".endif\n\t"
#define LWC_MVE_STEP_LOOP(load, step) load("0") step("vmlava.s8", "#16")

/*
 * Dot products: lwc_steps of 16 values, then lwc_loops times eight steps, then lwc_tail values. Activations are read at offsets
 * from x0 and x1 or, where those do not reach, by walking along, which lwc_walk undoes. The loop counts in the register of `out`.
 */
#define LWC_MVE_DOT(load, tail_load, step) \
    ".set lwc_loops, (%c[depth] / 16 - 1) / 8\n\t" \
    ".set lwc_steps, %c[depth] / 16 - 8 * lwc_loops\n\t" \
    ".set lwc_tail, %c[depth] %% 16\n\t" \
    ".set lwc_walk, 0\n\t" \
    ".if (lwc_loops > 0) || ((lwc_steps == 8) && (lwc_tail > 0))\n\t" \
    ".set lwc_walk, 128 * lwc_loops + 16 * lwc_steps\n\t" \
    ".endif\n\t" \
    ".if lwc_tail && (%c[partial] == 0)\n\t" \
    "mov r0, #lwc_tail\n\t" \
    "vctp.8 r0\n\t" \
    ".endif\n" \
    "1:\n\t" \
    ".if lwc_tail && %c[partial]\n\t" \
    "mov r0, #lwc_tail\n\t" \
    "vctp.8 r0\n\t" \
    ".endif\n\t" \
    ".if lwc_steps\n\t" load("0") step("vmlav.s8", "#16") ".endif\n\t" \
    LWC_MVE_STEP_IF("1", load, step) LWC_MVE_STEP_IF("2", load, step) LWC_MVE_STEP_IF("3", load, step) \
    LWC_MVE_STEP_IF("4", load, step) LWC_MVE_STEP_IF("5", load, step) LWC_MVE_STEP_IF("6", load, step) \
    LWC_MVE_STEP_IF("7", load, step) \
    ".if lwc_loops\n\t" \
    "vmov %[keep], %[y]\n\t" \
    "mov %[y], #lwc_loops\n" \
    "2:\n\t" \
    LWC_MVE_STEP_LOOP(load, step) LWC_MVE_STEP_LOOP(load, step) LWC_MVE_STEP_LOOP(load, step) LWC_MVE_STEP_LOOP(load, step) \
    LWC_MVE_STEP_LOOP(load, step) LWC_MVE_STEP_LOOP(load, step) LWC_MVE_STEP_LOOP(load, step) LWC_MVE_STEP_LOOP(load, step) \
    "subs %[y], #1\n\t" \
    "bne 2b\n\t" \
    "vmov %[y], %[keep]\n\t" \
    ".endif\n\t" \
    ".if lwc_tail\n\t" \
    tail_load \
    ".if lwc_steps\n\t" step("vmlava.s8", "#lwc_tail") ".else\n\t" step("vmlav.s8", "#lwc_tail") ".endif\n\t" \
    ".endif\n\t"

/*
 * Requantizes q0 and q1. Their quantization words: q2 bias, q3 scale or multiplier, and q2 again addend, loaded by `words0` and
 * `words1`, which say where; q1 shares those of q0 where `words1` is empty.
 */
#define LWC_MVE_REQUANTIZE_TWO \
    "vldrw.32 q2, [%[words]], #16\n\t" \
    "vldrw.32 q3, [%[words]], #16\n\t" \
    "vadd.i32 q0, q0, q2\n\t" \
    "vadd.i32 q1, q1, q2\n\t" \
    ".if %c[shift] >= 0\n\t" \
    "vldrw.32 q2, [%[words]], #16\n\t" \
    "vmulh.s32 q0, q0, q3\n\t" \
    "vmulh.s32 q1, q1, q3\n\t" \
    "vadd.i32 q0, q0, q2\n\t" \
    "vadd.i32 q1, q1, q2\n\t" \
    ".else\n\t" \
    "vcvt.f32.s32 q0, q0\n\t" \
    "vcvt.f32.s32 q1, q1\n\t" \
    "vmul.f32 q0, q0, q3\n\t" \
    "vmul.f32 q1, q1, q3\n\t" \
    ".endif\n\t"

#define LWC_MVE_REQUANTIZE_ONE \
    "vldrw.32 q2, [%[words]], #16\n\t" \
    "vldrw.32 q3, [%[words]], #16\n\t" \
    "vadd.i32 q0, q0, q2\n\t" \
    ".if %c[shift] >= 0\n\t" \
    "vmulh.s32 q0, q0, q3\n\t" \
    "vldrw.32 q3, [%[words]], #16\n\t" \
    "vldrw.32 q2, [%[words]], #16\n\t" \
    "vadd.i32 q0, q0, q3\n\t" \
    "vldrw.32 q3, [%[words]], #16\n\t" \
    "vadd.i32 q1, q1, q2\n\t" \
    "vldrw.32 q2, [%[words]], #16\n\t" \
    "vmulh.s32 q1, q1, q3\n\t" \
    "vadd.i32 q1, q1, q2\n\t" \
    ".else\n\t" \
    "vldrw.32 q2, [%[words]], #16\n\t" \
    "vcvt.f32.s32 q0, q0\n\t" \
    "vadd.i32 q1, q1, q2\n\t" \
    "vmul.f32 q0, q0, q3\n\t" \
    "vldrw.32 q3, [%[words]], #16\n\t" \
    "vcvt.f32.s32 q1, q1\n\t" \
    "vmul.f32 q1, q1, q3\n\t" \
    ".endif\n\t"

/* Rounds q0 and q1, narrows them into the even and odd int16 lanes of q0, adds the zero point and clamps. */
#define LWC_MVE_NARROW \
    ".if %c[shift] >= 0\n\t" \
    ".if %c[shift] > 0\n\t" \
    "vshr.s32 q0, q0, %[shift]\n\t" \
    "vshr.s32 q1, q1, %[shift]\n\t" \
    ".endif\n\t" \
    ".else\n\t" \
    "vcvtn.s32.f32 q0, q0\n\t" \
    "vcvtn.s32.f32 q1, q1\n\t" \
    ".endif\n\t" \
    "vqmovnb.s32 q0, q0\n\t" \
    "vqmovnt.s32 q0, q1\n\t" \
    ".if %c[shift] < 0\n\t" \
    "vqadd.s16 q0, q0, %q[zero]\n\t" \
    ".endif\n\t" \
    ".if (%c[min] > -128) || (%c[max] < 127)\n\t" \
    "mov r2, %[min]\n\t" \
    "vdup.16 q2, r2\n\t" \
    "mov r2, %[max]\n\t" \
    "vdup.16 q3, r2\n\t" \
    "vmax.s16 q0, q0, q2\n\t" \
    "vmin.s16 q0, q0, q3\n\t" \
    ".else\n\t" \
    "vqmovnb.s16 q0, q0\n\t" \
    ".endif\n\t"

/* Back to the first value; at most 65535 bytes. */
#define LWC_MVE_BACK(pointer) \
    ".if lwc_walk / 4096\n\t" \
    "sub " pointer ", #(lwc_walk / 4096 * 4096)\n\t" \
    ".endif\n\t" \
    ".if lwc_walk %% 4096\n\t" \
    "subw " pointer ", " pointer ", #(lwc_walk %% 4096)\n\t" \
    ".endif\n\t"

/* Operands of the loops over channels. Registers are pinned: left to itself the compiler finds no allocation. */
#define LWC_MVE_CONSTANTS \
    [depth] "i"(depth), [shift] "i"((q->form == LWC_REQUANT_SHORT) ? q->shift : -1), [min] "i"(q->min), [max] "i"(q->max), [out_c] "i"(out_c)
#define LWC_MVE_SUMS "r0", "r2", "r4", "r6", "r8", "r10", "r12", "lr"

/* `count` pixels, even, or 1: a pair of itself. */
LWC_MVE_INLINE void lwc_mve_dot_span(const lwc_requant *q, const int8_t *first, int32_t pitch, int32_t count, int32_t depth, int32_t out_c, const int8_t *weights, const int32_t *quant,
                                   int8_t *out, int32_t out_pitch)
{
    const int32_t step = (count > 1) ? 1 : 0;
    const uint32_t last = (uint32_t)(out + (count * out_pitch));
    const int16x8_t zero = vdupq_n_s16((int16_t)q->zero_point);
    /* Channel and pixel of each lane: c0 p0, c0 p1, c1 p0, ... */
    const uint32_t pair = (uint32_t)(step * out_pitch) << 16;
    const uint32x4_t lanes = {pair, pair + 0x10001u, pair + 0x20002u, pair + 0x30003u};
    register const int8_t *x0 __asm("r1") = first;
    register const int8_t *x1 __asm("r3") = first + (step * pitch);
    register int8_t *y __asm("r5") = out;
    register const int8_t *w __asm("r9") = weights;
    register const int32_t *words __asm("r11") = quant;
    uint32_t end = (uint32_t)(out + out_c);
    float keep;

    __asm volatile(LWC_MVE_MACROS
                   "3:\n\t" LWC_MVE_DOT(LWC_MVE_LOAD_TWO, LWC_MVE_TAIL_TWO, LWC_MVE_STEP_TWO)
                   "vmov q0[2], q0[0], r0, r4\n\t"
                   "vmov q0[3], q0[1], r2, r6\n\t"
                   "vmov q1[2], q1[0], r8, r12\n\t"
                   "vmov q1[3], q1[1], r10, lr\n\t" LWC_MVE_REQUANTIZE_TWO LWC_MVE_NARROW
                   LWC_MVE_BACK("%[x0]") LWC_MVE_BACK("%[x1]")
                   "vmov r2, %[end]\n\t"
                   ".if %c[partial]\n\t"
                   "sub r0, r2, %[y]\n\t"
                   "lsl r0, r0, #1\n\t"
                   "vctp.16 r0\n\t"
                   "vpst\n\t"
                   "vstrbt.16 q0, [%[y], %q[lanes]]\n\t"
                   ".else\n\t"
                   "vstrb.16 q0, [%[y], %q[lanes]]\n\t"
                   ".endif\n\t"
                   "add %[y], #4\n\t"
                   "cmp %[y], r2\n\t"
                   "bcc 1b\n\t"
                   /* the next pair */
                   "vmov %[w], %[first_w]\n\t"
                   "vmov %[words], %[first_word]\n\t"
                   "lwc_mve_add r2, (2 * %c[out_pitch])\n\t"
                   "vmov %[end], r2\n\t"
                   "lwc_mve_add %[y], (2 * %c[out_pitch] - (%c[out_c] + 3) / 4 * 4)\n\t"
                   "lwc_mve_add %[x0], (2 * %c[pitch])\n\t"
                   "lwc_mve_add %[x1], (2 * %c[pitch])\n\t"
                   "vmov r0, %[last]\n\t"
                   "cmp %[y], r0\n\t"
                   "bcc 3b"
                   : [keep] "=&t"(keep), [x0] "+&r"(x0), [x1] "+&r"(x1), [w] "+&r"(w), [words] "+&r"(words), [y] "+&r"(y), [end] "+&t"(end)
                   : LWC_MVE_CONSTANTS, [zero] "w"(zero), [partial] "i"((out_c % 4) != 0), [lanes] "w"(lanes), [pitch] "i"(pitch), [out_pitch] "i"(out_pitch), [last] "t"(last),
                     [first_w] "t"(weights), [first_word] "t"(quant)
                   : LWC_MVE_SUMS, "q0", "q1", "q2", "q3", "cc", "memory");
}

/* One pixel whose weights lie in blocks of four channels, two blocks at a time: out_c is a multiple of eight. */
LWC_MVE_INLINE void lwc_mve_dot_last(const lwc_requant *q, const int8_t *x, int32_t depth, int32_t out_c, const int8_t *weights, const int32_t *quant, int8_t *out)
{
    const uint32_t end = (uint32_t)(out + out_c);
    const int16x8_t zero = vdupq_n_s16((int16_t)q->zero_point);
    /* Channel of each lane: 0, 4, 1, 5, ... */
    const uint32x4_t lanes = {0x40000u, 0x50001u, 0x60002u, 0x70003u};
    register const int8_t *x0 __asm("r1") = x;
    register const int8_t *next_w __asm("r3") = weights + (4 * depth);
    register int8_t *y __asm("r5") = out;
    register const int8_t *w __asm("r9") = weights;
    register const int32_t *words __asm("r11") = quant;
    float keep;

    __asm volatile(LWC_MVE_MACROS LWC_MVE_DOT(LWC_MVE_LOAD_ONE, LWC_MVE_TAIL_ONE, LWC_MVE_STEP_LAST)
                   "vmov q0[2], q0[0], r0, r4\n\t"
                   "vmov q0[3], q0[1], r2, r6\n\t"
                   "vmov q1[2], q1[0], r8, r12\n\t"
                   "vmov q1[3], q1[1], r10, lr\n\t" LWC_MVE_REQUANTIZE_ONE LWC_MVE_NARROW
                   LWC_MVE_BACK("%[x0]")
                   "vmov r2, %[end]\n\t"
                   "vstrb.16 q0, [%[y], %q[lanes]]\n\t"
                   "add %[y], #8\n\t"
                   "mov %[w], %[next_w]\n\t"
                   "lwc_mve_add %[next_w], (4 * %c[depth])\n\t"
                   "cmp %[y], r2\n\t"
                   "bcc 1b"
                   : [keep] "=&t"(keep), [x0] "+&r"(x0), [w] "+&r"(w), [next_w] "+&r"(next_w), [words] "+&r"(words), [y] "+&r"(y)
                   : LWC_MVE_CONSTANTS, [zero] "w"(zero), [partial] "i"(0), [lanes] "w"(lanes), [end] "t"(end)
                   : LWC_MVE_SUMS, "q0", "q1", "q2", "q3", "cc", "memory");
}

LWC_MVE_INLINE void lwc_mve_dot_pairs(const lwc_requant *q, const int8_t *x, int32_t pitch, int32_t pixels, int32_t depth, int32_t out_c, const int8_t *weights, const int32_t *quant,
                                     int8_t *out, int32_t out_pitch)
{
    int32_t first = 0;
    int32_t count = (pixels > 1) ? (pixels & ~1) : 1;

    /* An odd last pixel is computed with the one before it, again. */
    for (;;) {
        lwc_mve_dot_span(q, x + (first * pitch), pitch, count, depth, out_c, weights, quant, out + (first * out_pitch), out_pitch);
        if ((first + count) >= pixels) {
            break;
        }
        first = pixels - 2;
        count = 2;
    }
}

LWC_MVE_INLINE void lwc_mve_dot_one(const lwc_requant *q, const int8_t *x, int32_t depth, int32_t out_c, const int8_t *weights, const int32_t *quant,
                                                                  int8_t *out)
{
    const uint32_t end = (uint32_t)(out + out_c);
    const int16x8_t zero = vdupq_n_s16((int16_t)q->zero_point);
    register const int8_t *x0 __asm("r1") = x;
    register int8_t *y __asm("r5") = out;
    register const int8_t *w __asm("r9") = weights;
    register const int32_t *words __asm("r11") = quant;
    float keep;

    __asm volatile(LWC_MVE_DOT(LWC_MVE_LOAD_ONE, LWC_MVE_TAIL_ONE, LWC_MVE_STEP_ONE)
                   "vmov q0[2], q0[0], r0, r8\n\t"
                   "vmov q0[3], q0[1], r4, r12\n\t"
                   "vmov q1[2], q1[0], r2, r10\n\t"
                   "vmov q1[3], q1[1], r6, lr\n\t" LWC_MVE_REQUANTIZE_ONE LWC_MVE_NARROW
                   LWC_MVE_BACK("%[x0]")
                   "vmov r2, %[end]\n\t"
                   ".if %c[partial]\n\t"
                   "sub r0, r2, %[y]\n\t"
                   "vctp.16 r0\n\t"
                   "vpst\n\t"
                   "vstrbt.16 q0, [%[y]], #8\n\t"
                   ".else\n\t"
                   "vstrb.16 q0, [%[y]], #8\n\t"
                   ".endif\n\t"
                   "cmp %[y], r2\n\t"
                   "bcc 1b"
                   : [keep] "=&t"(keep), [x0] "+&r"(x0), [w] "+&r"(w), [words] "+&r"(words), [y] "+&r"(y)
                   : LWC_MVE_CONSTANTS, [zero] "w"(zero), [partial] "i"((out_c % 8) != 0), [end] "t"(end)
                   : LWC_MVE_SUMS, "q0", "q1", "q2", "q3", "cc", "memory");
}

/* Where the eight results of four channels of two pixels go, and how many of them exist. */
typedef struct lwc_mve_pair_lanes {
    uint32_t lanes[4];
    uint32_t stored;
} lwc_mve_pair_lanes;

/* Pixels of 8 or 16 values: weights of four channels stay in registers. `pixels` is even. */
LWC_MVE_INLINE void lwc_mve_dot_short(const lwc_requant *q, const int8_t *x, int32_t pixels, int32_t depth, int32_t out_c, const int8_t *weights, const int32_t *quant, int8_t *out,
                                      int32_t out_pitch)
{
    const uint32_t pair = (uint32_t)out_pitch << 16;
    lwc_mve_pair_lanes places = {{pair, pair + 0x10001u, pair + 0x20002u, pair + 0x30003u}, 8u};

    for (int32_t c = 0; c < out_c; c += 4) {
        register const int8_t *from __asm("r1") = x;
        register const lwc_mve_pair_lanes *lanes __asm("r3") = &places;
        register int8_t *y __asm("r5") = out + c;
        register const int32_t *words __asm("r9") = quant + (c * lwc_requant_words(q));
        /* Pairs to go after this one, and the zero point in the low half, where VQADD takes it from. */
        register uint32_t left __asm("r11") = ((uint32_t)((pixels / 2) - 1) << 16) | ((uint32_t)q->zero_point & 0xffffu);
        const int8_t *w = weights + (c * depth);

        if ((out_c - c) < 4) {
            places.stored = 2u * (uint32_t)(out_c - c);
        }
        __asm volatile(LWC_MVE_MACROS
                       ".if %c[depth] == 16\n\t"
                       "vldrb.8 q4, [%[w]]\n\tvldrb.8 q5, [%[w], #16]\n\tvldrb.8 q6, [%[w], #32]\n\tvldrb.8 q7, [%[w], #48]\n\t"
                       ".else\n\t"
                       /* the channel twice: for either pixel */
                       "vldr d8, [%[w]]\n\tvldr d9, [%[w]]\n\tvldr d10, [%[w], #8]\n\tvldr d11, [%[w], #8]\n\t"
                       "vldr d12, [%[w], #16]\n\tvldr d13, [%[w], #16]\n\tvldr d14, [%[w], #24]\n\tvldr d15, [%[w], #24]\n\t"
                       "mov r0, #255\n\t"
                       "vmsr p0, r0\n\t"
                       ".endif\n"
                       "1:\n\t"
                       "vldrb.8 q0, [r1], #16\n\t"
                       ".if %c[depth] == 16\n\t"
                       "vmlav.s8 r0, q0, q4\n\tvldrb.8 q1, [r1], #16\n\tvmlav.s8 r2, q0, q5\n\tvmlav.s8 r4, q0, q6\n\tvmlav.s8 r6, q0, q7\n\t"
                       "vldrw.32 q2, [r9]\n\t"
                       "vmlav.s8 r8, q1, q4\n\tvmlav.s8 r10, q1, q5\n\tvmlav.s8 r12, q1, q6\n\tvmlav.s8 lr, q1, q7\n\t"
                       ".else\n\t"
                       ".if %c[partial]\n\tmov r0, #255\n\tvmsr p0, r0\n\t.endif\n\t"
                       /* each E inverts the predicate: it is the other pixel's at the second block's start, and its own again after it */
                       "vpstete\n\tvmlavt.s8 r0, q0, q4\n\tvmlave.s8 r8, q0, q4\n\tvmlavt.s8 r2, q0, q5\n\tvmlave.s8 r10, q0, q5\n\t"
                       "vldrw.32 q2, [r9]\n\t"
                       "vpstete\n\tvmlavt.s8 r12, q0, q6\n\tvmlave.s8 r4, q0, q6\n\tvmlavt.s8 lr, q0, q7\n\tvmlave.s8 r6, q0, q7\n\t"
                       ".endif\n\t"
                       "vldrw.32 q3, [r9, #16]\n\t"
                       "vmov q0[2], q0[0], r0, r4\n\tvmov q0[3], q0[1], r2, r6\n\t"
                       "vmov q1[2], q1[0], r8, r12\n\tvmov q1[3], q1[1], r10, lr\n\t"
                       "vadd.i32 q0, q0, q2\n\tvadd.i32 q1, q1, q2\n\t"
                       ".if %c[shift] >= 0\n\t"
                       "vldrw.32 q2, [r9, #32]\n\t"
                       "vmulh.s32 q0, q0, q3\n\tvmulh.s32 q1, q1, q3\n\t"
                       "vadd.i32 q0, q0, q2\n\tvadd.i32 q1, q1, q2\n\t"
                       ".if %c[shift] > 0\n\tvshr.s32 q0, q0, %[shift]\n\tvshr.s32 q1, q1, %[shift]\n\t.endif\n\t"
                       ".else\n\t"
                       "vcvt.f32.s32 q0, q0\n\tvcvt.f32.s32 q1, q1\n\t"
                       "vmul.f32 q0, q0, q3\n\tvmul.f32 q1, q1, q3\n\t"
                       "vcvtn.s32.f32 q0, q0\n\tvcvtn.s32.f32 q1, q1\n\t"
                       ".endif\n\t"
                       "vqmovnb.s32 q0, q0\n\t"
                       "vqmovnt.s32 q0, q1\n\t"
                       ".if %c[shift] < 0\n\tvqadd.s16 q0, q0, r11\n\t.endif\n\t"
                       ".if (%c[min] > -128) || (%c[max] < 127)\n\t"
                       "mov r0, %[min]\n\tvdup.16 q2, r0\n\tmov r0, %[max]\n\tvdup.16 q3, r0\n\t"
                       "vmax.s16 q0, q0, q2\n\tvmin.s16 q0, q0, q3\n\t"
                       ".else\n\tvqmovnb.s16 q0, q0\n\t.endif\n\t"
                       "vldrw.32 q2, [r3]\n\t"
                       ".if %c[partial]\n\tldr r0, [r3, #16]\n\tvctp.16 r0\n\tvpst\n\tvstrbt.16 q0, [r5, q2]\n\t"
                       ".else\n\tvstrb.16 q0, [r5, q2]\n\t.endif\n\t"
                       "lwc_mve_add r5, (2 * %c[out_pitch])\n\t"
                       "subs r11, #65536\n\t"
                       "bpl 1b"
                       : "+&r"(from), "+&r"(y), "+&r"(left)
                       : LWC_MVE_CONSTANTS, [partial] "i"((out_c % 4) != 0), [out_pitch] "i"(out_pitch), [w] "r"(w), "r"(lanes), "r"(words)
                       : LWC_MVE_SUMS, "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "cc", "memory");
    }
}

#endif
