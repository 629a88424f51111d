/* lwc_reduce_sum_s8.h - sum of values, of magnitudes or of squares over neighbouring axes, any core. */
#ifndef LWC_REDUCE_SUM_S8_H
#define LWC_REDUCE_SUM_S8_H

#include <stdint.h>

#include "lwc/lwc.h"

/* What a centred value adds to the sum. */
enum { LWC_REDUCE_VALUE = 0, LWC_REDUCE_MAGNITUDE = 1, LWC_REDUCE_SQUARE = 2 };

typedef struct lwc_reduce_sum_params {
    int32_t outer;
    int32_t count;      /* values per result; every sum fits int32 */
    int32_t inner;
    int32_t term;       /* LWC_REDUCE_* */
    int32_t zero_point; /* of the input, [-128, 127] */
    int32_t min;        /* smallest result, [-128, 127] */
    int32_t steps;      /* thresholds: largest result - min */
} lwc_reduce_sum_params;

static inline int32_t lwc_reduce_term(int32_t x, int32_t term)
{
    if (term == LWC_REDUCE_SQUARE) {
        return x * x;
    }
    return ((term == LWC_REDUCE_MAGNITUDE) && (x < 0)) ? -x : x;
}

/*
 * in          [outer][count][inner] int8
 * thresholds  [steps] ascending: smallest sum whose result is at least min + 1 + i
 * out         [outer][inner] int8, must not overlap in
 */
static inline void lwc_reduce_sum_s8(
    const lwc_reduce_sum_params *p, const int8_t *in, const int32_t *thresholds, int8_t *out)
{
    for (int32_t o = 0; o < p->outer; ++o) {
        for (int32_t i = 0; i < p->inner; ++i) {
            int32_t sum = 0;
            int32_t low = 0;
            int32_t high = p->steps;

            for (int32_t k = 0; k < p->count; ++k) {
                sum += lwc_reduce_term((int32_t)in[(k * p->inner) + i] - p->zero_point, p->term);
            }
            while (low < high) {
                const int32_t middle = (low + high) >> 1;

                if (sum >= thresholds[middle]) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            out[i] = (int8_t)(p->min + low);
        }
        in += p->count * p->inner;
        out += p->inner;
    }
}

#endif
