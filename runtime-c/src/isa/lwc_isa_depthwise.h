/*
 * lwc_isa_depthwise.h - rows of a depthwise 3x3 convolution over int16 planes, in assembly on cores with the DSP extension and
 * an FPU: it needs every register, and the FPU's for what changes from channel to channel.
 */
#ifndef LWC_ISA_DEPTHWISE_H
#define LWC_ISA_DEPTHWISE_H

#include "../lwc_requant.h"

/* Words of a plane row: two columns each, from the first column of the first window to the last of the last pair of windows. */
LWC_INLINE int32_t lwc_depthwise_row_words(int32_t out_w, int32_t stride_w, int32_t kernel_w)
{
    return ((stride_w == 2) ? out_w : ((out_w + 1) / 2)) + ((kernel_w - 1) / 2);
}

/* Whether lwc_depthwise3_rows can requantize in this form and reach three rows of `words` words, the next row and steps of `step` bytes. */
LWC_INLINE int32_t lwc_depthwise3_can(const lwc_requant *q, int32_t words, int32_t next, int32_t step)
{
    const int32_t full = ((q->max == 127) && ((q->min == -128) || (lwc_requant_is_relu(q) != 0))) ? 1 : 0;
    const int32_t narrow = ((q->form == LWC_REQUANT_FLOAT) && (q->shift != 0)) ? 1 : 0;
    const int32_t brief = ((q->form == LWC_REQUANT_SHORT) && (q->shift > 0) && (full != 0)) ? 1 : 0;

    return (((narrow != 0) || (brief != 0)) && (words <= 120) && (next < 256) && (step < 4096)) ? 1 : 0;
}

#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1) && defined(__ARM_FP) && ((__ARM_FP & 4) != 0) && (LWC_EVERY_REGISTER == 1) &&              \
    !defined(__OPTIMIZE_SIZE__)
#include "dsp/lwc_isa_depthwise.h"
#else
#include "portable/lwc_isa_depthwise.h"
#endif

#endif
