/*
 * lwc_div_line_s8.h - quotient of two tensors by one multiplication, any core.
 *
 * For each divisor the compiler looks for a line that meets the float32 quotient of every dividend, and proves it over all of
 * them (compiler/arith/div.ts). Divisors that have none divide.
 */
#ifndef LWC_DIV_LINE_S8_H
#define LWC_DIV_LINE_S8_H

#include "lwc_div_s8.h"

/*
 * a, b    int8, [outer][inner] or broadcast by the steps of the parameters
 * mults   [256] of the divisors -128 .. 127
 * shifts  [256] in [0, 30]; 0 where the quotient has to be divided
 * scales  [3] float32: of a, of b, of the output
 * out     [outer][inner] int8; may be a or b itself where that operand is not broadcast
 */
static inline void lwc_div_line_s8(const lwc_div_params *p, const int8_t *a, const int8_t *b, const int32_t *mults, const int8_t *shifts,
                                   const float *scales, int8_t *out)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        const int8_t *x = a + (i * p->a_outer);
        const int8_t *y = b + (i * p->b_outer);

        for (int32_t k = 0; k < p->inner; ++k) {
            const int32_t dividend = (int32_t)x[k * p->a_inner] - p->zero_a;
            const int32_t divisor = y[k * p->b_inner];
            const int32_t shift = shifts[divisor + 128];
            int32_t value;

            if (shift == 0) {
                value = lwc_div_value_s8(p, dividend, divisor - p->zero_b, scales);
            } else {
                const int32_t half = (int32_t)1 << (shift - 1);

                value = (((dividend * mults[divisor + 128]) + half) >> shift) + p->zero_point;
                value = lwc_clamp(value, p->min, p->max);
            }
            out[k] = (int8_t)value;
        }
        out += p->inner;
    }
}

#endif
