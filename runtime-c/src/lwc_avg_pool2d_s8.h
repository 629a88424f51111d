/*
 * lwc_avg_pool2d_s8.h - average pooling in ONNX Runtime's float32 order, any core.
 *
 * Float by definition: the reference sums dequantized values in float32, and windows of 2 or 4 equal-scale values land on
 * exact ties often enough that the rounding of that sum decides. Soft-float gives the same bits as an FPU.
 */
#ifndef LWC_AVG_POOL2D_S8_H
#define LWC_AVG_POOL2D_S8_H

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

typedef struct lwc_avg_pool2d_params {
    int32_t in_h;
    int32_t in_w;
    int32_t channels;
    int32_t out_h;
    int32_t out_w;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t whole_window; /* 1: divide by the whole window, 0: by its part inside the input */
    int32_t is_unsigned;  /* 1: the tensors were uint8 in the model */
    int32_t zero_point;   /* of the output, [-128, 127] */
    int32_t min;
    int32_t max;
} lwc_avg_pool2d_params;

/* The result of a float32 sum of dequantized values and the number that it is divided by. */
static inline int32_t lwc_avg_pool2d_value(const lwc_avg_pool2d_params *p, float sum, int32_t count, float scale)
{
    const int32_t shift = (p->is_unsigned != 0) ? 128 : 0;
    float value = sum / (float)count;

    value = value / scale;
    value = value + (float)(p->zero_point + shift);
    /* The rounding primitive wants a small magnitude. */
    if (value < -1024.0f) {
        value = -1024.0f;
    }
    if (value > 1024.0f) {
        value = 1024.0f;
    }
    return lwc_clamp(lwc_round_f32(value) - shift, p->min, p->max);
}

/*
 * in     [in_h][in_w][channels] int8
 * real   [256] float32: dequantized value of -128 .. 127
 * scale  [1] float32: scale of the output
 * out    [out_h][out_w][channels] int8, must not overlap in
 */
static inline void lwc_avg_pool2d_s8(const lwc_avg_pool2d_params *p, const int8_t *in, const float *real, const float *scale, int8_t *out)
{
    for (int32_t oy = 0; oy < p->out_h; ++oy) {
        for (int32_t ox = 0; ox < p->out_w; ++ox) {
            for (int32_t c = 0; c < p->channels; ++c) {
                float sum = 0.0f;
                int32_t count = 0;

                for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
                    const int32_t iy = (oy * p->stride_h) - p->pad_top + ky;

                    for (int32_t kx = 0; kx < p->kernel_w; ++kx) {
                        const int32_t ix = (ox * p->stride_w) - p->pad_left + kx;

                        if ((iy >= 0) && (iy < p->in_h) && (ix >= 0) && (ix < p->in_w)) {
                            sum += real[(int32_t)in[(((iy * p->in_w) + ix) * p->channels) + c] + 128];
                            count += 1;
                        }
                    }
                }
                if (p->whole_window != 0) {
                    count = p->kernel_h * p->kernel_w;
                }
                out[c] = (int8_t)lwc_avg_pool2d_value(p, sum, count, *scale);
            }
            out += p->channels;
        }
    }
}

#endif
