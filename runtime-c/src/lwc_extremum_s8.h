/* lwc_extremum_s8.h - smaller or larger of two values of one quantization, any core. */
#ifndef LWC_EXTREMUM_S8_H
#define LWC_EXTREMUM_S8_H

#include <stdint.h>

#include "lwc/lwc.h"

typedef struct lwc_extremum_params {
    int32_t outer;   /* elements = outer * inner */
    int32_t inner;
    int32_t a_outer; /* steps of each operand, in elements: 0 where it is broadcast */
    int32_t a_inner;
    int32_t b_outer;
    int32_t b_inner;
    int32_t largest; /* 1: the larger, 0: the smaller */
} lwc_extremum_params;

/*
 * a, b  int8, [outer][inner] or broadcast by the steps above
 * out   [outer][inner] int8; may be a or b itself where that operand is not broadcast
 */
static inline void lwc_extremum_s8(const lwc_extremum_params *p, const int8_t *a, const int8_t *b, int8_t *out)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        const int8_t *x = a + (i * p->a_outer);
        const int8_t *y = b + (i * p->b_outer);

        for (int32_t k = 0; k < p->inner; ++k) {
            const int8_t left = x[k * p->a_inner];
            const int8_t right = y[k * p->b_inner];

            out[k] = ((left > right) == (p->largest != 0)) ? left : right;
        }
        out += p->inner;
    }
}

#endif
