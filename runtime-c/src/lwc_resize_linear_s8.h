/*
 * lwc_resize_linear_s8.h - one output row of a linear resize in ONNX Runtime's float32 order, any core.
 *
 * Float by definition: the sum of four products lands on exact ties often enough (where a map doubles, one value in sixteen)
 * that its rounding decides. Soft-float gives the same bits as an FPU.
 */
#ifndef LWC_RESIZE_LINEAR_S8_H
#define LWC_RESIZE_LINEAR_S8_H

#include <stdint.h>

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

typedef struct lwc_resize_linear_params {
    int32_t channels;
    int32_t out_w;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= channels */
    int32_t zero_point; /* of the output, [-128, 127] */
    int32_t min;        /* clamp */
    int32_t max;
} lwc_resize_linear_params;

/*
 * rows            pointers to input rows [in_w][channels] int8
 * y               the output row
 * picks           [out_h] which of the rows is the upper one; the lower one follows it
 * row_weights     [out_h][2] float32 in [0, 1], of the upper and the lower row
 * columns         [out_w][2] left and right input column
 * column_weights  [out_w][2] float32 in [0, 1]
 * real            [256] float32: dequantized value of -128 .. 127
 * scale           [1] float32: scale of the output
 * out             [out_w][channels] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 */
static inline void lwc_resize_linear_s8(const lwc_resize_linear_params *p, const int8_t *const *rows, int32_t y, const int8_t *picks,
                                        const float *row_weights, const int16_t *columns, const float *column_weights, const float *real,
                                        const float *scale, int8_t *out)
{
    const int8_t *upper = rows[picks[y]];
    const int8_t *lower = rows[picks[y] + 1];
    const float near_y = row_weights[2 * y];
    const float far_y = row_weights[(2 * y) + 1];

    for (int32_t ox = 0; ox < p->out_w; ++ox) {
        const int32_t left = (int32_t)columns[2 * ox] * p->channels;
        const int32_t right = (int32_t)columns[(2 * ox) + 1] * p->channels;
        const float near_x = column_weights[2 * ox];
        const float far_x = column_weights[(2 * ox) + 1];
        const float upper_left = near_x * near_y;
        const float upper_right = far_x * near_y;
        const float lower_left = near_x * far_y;
        const float lower_right = far_x * far_y;

        for (int32_t c = 0; c < p->channels; ++c) {
            const float a = upper_left * real[(int32_t)upper[left + c] + 128];
            const float b = upper_right * real[(int32_t)upper[right + c] + 128];
            const float d = lower_left * real[(int32_t)lower[left + c] + 128];
            const float e = lower_right * real[(int32_t)lower[right + c] + 128];
            float sum = a + b;

            sum = sum + d;
            sum = sum + e;
            out[c] = (int8_t)lwc_quantize_f32(sum / *scale, p->zero_point, p->min, p->max);
        }
        out += p->out_pitch;
    }
}

#endif
