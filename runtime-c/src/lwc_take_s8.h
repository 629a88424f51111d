/* lwc_take_s8.h - elements of one axis by constant index, any core. */
#ifndef LWC_TAKE_S8_H
#define LWC_TAKE_S8_H

#include <stdint.h>

#include "lwc/lwc.h"

typedef struct lwc_take_params {
    int32_t outer;
    int32_t count; /* indices */
    int32_t inner; /* consecutive elements per index */
    int32_t step;  /* input elements per outer iteration */
} lwc_take_params;

/*
 * in       [outer][step / inner][inner] int8
 * indices  [count] coordinates within step / inner
 * out      [outer][count][inner] int8, must not overlap in
 */
static inline void lwc_take_s8(const lwc_take_params *p, const int8_t *in, const int32_t *indices, int8_t *out)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        for (int32_t k = 0; k < p->count; ++k) {
            const int8_t *from = in + (indices[k] * p->inner);

            for (int32_t j = 0; j < p->inner; ++j) {
                out[j] = from[j];
            }
            out += p->inner;
        }
        in += p->step;
    }
}

#endif
