/*
 * lwc_requant.h - int32 accumulator to int8, in the form that the compiler proved for the layer.
 *
 * The form, shift and clamps come from a constant struct: after inlining, one branch of the switch remains. Mirrors
 * compiler/arith/requant-plan.ts.
 */
#ifndef LWC_REQUANT_H
#define LWC_REQUANT_H

#include <stdint.h>
#include <string.h>

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

/* int32 words per channel of each form: see lwc_requant in lwc.h. */
LWC_INLINE int32_t lwc_requant_words(const lwc_requant *q)
{
    if (q->form == LWC_REQUANT_SPLIT) {
        return 4;
    }
    return (q->form == LWC_REQUANT_FLOAT) ? 2 : 3;
}

/* Initial value of a channel's accumulator. */
LWC_INLINE int32_t lwc_requant_bias(const lwc_requant *q, const int32_t *words, int32_t channel)
{
    return words[channel * lwc_requant_words(q)];
}

/* (value / 2^shift) rounded to the nearest integer, ties to even; shift in [1, 63]. */
static inline uint64_t lwc_round_shift(uint64_t value, int32_t shift)
{
    uint64_t quotient = value >> shift;
    uint64_t rest = value & ((UINT64_C(1) << shift) - 1u);
    uint64_t half = UINT64_C(1) << (shift - 1);

    if ((rest > half) || ((rest == half) && ((quotient & 1u) != 0u))) {
        quotient += 1u;
    }
    return quotient;
}

/*
 * The exact path of WINDOW and SPLIT: RNE(fl(acc * scale)) in integers. The product with the significand of the scale is rounded
 * to the 24 bits of a float32, then to an integer. Rare, so kept out of line.
 *
 * acc      |acc| < 2^24, or any but INT32_MIN where the result saturates
 * bits     of the float32 scale, in [2^-38, 2^-1)
 */
LWC_COLD int32_t lwc_requant_near_tie(int32_t acc, uint32_t bits)
{
    const uint32_t significand = (bits & 0x7FFFFFu) | 0x800000u;
    const int32_t shift = 150 - (int32_t)(bits >> 23);
    uint64_t magnitude = (uint64_t)(acc < 0 ? -acc : acc) * significand;
    int32_t excess = 0;
    int32_t rounded;

    while ((magnitude >> excess) >= (UINT64_C(1) << 24)) {
        excess += 1;
    }
    if (excess > 0) {
        magnitude = lwc_round_shift(magnitude, excess) << excess;
    }
    rounded = (int32_t)lwc_round_shift(magnitude, shift);
    return (acc < 0) ? -rounded : rounded;
}

/*
 * Whether the lower clamp is ReLU's, at the zero point: then it is cheaper on the accumulator, as zero yields the zero point in every
 * form, and what is left is the saturation of an int8, or an upper clamp.
 */
LWC_INLINE int32_t lwc_requant_is_relu(const lwc_requant *q)
{
    return ((q->min == q->zero_point) && ((q->min > -128) || (q->max < 127))) ? 1 : 0;
}

/* 0 if negative. */
LWC_INLINE int32_t lwc_relu(int32_t acc)
{
    return acc & ~(acc >> 31);
}

/*
 * Narrow float forms (FLOAT with shift 1) saturate to int8: an upper clamp below 127 is lifted there, and taken down again behind.
 * An even zero point is added before the sum is rounded, so that ties stay where they are; what is odd of it follows.
 */
LWC_INLINE int32_t lwc_narrow_lift(const lwc_requant *q)
{
    return 127 - q->max;
}

LWC_INLINE int32_t lwc_narrow_odd(const lwc_requant *q)
{
    return (q->zero_point + lwc_narrow_lift(q)) & 1;
}

/*
 * What rounds a float32 by its magnitude and leaves the integer in the low bits, and the even part of the zero point. The index
 * of a table starts at 0: lwc_table_low_u8.
 */
LWC_INLINE float lwc_narrow_offset(const lwc_requant *q)
{
    return 12582912.0f + (float)(q->zero_point + lwc_narrow_lift(q) - lwc_narrow_odd(q) + ((q->table != NULL) ? 128 : 0));
}

/* Requantizes with the words of one channel; the result is in [q->min, q->max]. What is stored: see lwc_requantize_words. */
LWC_INLINE int32_t lwc_requantize_value(const lwc_requant *q, const int32_t *w, int32_t acc)
{
    const int32_t is_relu = lwc_requant_is_relu(q);
    const int32_t min = (is_relu != 0) ? -128 : q->min;
    int32_t y;

    if (is_relu != 0) {
        acc = lwc_relu(acc);
    }

    switch (q->form) {
    case LWC_REQUANT_SHORT:
        y = lwc_smmla(acc, w[1], w[2]);
        if ((min == -128) && (q->max == 127)) {
            return lwc_saturate_s8(y, q->shift);
        }
        y >>= q->shift;
        break;
    case LWC_REQUANT_WINDOW: {
        /* One half and half the window: results near a tie have a fraction below the window. */
        const int64_t start = ((int64_t)q->zero_point * (INT64_C(1) << 32)) + (INT64_C(1) << 31) + (INT64_C(1) << q->window);
        const int64_t product = ((int64_t)acc * w[1]) + start;

        y = (int32_t)(product >> 32);
        if ((uint32_t)product < (2u << q->window)) {
            y = lwc_requant_near_tie(acc, (uint32_t)w[2]) + q->zero_point;
        }
        break;
    }
    case LWC_REQUANT_SPLIT: {
        const int32_t unit = (int32_t)(1u << q->shift);
        const int32_t start = (q->zero_point * unit) + (unit / 2) + ((q->window != 0) ? (int32_t)(1u << (q->window + q->shift - 32)) : 0);
        const int32_t x = (acc * w[1]) + ((acc * w[2]) >> q->low_bits) + start;

        y = x >> q->shift;
        if ((q->window != 0) && ((((uint32_t)x << (32 - q->shift)) >> (q->window + 1)) == 0u)) {
            y = lwc_requant_near_tie(acc, (uint32_t)w[3]) + q->zero_point;
        }
        break;
    }
    case LWC_REQUANT_SINGLE: {
        int64_t product = (int64_t)acc * w[1] + (INT64_C(1) << (w[2] - 1));
        int64_t wide = product >> w[2];

        /* A large scale can leave int32 before the clamp. */
        if (wide > 1024) {
            wide = 1024;
        }
        if (wide < -1024) {
            wide = -1024;
        }
        y = (int32_t)wide + q->zero_point;
        break;
    }
    default: {
        float scale;

        memcpy(&scale, &w[1], sizeof scale);
        return lwc_quantize_f32((float)acc * scale, q->zero_point, min, q->max);
    }
    }
    if ((min == -128) && (q->max == 127)) {
        return lwc_saturate_s8(y, 0);
    }
    return lwc_clamp(y, min, q->max);
}

/* What is stored for a sum of one channel: its requantized value, or the value's entry of the table. */
LWC_INLINE int32_t lwc_requantize_words(const lwc_requant *q, const int32_t *w, int32_t acc)
{
    const int32_t y = lwc_requantize_value(q, w, acc);

    return (q->table != NULL) ? q->table[y] : y;
}

/* Requantizes the accumulator of `channel`. */
LWC_INLINE int32_t lwc_requantize(const lwc_requant *q, const int32_t *words, int32_t channel, int32_t acc)
{
    return lwc_requantize_words(q, &words[channel * lwc_requant_words(q)], acc);
}

#endif
