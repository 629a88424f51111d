/* lwc_lookup_s8.h - a unary function as a table, any core. */
#ifndef LWC_LOOKUP_S8_H
#define LWC_LOOKUP_S8_H

#include <stdint.h>

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

typedef struct lwc_lookup_params {
    int32_t count; /* elements */
} lwc_lookup_params;

/*
 * in     [count] int8
 * table  [256] int8, entry i for the value i - 128
 * out    [count] int8; may be `in` itself
 */
static inline void lwc_lookup_s8(const lwc_lookup_params *p, const int8_t *in, const int8_t *table, int8_t *out)
{
    LWC_UNROLL4
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = table[(int32_t)in[i] + 128];
    }
}

#endif
