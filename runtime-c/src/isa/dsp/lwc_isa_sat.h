/* Saturation in one instruction: Armv7-M and above. */
#ifndef LWC_ISA_SAT_H
#define LWC_ISA_SAT_H

#include <stdint.h>

/* (x >> shift) clamped to [-128, 127], shift in [0, 31]; one instruction where the shift is a constant. */
LWC_INLINE int32_t lwc_saturate_s8(int32_t x, int32_t shift)
{
    int32_t y;

    if (__builtin_constant_p(shift) && (shift > 0)) {
        __asm("ssat %0, #8, %1, asr %2" : "=r"(y) : "r"(x), "i"(shift));
    } else {
        __asm("ssat %0, #8, %1" : "=r"(y) : "r"(x >> shift));
    }
    return y;
}

#endif
