/*
 * lwc_avg_pool2d_line_s8.h - average pooling by integer sums, any core.
 *
 * One multiplication makes the average of an integer sum, but where it comes close to the middle between two results: there
 * ONNX Runtime's float32 sum decides, and is computed. The compiler proves how close that is (compiler/arith/tie-window.ts).
 * Windows that lie in part outside of the input, and divide by what is inside, are computed in float32 as well.
 */
#ifndef LWC_AVG_POOL2D_LINE_S8_H
#define LWC_AVG_POOL2D_LINE_S8_H

#include "lwc_avg_pool2d_s8.h"
#include "lwc_tie.h"

typedef struct lwc_avg_pool2d_line_params {
    lwc_avg_pool2d_params pool;
    int32_t in_zero_point; /* [-128, 127] */
    int32_t mult;
    int32_t offset;        /* 2^shift * (zero point of the output + 1/2) */
    int32_t shift;         /* [1, 30] */
    int32_t window;        /* in [0, 2^(shift - 1)) */
} lwc_avg_pool2d_line_params;

/* The part of a window inside the input: [rows][columns] values of one channel, from `at` on. */
typedef struct lwc_avg_pool2d_part {
    int32_t rows;
    int32_t columns;
    int32_t row_step; /* from a row to the next */
    int32_t count;    /* that the sum is divided by */
} lwc_avg_pool2d_part;

/* scales [2] float32: of the input, of the output. */
LWC_COLD int32_t lwc_avg_pool2d_float_s8(const lwc_avg_pool2d_line_params *p, const lwc_avg_pool2d_part *part, const int8_t *at,
                                         const float *scales)
{
    float sum = 0.0f;

    for (int32_t y = 0; y < part->rows; ++y) {
        for (int32_t x = 0; x < part->columns; ++x) {
            const int32_t value = (int32_t)at[(y * part->row_step) + (x * p->pool.channels)] - p->in_zero_point;
            const float real = scales[0] * (float)value;

            sum = sum + real;
        }
    }
    return lwc_avg_pool2d_value(&p->pool, sum, part->count, scales[1]);
}

/*
 * in      [in_h][in_w][channels] int8
 * scales  [2] float32: of the input, of the output
 * out     [out_h][out_w][channels] int8, must not overlap in
 */
static inline void lwc_avg_pool2d_line_s8(const lwc_avg_pool2d_line_params *p, const int8_t *in, const float *scales, int8_t *out)
{
    const lwc_avg_pool2d_params *pool = &p->pool;
    const int32_t area = pool->kernel_h * pool->kernel_w;

    for (int32_t oy = 0; oy < pool->out_h; ++oy) {
        const int32_t y = (oy * pool->stride_h) - pool->pad_top;
        const int32_t top = (y < 0) ? 0 : y;
        const int32_t bottom = ((y + pool->kernel_h) > pool->in_h) ? pool->in_h : (y + pool->kernel_h);

        for (int32_t ox = 0; ox < pool->out_w; ++ox) {
            const int32_t x = (ox * pool->stride_w) - pool->pad_left;
            const int32_t left = (x < 0) ? 0 : x;
            const int32_t right = ((x + pool->kernel_w) > pool->in_w) ? pool->in_w : (x + pool->kernel_w);
            const int32_t inside = (bottom - top) * (right - left);
            const lwc_avg_pool2d_part part = { bottom - top, right - left, pool->in_w * pool->channels,
                                               (pool->whole_window != 0) ? area : inside };
            const int8_t *first = in + (((top * pool->in_w) + left) * pool->channels);
            const int32_t base = p->offset - (inside * p->in_zero_point * p->mult);

            for (int32_t c = 0; c < pool->channels; ++c) {
                int32_t sum = 0;
                int32_t scaled;

                for (int32_t ky = 0; ky < part.rows; ++ky) {
                    const int8_t *at = first + (ky * part.row_step) + c;

                    for (int32_t kx = 0; kx < part.columns; ++kx) {
                        sum += at[kx * pool->channels];
                    }
                }
                scaled = (sum * p->mult) + base;
                if ((part.count != area) || lwc_is_near_tie(scaled, p->shift, p->window)) {
                    out[c] = (int8_t)lwc_avg_pool2d_float_s8(p, &part, first + c, scales);
                } else {
                    out[c] = (int8_t)lwc_clamp(lwc_saturate_s8(scaled, p->shift), pool->min, pool->max);
                }
            }
            out += pool->channels;
        }
    }
}

#endif
