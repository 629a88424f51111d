/* lwc_max_pool2d_s8_dsp.h - one output row of max pooling, four channels at a time: cores with the DSP extension. */
#ifndef LWC_MAX_POOL2D_S8_DSP_H
#define LWC_MAX_POOL2D_S8_DSP_H

#include "isa/lwc_isa.h"
#include "lwc_max_pool2d_s8.h"

/* The largest values of four channels in the columns [begin, end) of a window. `step`: bytes from column to column. */
LWC_INLINE uint32_t lwc_max_window4(const int8_t *const *rows, int32_t kernel_h, int32_t begin, int32_t end, int32_t offset, int32_t step)
{
    uint32_t best = 0x80808080u;

    for (int32_t ky = 0; ky < kernel_h; ++ky) {
        const int8_t *from = rows[ky] + offset;

        LWC_UNROLL
        for (int32_t kx = begin; kx < end; ++kx) {
            best = lwc_max4_s8(best, lwc_load_word(from + (kx * step)));
        }
    }
    return best;
}

/*
 * p     at least 4 channels
 * rows  kernel_h pointers to input rows [in_w][channels] int8; a padding row holds -128
 * out   [out_w][channels] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 */
LWC_INLINE void lwc_max_pool2d_s8_dsp(const lwc_max_pool2d_params *p, const int8_t *const *rows, int8_t *out)
{
    const int32_t step = p->dilation_w * p->channels;
    const int32_t reach = (p->kernel_w - 1) * p->dilation_w;
    const uint32_t least = 0x01010101u * ((uint32_t)p->min & 0xFFu);
    const uint32_t most = 0x01010101u * ((uint32_t)p->max & 0xFFu);

    for (int32_t ox = 0; ox < p->out_w; ++ox) {
        const int32_t first = (ox * p->stride_w) - p->pad_left;
        const int32_t is_whole = ((first >= 0) && ((first + reach) < p->in_w)) ? 1 : 0;
        int32_t begin = 0;
        int32_t end = p->kernel_w;

        while ((first + (begin * p->dilation_w)) < 0) {
            begin += 1;
        }
        while ((end > begin) && ((first + ((end - 1) * p->dilation_w)) >= p->in_w)) {
            end -= 1;
        }
        for (int32_t done = 0; done < p->channels; done += 4) {
            /* The last four channels may overlap those before. */
            const int32_t c = ((done + 4) <= p->channels) ? done : (p->channels - 4);
            const int32_t offset = (first * p->channels) + c;
            uint32_t best;

            if (is_whole != 0) {
                best = lwc_max_window4(rows, p->kernel_h, 0, p->kernel_w, offset, step);
            } else {
                best = lwc_max_window4(rows, p->kernel_h, begin, end, offset, step);
            }
            if (p->min > -128) {
                best = lwc_max4_s8(best, least);
            }
            if (p->max < 127) {
                best = lwc_min4_s8(best, most);
            }
            lwc_store_word(out + c, best);
        }
        out += p->out_pitch;
    }
}

#endif
