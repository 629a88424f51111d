/* lwc_mul_wide_s8_mve.h - element-wise multiplication by the high word of a product: cores with MVE. */
#ifndef LWC_MUL_WIDE_S8_MVE_H
#define LWC_MUL_WIDE_S8_MVE_H

#include "isa/lwc_isa_mve_elementwise.h"

/* As lwc_mul_wide_s8. */
LWC_MVE_INLINE void lwc_mul_wide_s8_mve(const lwc_mul_wide_params *p, const int8_t *a, const int8_t *b, int8_t *out)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        lwc_mve_mul_wide(p, a, p->a_inner, b, p->b_inner, p->inner, out);
        a += p->a_outer;
        b += p->b_outer;
        out += p->inner;
    }
}

#endif
