/* Saturation by comparisons. */
#ifndef LWC_ISA_SAT_H
#define LWC_ISA_SAT_H

#include <stdint.h>

/* (x >> shift) clamped to [-128, 127], shift in [0, 31]. */
LWC_INLINE int32_t lwc_saturate_s8(int32_t x, int32_t shift)
{
    return lwc_clamp(x >> shift, -128, 127);
}

#endif
