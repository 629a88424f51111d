/* lwc_reduce_extremum_s8.h - largest or smallest value over neighbouring axes, any core. */
#ifndef LWC_REDUCE_EXTREMUM_S8_H
#define LWC_REDUCE_EXTREMUM_S8_H

#include <stdint.h>

#include "lwc/lwc.h"

typedef struct lwc_reduce_extremum_params {
    int32_t outer;
    int32_t count;   /* values per result, >= 1 */
    int32_t inner;
    int32_t largest; /* 1: the largest, 0: the smallest */
    int32_t min;
    int32_t max;
} lwc_reduce_extremum_params;

/*
 * in   [outer][count][inner] int8
 * out  [outer][inner] int8, must not overlap in
 */
static inline void lwc_reduce_extremum_s8(const lwc_reduce_extremum_params *p, const int8_t *in, int8_t *out)
{
    for (int32_t o = 0; o < p->outer; ++o) {
        for (int32_t i = 0; i < p->inner; ++i) {
            int32_t best = in[i];

            for (int32_t k = 1; k < p->count; ++k) {
                const int32_t x = in[(k * p->inner) + i];

                if ((x > best) == (p->largest != 0)) {
                    best = x;
                }
            }
            if (best < p->min) {
                best = p->min;
            }
            if (best > p->max) {
                best = p->max;
            }
            out[i] = (int8_t)best;
        }
        in += p->count * p->inner;
        out += p->inner;
    }
}

#endif
