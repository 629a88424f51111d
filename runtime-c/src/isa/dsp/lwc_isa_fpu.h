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

#endif
