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

/* *x becomes the bits of fl(fl(*x * scale) + offset). */
static inline void lwc_scale_f32(int32_t *x, float scale, float offset)
{
    const float scaled = (float)*x * scale;
    const float sum = scaled + offset;

    memcpy(x, &sum, sizeof sum);
}

/* The same for two numbers, each with its scale. */
static inline void lwc_scale2_f32(int32_t *x, int32_t *y, float scale_x, float scale_y, float offset)
{
    lwc_scale_f32(x, scale_x, offset);
    lwc_scale_f32(y, scale_y, offset);
}

#endif
