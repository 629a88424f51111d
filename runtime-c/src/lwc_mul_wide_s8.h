/* lwc_mul_wide_s8.h - element-wise multiplication by the high word of a product: cores that multiply to 64 bits. */
#ifndef LWC_MUL_WIDE_S8_H
#define LWC_MUL_WIDE_S8_H

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

typedef struct lwc_mul_wide_params {
    int32_t outer;   /* elements = outer * inner */
    int32_t inner;
    int32_t a_outer; /* steps of each operand, in elements: 0 where it is broadcast */
    int32_t a_inner;
    int32_t b_outer;
    int32_t b_inner;
    int32_t zero_a;  /* [-128, 127] */
    int32_t zero_b;
    int32_t spread;  /* bits that the product is shifted up, [0, 14] */
    int32_t mult;    /* [2^30, 2^31) */
    int32_t add;     /* rounding and output zero point */
    int32_t shift;   /* [1, 22] */
    int32_t min;
    int32_t max;
} lwc_mul_wide_params;

/* The product of two values. */
LWC_INLINE int8_t lwc_mul_wide_pair(const lwc_mul_wide_params *p, int32_t a, int32_t b)
{
    const int32_t unit = (int32_t)(1u << p->spread);
    const int32_t product = (a - p->zero_a) * ((b * unit) - (p->zero_b * unit));
    const int32_t high = lwc_smmla(product, p->mult, p->add);

    if ((p->min == -128) && (p->max == 127)) {
        return (int8_t)lwc_saturate_s8(high, p->shift);
    }
    return (int8_t)lwc_clamp(high >> p->shift, p->min, p->max);
}

/*
 * a, b  int8, [outer][inner] or broadcast by the steps above
 * out   [outer][inner] int8; may be a or b itself where that operand is not broadcast
 */
LWC_INLINE void lwc_mul_wide_s8(const lwc_mul_wide_params *p, const int8_t *a, const int8_t *b, int8_t *out)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        const int8_t *x = a + (i * p->a_outer);
        const int8_t *y = b + (i * p->b_outer);

        LWC_UNROLL4
        for (int32_t k = 0; k < p->inner; ++k) {
            out[k] = lwc_mul_wide_pair(p, x[k * p->a_inner], y[k * p->b_inner]);
        }
        out += p->inner;
    }
}

#endif
