/* lwc_concat_s8_mve.h - joins tensors along an axis, 16 bytes at a time: cores with MVE. */
#ifndef LWC_CONCAT_S8_MVE_H
#define LWC_CONCAT_S8_MVE_H

#include "isa/lwc_isa_mve.h"
#include "lwc_concat_s8.h"

/* As lwc_concat_s8. */
LWC_MVE_INLINE void lwc_concat_s8_mve(const lwc_concat_params *p, const int8_t *const *inputs, const int32_t *runs, int8_t *out)
{
    for (int32_t o = 0; o < p->outer; ++o) {
        for (int32_t i = 0; i < p->inputs; ++i) {
            lwc_mve_copy(out, inputs[i] + (o * runs[i]), runs[i]);
            out += runs[i];
        }
        out += p->out_pitch - p->out_c;
    }
}

#endif
