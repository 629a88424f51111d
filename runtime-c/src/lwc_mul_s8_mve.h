/* lwc_mul_s8_mve.h - element-wise multiplication with requantization: cores with MVE. */
#ifndef LWC_MUL_S8_MVE_H
#define LWC_MUL_S8_MVE_H

#include "isa/lwc_isa_mve_elementwise.h"

/*
 * As lwc_mul_s8, except for
 *
 * bounds  [max - min + 2]: see lwc_mve_mul
 */
LWC_MVE_INLINE void lwc_mul_s8_mve(const lwc_mul_params *p, const int8_t *a, const int8_t *b, const int32_t *bounds, int8_t *out)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        lwc_mve_mul(p, a, p->a_inner, b, p->b_inner, p->inner, bounds, out);
        a += p->a_outer;
        b += p->b_outer;
        out += p->inner;
    }
}

#endif
