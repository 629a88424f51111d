/* Portable twins of the vector loops in ../mve/lwc_isa_mve_elementwise.h, with the same results. */
#ifndef LWC_ISA_MVE_ELEMENTWISE_H
#define LWC_ISA_MVE_ELEMENTWISE_H

#include <stdint.h>

#include "../../lwc_requant.h"
#include "../../lwc_add_s8.h"
#include "../../lwc_mul_s8.h"
#include "../../lwc_mul_wide_s8.h"
#include "lwc_isa_mve.h"

/* out[i] = a[i * a_step] + b[i * b_step], steps 0 or 1: see lwc_add_pair_s8. out may be a or b where their step is 1. */
LWC_MVE_INLINE void lwc_mve_add(const lwc_add_params *p, const int8_t *a, int32_t a_step, const int8_t *b, int32_t b_step, int32_t count, const int32_t *exceptions, int8_t *out)
{
    for (int32_t i = 0; i < count; ++i) {
        out[i] = (int8_t)lwc_add_pair_s8(p, a[i * a_step], b[i * b_step], exceptions);
    }
}

/*
 * out[i] = a[i * a_step] * b[i * b_step], steps 0 or 1. out may be a or b where their step is 1.
 *
 * bounds  [max - min + 2]: entry k is the smallest product whose result is at least min + k; the first is below every product, the
 *         last above. The integer form is at most one off, and bounds put it right where p->refine says so.
 */
LWC_MVE_INLINE void lwc_mve_mul(const lwc_mul_params *p, const int8_t *a, int32_t a_step, const int8_t *b, int32_t b_step, int32_t count, const int32_t *bounds, int8_t *out)
{
    for (int32_t i = 0; i < count; ++i) {
        const int32_t product = ((int32_t)a[i * a_step] - p->zero_a) * ((int32_t)b[i * b_step] - p->zero_b);
        int32_t y = lwc_clamp(((product * p->mult) + p->offset) >> p->shift, p->min, p->max);

        if (p->refine != 0) {
            const int32_t *bound = &bounds[y - p->min];

            y += ((product >= bound[1]) ? 1 : 0) - ((product < bound[0]) ? 1 : 0);
        }
        out[i] = (int8_t)y;
    }
}

/* out[i] = a[i * a_step] * b[i * b_step], steps 0 or 1: see lwc_mul_wide_pair. out may be a or b where their step is 1. */
LWC_MVE_INLINE void lwc_mve_mul_wide(const lwc_mul_wide_params *p, const int8_t *a, int32_t a_step, const int8_t *b, int32_t b_step, int32_t count, int8_t *out)
{
    for (int32_t i = 0; i < count; ++i) {
        out[i] = lwc_mul_wide_pair(p, a[i * a_step], b[i * b_step]);
    }
}

/* out[i] = table[in[i] as a uint8_t]; out may be in. */
LWC_MVE_INLINE void lwc_mve_lookup(const int8_t *in, const int8_t *table, int32_t count, int8_t *out)
{
    for (int32_t i = 0; i < count; ++i) {
        out[i] = table[(uint8_t)in[i]];
    }
}

/*
 * out[i] = the largest of window[0][i] to window[taps - 1][i], at least min and at most max.
 *
 * rows, columns  the taps: row y, column x is at rows[y] + x * step
 */
LWC_MVE_INLINE void lwc_mve_max(const int8_t *const *rows, int32_t offset, int32_t height, int32_t width, int32_t step, int32_t min, int32_t max, int32_t count, int8_t *out)
{
    for (int32_t i = 0; i < count; ++i) {
        int32_t best = min;

        for (int32_t y = 0; y < height; ++y) {
            for (int32_t x = 0; x < width; ++x) {
                const int32_t value = rows[y][offset + (x * step) + i];

                if (value > best) {
                    best = value;
                }
            }
        }
        out[i] = (int8_t)((best > max) ? max : best);
    }
}

/*
 * Means of `channels` neighbouring channels over `count` pixels of `step` bytes.
 *
 * quant  [words] int32: -count * zero point of the input, then the requantization: FLOAT or SHORT
 */
LWC_MVE_INLINE void lwc_mve_mean(const lwc_requant *q, const int8_t *in, int32_t step, int32_t count, int32_t channels, const int32_t *quant, int8_t *out)
{
    for (int32_t c = 0; c < channels; ++c) {
        int32_t sum = lwc_requant_bias(q, quant, 0);

        for (int32_t i = 0; i < count; ++i) {
            sum += in[(i * step) + c];
        }
        out[c] = (int8_t)lwc_requantize(q, quant, 0, sum);
    }
}

/*
 * Adds `count` pixels of `step` bytes to the sums of `channels` neighbouring channels, or, where `first` is not 0, starts them.
 *
 * sums  [channels rounded up to 8] int32, in the order of the core
 */
LWC_MVE_INLINE void lwc_mve_add_pixels(const int8_t *in, int32_t step, int32_t count, int32_t channels, int32_t first, int32_t *sums)
{
    for (int32_t c = 0; c < channels; ++c) {
        int32_t sum = (first != 0) ? 0 : sums[c];

        for (int32_t i = 0; i < count; ++i) {
            sum += in[(i * step) + c];
        }
        sums[c] = sum;
    }
}

/*
 * Means from the sums of lwc_mve_add_pixels.
 *
 * quant  [words] int32: -count * zero point of the input, then the requantization: FLOAT or SHORT
 */
LWC_MVE_INLINE void lwc_mve_end_mean(const lwc_requant *q, const int32_t *sums, int32_t channels, const int32_t *quant, int8_t *out)
{
    for (int32_t c = 0; c < channels; ++c) {
        out[c] = (int8_t)lwc_requantize(q, quant, 0, lwc_requant_bias(q, quant, 0) + sums[c]);
    }
}

#endif
