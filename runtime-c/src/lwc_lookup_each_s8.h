/* lwc_lookup_each_s8.h - a unary function per channel or per element as tables, any core. */
#ifndef LWC_LOOKUP_EACH_S8_H
#define LWC_LOOKUP_EACH_S8_H

#include <stdint.h>

#include "lwc/lwc.h"

typedef struct lwc_lookup_each_params {
    int32_t outer;       /* elements = outer * inner */
    int32_t inner;
    int32_t index_outer; /* steps through the index, in elements: 0 where it repeats */
    int32_t index_inner;
} lwc_lookup_each_params;

/*
 * in      [outer][inner] int8
 * tables  [n][256] int8, entry i of each for the value i - 128
 * index   [outer][inner] or broadcast by the steps above; each in [0, n - 1], n <= 32768
 * out     [outer][inner] int8; may be `in` itself
 */
static inline void lwc_lookup_each_s8(
    const lwc_lookup_each_params *p, const int8_t *in, const int8_t *tables, const int16_t *index, int8_t *out)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        const int16_t *which = index + (i * p->index_outer);

        for (int32_t k = 0; k < p->inner; ++k) {
            const int8_t *table = tables + ((int32_t)which[k * p->index_inner] * 256);

            out[k] = table[(int32_t)in[k] + 128];
        }
        in += p->inner;
        out += p->inner;
    }
}

#endif
