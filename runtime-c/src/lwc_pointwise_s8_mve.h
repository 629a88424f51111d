/* lwc_pointwise_s8_mve.h - 1x1 convolution with stride 1, and fully connected layers: cores with MVE. */
#ifndef LWC_POINTWISE_S8_MVE_H
#define LWC_POINTWISE_S8_MVE_H

#include "isa/lwc_isa_mve_dot.h"

enum {
    LWC_MVE_SHORT_PIXELS = 65536, /* most that lwc_mve_dot_short takes */
    LWC_MVE_SHORT_RUN = 32        /* pixels of a run below which an odd one at its end is worth the code of lwc_mve_dot_last */
};

typedef struct lwc_pointwise_mve_params {
    int32_t pixels; /* pixels in the run, >= 1 */
    int32_t in_c;   /* input channels */
    int32_t out_c;  /* output channels */
    int32_t out_pitch; /* bytes from one output pixel to the next, >= out_c */
    lwc_requant requant; /* FLOAT or SHORT; the biases already hold -zero point * sum(weights) */
} lwc_pointwise_mve_params;

/*
 * in       [pixels][in_c] int8
 * weights  blocks of four channels, of eight where there is one pixel: see lwc_mve_dot_pairs and lwc_mve_dot_one
 * quant    groups of four channels
 * out      [pixels][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap in
 */
LWC_MVE_INLINE void lwc_pointwise_s8_mve(const lwc_pointwise_mve_params *p, const int8_t *in, const int8_t *weights, const int32_t *quant, int8_t *out)
{
    const int32_t paired = p->pixels & ~1;
    const int32_t is_short = (((p->in_c == 8) || (p->in_c == 16)) && (p->pixels <= LWC_MVE_SHORT_PIXELS)) ? 1 : 0;
    const int32_t is_apart = (((p->out_c % 8) == 0) && (p->pixels < LWC_MVE_SHORT_RUN)) ? 1 : 0;

    if (p->pixels == 1) {
        lwc_mve_dot_one(&p->requant, in, p->in_c, p->out_c, weights, quant, out);
        return;
    }
    if (is_short != 0) {
        lwc_mve_dot_short(&p->requant, in, paired, p->in_c, p->out_c, weights, quant, out, p->out_pitch);
    } else {
        lwc_mve_dot_pairs(&p->requant, in, p->in_c, (is_apart != 0) ? paired : p->pixels, p->in_c, p->out_c, weights, quant, out, p->out_pitch);
    }
    if ((paired < p->pixels) && (is_apart != 0)) {
        lwc_mve_dot_last(&p->requant, in + (paired * p->in_c), p->in_c, p->out_c, weights, quant, out + (paired * p->out_pitch));
    } else if ((paired < p->pixels) && (is_short != 0)) {
        lwc_mve_dot_pairs(&p->requant, in + (paired * p->in_c), p->in_c, 1, p->in_c, p->out_c, weights, quant, out + (paired * p->out_pitch), p->out_pitch);
    } else {
        /* dot_pairs has computed it */
    }
}

#endif
