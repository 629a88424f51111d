/*
 * Depthwise convolution on MVE. The twins in ../portable/lwc_isa_mve_depthwise.h state what each loop computes and the layouts.
 *
 * Four words of four bytes, one gather, are a patch of the window in one channel, and VMLADAV sums its products with the weights. With
 * stride 1 a patch serves two outputs. The gather walks along: its register of addresses is written back. Eight sums occupy the eight
 * even general registers, as VMLADAV demands, so everything here is assembly with registers named outright.
 */
#ifndef LWC_ISA_MVE_DEPTHWISE_H
#define LWC_ISA_MVE_DEPTHWISE_H

#include <stdint.h>

#include "../../lwc_requant.h"
#include "lwc_isa_mve.h"

#define LWC_MVE_COLUMN_WALK(load) \
    load " q0, [%[a]], %[in_c]\n\t" \
    ".if %c[used] > 1\n\t" load " q1, [%[b]], %[in_c]\n\t.endif\n\t" \
    ".if %c[used] > 2\n\t" load " q2, [%[c]], %[in_c]\n\t.endif\n\t" \
    ".if %c[used] > 3\n\t" load " q3, [%[d]], %[in_c]\n\t.endif\n\t"

LWC_MVE_INLINE void lwc_mve_columns(const int8_t *const *rows, int32_t used, int32_t in_c, int32_t lanes, int32_t count, int8_t *to, int32_t step)
{
    const int8_t *a = rows[0];
    const int8_t *b = rows[(used > 1) ? 1 : 0];
    const int8_t *c = rows[(used > 2) ? 2 : 0];
    const int8_t *d = rows[(used > 3) ? 3 : 0];
    register int32_t left __asm("lr") = count;

    __asm volatile(".if %c[lanes] < 16\n\t"
                   "vctp.8 %[have]\n\t"
                   ".endif\n"
                   "1:\n\t"
                   ".if %c[lanes] < 16\n\t"
                   ".if %c[used] == 1\n\tvpst\n\t.elseif %c[used] == 2\n\tvpstt\n\t.elseif %c[used] == 3\n\tvpsttt\n\t.else\n\tvpstttt\n\t.endif\n\t"
                   LWC_MVE_COLUMN_WALK("vldrbt.8")
                   ".elseif %c[in_c] < 128\n\t"
                   LWC_MVE_COLUMN_WALK("vldrb.8")
                   ".else\n\t"
                   "vldrb.8 q0, [%[a]]\n\tadd %[a], %[a], %[next]\n\t"
                   ".if %c[used] > 1\n\tvldrb.8 q1, [%[b]]\n\tadd %[b], %[b], %[next]\n\t.endif\n\t"
                   ".if %c[used] > 2\n\tvldrb.8 q2, [%[c]]\n\tadd %[c], %[c], %[next]\n\t.endif\n\t"
                   ".if %c[used] > 3\n\tvldrb.8 q3, [%[d]]\n\tadd %[d], %[d], %[next]\n\t.endif\n\t"
                   ".endif\n\t"
                   "vst40.8 {q0, q1, q2, q3}, [%[to]]\n\t"
                   "vst41.8 {q0, q1, q2, q3}, [%[to]]\n\t"
                   "vst42.8 {q0, q1, q2, q3}, [%[to]]\n\t"
                   "vst43.8 {q0, q1, q2, q3}, [%[to]]!\n\t"
                   ".if %c[step] > 64\n\t"
                   "add %[to], #(%c[step] - 64)\n\t"
                   ".endif\n\t"
                   "le lr, 1b"
                   : [a] "+&r"(a), [b] "+&r"(b), [c] "+&r"(c), [d] "+&r"(d), [to] "+&r"(to), "+&r"(left)
                   : [used] "i"(used), [in_c] "i"(in_c), [lanes] "i"(lanes), [step] "i"(step), [have] "r"(lanes), [next] "r"(in_c)
                   : "q0", "q1", "q2", "q3", "memory");
}

/*
 * Assembler macros, defined once per file. lwc_at: where the addresses in q7 point, in bytes from the first window of the group. Those
 * of vector v and window m are 256 * v + lwc_step * m, visited in zigzag so that each is near the one before.
 */
#define LWC_MVE_DEPTHWISE_MACROS \
    ".ifndef lwc_dw_defined\n\t" \
    ".set lwc_dw_defined, 1\n\t" \
    /* q7 += value */ \
    ".macro lwc_dw_walk value\n\t" \
    ".if (\\value) > 0\n\tmovw r0, #(\\value)\n\tvadd.i32 q7, q7, r0\n\t" \
    ".elseif (\\value) < 0\n\tmovw r0, #(-(\\value))\n\tvsub.i32 q7, q7, r0\n\t.endif\n\t" \
    ".endm\n\t" \
    /* window m: one sum or, with stride 1, two */ \
    ".macro lwc_dw_window mac, m, even, odd\n\t" \
    ".if \\m < lwc_windows\n\t" \
    ".set lwc_next, 256 * lwc_v + lwc_step * \\m\n\t" \
    "vldrw.u32 q2, [q7, #(lwc_next - lwc_at)]!\n\t" \
    ".set lwc_at, lwc_next\n\t" \
    "\\mac \\even, q2, q0\n\t" \
    ".if lwc_sets == 2\n\t\\mac \\odd, q2, q1\n\t.endif\n\t" \
    ".endif\n\t" \
    ".endm\n\t" \
    ".macro lwc_dw_up mac\n\t" \
    ".if lwc_sets == 2\n\t" \
    "lwc_dw_window \\mac, 0, r0, r8\n\tlwc_dw_window \\mac, 1, r2, r10\n\tlwc_dw_window \\mac, 2, r4, r12\n\tlwc_dw_window \\mac, 3, r6, lr\n\t" \
    ".else\n\t" \
    "lwc_dw_window \\mac, 0, r0\n\tlwc_dw_window \\mac, 1, r8\n\tlwc_dw_window \\mac, 2, r2\n\tlwc_dw_window \\mac, 3, r10\n\t" \
    "lwc_dw_window \\mac, 4, r4\n\tlwc_dw_window \\mac, 5, r12\n\tlwc_dw_window \\mac, 6, r6\n\tlwc_dw_window \\mac, 7, lr\n\t" \
    ".endif\n\t" \
    ".endm\n\t" \
    ".macro lwc_dw_down mac\n\t" \
    ".if lwc_sets == 2\n\t" \
    "lwc_dw_window \\mac, 3, r6, lr\n\tlwc_dw_window \\mac, 2, r4, r12\n\tlwc_dw_window \\mac, 1, r2, r10\n\tlwc_dw_window \\mac, 0, r0, r8\n\t" \
    ".else\n\t" \
    "lwc_dw_window \\mac, 7, lr\n\tlwc_dw_window \\mac, 6, r6\n\tlwc_dw_window \\mac, 5, r12\n\tlwc_dw_window \\mac, 4, r4\n\t" \
    "lwc_dw_window \\mac, 3, r10\n\tlwc_dw_window \\mac, 2, r2\n\tlwc_dw_window \\mac, 1, r8\n\tlwc_dw_window \\mac, 0, r0\n\t" \
    ".endif\n\t" \
    ".endm\n\t" \
    /* 1 to 8 neighbouring outputs of a channel */ \
    ".macro lwc_dw_group outputs\n\t" \
    ".set lwc_windows, (\\outputs + lwc_sets - 1) / lwc_sets\n\t" \
    ".set lwc_v, 0\n\t" \
    ".rept lwc_vectors\n\t" \
    ".if lwc_vectors > 1\n\t" \
    "vldrw.32 q0, [r5, #(16 * lwc_sets * lwc_v)]\n\t" \
    ".if lwc_sets == 2\n\tvldrw.32 q1, [r5, #(32 * lwc_v + 16)]\n\t.endif\n\t" \
    ".endif\n\t" \
    ".if lwc_v == 0\n\tlwc_dw_up vmlav.s8\n\t.elseif lwc_v & 1\n\tlwc_dw_down vmlava.s8\n\t.else\n\tlwc_dw_up vmlava.s8\n\t.endif\n\t" \
    ".set lwc_v, lwc_v + 1\n\t" \
    ".endr\n\t" \
    "vmov q4[2], q4[0], r0, r4\n\t" \
    ".if \\outputs > 2\n\tvmov q4[3], q4[1], r2, r6\n\t.endif\n\t" \
    "vmov q5[2], q5[0], r8, r12\n\t" \
    ".if \\outputs > 3\n\tvmov q5[3], q5[1], r10, lr\n\t.endif\n\t" \
    "ldrd r0, r2, [r1]\n\t" \
    "vadd.i32 q4, q4, r0\n\t" \
    "vadd.i32 q5, q5, r0\n\t" \
    ".if lwc_shift >= 0\n\t" \
    "ldr r4, [r1, #8]\n\t" \
    "vdup.32 q2, r2\n\t" \
    "vmulh.s32 q4, q4, q2\n\tvmulh.s32 q5, q5, q2\n\t" \
    "vadd.i32 q4, q4, r4\n\tvadd.i32 q5, q5, r4\n\t" \
    ".if lwc_shift > 0\n\tvshr.s32 q4, q4, #lwc_shift\n\tvshr.s32 q5, q5, #lwc_shift\n\t.endif\n\t" \
    ".else\n\t" \
    "vcvt.f32.s32 q4, q4\n\tvcvt.f32.s32 q5, q5\n\t" \
    "vmul.f32 q4, q4, r2\n\tvmul.f32 q5, q5, r2\n\t" \
    "vcvtn.s32.f32 q4, q4\n\tvcvtn.s32.f32 q5, q5\n\t" \
    ".endif\n\t" \
    "vqmovnb.s32 q4, q4\n\t" \
    "vqmovnt.s32 q4, q5\n\t" \
    ".if lwc_shift < 0\n\tvqadd.s16 q4, q4, r11\n\t.endif\n\t" \
    ".if (lwc_min > -128) || (lwc_max < 127)\n\t" \
    "mov r0, #lwc_min\n\tvdup.16 q2, r0\n\tmov r0, #lwc_max\n\tvdup.16 q3, r0\n\t" \
    "vmax.s16 q4, q4, q2\n\tvmin.s16 q4, q4, q3\n\t" \
    ".else\n\tvqmovnb.s16 q4, q4\n\t.endif\n\t" \
    ".if \\outputs == 8\n\tvstrb.16 q4, [r3, q6]\n\t" \
    ".else\n\tvpst\n\tvstrbt.16 q4, [r3, q6]\n\t.endif\n\t" \
    ".endm\n\t" \
    ".endif\n\t"

LWC_MVE_INLINE void lwc_mve_depthwise(const lwc_requant *q, const int8_t *columns, int32_t quads, int32_t vectors, int32_t stride_w, int32_t count, const int8_t *weights,
                                     const int32_t *quant, int8_t *out, int32_t out_w, int32_t out_pitch)
{
    register const int32_t *words __asm("r1") = quant;
    register int8_t *y __asm("r3") = out;
    register const int8_t *w __asm("r5") = weights;
    register const int8_t *x __asm("r9") = columns;
    /* Channels to go after this one, and the zero point in the low half, where VQADD takes it from. */
    register uint32_t left __asm("r11") = ((uint32_t)(count - 1) << 16) | ((uint32_t)q->zero_point & 0xffffu);

    __asm volatile(LWC_MVE_MACROS LWC_MVE_DEPTHWISE_MACROS
                   ".set lwc_vectors, %c[vectors]\n\t"
                   ".set lwc_sets, 3 - %c[stride]\n\t"
                   ".set lwc_step, 128 * %c[quads]\n\t"
                   ".set lwc_shift, %c[shift]\n\t"
                   ".set lwc_min, %c[min]\n\t"
                   ".set lwc_max, %c[max]\n\t"
                   ".set lwc_groups, %c[out_w] / 8\n\t"
                   ".set lwc_rest, %c[out_w] %% 8\n\t"
                   ".set lwc_span, 8 / lwc_sets * lwc_step\n\t"
                   /* q6: offsets of eight outputs; q7: addresses of four words, one step before the first window */
                   "mov r0, #0\n\t"
                   "vidup.u16 q6, r0, #1\n\t"
                   "movw r2, #%c[out_pitch]\n\t"
                   "vmul.i16 q6, q6, r2\n\t"
                   "mov r0, #0\n\t"
                   "vidup.u32 q7, r0, #1\n\t"
                   "vshl.i32 q7, q7, #6\n\t"
                   "sub r9, #lwc_step\n\t"
                   "vadd.i32 q7, q7, r9\n\t"
                   /* the predicate stays: nothing else in the loop sets one */
                   ".if lwc_rest > 0\n\tmov r0, #lwc_rest\n\tvctp.16 r0\n\t.endif\n"
                   "1:\n\t"
                   ".if lwc_vectors == 1\n\t"
                   "vldrw.32 q0, [r5]\n\t"
                   ".if lwc_sets == 2\n\tvldrw.32 q1, [r5, #16]\n\t.endif\n\t"
                   ".endif\n\t"
                   ".set lwc_at, -lwc_step\n\t"
                   ".if lwc_groups > 1\n\tmov r9, #lwc_groups\n\t.endif\n"
                   "2:\n\t"
                   ".if lwc_groups > 0\n\t"
                   "lwc_dw_group 8\n\t"
                   "lwc_dw_walk (lwc_span - lwc_step - lwc_at)\n\t"
                   "lwc_mve_add r3, (8 * %c[out_pitch])\n\t"
                   ".if lwc_groups > 1\n\tsubs r9, #1\n\tbne 2b\n\t.endif\n\t"
                   ".endif\n\t"
                   ".set lwc_at, -lwc_step\n\t"
                   ".if lwc_rest > 0\n\tlwc_dw_group lwc_rest\n\t.endif\n\t"
                   "lwc_dw_walk (4 - lwc_step - lwc_groups * lwc_span - lwc_at)\n\t"
                   "lwc_mve_add r3, (1 - 8 * lwc_groups * %c[out_pitch])\n\t"
                   "add r5, #(16 * lwc_sets * lwc_vectors)\n\t"
                   "add r1, #%c[bytes]\n\t"
                   "subs r11, #65536\n\t"
                   "bpl 1b" LWC_MVE_ROOM LWC_MVE_ROOM
                   : "+&r"(words), "+&r"(y), "+&r"(w), "+&r"(x), "+&r"(left)
                   : [quads] "i"(quads), [vectors] "i"(vectors), [stride] "i"(stride_w), [out_w] "i"(out_w), [out_pitch] "i"(out_pitch), [min] "i"(q->min), [max] "i"(q->max),
                     [shift] "i"((q->form == LWC_REQUANT_SHORT) ? q->shift : -1), [bytes] "i"(4 * lwc_requant_words(q))
                   : "r0", "r2", "r4", "r6", "r8", "r10", "r12", "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "cc", "memory");
}

#endif
