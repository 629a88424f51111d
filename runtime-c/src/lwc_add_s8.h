/* lwc_add_s8.h - element-wise addition with requantization, any core. */
#ifndef LWC_ADD_S8_H
#define LWC_ADD_S8_H

#include <stdint.h>

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

/* How t = a * mult_a + b * mult_b + offset becomes the sum. */
enum {
    LWC_ADD_FLOOR = 0, /* t >> shift */
    LWC_ADD_EVEN = 1,  /* nearest, ties to even; the offset holds no rounding half */
    LWC_ADD_AWAY = 2   /* nearest, ties away from zero, then + zero_point */
};

typedef struct lwc_add_params {
    int32_t outer;   /* elements = outer * inner */
    int32_t inner;
    int32_t a_outer; /* steps of each operand, in elements: 0 where it is broadcast */
    int32_t a_inner;
    int32_t b_outer;
    int32_t b_inner;
    int32_t mult_a;
    int32_t mult_b;
    int32_t offset;  /* holds the zero points; no intermediate value leaves int32 */
    int32_t shift;   /* [1, 30] */
    int32_t rounding;
    int32_t zero_point;
    int32_t min;
    int32_t max;
    int32_t exceptions; /* pairs in the table; usually 0 */
} lwc_add_params;

/* The sum of one pair. */
LWC_INLINE int32_t lwc_add_pair_s8(const lwc_add_params *p, int32_t a, int32_t b, const int32_t *exceptions)
{
    const int32_t half = (int32_t)(UINT32_C(1) << (p->shift - 1));
    int32_t t = (a * p->mult_a) + (b * p->mult_b) + p->offset;
    int32_t y;

    if (p->rounding == LWC_ADD_FLOOR) {
        if ((p->min == -128) && (p->max == 127)) {
            y = lwc_saturate_s8(t, p->shift);
        } else {
            y = lwc_clamp(t >> p->shift, p->min, p->max);
        }
    } else if (p->rounding == LWC_ADD_EVEN) {
        y = lwc_clamp((t + (half - 1) + ((t >> p->shift) & 1)) >> p->shift, p->min, p->max);
    } else {
        y = lwc_clamp(((t + (t >> 31) + half) >> p->shift) + p->zero_point, p->min, p->max);
    }
    for (int32_t i = 0; i < p->exceptions; ++i) {
        if (exceptions[2 * i] == (((a + 128) * 256) + (b + 128))) {
            y = exceptions[(2 * i) + 1];
        }
    }
    return y;
}

/*
 * a, b        int8, [outer][inner] or broadcast by the steps above
 * exceptions  [exceptions][2]: pair as (a + 128) * 256 + (b + 128), and its sum
 * out         [outer][inner] int8; may be a or b itself where that operand is not broadcast
 */
LWC_INLINE void lwc_add_s8(const lwc_add_params *p, const int8_t *a, const int8_t *b, const int32_t *exceptions, int8_t *out)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        const int8_t *x = a + (i * p->a_outer);
        const int8_t *y = b + (i * p->b_outer);

        LWC_UNROLL4
        for (int32_t k = 0; k < p->inner; ++k) {
            out[k] = (int8_t)lwc_add_pair_s8(p, x[k * p->a_inner], y[k * p->b_inner], exceptions);
        }
        out += p->inner;
    }
}

#endif
