/* lwc_lookup_s8_mve.h - a unary function as a table, 16 values per gather: cores with MVE. */
#ifndef LWC_LOOKUP_S8_MVE_H
#define LWC_LOOKUP_S8_MVE_H

#include "isa/lwc_isa_mve_elementwise.h"
#include "lwc_lookup_s8.h"

/*
 * in     [runs][run] int8
 * table  [256] int8, entry i for the value whose bits are i: 0 .. 127, -128 .. -1
 * out    [runs][run] int8, out_pitch bytes from run to run; may be `in` itself where that is `run`
 */
LWC_MVE_INLINE void lwc_lookup_s8_mve(const lwc_lookup_params *p, const int8_t *in, const int8_t *table, int8_t *out)
{
    for (int32_t r = 0; r < p->runs; ++r) {
        lwc_mve_lookup(in, table, p->run, out);
        in += p->run;
        out += p->out_pitch;
    }
}

#endif
