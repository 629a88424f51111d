/* lwc_lookup_s8.h - a unary function as a table, any core. */
#ifndef LWC_LOOKUP_S8_H
#define LWC_LOOKUP_S8_H

#include <stdint.h>

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

typedef struct lwc_lookup_params {
    int32_t runs;      /* runs of values that lie side by side in the output, >= 1 */
    int32_t run;       /* values of a run */
    int32_t out_pitch; /* bytes from one run of the output to the next, >= run */
} lwc_lookup_params;

/*
 * in     [runs][run] int8
 * table  [256] int8, entry i for the value i - 128
 * out    [runs][run] int8, out_pitch bytes from run to run; may be `in` itself where that is `run`
 */
static inline void lwc_lookup_s8(const lwc_lookup_params *p, const int8_t *in, const int8_t *table, int8_t *out)
{
    for (int32_t r = 0; r < p->runs; ++r) {
        LWC_UNROLL4
        for (int32_t i = 0; i < p->run; ++i) {
            out[i] = table[(int32_t)in[i] + 128];
        }
        in += p->run;
        out += p->out_pitch;
    }
}

#endif
