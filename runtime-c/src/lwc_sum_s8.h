/*
 * lwc_sum_s8.h - signed sum of any number of tensors, any core.
 *
 * The result is that of float32 steps (dequantize, add from left to right, divide, quantize). An integer sum knows the real
 * result to within `window`, roundings of the float steps included: it decides unless a tie is nearer than that.
 */
#ifndef LWC_SUM_S8_H
#define LWC_SUM_S8_H

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

typedef struct lwc_sum_params {
    int32_t inputs;
    int32_t outer;      /* elements = outer * inner */
    int32_t inner;
    int32_t shift;      /* [1, 24] */
    int32_t window;     /* in units of 2^-shift; 2 with shift 1: the float steps decide throughout */
    int32_t divisor;    /* >= 1 */
    int32_t zero_point; /* of the output, [-128, 127] */
    int32_t min;
    int32_t max;
} lwc_sum_params;

/* The float steps for the element at the positions that `terms` gives outer coordinate i and inner coordinate k. */
static inline int32_t lwc_sum_float(
    const lwc_sum_params *p, const int8_t *const *inputs, const int32_t *terms, const float *scales, int32_t i, int32_t k)
{
    float sum = 0.0f;

    for (int32_t n = 0; n < p->inputs; ++n) {
        const int32_t *term = terms + (n * 4);
        const int32_t x = (int32_t)inputs[n][(i * term[0]) + (k * term[1])] - term[2];
        const float value = scales[n] * (float)x;

        sum = (n == 0) ? value : (sum + value);
    }
    if (p->divisor != 1) {
        sum = sum / (float)p->divisor;
    }
    return lwc_quantize_f32(sum / scales[p->inputs], p->zero_point, p->min, p->max);
}

/*
 * inputs  [inputs] pointers to int8 tensors [outer][inner], or broadcast by the steps in `terms`
 * terms   [inputs][4] outer step, inner step, zero point, multiplier
 * scales  [inputs + 1] float32: of each input, negative where it is subtracted, then of the output
 * out     [outer][inner] int8; may be an input itself where that is not broadcast
 */
static inline void lwc_sum_s8(
    const lwc_sum_params *p, const int8_t *const *inputs, const int32_t *terms, const float *scales, int8_t *out)
{
    const int32_t unit = (int32_t)(1u << (uint32_t)p->shift);

    for (int32_t i = 0; i < p->outer; ++i) {
        for (int32_t k = 0; k < p->inner; ++k) {
            int32_t t = unit >> 1;
            int32_t fraction;
            int32_t y;

            for (int32_t n = 0; n < p->inputs; ++n) {
                const int32_t *term = terms + (n * 4);

                t += ((int32_t)inputs[n][(i * term[0]) + (k * term[1])] - term[2]) * term[3];
            }
            fraction = t & (unit - 1);
            if ((fraction < p->window) || (fraction > (unit - p->window))) {
                y = lwc_sum_float(p, inputs, terms, scales, i, k);
            } else {
                y = (t >> p->shift) + p->zero_point;
                if (y < p->min) {
                    y = p->min;
                }
                if (y > p->max) {
                    y = p->max;
                }
            }
            out[k] = (int8_t)y;
        }
        out += p->inner;
    }
}

#endif
