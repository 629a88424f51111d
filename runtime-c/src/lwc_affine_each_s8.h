/* lwc_affine_each_s8.h - a line, or two that meet at a pivot, per channel or per element, any core. */
#ifndef LWC_AFFINE_EACH_S8_H
#define LWC_AFFINE_EACH_S8_H

#include <stdint.h>

#include "lwc/lwc.h"

typedef struct lwc_affine_each_params {
    int32_t outer;       /* elements = outer * inner */
    int32_t inner;
    int32_t index_outer; /* steps through the index, in elements: 0 where it repeats */
    int32_t index_inner;
    int32_t pieces;      /* lines per function: 1 or 2 */
    int32_t pivot;       /* first value of the second line; [-128, 127] */
    int32_t shift;       /* [1, 30] */
    int32_t min;
    int32_t max;
} lwc_affine_each_params;

/*
 * in     [outer][inner] int8
 * lines  [n][pieces][2] mult, offset: value * mult + offset stays within int32
 * index  [outer][inner] or broadcast by the steps above; each in [0, n - 1], n <= 32768
 * out    [outer][inner] int8; may be `in` itself
 */
static inline void lwc_affine_each_s8(
    const lwc_affine_each_params *p, const int8_t *in, const int32_t *lines, const int16_t *index, int8_t *out)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        const int16_t *which = index + (i * p->index_outer);

        for (int32_t k = 0; k < p->inner; ++k) {
            const int32_t x = in[k];
            const int32_t *line = lines + ((int32_t)which[k * p->index_inner] * 2 * p->pieces);
            int32_t y;

            if ((p->pieces == 2) && (x >= p->pivot)) {
                line += 2;
            }
            y = ((x * line[0]) + line[1]) >> p->shift;
            if (y < p->min) {
                y = p->min;
            }
            if (y > p->max) {
                y = p->max;
            }
            out[k] = (int8_t)y;
        }
        in += p->inner;
        out += p->inner;
    }
}

#endif
