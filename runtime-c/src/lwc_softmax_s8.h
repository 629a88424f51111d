/*
 * lwc_softmax_s8.h - softmax over the innermost axis, any core.
 *
 * Float by definition: ONNX Runtime sums float32 table entries and divides. Rows are short, so soft-float does.
 */
#ifndef LWC_SOFTMAX_S8_H
#define LWC_SOFTMAX_S8_H

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

typedef struct lwc_softmax_params {
    int32_t rows;
    int32_t depth;      /* values per row */
    int32_t factor;     /* floor(1 / scale of the output) */
    int32_t zero_point; /* of the output, [-128, 127] */
    int32_t overflow;   /* value where entry * factor leaves float32; [-128, 127] */
} lwc_softmax_params;

/*
 * in     [rows][depth] int8
 * table  [256] float32: exponentials of (i - 255) * scale, scaled
 * out    [rows][depth] int8, must not overlap in
 */
static inline void lwc_softmax_s8(const lwc_softmax_params *p, const int8_t *in, const float *table, int8_t *out)
{
    const float limit = 3.40282347e+38f;

    for (int32_t row = 0; row < p->rows; ++row) {
        int32_t largest = -128;
        float sum = 0.0f;

        for (int32_t i = 0; i < p->depth; ++i) {
            if (in[i] > largest) {
                largest = in[i];
            }
        }
        for (int32_t i = 0; i < p->depth; ++i) {
            sum += table[(int32_t)in[i] - largest + 255];
        }
        for (int32_t i = 0; i < p->depth; ++i) {
            const float scaled = table[(int32_t)in[i] - largest + 255] * (float)p->factor;
            float value = scaled / sum;
            int32_t y;

            if (value > 1024.0f) {
                value = 1024.0f;
            }
            y = lwc_round_f32(value) + p->zero_point;
            if (y > 127) {
                y = 127;
            }
            out[i] = (int8_t)((scaled > limit) ? p->overflow : y);
        }
        in += p->depth;
        out += p->depth;
    }
}

#endif
