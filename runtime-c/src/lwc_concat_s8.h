/* lwc_concat_s8.h - joins tensors along an axis, any core. */
#ifndef LWC_CONCAT_S8_H
#define LWC_CONCAT_S8_H

#include <stdint.h>
#include <string.h>

#include "lwc/lwc.h"

typedef struct lwc_concat_params {
    int32_t inputs; /* number of inputs */
    int32_t outer;  /* product of the axes before the joined one */
    int32_t out_c;  /* sum of the runs */
    int32_t out_pitch; /* bytes of the output from one outer coordinate to the next, >= out_c */
} lwc_concat_params;

/*
 * inputs  [inputs] pointers to int8 tensors [outer][runs[i]]
 * runs    [inputs] bytes
 * out     [outer][out_c] int8, out_pitch bytes from one outer coordinate to the next, must not overlap an input
 */
static inline void lwc_concat_s8(const lwc_concat_params *p, const int8_t *const *inputs, const int32_t *runs, int8_t *out)
{
    for (int32_t o = 0; o < p->outer; ++o) {
        for (int32_t i = 0; i < p->inputs; ++i) {
            memcpy(out, inputs[i] + (o * runs[i]), (size_t)runs[i]);
            out += runs[i];
        }
        out += p->out_pitch - p->out_c;
    }
}

#endif
