/* lwc_add_s8_mve.h - element-wise addition with requantization: cores with MVE. */
#ifndef LWC_ADD_S8_MVE_H
#define LWC_ADD_S8_MVE_H

#include "isa/lwc_isa_mve_elementwise.h"

/* As lwc_add_s8. */
LWC_MVE_INLINE void lwc_add_s8_mve(const lwc_add_params *p, const int8_t *a, const int8_t *b, const int32_t *exceptions, int8_t *out)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        lwc_mve_add(p, a, p->a_inner, b, p->b_inner, p->inner, exceptions, out);
        a += p->a_outer;
        b += p->b_outer;
        out += p->inner;
    }
}

#endif
