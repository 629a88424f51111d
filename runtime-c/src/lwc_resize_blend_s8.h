/*
 * lwc_resize_blend_s8.h - one output row of a linear resize whose weights are multiples of a power of two, any core.
 *
 * The sum of four weighed neighbours is an exact integer, and one multiplication makes the result of it, but where it comes
 * close to the middle between two results: there ONNX Runtime's float32 sum, rounded at each step, decides, and is computed.
 * The compiler proves how close that is (compiler/arith/resize-blend.ts).
 */
#ifndef LWC_RESIZE_BLEND_S8_H
#define LWC_RESIZE_BLEND_S8_H

#include <stdint.h>

#include "lwc/lwc.h"
#include "lwc_tie.h"

typedef struct lwc_resize_blend_params {
    int32_t channels;
    int32_t out_w;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= channels */
    int32_t in_zero_point; /* [-128, 127] */
    int32_t mult;
    int32_t offset;        /* 2^shift * (zero_point + 1/2) - in_zero_point * sum of the weights * mult */
    int32_t shift;         /* [1, 30] */
    int32_t window;        /* in [0, 2^(shift - 1)) */
    int32_t zero_point;    /* of the output, [-128, 127] */
    int32_t min;           /* clamp */
    int32_t max;
} lwc_resize_blend_params;

/*
 * row_weights, column_weights  [2] each, those of this output value
 * scales                       [3] float32: of the input, of the output, and of a product of two weights
 * corners                      upper left, upper right, lower left and lower right input value, lowest byte first
 */
LWC_COLD int32_t lwc_resize_blend_float_s8(const lwc_resize_blend_params *p, const int16_t *row_weights, const int16_t *column_weights,
                                           const float *scales, uint32_t corners)
{
    float sum = 0.0f;

    for (int32_t i = 0; i < 4; ++i) {
        const int32_t byte = (int32_t)((corners >> (8 * i)) & 0xffu);
        const int32_t value = ((byte ^ 0x80) - 0x80) - p->in_zero_point;
        const int32_t weight = (int32_t)row_weights[i / 2] * (int32_t)column_weights[i % 2];
        const float real = scales[0] * (float)value;
        const float share = (float)weight * scales[2];
        const float product = share * real;

        sum = sum + product;
    }
    return lwc_quantize_f32(sum / scales[1], p->zero_point, p->min, p->max);
}

/*
 * rows            pointers to input rows [in_w][channels] int8
 * y               the output row
 * picks           [out_h] which of the rows is the upper one; the lower one follows it
 * row_weights     [out_h][2] in [0, 16], of the upper and the lower row
 * columns         [out_w][2] left and right input column
 * column_weights  [out_w][2] in [0, 16]
 * scales          [3] float32: of the input, of the output, and of a product of two weights
 * out             [out_w][channels] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 */
static inline void lwc_resize_blend_s8(const lwc_resize_blend_params *p, const int8_t *const *rows, int32_t y, const int8_t *picks,
                                       const int16_t *row_weights, const int16_t *columns, const int16_t *column_weights,
                                       const float *scales, int8_t *out)
{
    const int8_t *upper = rows[picks[y]];
    const int8_t *lower = rows[picks[y] + 1];
    const int32_t near_y = (int32_t)row_weights[2 * y] * p->mult;
    const int32_t far_y = (int32_t)row_weights[(2 * y) + 1] * p->mult;

    for (int32_t ox = 0; ox < p->out_w; ++ox) {
        const int32_t left = (int32_t)columns[2 * ox] * p->channels;
        const int32_t step = ((int32_t)columns[(2 * ox) + 1] * p->channels) - left;
        const int8_t *upper_at = upper + left;
        const int8_t *lower_at = lower + left;
        const int32_t near_x = column_weights[2 * ox];
        const int32_t far_x = column_weights[(2 * ox) + 1];
        const int32_t upper_left = near_x * near_y;
        const int32_t upper_right = far_x * near_y;
        const int32_t lower_left = near_x * far_y;
        const int32_t lower_right = far_x * far_y;

        for (int32_t c = 0; c < p->channels; ++c) {
            const int32_t b = upper_at[step];
            const int32_t a = *upper_at++;
            const int32_t e = lower_at[step];
            const int32_t d = *lower_at++;
            const int32_t sum = p->offset + (upper_left * a) + (upper_right * b) + (lower_left * d) + (lower_right * e);

            if (lwc_is_near_tie(sum, p->shift, p->window)) {
                const uint32_t corners = ((uint32_t)a & 0xffu) | (((uint32_t)b & 0xffu) << 8) | (((uint32_t)d & 0xffu) << 16) |
                                         (((uint32_t)e & 0xffu) << 24);

                *out++ = (int8_t)lwc_resize_blend_float_s8(p, &row_weights[2 * y], &column_weights[2 * ox], scales, corners);
            } else {
                *out++ = (int8_t)lwc_clamp(lwc_saturate_s8(sum, p->shift), p->min, p->max);
            }
        }
        out += p->out_pitch - p->channels;
    }
}

#endif
