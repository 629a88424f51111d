/*
 * lwc_conv2d_winograd_s8_dsp.h - two output rows of a 3x3 convolution with stride 1 by Winograd's F(2x2, 3x3), exact in integers:
 * cores with the DSP extension.
 *
 * An output tile of 2x2 takes 16 products per pair of channels in place of 36. Weights are transformed at compile time with twice
 * the usual matrix, U = (2G) g (2G)^T, so that they are integers of at most 1152; what is 4 times the sum of products then comes
 * out of the transforms, and the division is exact. Input tiles V = B^T d B hold at most 512. After Lavin and Gray, "Fast
 * Algorithms for Convolutional Neural Networks", arXiv:1509.09308.
 */
#ifndef LWC_CONV2D_WINOGRAD_S8_DSP_H
#define LWC_CONV2D_WINOGRAD_S8_DSP_H

#include "lwc_requant4_dsp.h"

#include "isa/lwc_isa_winograd.h"

typedef struct lwc_conv2d_winograd_dsp_params {
    int32_t in_w;
    int32_t in_c;  /* a multiple of 8 */
    int32_t out_w; /* >= 7: four tiles */
    int32_t out_c;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= out_c */
    int32_t pad_left;
    int32_t in_zero_point; /* [-128, 127]; the biases already hold -zero point * sum(weights) */
    lwc_requant requant;
} lwc_conv2d_winograd_dsp_params;

/*
 * Transforms two channels of four neighbouring tiles.
 *
 * rows   four input rows, the channels' bytes 0 and 2 (odd: 1 and 3) at each pixel
 * first  leftmost column of the tiles
 * out    [16] positions, `size` words apart, of four tiles
 */
LWC_INLINE void lwc_winograd_input(const lwc_conv2d_winograd_dsp_params *p, const int8_t *const *rows, int32_t c, int32_t odd, int32_t first, int32_t size, uint32_t *out)
{
    const uint32_t zero = 0x01010101u * ((uint32_t)p->in_zero_point & 0xFFu);
    uint32_t t[10][4];

    LWC_UNROLL
    for (int32_t j = 0; j < 10; ++j) {
        const int32_t x = first + j;
        const int32_t inside = ((x >= 0) && (x < p->in_w)) ? 1 : 0;
        uint32_t d[4];

        LWC_UNROLL
        for (int32_t i = 0; i < 4; ++i) {
            const uint32_t word = (inside != 0) ? lwc_load_word(rows[i] + (x * p->in_c) + c) : zero;

            d[i] = (odd != 0) ? lwc_sxtb16_ror8(word) : lwc_sxtb16(word);
        }
        t[j][0] = lwc_ssub16(d[0], d[2]);
        t[j][1] = lwc_sadd16(d[1], d[2]);
        t[j][2] = lwc_ssub16(d[2], d[1]);
        t[j][3] = lwc_ssub16(d[1], d[3]);
        if ((j >= 3) && ((j & 1) != 0)) {
            uint32_t *to = out + ((j - 3) / 2);

            LWC_UNROLL
            for (int32_t i = 0; i < 4; ++i) {
                to[0] = lwc_ssub16(t[j - 3][i], t[j - 1][i]);
                to[size] = lwc_sadd16(t[j - 2][i], t[j - 1][i]);
                to[2 * size] = lwc_ssub16(t[j - 1][i], t[j - 2][i]);
                to[3 * size] = lwc_ssub16(t[j - 2][i], t[j][i]);
                to += 4 * size;
            }
        }
    }
}

/* The four outputs of a tile: 4 times their sums of products, exactly. m is [16] sums, `step` apart. */
LWC_INLINE void lwc_winograd_output(const int32_t *m, int32_t step, int32_t *y)
{
    int32_t top[4];
    int32_t bottom[4];

    LWC_UNROLL
    for (int32_t i = 0; i < 4; ++i) {
        const int32_t m0 = m[i * step];
        const int32_t m1 = m[(4 + i) * step];
        const int32_t m2 = m[(8 + i) * step];
        const int32_t m3 = m[(12 + i) * step];

        top[i] = lwc_wrap_add(lwc_wrap_add(m0, m1), m2);
        bottom[i] = lwc_wrap_sub(lwc_wrap_sub(m1, m2), m3);
    }
    y[0] = lwc_wrap_add(lwc_wrap_add(top[0], top[1]), top[2]);
    y[1] = lwc_wrap_sub(lwc_wrap_sub(top[1], top[2]), top[3]);
    y[2] = lwc_wrap_add(lwc_wrap_add(bottom[0], bottom[1]), bottom[2]);
    y[3] = lwc_wrap_sub(lwc_wrap_sub(bottom[1], bottom[2]), bottom[3]);
}

/*
 * rows     four pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  [out_c / 2 rounded up][16][in_c / 2][2] words, see packWinograd in compiler/ops/conv2d/pack-winograd.ts
 * quant    [out_c / 2 rounded up][2][words] int32, see lwc_requant
 * out      [2][out_w][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 * scratch  [16][in_c / 2][4] words of transformed tiles, then [16][2][4] sums
 */
LWC_INLINE void lwc_conv2d_winograd_s8_dsp(const lwc_conv2d_winograd_dsp_params *p, const int8_t *const *rows, const int32_t *weights, const int32_t *quant, int8_t *out,
                                           void *scratch)
{
    const int32_t tiles = (p->out_w + 1) / 2;
    const int32_t pairs = p->in_c / 2;
    const int32_t words = lwc_requant_words(&p->requant);
    const int32_t row = p->out_w * p->out_pitch;
    uint32_t *v = (uint32_t *)scratch;
    int32_t *sums = (int32_t *)(v + (64 * pairs));

    for (int32_t tile = 0; tile < tiles; tile += 4) {
        /* The last four tiles may overlap those before. */
        const int32_t first = ((tile + 4) > tiles) ? (tiles - 4) : tile;
        const uint32_t *w = (const uint32_t *)weights;
        const int32_t *q = quant;

        for (int32_t c = 0; c < p->in_c; c += 4) {
            lwc_winograd_input(p, rows, c, 0, (2 * first) - p->pad_left, 4 * pairs, v + (2 * c));
            lwc_winograd_input(p, rows, c, 1, (2 * first) - p->pad_left, 4 * pairs, v + (2 * c) + 4);
        }
        for (int32_t o = 0; o < p->out_c; o += 2) {
            lwc_winograd_sums(v, w, pairs, sums);
            for (int32_t i = 0; (i < 2) && ((o + i) < p->out_c); ++i) {
                int8_t *to = out + (2 * first * p->out_pitch) + o + i;

                for (int32_t k = 0; k < 4; ++k) {
                    int32_t y[4];

                    lwc_winograd_output(sums + (4 * i) + k, 8, y);
                    LWC_UNROLL
                    for (int32_t j = 0; j < 4; ++j) {
                        y[j] = lwc_wrap_add(y[j] >> 2, q[0]);
                    }
                    if (((p->out_w & 1) == 0) || (k < 3) || ((first + 4) < tiles)) {
                        lwc_requantize_block(&p->requant, q, 0, 4, y, to, p->out_pitch, row);
                    } else {
                        /* The tile at the right border has one column. */
                        y[1] = y[2];
                        lwc_requantize_block(&p->requant, q, 0, 2, y, to, row, row);
                    }
                    to += 2 * p->out_pitch;
                }
                q += words;
            }
            w += 32 * pairs;
        }
    }
}

#endif
