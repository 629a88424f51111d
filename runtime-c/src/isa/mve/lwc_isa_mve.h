/*
 * Vector loops on MVE with floating point (Armv8.1-M). Their twins in ../portable state what each computes.
 *
 * Sums of products live in general registers (VMLADAV), of which the instruction can name the even ones only: eight at a time. The
 * C compiler moves such sums about between statements, so the loops over channels are assembly throughout. Conditional assembly
 * specialises them: operands with %c are immediates. Predicates are assembly too, since a statement cannot tell the compiler that it
 * overwrites them.
 */
#ifndef LWC_ISA_MVE_H
#define LWC_ISA_MVE_H

#include <arm_mve.h>
#include <stdint.h>

#include "../../lwc_requant.h"

/* Copies `count` bytes that do not overlap. */
LWC_MVE_INLINE void lwc_mve_copy(int8_t *to, const int8_t *from, int32_t count)
{
    for (; count >= 16; count -= 16) {
        vstrbq_s8(to, vldrbq_s8(from));
        to += 16;
        from += 16;
    }
    if (count > 0) {
        __asm volatile("vctp.8 %2\n\t"
                       "vpstt\n\t"
                       "vldrbt.8 q0, [%1]\n\t"
                       "vstrbt.8 q0, [%0]"
                       :
                       : "r"(to), "r"(from), "r"(count)
                       : "q0", "memory");
    }
}

/* Fills `count` bytes, a multiple of 16, with `value`. */
LWC_MVE_INLINE void lwc_mve_fill(int8_t *to, int32_t value, int32_t count)
{
    const int8x16_t vector = vdupq_n_s8((int8_t)value);

    for (int32_t i = 0; i < count; i += 16) {
        vstrbq_s8(to + i, vector);
    }
}

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
    mac " %[s0], q0, q2\n\t" \
    mac " %[s4], q1, q2\n\t" \
    "vldrb.8 q3, [%[w]], " bytes "\n\t" \
    mac " %[s1], q0, q3\n\t" \
    mac " %[s5], q1, q3\n\t" \
    "vldrb.8 q2, [%[w]], " bytes "\n\t" \
    mac " %[s2], q0, q2\n\t" \
    mac " %[s6], q1, q2\n\t" \
    "vldrb.8 q3, [%[w]], " bytes "\n\t" \
    mac " %[s3], q0, q3\n\t" \
    mac " %[s7], q1, q3\n\t"

/* One pixel in q0 against eight channels. */
#define LWC_MVE_STEP_ONE(mac, bytes) \
    "vldrb.8 q2, [%[w]], " bytes "\n\t" \
    mac " %[s0], q0, q2\n\t" \
    "vldrb.8 q3, [%[w]], " bytes "\n\t" \
    mac " %[s1], q0, q3\n\t" \
    "vldrb.8 q2, [%[w]], " bytes "\n\t" \
    mac " %[s2], q0, q2\n\t" \
    "vldrb.8 q3, [%[w]], " bytes "\n\t" \
    mac " %[s3], q0, q3\n\t" \
    "vldrb.8 q2, [%[w]], " bytes "\n\t" \
    mac " %[s4], q0, q2\n\t" \
    "vldrb.8 q3, [%[w]], " bytes "\n\t" \
    mac " %[s5], q0, q3\n\t" \
    "vldrb.8 q2, [%[w]], " bytes "\n\t" \
    mac " %[s6], q0, q2\n\t" \
    "vldrb.8 q3, [%[w]], " bytes "\n\t" \
    mac " %[s7], q0, q3\n\t"

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
    ".endif\n" \
    "1:\n\t" \
    ".if lwc_tail\n\t" \
    "mov %[s0], #lwc_tail\n\t" \
    "vctp.8 %[s0]\n\t" \
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
    "mov %[s1], %[min]\n\t" \
    "vdup.16 q2, %[s1]\n\t" \
    "mov %[s1], %[max]\n\t" \
    "vdup.16 q3, %[s1]\n\t" \
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
#define LWC_MVE_SUMS \
    [s0] "=&r"(s0), [s1] "=&r"(s1), [s2] "=&r"(s2), [s3] "=&r"(s3), [s4] "=&r"(s4), [s5] "=&r"(s5), [s6] "=&r"(s6), [s7] "=&r"(s7)
#define LWC_MVE_CONSTANTS \
    [depth] "i"(depth), [shift] "i"((q->form == LWC_REQUANT_SHORT) ? q->shift : -1), [zero] "w"(zero), \
        [min] "i"(q->min), [max] "i"(q->max), [end] "t"(end)

LWC_MVE_INLINE void lwc_mve_dot_two(const lwc_requant *q, const int8_t *first, const int8_t *second, int32_t depth, int32_t out_c, const int8_t *weights,
                                                                  const int32_t *quant, int8_t *out, int32_t step)
{
    const uint32_t end = (uint32_t)(out + out_c);
    const int16x8_t zero = vdupq_n_s16((int16_t)q->zero_point);
    /* Channel and pixel of each lane: c0 p0, c0 p1, c1 p0, ... */
    const uint32_t pair = (uint32_t)step << 16;
    const uint32x4_t lanes = {pair, pair + 0x10001u, pair + 0x20002u, pair + 0x30003u};
    register int32_t s0 __asm("r0");
    register int32_t s1 __asm("r2");
    register int32_t s2 __asm("r4");
    register int32_t s3 __asm("r6");
    register int32_t s4 __asm("r8");
    register int32_t s5 __asm("r10");
    register int32_t s6 __asm("r12");
    register int32_t s7 __asm("lr");
    register const int8_t *x0 __asm("r1") = first;
    register const int8_t *x1 __asm("r3") = second;
    register int8_t *y __asm("r5") = out;
    register const int8_t *w __asm("r9") = weights;
    register const int32_t *words __asm("r11") = quant;
    float keep;

    __asm volatile(LWC_MVE_DOT(LWC_MVE_LOAD_TWO, LWC_MVE_TAIL_TWO, LWC_MVE_STEP_TWO)
                   "vmov q0[2], q0[0], %[s0], %[s2]\n\t"
                   "vmov q0[3], q0[1], %[s1], %[s3]\n\t"
                   "vmov q1[2], q1[0], %[s4], %[s6]\n\t"
                   "vmov q1[3], q1[1], %[s5], %[s7]\n\t" LWC_MVE_REQUANTIZE_TWO LWC_MVE_NARROW
                   LWC_MVE_BACK("%[x0]") LWC_MVE_BACK("%[x1]")
                   "vmov %[s1], %[end]\n\t"
                   ".if %c[partial]\n\t"
                   "sub %[s0], %[s1], %[y]\n\t"
                   "lsl %[s0], %[s0], #1\n\t"
                   "vctp.16 %[s0]\n\t"
                   "vpst\n\t"
                   "vstrbt.16 q0, [%[y], %q[lanes]]\n\t"
                   ".else\n\t"
                   "vstrb.16 q0, [%[y], %q[lanes]]\n\t"
                   ".endif\n\t"
                   "add %[y], #4\n\t"
                   "cmp %[y], %[s1]\n\t"
                   "bcc 1b"
                   : LWC_MVE_SUMS, [keep] "=&t"(keep), [x0] "+&r"(x0), [x1] "+&r"(x1), [w] "+&r"(w), [words] "+&r"(words), [y] "+&r"(y)
                   : LWC_MVE_CONSTANTS, [partial] "i"((out_c % 4) != 0), [lanes] "w"(lanes)
                   : "q0", "q1", "q2", "q3", "cc", "memory");
}

LWC_MVE_INLINE void lwc_mve_dot_one(const lwc_requant *q, const int8_t *x, int32_t depth, int32_t out_c, const int8_t *weights, const int32_t *quant,
                                                                  int8_t *out)
{
    const uint32_t end = (uint32_t)(out + out_c);
    const int16x8_t zero = vdupq_n_s16((int16_t)q->zero_point);
    register int32_t s0 __asm("r0");
    register int32_t s1 __asm("r2");
    register int32_t s2 __asm("r4");
    register int32_t s3 __asm("r6");
    register int32_t s4 __asm("r8");
    register int32_t s5 __asm("r10");
    register int32_t s6 __asm("r12");
    register int32_t s7 __asm("lr");
    register const int8_t *x0 __asm("r1") = x;
    register int8_t *y __asm("r5") = out;
    register const int8_t *w __asm("r9") = weights;
    register const int32_t *words __asm("r11") = quant;
    float keep;

    __asm volatile(LWC_MVE_DOT(LWC_MVE_LOAD_ONE, LWC_MVE_TAIL_ONE, LWC_MVE_STEP_ONE)
                   "vmov q0[2], q0[0], %[s0], %[s4]\n\t"
                   "vmov q0[3], q0[1], %[s2], %[s6]\n\t"
                   "vmov q1[2], q1[0], %[s1], %[s5]\n\t"
                   "vmov q1[3], q1[1], %[s3], %[s7]\n\t" LWC_MVE_REQUANTIZE_ONE LWC_MVE_NARROW
                   LWC_MVE_BACK("%[x0]")
                   "vmov %[s1], %[end]\n\t"
                   ".if %c[partial]\n\t"
                   "sub %[s0], %[s1], %[y]\n\t"
                   "vctp.16 %[s0]\n\t"
                   "vpst\n\t"
                   "vstrbt.16 q0, [%[y]], #8\n\t"
                   ".else\n\t"
                   "vstrb.16 q0, [%[y]], #8\n\t"
                   ".endif\n\t"
                   "cmp %[y], %[s1]\n\t"
                   "bcc 1b"
                   : LWC_MVE_SUMS, [keep] "=&t"(keep), [x0] "+&r"(x0), [w] "+&r"(w), [words] "+&r"(words), [y] "+&r"(y)
                   : LWC_MVE_CONSTANTS, [partial] "i"((out_c % 8) != 0)
                   : "q0", "q1", "q2", "q3", "cc", "memory");
}

#endif
