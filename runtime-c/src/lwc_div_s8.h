/*
 * lwc_div_s8.h - quotient of two tensors, any core.
 *
 * Float by definition: ONNX Runtime dequantizes, divides and quantizes in float32.
 */
#ifndef LWC_DIV_S8_H
#define LWC_DIV_S8_H

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

typedef struct lwc_div_params {
    int32_t outer;   /* elements = outer * inner */
    int32_t inner;
    int32_t a_outer; /* steps of each operand, in elements: 0 where it is broadcast */
    int32_t a_inner;
    int32_t b_outer;
    int32_t b_inner;
    int32_t zero_a;  /* [-128, 127] */
    int32_t zero_b;
    int32_t zero_point;
    int32_t min;
    int32_t max;
} lwc_div_params;

/* The result for centred values; a number over zero saturates, 0 / 0 is `min`. */
static inline int32_t lwc_div_value_s8(const lwc_div_params *p, int32_t a, int32_t b, const float *scales)
{
    float dividend;
    float quotient;

    if (b == 0) {
        return (a > 0) ? p->max : p->min;
    }
    dividend = scales[0] * (float)a;
    quotient = dividend / (scales[1] * (float)b);
    return lwc_quantize_f32(quotient / scales[2], p->zero_point, p->min, p->max);
}

/*
 * a, b    int8, [outer][inner] or broadcast by the steps above
 * scales  [3] float32: of a, of b, of the output
 * out     [outer][inner] int8; may be a or b itself where that operand is not broadcast
 */
static inline void lwc_div_s8(const lwc_div_params *p, const int8_t *a, const int8_t *b, const float *scales, int8_t *out)
{
    for (int32_t i = 0; i < p->outer; ++i) {
        const int8_t *x = a + (i * p->a_outer);
        const int8_t *y = b + (i * p->b_outer);

        for (int32_t k = 0; k < p->inner; ++k) {
            const int32_t dividend = (int32_t)x[k * p->a_inner] - p->zero_a;
            const int32_t divisor = (int32_t)y[k * p->b_inner] - p->zero_b;

            out[k] = (int8_t)lwc_div_value_s8(p, dividend, divisor, scales);
        }
        out += p->inner;
    }
}

#endif
