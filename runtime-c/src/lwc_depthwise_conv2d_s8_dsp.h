/* lwc_depthwise_conv2d_s8_dsp.h - one output row of a depthwise convolution: cores with the DSP extension. */
#ifndef LWC_DEPTHWISE_CONV2D_S8_DSP_H
#define LWC_DEPTHWISE_CONV2D_S8_DSP_H

#include "lwc_depthwise_unzip_dsp.h"
#include "lwc_requant.h"

typedef struct lwc_depthwise_conv2d_dsp_params {
    int32_t in_w;
    int32_t in_c;  /* = channels of the output */
    int32_t out_w;
    int32_t out_c;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= out_c */
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_w;
    int32_t dilation_w;
    int32_t pad_left;
    int32_t in_zero_point; /* [-128, 127]; the biases already hold -zero point * sum(weights) */
    lwc_requant requant;
} lwc_depthwise_conv2d_dsp_params;

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  [in_c / 4 rounded up][kernel_h * kernel_w][4] int8: pairs of taps, then an odd last tap; see packDepthwisePairs
 * quant    [in_c][words] int32, see lwc_requant
 * out      [out_w][in_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 * scratch  kernel_h * kernel_w pixel offsets (int32), then a pixel of zero points [in_c rounded up to 4]
 */
LWC_INLINE void lwc_depthwise_conv2d_s8_dsp(const lwc_depthwise_conv2d_dsp_params *p, const int8_t *const *rows, const int8_t *weights, const int32_t *quant, int8_t *out,
                                               void *scratch)
{
    const int32_t taps = p->kernel_h * p->kernel_w;
    int32_t *column = (int32_t *)scratch;
    int8_t *outside = (int8_t *)scratch + (4 * taps);

    memset(outside, p->in_zero_point, (size_t)p->in_c);
    for (int32_t ox = 0; ox < p->out_w; ++ox) {
        const int32_t first = (ox * p->stride_w) - p->pad_left;

        /* Byte offset of each tap's column in its row; -1 outside. */
        for (int32_t kx = 0; kx < p->kernel_w; ++kx) {
            const int32_t ix = first + (kx * p->dilation_w);

            column[kx] = ((ix >= 0) && (ix < p->in_w)) ? (ix * p->in_c) : -1;
        }
        for (int32_t c = 0; c < p->in_c; c += 4) {
            const int8_t *w = weights + (c * taps);
            const int32_t left = p->in_c - c;
            int32_t acc[4];
            int32_t ky = 0;
            int32_t kx = 0;
            uint32_t held = 0u;

            for (int32_t lane = 0; lane < 4; ++lane) {
                acc[lane] = (lane < left) ? lwc_requant_bias(&p->requant, quant, c + lane) : 0;
            }
            for (int32_t tap = 0; tap < taps; ++tap) {
                const int8_t *pixel = (column[kx] < 0) ? outside : (rows[ky] + column[kx]);
                const uint32_t x = lwc_depthwise_load(pixel + c, left);

                if ((tap & 1) == 0) {
                    held = x;
                } else {
                    const uint32_t w01 = lwc_load_word(w);
                    const uint32_t w23 = lwc_load_word(w + 4);
                    const uint32_t a02 = lwc_sxtb16(held);
                    const uint32_t a13 = lwc_sxtb16_ror8(held);
                    const uint32_t b02 = lwc_sxtb16(x);
                    const uint32_t b13 = lwc_sxtb16_ror8(x);

                    acc[0] = lwc_smlad(lwc_pack_low(a02, b02), lwc_sxtb16(w01), acc[0]);
                    acc[1] = lwc_smlad(lwc_pack_low(a13, b13), lwc_sxtb16_ror8(w01), acc[1]);
                    acc[2] = lwc_smlad(lwc_pack_high(a02, b02), lwc_sxtb16(w23), acc[2]);
                    acc[3] = lwc_smlad(lwc_pack_high(a13, b13), lwc_sxtb16_ror8(w23), acc[3]);
                    w += 8;
                }
                kx += 1;
                if (kx == p->kernel_w) {
                    kx = 0;
                    ky += 1;
                }
            }
            if ((taps & 1) != 0) {
                const uint32_t word = lwc_load_word(w);
                const uint32_t even = lwc_sxtb16(word);
                const uint32_t odd = lwc_sxtb16_ror8(word);
                const uint32_t x02 = lwc_sxtb16(held);
                const uint32_t x13 = lwc_sxtb16_ror8(held);

                acc[0] = lwc_smlabb(x02, even, acc[0]);
                acc[1] = lwc_smlabb(x13, odd, acc[1]);
                acc[2] = lwc_smlatt(x02, even, acc[2]);
                acc[3] = lwc_smlatt(x13, odd, acc[3]);
            }
            for (int32_t lane = 0; (lane < 4) && (lane < left); ++lane) {
                out[c + lane] = (int8_t)lwc_requantize(&p->requant, quant, c + lane, acc[lane]);
            }
        }
        out += p->out_pitch;
    }
}

#endif
