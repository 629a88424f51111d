/*
 * lwc_log_softmax_s8.h - logarithm of softmax over the innermost axis, any core.
 *
 * Float32 steps without library functions, so that every core yields the same bits. Rows are short, so soft-float does.
 */
#ifndef LWC_LOG_SOFTMAX_S8_H
#define LWC_LOG_SOFTMAX_S8_H

#include <string.h>

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

typedef struct lwc_log_softmax_params {
    int32_t rows;
    int32_t depth;      /* values per row */
    int32_t zero_point; /* of the output, [-128, 127] */
} lwc_log_softmax_params;

/*
 * Natural logarithm of x >= 1: 2^e * m with m in [0.707, 1.414], e * ln(2) + 2 * atanh((m - 1) / (m + 1)), of which the series up
 * to r^9 is within 2^-24.
 */
static inline float lwc_log_f32(float x)
{
    const float reciprocals[4] = {1.0f / 7.0f, 1.0f / 5.0f, 1.0f / 3.0f, 1.0f};
    float series = 1.0f / 9.0f;
    float mantissa;
    float r;
    float square;
    int32_t bits;
    int32_t exponent;

    memcpy(&bits, &x, sizeof bits);
    exponent = (bits >> 23) - 127;
    bits = (bits & 0x7FFFFF) | 0x3F800000;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > 1.41421354f) {
        mantissa = mantissa * 0.5f;
        exponent += 1;
    }
    r = (mantissa - 1.0f) / (mantissa + 1.0f);
    square = r * r;
    for (int32_t i = 0; i < 4; ++i) {
        series = (series * square) + reciprocals[i];
    }
    return ((2.0f * r) * series) + ((float)exponent * 0.693147182f);
}

/*
 * in      [rows][depth] int8
 * table   [256] float32: exp(-k * scale of the input)
 * scales  [2] float32: of the input, of the output
 * out     [rows][depth] int8, must not overlap in
 */
static inline void lwc_log_softmax_s8(
    const lwc_log_softmax_params *p, const int8_t *in, const float *table, const float *scales, int8_t *out)
{
    for (int32_t row = 0; row < p->rows; ++row) {
        int32_t largest = -128;
        float sum = 0.0f;
        float shift;

        for (int32_t i = 0; i < p->depth; ++i) {
            if (in[i] > largest) {
                largest = in[i];
            }
        }
        for (int32_t i = 0; i < p->depth; ++i) {
            sum += table[largest - (int32_t)in[i]];
        }
        shift = lwc_log_f32(sum);
        for (int32_t i = 0; i < p->depth; ++i) {
            const float product = scales[0] * (float)((int32_t)in[i] - largest);
            const float value = product - shift;

            out[i] = (int8_t)lwc_quantize_f32(value / scales[1], p->zero_point, -128, 127);
        }
        in += p->depth;
        out += p->depth;
    }
}

#endif
