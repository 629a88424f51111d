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

/* RNE(x) + zero_point within [min, max]; x is any finite number. */
static inline int32_t lwc_quantize_f32(float x, int32_t zero_point, int32_t min, int32_t max)
{
    const float low = (float)(min - zero_point);
    const float high = (float)(max - zero_point);

    if (x < low) {
        x = low;
    }
    if (x > high) {
        x = high;
    }
    return lwc_round_f32(x) + zero_point;
}

/* *x and *y become the bits of fl(fl(*x * scale) + offset). */
static inline void lwc_scale_f32(int32_t *x, int32_t *y, float scale, float offset)
{
    const float scaled_x = (float)*x * scale;
    const float scaled_y = (float)*y * scale;
    const float sum_x = scaled_x + offset;
    const float sum_y = scaled_y + offset;

    memcpy(x, &sum_x, sizeof sum_x);
    memcpy(y, &sum_y, sizeof sum_y);
}

#endif
