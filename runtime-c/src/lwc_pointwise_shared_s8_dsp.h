/*
 * lwc_pointwise_shared_s8_dsp.h - lwc_pointwise_s8_dsp4 as one function for all layers of a form of requantization: for layers
 * whose own copy would cost more flash than it saves time. Cores with the DSP extension.
 */
#ifndef LWC_POINTWISE_SHARED_S8_DSP_H
#define LWC_POINTWISE_SHARED_S8_DSP_H

#include "lwc_dot4_s8_dsp.h"

typedef struct lwc_pointwise_shared_dsp_params {
    int32_t pixels;  /* pixels in the run, >= 1 */
    int32_t in_c;    /* input channels */
    int32_t out_c;   /* output channels */
    int32_t carried; /* weights are 256 * b + a in halves */
    lwc_requant requant;
} lwc_pointwise_shared_dsp_params;

/* As lwc_pointwise_s8_dsp4, but form and clamps of q and `carried` are the constants. */
LWC_INLINE void lwc_pointwise_any(const lwc_pointwise_shared_dsp_params *p, const lwc_requant *q, int32_t carried, const int8_t *in, const int32_t *weights, const int32_t *quant,
                                  int8_t *out, uint32_t *x)
{
    const int32_t in_c = p->in_c;
    const int32_t out_c = p->out_c;
    const int32_t pairs = lwc_expanded_pairs(1, in_c);

    for (int32_t left = p->pixels / 4; left > 0; --left) {
        lwc_expand_pixels(in, in_c, 4, x);
        lwc_dot4_s8_dsp(q, 0, x, pairs, out_c, carried, weights, quant, out, out_c);
        in += 4 * in_c;
        out += 4 * out_c;
    }
    for (int32_t left = p->pixels & 3; left > 0; --left) {
        lwc_expand_pixels(in, in_c, 1, x);
        lwc_dot_rest_s8_dsp(q, LWC_DOT_SHORT_RUN, 1, x, pairs, out_c, carried, weights, quant, out, out_c);
        in += in_c;
        out += out_c;
    }
}

LWC_SHARED void lwc_pointwise_float_carried(const lwc_pointwise_shared_dsp_params *p, const int8_t *in, const int32_t *weights, const int32_t *quant, int8_t *out, uint32_t *x)
{
    lwc_requant q = p->requant;

    q.form = LWC_REQUANT_FLOAT;
    q.shift = 1;
    q.zero_point &= ~1;
    q.min = -128;
    q.max = 127;
    q.table = NULL;
    lwc_pointwise_any(p, &q, 1, in, weights, quant, out, x);
}

LWC_SHARED void lwc_pointwise_float_plain(const lwc_pointwise_shared_dsp_params *p, const int8_t *in, const int32_t *weights, const int32_t *quant, int8_t *out, uint32_t *x)
{
    lwc_requant q = p->requant;

    q.form = LWC_REQUANT_FLOAT;
    q.shift = 1;
    q.zero_point &= ~1;
    q.min = -128;
    q.max = 127;
    q.table = NULL;
    lwc_pointwise_any(p, &q, 0, in, weights, quant, out, x);
}

LWC_SHARED void lwc_pointwise_short_carried(const lwc_pointwise_shared_dsp_params *p, const int8_t *in, const int32_t *weights, const int32_t *quant, int8_t *out, uint32_t *x)
{
    lwc_requant q = p->requant;

    q.form = LWC_REQUANT_SHORT;
    q.min = -128;
    q.max = 127;
    q.table = NULL;
    lwc_pointwise_any(p, &q, 1, in, weights, quant, out, x);
}

LWC_SHARED void lwc_pointwise_short_plain(const lwc_pointwise_shared_dsp_params *p, const int8_t *in, const int32_t *weights, const int32_t *quant, int8_t *out, uint32_t *x)
{
    lwc_requant q = p->requant;

    q.form = LWC_REQUANT_SHORT;
    q.min = -128;
    q.max = 127;
    q.table = NULL;
    lwc_pointwise_any(p, &q, 0, in, weights, quant, out, x);
}

/*
 * Arguments as for lwc_pointwise_s8_dsp4. The form is SHORT, or FLOAT with results that fit int16 (shift 1) and an even zero point;
 * the clamps are those of int8. Pixels of the output lie side by side.
 */
LWC_INLINE void lwc_pointwise_shared_s8_dsp(const lwc_pointwise_shared_dsp_params *p, const int8_t *in, const int32_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    uint32_t *x = (uint32_t *)scratch;

    if (p->requant.form == LWC_REQUANT_FLOAT) {
        if (p->carried != 0) {
            lwc_pointwise_float_carried(p, in, weights, quant, out, x);
        } else {
            lwc_pointwise_float_plain(p, in, weights, quant, out, x);
        }
    } else if (p->carried != 0) {
        lwc_pointwise_short_carried(p, in, weights, quant, out, x);
    } else {
        lwc_pointwise_short_plain(p, in, weights, quant, out, x);
    }
}

/* The same for `count` rows of p->pixels that lie side by side; out may be `in`, see lwc_pointwise_rows_s8_dsp4. */
LWC_INLINE void lwc_pointwise_shared_rows_s8_dsp(const lwc_pointwise_shared_dsp_params *p, const int8_t *in, int32_t count, const int32_t *weights, const int32_t *quant, int8_t *out,
                                                 void *scratch)
{
    lwc_pointwise_shared_dsp_params all = *p;

    all.pixels = count * p->pixels;
    lwc_pointwise_shared_s8_dsp(&all, in, weights, quant, out, scratch);
}

#endif
