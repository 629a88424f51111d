/*
 * lwc_depthwise_planes_s8_dsp.h - output rows of a depthwise convolution with windows of 3, 5 or 7 columns: cores with the DSP
 * extension.
 *
 * Four channels at a time, the input rows are unzipped into a plane per channel whose words hold two neighbouring columns as
 * int16; the words of the four planes alternate. A word is then a dual multiply-accumulate for each window that it lies in. Output
 * rows are made in turns: those of one turn share the planes of the input rows that their windows have in common, and the next turn
 * takes over the planes of rows that it needs too. A call may write its output rows over the input rows that no call before it had:
 * what a turn overwrites was unzipped before. Calls that make one block of rows after the other keep a copy of what the next one
 * needs too.
 */
#ifndef LWC_DEPTHWISE_PLANES_S8_DSP_H
#define LWC_DEPTHWISE_PLANES_S8_DSP_H

#include "lwc_depthwise_unzip_dsp.h"
#include "lwc_requant4_dsp.h"

#include "isa/lwc_isa_depthwise.h"

typedef struct lwc_depthwise_planes_dsp_params {
    int32_t in_w;
    int32_t in_c;  /* = channels of the output */
    int32_t out_w;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= in_c */
    int32_t turn;     /* output rows of a turn, >= 1 */
    int32_t kernel_h; /* 1 .. 7 */
    int32_t kernel_w; /* 3, 5 or 7 */
    int32_t stride_h;
    int32_t stride_w; /* 1 or 2 */
    int32_t pad_left;
    int32_t in_zero_point; /* [-128, 127]; the biases already hold -zero point * sum(weights) */
    lwc_requant requant;
} lwc_depthwise_planes_dsp_params;

/* `count` words of zero points in each plane; returns what is behind them. */
LWC_INLINE uint32_t *lwc_depthwise_fill(uint32_t *out, int32_t count, uint32_t zero)
{
    const uint32_t zeros = lwc_sxtb16(zero);

    for (int32_t i = 0; i < count; ++i) {
        out[0] = zeros;
        out[1] = zeros;
        out[2] = zeros;
        out[3] = zeros;
        out += 4;
    }
    return out;
}

/* Words of a plane row. */
LWC_INLINE int32_t lwc_depthwise_planes_words(const lwc_depthwise_planes_dsp_params *p)
{
    return lwc_depthwise_row_words(p->out_w, p->stride_w, p->kernel_w);
}

/* Input rows of so many output rows. */
LWC_INLINE int32_t lwc_depthwise_planes_rows(const lwc_depthwise_planes_dsp_params *p, int32_t rows)
{
    return ((rows - 1) * p->stride_h) + p->kernel_h;
}

/* Moves planes of `words` words, four at a time, to the front; from is behind to. */
LWC_INLINE void lwc_depthwise_carry(uint32_t *to, const uint32_t *from, int32_t words)
{
    for (int32_t i = 0; i < words; ++i) {
        const uint32_t a = from[0];
        const uint32_t b = from[1];
        const uint32_t c = from[2];
        const uint32_t d = from[3];

        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
        to += 4;
        from += 4;
    }
}

/* What all input rows of a call have in common, in the order of a plane row: words of zero points, then those of pixels. */
typedef struct lwc_depthwise_planes_shape {
    int32_t in_c;
    int32_t in_w;
    int32_t before; /* words of zero points */
    int32_t odd;    /* 1: a zero point beside the first column */
    int32_t inside; /* words of two columns */
    int32_t half;   /* 1: the last column beside a zero point */
    int32_t words;  /* of a plane row; the rest are zero points */
    uint32_t zero;  /* four zero points */
} lwc_depthwise_planes_shape;

LWC_INLINE lwc_depthwise_planes_shape lwc_depthwise_planes_shape_of(const lwc_depthwise_planes_dsp_params *p)
{
    const int32_t words = lwc_depthwise_planes_words(p);
    const int32_t before = p->pad_left / 2;
    const int32_t odd = p->pad_left & 1;
    const int32_t columns = p->in_w - odd;
    const int32_t room = words - before - odd;
    const int32_t inside = ((columns / 2) < room) ? (columns / 2) : room;
    const int32_t half = (((columns & 1) != 0) && (inside < room)) ? 1 : 0;

    return (lwc_depthwise_planes_shape){p->in_c, p->in_w, before, odd, inside, half, words, 0x01010101u * ((uint32_t)p->in_zero_point & 0xFFu)};
}

/* The words of plane rows that hold zero points alone: they are the same for all channels. */
LWC_INLINE void lwc_depthwise_fill_planes(const lwc_depthwise_planes_shape *s, int32_t in_rows, uint32_t *planes)
{
    const int32_t pixels = s->odd + s->inside + s->half;
    const int32_t after = s->words - s->before - pixels;

    if ((s->before + after) == 0) {
        return;
    }
    for (int32_t y = 0; y < in_rows; ++y) {
        planes = lwc_depthwise_fill(planes, s->before, s->zero);
        planes = lwc_depthwise_fill(planes + (4 * pixels), after, s->zero);
    }
}

/*
 * Unzips four channels, from `first` on, of some input rows into the words of their planes that hold pixels. One function for all
 * layers.
 *
 * rows    in_rows pointers to [in_w][in_c] int8
 * planes  [in_rows][words][4] words
 */
LWC_SHARED void lwc_depthwise_unzip_planes(const lwc_depthwise_planes_shape *s, const int8_t *const *rows, int32_t in_rows, int32_t first, uint32_t *planes)
{
    const int32_t in_c = s->in_c;
    const int32_t inside = s->inside;
    const uint32_t zero = s->zero;

    planes += 4 * s->before;
    for (int32_t y = 0; y < in_rows; ++y) {
        const int8_t *from = rows[y] + first;
        uint32_t *to = planes;

        if (s->odd != 0) {
            lwc_depthwise_unzip(zero, lwc_depthwise_load(from, in_c), to);
            from += in_c;
            to += 4;
        }
        if (in_c >= 4) {
            lwc_unzip_pixels(from, from + in_c, 2 * in_c, inside, to);
        } else {
            for (int32_t i = 0; i < inside; ++i) {
                lwc_depthwise_unzip(lwc_depthwise_load(from + (2 * i * in_c), in_c), lwc_depthwise_load(from + (((2 * i) + 1) * in_c), in_c), to + (4 * i));
            }
        }
        if (s->half != 0) {
            lwc_depthwise_unzip(lwc_depthwise_load(from + (2 * inside * in_c), in_c), zero, to + (4 * inside));
        }
        planes += 4 * s->words;
    }
}

/* Copies four channels, from `first` on, of some input rows: a row of copies is as long as an input row. */
LWC_INLINE void lwc_depthwise_keep(const lwc_depthwise_planes_dsp_params *p, const int8_t *const *rows, int32_t count, int32_t first, int8_t *kept)
{
    for (int32_t y = 0; y < count; ++y) {
        const int8_t *const from = rows[y] + first;
        int8_t *const to = kept + (y * p->in_w * p->in_c) + first;

        LWC_UNROLL4
        for (int32_t x = 0; x < p->in_w; ++x) {
            lwc_store_word(to + (x * p->in_c), lwc_load_word(from + (x * p->in_c)));
        }
    }
}

/*
 * n (1, 2 or 4) outputs of one channel, the first of which starts at an even column.
 *
 * x      the word of that column in the first plane row; `words` words to a row, four apart
 * w      [kernel_h][kernel_w - 1] words: per window row, the pairs (0,1) (1,2) (2,3) ... of its taps
 * sums   [4], set
 */
LWC_INLINE void lwc_depthwise_pairs(const lwc_depthwise_planes_dsp_params *p, int32_t n, const uint32_t *x, int32_t words, const uint32_t *w, int32_t bias, int32_t *sums)
{
    const int32_t last = p->kernel_w - 1;
    int32_t s0 = bias;
    int32_t s1 = bias;
    int32_t s2 = bias;
    int32_t s3 = bias;

    for (int32_t ky = 0; ky < p->kernel_h; ++ky) {
        if (p->stride_w == 2) {
            LWC_UNROLL
            for (int32_t k = 0; k < (last / 2); ++k) {
                const uint32_t taps = w[2 * k];

                s0 = lwc_smlad(x[4 * k], taps, s0);
                if (n > 1) {
                    s1 = lwc_smlad(x[4 * (k + 1)], taps, s1);
                }
                if (n > 2) {
                    s2 = lwc_smlad(x[4 * (k + 2)], taps, s2);
                    s3 = lwc_smlad(x[4 * (k + 3)], taps, s3);
                }
            }
            {
                const uint32_t tap = w[last - 1];

                s0 = lwc_smlabt(x[4 * (last / 2)], tap, s0);
                if (n > 1) {
                    s1 = lwc_smlabt(x[4 * ((last / 2) + 1)], tap, s1);
                }
                if (n > 2) {
                    s2 = lwc_smlabt(x[4 * ((last / 2) + 2)], tap, s2);
                    s3 = lwc_smlabt(x[4 * ((last / 2) + 3)], tap, s3);
                }
            }
        } else {
            /* Windows at even columns: (0,1) (2,3) .. and the last tap; at odd ones: tap 0, then (1,2) (3,4) .. */
            s1 = (n > 1) ? lwc_smlabt(w[0], x[0], s1) : s1;
            s3 = (n > 2) ? lwc_smlabt(w[0], x[4], s3) : s3;
            LWC_UNROLL
            for (int32_t k = 0; k < (last / 2); ++k) {
                s0 = lwc_smlad(x[4 * k], w[2 * k], s0);
                s1 = (n > 1) ? lwc_smlad(x[4 * (k + 1)], w[(2 * k) + 1], s1) : s1;
                s2 = (n > 2) ? lwc_smlad(x[4 * (k + 1)], w[2 * k], s2) : s2;
                s3 = (n > 2) ? lwc_smlad(x[4 * (k + 2)], w[(2 * k) + 1], s3) : s3;
            }
            s0 = lwc_smlabt(x[4 * (last / 2)], w[last - 1], s0);
            s2 = (n > 2) ? lwc_smlabt(x[4 * ((last / 2) + 1)], w[last - 1], s2) : s2;
        }
        x += 4 * words;
        w += last;
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* One output row of one channel: [out_w] bytes, out_pitch apart. */
LWC_INLINE void lwc_depthwise_planes_row(const lwc_depthwise_planes_dsp_params *p, const uint32_t *x, int32_t words, const uint32_t *w, const int32_t *quant, int8_t *out)
{
    const int32_t advance = 4 * p->stride_w; /* two outputs */
    int32_t sums[4];
    int32_t ox = 0;

    for (; (ox + 4) <= p->out_w; ox += 4) {
        lwc_depthwise_pairs(p, 4, x, words, w, quant[0], sums);
        lwc_requantize4(&p->requant, quant, 0, sums[0], sums[1], sums[2], sums[3], out, p->out_pitch);
        out += 4 * p->out_pitch;
        x += 2 * advance;
    }
    if ((p->out_w & 2) != 0) {
        lwc_depthwise_pairs(p, 2, x, words, w, quant[0], sums);
        out[0] = (int8_t)lwc_requantize_words(&p->requant, quant, sums[0]);
        out[p->out_pitch] = (int8_t)lwc_requantize_words(&p->requant, quant, sums[1]);
        out += 2 * p->out_pitch;
        x += advance;
    }
    if ((p->out_w & 1) != 0) {
        lwc_depthwise_pairs(p, 1, x, words, w, quant[0], sums);
        out[0] = (int8_t)lwc_requantize_words(&p->requant, quant, sums[0]);
    }
}

/*
 * rows     (count - 1) * stride_h + kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * count    output rows, >= 1
 * weights  [in_c][kernel_h] rows of 3 bytes, or of (kernel_w - 1) / 2 words of bytes: see packDepthwiseColumns in
 *          compiler/ops/conv2d/pack-depthwise.ts
 * quant    [in_c][words] int32, see lwc_requant
 * out      [count][out_w][in_c] int8, out_pitch bytes from pixel to pixel; must not overlap the rows, or start with the first of
 *          them that is neither padding nor in `kept`, where all that follow lie side by side, of the same shape
 * kept     NULL, or [kernel_h - stride_h][in_w][in_c] int8: takes the last of the rows, some of which it may hold; then in_c is a
 *          multiple of 4
 * scratch  [input rows of a turn][words][4] words, then [kernel_h][kernel_w - 1] words of weights
 */
LWC_INLINE void lwc_depthwise_planes_keep_s8_dsp(const lwc_depthwise_planes_dsp_params *p, const int8_t *const *rows, int32_t count, const int8_t *weights, const int32_t *quant,
                                                 int8_t *out, int8_t *kept, void *scratch)
{
    const int32_t words = lwc_depthwise_planes_words(p);
    const int32_t plane = lwc_depthwise_planes_rows(p, p->turn) * words;
    const int32_t taps = p->kernel_h * (p->kernel_w / 2);
    const int32_t next = p->stride_h * words;
    const int32_t shared = (p->kernel_h > p->stride_h) ? (p->kernel_h - p->stride_h) : 0; /* input rows of two turns */
    const int32_t is_fast =
        ((p->kernel_h == 3) && (p->kernel_w == 3) && (lwc_depthwise3_can(&p->requant, words, next, p->out_pitch) != 0)) ? 1 : 0;
    const lwc_depthwise_planes_shape shape = lwc_depthwise_planes_shape_of(p);
    uint32_t *planes = (uint32_t *)scratch;
    uint32_t small[6];
    uint32_t *w = (taps == 3) ? small : (planes + (4 * plane));
    int32_t done = 0;

    lwc_depthwise_fill_planes(&shape, lwc_depthwise_planes_rows(p, (count < p->turn) ? count : p->turn), planes);
    while (done < p->in_c) {
        /* The last four channels may overlap those before: only the new ones are computed. */
        const int32_t first = (((done + 4) > p->in_c) && (p->in_c >= 4)) ? (p->in_c - 4) : done;
        const int32_t end = ((first + 4) < p->in_c) ? (first + 4) : p->in_c;

        for (int32_t row = 0; row < count; row += p->turn) {
            const int32_t left = count - row;
            const int32_t now = (left < p->turn) ? left : p->turn;
            const int32_t from_before = (row == 0) ? 0 : shared;
            const int8_t *bytes = weights;
            const int32_t *line = quant;

            if (row > 0) {
                lwc_depthwise_carry(planes, planes + (4 * p->turn * next), shared * words);
            }
            lwc_depthwise_unzip_planes(&shape, rows + (row * p->stride_h) + from_before, lwc_depthwise_planes_rows(p, now) - from_before, first, planes + (4 * from_before * words));
            if ((kept != NULL) && (row == 0)) {
                lwc_depthwise_keep(p, rows + (count * p->stride_h), shared, first, kept);
            }
            for (int32_t c = done; c < end; ++c) {
                const uint32_t *x = planes + (c - first);
                int8_t *to = out + (row * p->out_w * p->out_pitch) + c;

                LWC_UNROLL
                for (int32_t i = 0; i < taps; ++i) {
                    const uint32_t word = lwc_load_word(bytes);

                    if (p->kernel_w == 3) {
                        w[(2 * i) + 1] = lwc_sxtb16(word);
                        w[2 * i] = lwc_pack_low(lwc_sxtb16_ror8(word), w[(2 * i) + 1]);
                        bytes += 3;
                    } else {
                        w[2 * i] = lwc_sxtb16(word);
                        w[(2 * i) + 1] = lwc_sxtb16_ror8(word);
                        bytes += 4;
                    }
                }
                if (is_fast != 0) {
                    lwc_depthwise3_rows(&p->requant, p->stride_w, x, words, w, line, to, p->out_pitch, p->out_w, now, next);
                } else {
                    for (int32_t y = 0; y < now; ++y) {
                        lwc_depthwise_planes_row(p, x, words, w, line, to);
                        x += 4 * next;
                        to += p->out_w * p->out_pitch;
                    }
                }
                line += lwc_requant_words(&p->requant);
            }
        }
        weights += (end - done) * taps * ((p->kernel_w == 3) ? 3 : 4);
        quant += (end - done) * lwc_requant_words(&p->requant);
        done = end;
    }
}

/* The same where no call needs rows of another: out, where it takes the place of the rows, is all of them but padding. */
LWC_INLINE void lwc_depthwise_planes_s8_dsp(const lwc_depthwise_planes_dsp_params *p, const int8_t *const *rows, int32_t count, const int8_t *weights, const int32_t *quant,
                                            int8_t *out, void *scratch)
{
    lwc_depthwise_planes_keep_s8_dsp(p, rows, count, weights, quant, out, NULL, scratch);
}

#endif
