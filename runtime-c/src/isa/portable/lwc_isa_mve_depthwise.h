/*
 * Portable twins of the vector loops in ../mve/lwc_isa_mve_depthwise.h, with the same results.
 *
 * Columns: the rows of a window for 16 channels, four rows at a time (a quad), as [column][quad][16 channels][4 rows] int8.
 */
#ifndef LWC_ISA_MVE_DEPTHWISE_H
#define LWC_ISA_MVE_DEPTHWISE_H

#include <stdint.h>

#include "../../lwc_requant.h"
#include "lwc_isa_mve.h"

/*
 * Writes one quad of `count` columns.
 *
 * rows   `used` pointers, 1 to 4, to the first column in a row [count][in_c] int8
 * lanes  channels that exist, at most 16
 * to     the quad of the first column; that of the next is `step` bytes on. Rows and channels that do not exist may hold anything.
 */
LWC_MVE_INLINE void lwc_mve_columns(const int8_t *const *rows, int32_t used, int32_t in_c, int32_t lanes, int32_t count, int8_t *to, int32_t step)
{
    for (int32_t x = 0; x < count; ++x) {
        for (int32_t c = 0; c < lanes; ++c) {
            for (int32_t r = 0; r < used; ++r) {
                to[(x * step) + (4 * c) + r] = rows[r][(x * in_c) + c];
            }
        }
    }
}

/*
 * Output row of `count` neighbouring channels of the 16.
 *
 * columns   the first column of the first window, at the first channel
 * quads     in a column
 * vectors   of weights in a window: four words (column and quad) each
 * stride_w  1 or 2
 * weights   [count][vectors][2][16] for stride 1: windows at an even column, and the same one column further; [count][vectors][16]
 *           for stride 2. Rows and columns that are not in the kernel have weight 0.
 * quant     [count][words] int32, see lwc_requant: FLOAT or SHORT
 * out       [out_w] bytes for each channel, out_pitch apart, at the first channel
 */
LWC_MVE_INLINE void lwc_mve_depthwise(const lwc_requant *q, const int8_t *columns, int32_t quads, int32_t vectors, int32_t stride_w, int32_t count, const int8_t *weights,
                                     const int32_t *quant, int8_t *out, int32_t out_w, int32_t out_pitch)
{
    const int32_t sets = (stride_w == 1) ? 2 : 1;

    for (int32_t c = 0; c < count; ++c) {
        for (int32_t ox = 0; ox < out_w; ++ox) {
            const int32_t set = (sets == 2) ? (ox & 1) : 0;
            const int8_t *window = columns + (64 * quads * ((ox * stride_w) - set));
            int32_t sum = lwc_requant_bias(q, quant, c);

            for (int32_t v = 0; v < vectors; ++v) {
                const int8_t *w = weights + (16 * ((sets * v) + set));

                for (int32_t k = 0; k < 16; ++k) {
                    /* What has no weight may never have been written. */
                    if (w[k] != 0) {
                        sum = (int32_t)((uint32_t)sum + (uint32_t)(window[(256 * v) + (64 * (k / 4)) + (4 * c) + (k % 4)] * w[k]));
                    }
                }
            }
            out[(ox * out_pitch) + c] = (int8_t)lwc_requantize(q, quant, c, sum);
        }
        weights += 16 * sets * vectors;
    }
}

#endif
