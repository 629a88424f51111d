/* lwc_argmax_s8.h - index of the largest value along an axis, any core. */
#ifndef LWC_ARGMAX_S8_H
#define LWC_ARGMAX_S8_H

#include <stdint.h>

#include "lwc/lwc.h"

typedef struct lwc_argmax_params {
    int32_t outer;
    int32_t depth;       /* length of the axis, >= 1 */
    int32_t inner;
    int32_t select_last; /* 1: the last of equal values */
} lwc_argmax_params;

/*
 * in   [outer][depth][inner] int8
 * out  [outer][inner] int32, in [0, depth - 1]
 */
static inline void lwc_argmax_s8(const lwc_argmax_params *p, const int8_t *in, int32_t *out)
{
    for (int32_t o = 0; o < p->outer; ++o) {
        for (int32_t i = 0; i < p->inner; ++i) {
            int32_t best = 0;

            for (int32_t k = 1; k < p->depth; ++k) {
                const int32_t candidate = in[(k * p->inner) + i];
                const int32_t champion = in[(best * p->inner) + i];

                if ((candidate > champion) || ((candidate == champion) && (p->select_last != 0))) {
                    best = k;
                }
            }
            out[i] = best;
        }
        in += p->depth * p->inner;
        out += p->inner;
    }
}

#endif
