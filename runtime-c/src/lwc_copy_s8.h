/* lwc_copy_s8.h - strided copy: transpose, slice, pad and plain copies, any core. */
#ifndef LWC_COPY_S8_H
#define LWC_COPY_S8_H

#include <stdint.h>
#include <string.h>

#include "lwc/lwc.h"

enum { LWC_COPY_RANK = 5 };

typedef struct lwc_copy_params {
    int32_t dims[LWC_COPY_RANK];        /* iterations, outermost first; 1 where unused */
    int32_t in_strides[LWC_COPY_RANK];  /* bytes, may be negative */
    int32_t out_strides[LWC_COPY_RANK]; /* bytes */
    int32_t in_offset;                  /* bytes */
    int32_t out_offset;
    int32_t run;                        /* contiguous bytes copied in the innermost loop */
    int32_t fill_bytes;                 /* bytes of out set to fill_value first; 0: none */
    int32_t fill_value;                 /* [-128, 127] */
} lwc_copy_params;

/* in and out must not overlap. */
static inline void lwc_copy_s8(const lwc_copy_params *p, const int8_t *in, int8_t *out)
{
    const int8_t *from0 = in + p->in_offset;
    int8_t *to0 = out + p->out_offset;

    if (p->fill_bytes > 0) {
        memset(out, p->fill_value, (size_t)p->fill_bytes);
    }
    for (int32_t i = 0; i < p->dims[0]; ++i) {
        for (int32_t j = 0; j < p->dims[1]; ++j) {
            for (int32_t k = 0; k < p->dims[2]; ++k) {
                for (int32_t l = 0; l < p->dims[3]; ++l) {
                    const int8_t *from = from0 + (i * p->in_strides[0]) + (j * p->in_strides[1]) + (k * p->in_strides[2]) + (l * p->in_strides[3]);
                    int8_t *to = to0 + (i * p->out_strides[0]) + (j * p->out_strides[1]) + (k * p->out_strides[2]) + (l * p->out_strides[3]);

                    for (int32_t m = 0; m < p->dims[4]; ++m) {
                        if (p->run == 1) {
                            *to = *from;
                        } else {
                            memcpy(to, from, (size_t)p->run);
                        }
                        /* No pointer leaves its array after the last step. */
                        if ((m + 1) < p->dims[4]) {
                            from += p->in_strides[4];
                            to += p->out_strides[4];
                        }
                    }
                }
            }
        }
    }
}

#endif
