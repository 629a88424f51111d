/*
 * Element-wise operators and pools on MVE. The twins in ../portable/lwc_isa_mve_elementwise.h state what each loop computes.
 *
 * Eight values at a time in int16 lanes, of which the even and the odd ones widen to int32 and narrow back into their places.
 */
#ifndef LWC_ISA_MVE_ELEMENTWISE_H
#define LWC_ISA_MVE_ELEMENTWISE_H

#include <arm_mve.h>
#include <stdint.h>
#include <string.h>

#include "../../lwc_requant.h"
#include "../../lwc_add_s8.h"
#include "../../lwc_mul_s8.h"
#include "../../lwc_mul_wide_s8.h"
#include "lwc_isa_mve.h"

/* Saturates even and odd lanes to int8, within [min, max]; the low bytes of the lanes are the results. */
LWC_MVE_INLINE int16x8_t lwc_mve_narrow(int32x4_t even, int32x4_t odd, int32_t min, int32_t max)
{
    int16x8_t y = vqmovntq_s32(vqmovnbq_s32(vdupq_n_s16(0), even), odd);

    if ((min > -128) || (max < 127)) {
        return vminq_s16(vmaxq_s16(y, vdupq_n_s16((int16_t)min)), vdupq_n_s16((int16_t)max));
    }
    return vreinterpretq_s16_s8(vqmovnbq_s16(vdupq_n_s8(0), y));
}

/* Loads up to eight values; `step` 0 repeats one. */
LWC_MVE_INLINE int16x8_t lwc_mve_load_eight(const int8_t *from, int32_t step, mve_pred16_t active)
{
    return (step == 0) ? vdupq_n_s16(*from) : vldrbq_z_s16(from, active);
}

/*
 * Eight results at a time, and the rest: RESULT, in terms of x and y, for `count` values of a and b, which lie a_step and b_step (0 or
 * 1) apart, to out.
 */
#define LWC_MVE_PAIRS(RESULT)                                                                                                  \
    do {                                                                                                                       \
        int32_t i = 0;                                                                                                         \
                                                                                                                               \
        for (; (i + 8) <= count; i += 8) {                                                                                     \
            const int16x8_t x = (a_step == 0) ? vdupq_n_s16(*a) : vldrbq_s16(a + i);                                           \
            const int16x8_t y = (b_step == 0) ? vdupq_n_s16(*b) : vldrbq_s16(b + i);                                           \
                                                                                                                               \
            vstrbq_s16(out + i, RESULT);                                                                                       \
        }                                                                                                                      \
        if (i < count) {                                                                                                       \
            const mve_pred16_t active = vctp16q((uint32_t)(count - i));                                                        \
            const int16x8_t x = lwc_mve_load_eight(a + (i * a_step), a_step, active);                                          \
            const int16x8_t y = lwc_mve_load_eight(b + (i * b_step), b_step, active);                                          \
                                                                                                                               \
            vstrbq_p_s16(out + i, RESULT, active);                                                                             \
        }                                                                                                                      \
    } while (0)

/* Four sums before the clamp. */
LWC_MVE_INLINE int32x4_t lwc_mve_add_four(const lwc_add_params *p, int32x4_t a, int32x4_t b)
{
    int32x4_t t = vmlaq_n_s32(vmlasq_n_s32(a, vdupq_n_s32(p->mult_a), p->offset), b, p->mult_b);
    const int32_t half = (int32_t)(UINT32_C(1) << (p->shift - 1));

    if (p->rounding == LWC_ADD_FLOOR) {
        return vshlq_r_s32(t, -p->shift);
    }
    if (p->rounding == LWC_ADD_EVEN) {
        const int32x4_t odd = vandq_s32(vshlq_r_s32(t, -p->shift), vdupq_n_s32(1));

        return vshlq_r_s32(vaddq_s32(vaddq_n_s32(t, half - 1), odd), -p->shift);
    }
    t = vaddq_s32(t, vshlq_r_s32(t, -31));
    return vaddq_n_s32(vshlq_r_s32(vaddq_n_s32(t, half), -p->shift), p->zero_point);
}

LWC_MVE_INLINE int16x8_t lwc_mve_add_eight(const lwc_add_params *p, int16x8_t a, int16x8_t b, const int32_t *exceptions)
{
    const int32x4_t even = lwc_mve_add_four(p, vmovlbq_s16(a), vmovlbq_s16(b));
    const int32x4_t odd = lwc_mve_add_four(p, vmovltq_s16(a), vmovltq_s16(b));
    int16x8_t y = lwc_mve_narrow(even, odd, p->min, p->max);

    if (p->exceptions > 0) {
        /* (a + 128) * 256 + (b + 128) modulo 2^16 */
        const int16x8_t pair = vaddq_n_s16(vaddq_s16(vshlq_n_s16(a, 8), b), (int16_t)(128 * 257 - 65536));

        for (int32_t i = 0; i < p->exceptions; ++i) {
            const mve_pred16_t same = vcmpeqq_n_s16(pair, (int16_t)(uint16_t)exceptions[2 * i]);

            y = vdupq_m_n_s16(y, (int16_t)exceptions[(2 * i) + 1], same);
        }
    }
    return y;
}

LWC_MVE_INLINE void lwc_mve_add(const lwc_add_params *p, const int8_t *a, int32_t a_step, const int8_t *b, int32_t b_step, int32_t count, const int32_t *exceptions, int8_t *out)
{
    LWC_MVE_PAIRS(lwc_mve_add_eight(p, x, y, exceptions));
}

/* Four products, requantized and clamped. */
LWC_MVE_INLINE int32x4_t lwc_mve_mul_four(const lwc_mul_params *p, int32x4_t product, const int32_t *bounds)
{
    int32x4_t y = vshlq_r_s32(vaddq_n_s32(vmulq_n_s32(product, p->mult), p->offset), -p->shift);

    if (p->refine != 0) {
        uint32x4_t index;
        mve_pred16_t below;
        mve_pred16_t above;

        y = vminq_s32(vmaxq_s32(y, vdupq_n_s32(p->min)), vdupq_n_s32(p->max));
        index = vreinterpretq_u32_s32(vsubq_n_s32(y, p->min));
        below = vcmpltq_s32(product, vldrwq_gather_shifted_offset_s32(bounds, index));
        above = vcmpgeq_s32(product, vldrwq_gather_shifted_offset_s32(bounds + 1, index));
        y = vsubq_m_n_s32(y, y, 1, below);
        y = vaddq_m_n_s32(y, y, 1, above);
    }
    return y;
}

LWC_MVE_INLINE int16x8_t lwc_mve_mul_eight(const lwc_mul_params *p, int16x8_t a, int16x8_t b, const int32_t *bounds)
{
    const int16x8_t x = vsubq_n_s16(a, (int16_t)p->zero_a);
    const int16x8_t y = vsubq_n_s16(b, (int16_t)p->zero_b);
    const int32x4_t even = lwc_mve_mul_four(p, vmullbq_int_s16(x, y), bounds);
    const int32x4_t odd = lwc_mve_mul_four(p, vmulltq_int_s16(x, y), bounds);

    return lwc_mve_narrow(even, odd, p->min, p->max);
}

LWC_MVE_INLINE void lwc_mve_mul(const lwc_mul_params *p, const int8_t *a, int32_t a_step, const int8_t *b, int32_t b_step, int32_t count, const int32_t *bounds, int8_t *out)
{
    LWC_MVE_PAIRS(lwc_mve_mul_eight(p, x, y, bounds));
}

/* Four products, requantized by the high word of a further one. */
LWC_MVE_INLINE int32x4_t lwc_mve_mul_wide_four(const lwc_mul_wide_params *p, int32x4_t product)
{
    const int32x4_t spread = (p->spread == 0) ? product : vshlq_r_s32(product, p->spread);

    return vshlq_r_s32(vaddq_n_s32(vmulhq_s32(spread, vdupq_n_s32(p->mult)), p->add), -p->shift);
}

LWC_MVE_INLINE int16x8_t lwc_mve_mul_wide_eight(const lwc_mul_wide_params *p, int16x8_t a, int16x8_t b)
{
    const int16x8_t x = (p->zero_a == 0) ? a : vsubq_n_s16(a, (int16_t)p->zero_a);
    const int16x8_t y = (p->zero_b == 0) ? b : vsubq_n_s16(b, (int16_t)p->zero_b);
    const int32x4_t even = lwc_mve_mul_wide_four(p, vmullbq_int_s16(x, y));
    const int32x4_t odd = lwc_mve_mul_wide_four(p, vmulltq_int_s16(x, y));

    return lwc_mve_narrow(even, odd, p->min, p->max);
}

LWC_MVE_INLINE void lwc_mve_mul_wide(const lwc_mul_wide_params *p, const int8_t *a, int32_t a_step, const int8_t *b, int32_t b_step, int32_t count, int8_t *out)
{
    LWC_MVE_PAIRS(lwc_mve_mul_wide_eight(p, x, y));
}

/* The loop counts values down and predicates the last turn by itself. */
LWC_MVE_INLINE void lwc_mve_lookup(const int8_t *in, const int8_t *table, int32_t count, int8_t *out)
{
    register int32_t left __asm("lr") = count;

    __asm volatile("dlstp.8 lr, lr\n"
                   "1:\n\t"
                   "vldrb.8 q0, [%[in]], #16\n\t"
                   "vldrb.u8 q1, [%[table], q0]\n\t"
                   "vstrb.8 q1, [%[out]], #16\n\t"
                   "letp lr, 1b"
                   : [in] "+&r"(in), [out] "+&r"(out), "+&r"(left)
                   : [table] "r"(table)
                   : "q0", "q1", "memory");
}

LWC_MVE_INLINE void lwc_mve_max(const int8_t *const *rows, int32_t offset, int32_t height, int32_t width, int32_t step, int32_t min, int32_t max, int32_t count, int8_t *out)
{
    for (int32_t i = 0; i < count; i += 16) {
        const mve_pred16_t active = vctp8q((uint32_t)(count - i));
        int8x16_t best = vdupq_n_s8((int8_t)min);

        for (int32_t y = 0; y < height; ++y) {
            const int8_t *from = rows[y] + offset + i;

            for (int32_t x = 0; x < width; ++x) {
                best = vmaxq_s8(best, ((count % 16) == 0) ? vldrbq_s8(from + (x * step)) : vldrbq_z_s8(from + (x * step), active));
            }
        }
        if (max < 127) {
            best = vminq_s8(best, vdupq_n_s8((int8_t)max));
        }
        vstrbq_p_s8(out + i, best, active);
    }
}

LWC_MVE_INLINE int32x4_t lwc_mve_requantize_four(const lwc_requant *q, int32x4_t sum, const int32_t *quant)
{
    sum = vaddq_n_s32(sum, quant[0]);
    if (q->form == LWC_REQUANT_SHORT) {
        return vshlq_r_s32(vaddq_n_s32(vmulhq_s32(sum, vdupq_n_s32(quant[1])), quant[2]), -q->shift);
    } else {
        float scale;

        memcpy(&scale, &quant[1], sizeof scale);
        return vqaddq_n_s32(vcvtnq_s32_f32(vmulq_n_f32(vcvtq_f32_s32(sum), scale)), q->zero_point);
    }
}

/* Sums fit int16 for this many values. */
enum { LWC_MVE_MEAN_RUN = 255 };

/* Sums of 8 channels over `count` pixels, those of even and of odd channels apart. Unless `whole` is 0 all 8 are there, else those that are active. */
LWC_MVE_INLINE void lwc_mve_sum_pixels(const int8_t *from, int32_t step, int32_t count, int32_t whole, mve_pred16_t active, int32x4_t *even, int32x4_t *odd)
{
    for (int32_t i = 0; i < count; i += LWC_MVE_MEAN_RUN) {
        int32_t run = ((count - i) < LWC_MVE_MEAN_RUN) ? (count - i) : LWC_MVE_MEAN_RUN;
        int16x8_t sum = vdupq_n_s16(0);

        for (; run > 0; --run) {
            sum = vaddq_s16(sum, (whole != 0) ? vldrbq_s16(from) : vldrbq_z_s16(from, active));
            from += step;
        }
        *even = vaddq_s32(*even, vmovlbq_s16(sum));
        *odd = vaddq_s32(*odd, vmovltq_s16(sum));
    }
}

LWC_MVE_INLINE void lwc_mve_mean(const lwc_requant *q, const int8_t *in, int32_t step, int32_t count, int32_t channels, const int32_t *quant, int8_t *out)
{
    for (int32_t c = 0; c < channels; c += 8) {
        const mve_pred16_t active = vctp16q((uint32_t)(channels - c));
        int32x4_t even = vdupq_n_s32(0);
        int32x4_t odd = vdupq_n_s32(0);

        lwc_mve_sum_pixels(in + c, step, count, ((channels % 8) == 0) ? 1 : 0, active, &even, &odd);
        even = lwc_mve_requantize_four(q, even, quant);
        odd = lwc_mve_requantize_four(q, odd, quant);
        vstrbq_p_s16(out + c, lwc_mve_narrow(even, odd, q->min, q->max), active);
    }
}

/* sums  [channels rounded up to 8] int32: of each 8 channels the even ones, then the odd ones */
LWC_MVE_INLINE void lwc_mve_add_pixels(const int8_t *in, int32_t step, int32_t count, int32_t channels, int32_t first, int32_t *sums)
{
    for (int32_t c = 0; c < channels; c += 8) {
        const mve_pred16_t active = vctp16q((uint32_t)(channels - c));
        int32x4_t even = (first != 0) ? vdupq_n_s32(0) : vldrwq_s32(sums + c);
        int32x4_t odd = (first != 0) ? vdupq_n_s32(0) : vldrwq_s32(sums + c + 4);

        lwc_mve_sum_pixels(in + c, step, count, ((channels % 8) == 0) ? 1 : 0, active, &even, &odd);
        vstrwq_s32(sums + c, even);
        vstrwq_s32(sums + c + 4, odd);
    }
}

LWC_MVE_INLINE void lwc_mve_end_mean(const lwc_requant *q, const int32_t *sums, int32_t channels, const int32_t *quant, int8_t *out)
{
    for (int32_t c = 0; c < channels; c += 8) {
        const mve_pred16_t active = vctp16q((uint32_t)(channels - c));
        const int32x4_t even = lwc_mve_requantize_four(q, vldrwq_s32(sums + c), quant);
        const int32x4_t odd = lwc_mve_requantize_four(q, vldrwq_s32(sums + c + 4), quant);

        vstrbq_p_s16(out + c, lwc_mve_narrow(even, odd, q->min, q->max), active);
    }
}

#endif
