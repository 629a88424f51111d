/* Rounding a float to an integer on a core with a single-precision FPU. */
#ifndef LWC_ISA_FPU_H
#define LWC_ISA_FPU_H

#include <stdint.h>
#include <string.h>

/* Nearest integer, ties to even (the reset mode of FPSCR), of a float32 whose result fits an int32. */
static inline int32_t lwc_round_f32(float x)
{
    float rounded;
    int32_t y;

    __asm("vcvtr.s32.f32 %0, %1" : "=t"(rounded) : "t"(x));
    memcpy(&y, &rounded, sizeof y);
    return y;
}

/* RNE(x) + zero_point within [min, max]; x is any finite number. The conversion saturates, and so does the sum. */
static inline int32_t lwc_quantize_f32(float x, int32_t zero_point, int32_t min, int32_t max)
{
    int32_t y;

    __asm("qadd %0, %1, %2" : "=r"(y) : "r"(lwc_round_f32(x)), "r"(zero_point));
    if ((min == -128) && (max == 127)) {
        return lwc_saturate_s8(y, 0);
    }
    return lwc_clamp(y, min, max);
}

/* *x becomes the bits of fl(fl(*x * scale) + offset). */
static inline void lwc_scale_f32(int32_t *x, float scale, float offset)
{
    __asm("vmov s14, %0\n"
          "vcvt.f32.s32 s14, s14\n"
          "vmul.f32 s14, s14, %1\n"
          "vadd.f32 s14, s14, %2\n"
          "vmov %0, s14"
          : "+r"(*x)
          : "t"(scale), "t"(offset)
          : "s14");
}

/* The same for two numbers, each with its scale. In assembly for the moves of two registers at a time. */
static inline void lwc_scale2_f32(int32_t *x, int32_t *y, float scale_x, float scale_y, float offset)
{
    __asm("vmov s14, s15, %0, %1\n"
          "vcvt.f32.s32 s14, s14\n"
          "vcvt.f32.s32 s15, s15\n"
          "vmul.f32 s14, s14, %2\n"
          "vmul.f32 s15, s15, %3\n"
          "vadd.f32 s14, s14, %4\n"
          "vadd.f32 s15, s15, %4\n"
          "vmov %0, %1, s14, s15"
          : "+r"(*x), "+r"(*y)
          : "t"(scale_x), "t"(scale_y), "t"(offset)
          : "s14", "s15");
}

#endif
