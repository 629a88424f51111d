/* lwc_requant4_dsp.h - requantization of four outputs of one channel at a time: cores with the DSP extension. */
#ifndef LWC_REQUANT4_DSP_H
#define LWC_REQUANT4_DSP_H

#include "lwc_requant.h"

/* lwc_requantize_words for a sum that, if `scaled`, is 256 times the accumulator. */
LWC_INLINE int32_t lwc_requantize_sum(const lwc_requant *q, const int32_t *words, int32_t scaled, int32_t sum)
{
    lwc_requant form = *q;

    if (scaled != 0) {
        if (form.form == LWC_REQUANT_SHORT) {
            form.shift += 8;
        } else if (form.form != LWC_REQUANT_FLOAT) {
            sum >>= 8;
        } else {
            /* The scale holds the factor 1/256. */
        }
    }
    return lwc_requantize_words(&form, words, sum);
}

/* True for FLOAT where results fit int16 before the clamp. */
LWC_INLINE int32_t lwc_requant_is_narrow(const lwc_requant *q)
{
    return ((q->form == LWC_REQUANT_FLOAT) && (q->shift != 0)) ? 1 : 0;
}

/* The float32 scale among the words of a channel. */
LWC_INLINE float lwc_narrow_scale(const int32_t *words)
{
    float scale;

    memcpy(&scale, &words[1], sizeof scale);
    return scale;
}

/* What comes in front of the scale. */
LWC_INLINE int32_t lwc_narrow_start(const lwc_requant *q, int32_t sum)
{
    return (lwc_requant_is_relu(q) != 0) ? lwc_relu(sum) : sum;
}

/* What comes behind it, and what is stored: x are the bits that lwc_scale_f32 leaves, with lwc_narrow_offset. */
LWC_INLINE int32_t lwc_narrow_end(const lwc_requant *q, int32_t x)
{
    const uint32_t y = (uint32_t)(x + lwc_narrow_odd(q));

    return (q->table != NULL) ? lwc_table_low_u8(q->table, y) : ((int32_t)lwc_saturate_low_s8(y) - lwc_narrow_lift(q));
}

/* Requantizes n (1 to 4) sums of one channel in float32, where results fit int16 before the clamp. */
LWC_INLINE void lwc_requantize_narrow(const lwc_requant *q, const int32_t *words, int32_t n, int32_t *s)
{
    const float offset = lwc_narrow_offset(q);
    const float scale = lwc_narrow_scale(words);

    LWC_UNROLL
    for (int32_t i = 0; i < n; ++i) {
        s[i] = lwc_narrow_start(q, s[i]);
    }
    LWC_UNROLL
    for (int32_t i = 0; (i + 2) <= n; i += 2) {
        lwc_scale2_f32(&s[i], &s[i + 1], scale, scale, offset);
    }
    if ((n & 1) != 0) {
        lwc_scale_f32(&s[n - 1], scale, offset);
    }
    LWC_UNROLL
    for (int32_t i = 0; i < n; ++i) {
        s[i] = lwc_narrow_end(q, s[i]);
    }
}

/* Requantizes one sum of each of two neighbouring channels to bytes at out; the second may be scaled, see lwc_requantize_sum. */
LWC_INLINE void lwc_requantize_both(const lwc_requant *q, const int32_t *words, int32_t scaled, int32_t even, int32_t odd, int8_t *out)
{
    const int32_t *const next = words + lwc_requant_words(q);

    if (lwc_requant_is_narrow(q) != 0) {
        even = lwc_narrow_start(q, even);
        odd = lwc_narrow_start(q, odd);
        lwc_scale2_f32(&even, &odd, lwc_narrow_scale(words), lwc_narrow_scale(next), lwc_narrow_offset(q));
        even = lwc_narrow_end(q, even);
        odd = lwc_narrow_end(q, odd);
    } else {
        even = lwc_requantize_sum(q, words, 0, even);
        odd = lwc_requantize_sum(q, next, scaled, odd);
    }
    out[0] = (int8_t)even;
    out[1] = (int8_t)odd;
}

/*
 * Requantizes n (1 to 4) sums of one channel to bytes at out, out + step, out + far, out + far + step. s is [4]: what is behind n
 * is any number.
 */
LWC_INLINE void lwc_requantize_block(const lwc_requant *q, const int32_t *words, int32_t scaled, int32_t n, int32_t *s, int8_t *out, int32_t step, int32_t far)
{
    if (lwc_requant_is_narrow(q) != 0) {
        lwc_requantize_narrow(q, words, n, s);
    } else {
        LWC_UNROLL
        for (int32_t i = 0; i < n; ++i) {
            s[i] = lwc_requantize_sum(q, words, scaled, s[i]);
        }
    }
    out[0] = (int8_t)s[0];
    if (n > 1) {
        out[step] = (int8_t)s[1];
    }
    if (n > 2) {
        out[far] = (int8_t)s[2];
    }
    if (n > 3) {
        out[far + step] = (int8_t)s[3];
    }
}

/* Requantizes four sums of one channel to bytes that lie `step` apart. */
LWC_INLINE void lwc_requantize4(const lwc_requant *q, const int32_t *words, int32_t scaled, int32_t s0, int32_t s1, int32_t s2, int32_t s3, int8_t *out, int32_t step)
{
    int32_t s[4] = {s0, s1, s2, s3};

    lwc_requantize_block(q, words, scaled, 4, s, out, step, 2 * step);
}

#endif
