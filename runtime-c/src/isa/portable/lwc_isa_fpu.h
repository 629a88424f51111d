/* Rounding a float to an integer without an FPU instruction for it. */
#ifndef LWC_ISA_FPU_H
#define LWC_ISA_FPU_H

#include <stdint.h>
#include <string.h>

/*
 * Nearest integer, ties to even, of a float32 in [-2^22, 2^22]: 1.5 * 2^23 pushes the fraction out of the significand. Needs
 * float arithmetic without excess precision.
 */
static inline int32_t lwc_round_f32(float x)
{
    float shifted = x + 12582912.0f;
    int32_t bits;

    memcpy(&bits, &shifted, sizeof bits);
    return bits - 0x4B400000;
}

#endif
