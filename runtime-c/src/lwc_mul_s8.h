/* lwc_mul_s8.h - element-wise multiplication with requantization, any core. */
#ifndef LWC_MUL_S8_H
#define LWC_MUL_S8_H

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

typedef struct lwc_mul_params {
    int32_t outer;   /* elements = outer * inner */
    int32_t inner;
    int32_t a_outer; /* steps of each operand, in elements: 0 where it is broadcast */
    int32_t a_inner;
    int32_t b_outer;
    int32_t b_inner;
    int32_t zero_a;  /* [-128, 127] */
    int32_t zero_b;
    int32_t mult;
    int32_t offset;  /* rounding half and output zero point; product * mult + offset stays within int32 */
    int32_t shift;   /* [1, 30] */
    int32_t min;
    int32_t max;
    int32_t refine;  /* 1: compare with the thresholds */
} lwc_mul_params;

/* The result for a product of centred values, |product| <= 65025. */
LWC_INLINE int32_t lwc_mul_product_s8(const lwc_mul_params *p, int32_t product, const int32_t *thresholds)
{
    int32_t y = ((product * p->mult) + p->offset) >> p->shift;

    if (y < p->min) {
        y = p->min;
    }
    if (y > p->max) {
        y = p->max;
    }
    if (p->refine != 0) {
        while ((y > p->min) && (product < thresholds[y - p->min - 1])) {
            y -= 1;
        }
        while ((y < p->max) && (product >= thresholds[y - p->min])) {
            y += 1;
        }
    }
    return y;
}

/*
 * a, b        int8, [outer][inner] or broadcast by the steps above
 * thresholds  [max - min + 1]: smallest product whose result is at least min + 1 + i
 * out         [outer][inner] int8; may be a or b itself where that operand is not broadcast
 */
LWC_INLINE void lwc_mul_s8(const lwc_mul_params *p, const int8_t *a, const int8_t *b, const int32_t *thresholds, int8_t *out)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        const int8_t *x = a + (i * p->a_outer);
        const int8_t *y = b + (i * p->b_outer);

        for (int32_t k = 0; k < p->inner; ++k) {
            const int32_t product = ((int32_t)x[k * p->a_inner] - p->zero_a) * ((int32_t)y[k * p->b_inner] - p->zero_b);

            out[k] = (int8_t)lwc_mul_product_s8(p, product, thresholds);
        }
        out += p->inner;
    }
}

#endif
