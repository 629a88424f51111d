/* lwc_depthwise_blocks.h - which blocks of outputs of a row have windows that leave it: known before the program runs. */
#ifndef LWC_DEPTHWISE_BLOCKS_H
#define LWC_DEPTHWISE_BLOCKS_H

#include "isa/lwc_isa.h"

/* Whole blocks of a row: those in [begin, end) lie inside, all windows of them. */
typedef struct lwc_depthwise_blocks {
    int32_t count;
    int32_t begin;
    int32_t end;
} lwc_depthwise_blocks;

/* Blocks of `size` outputs. */
LWC_INLINE lwc_depthwise_blocks lwc_depthwise_split(int32_t size, int32_t in_w, int32_t out_w, int32_t kernel_w, int32_t stride_w, int32_t pad_left)
{
    const int32_t step = size * stride_w;
    const int32_t before = (pad_left + step - 1) / step;
    const int32_t fit = in_w + pad_left - kernel_w - ((size - 1) * stride_w);
    const int32_t inside = (fit < 0) ? 0 : ((fit / step) + 1);
    lwc_depthwise_blocks blocks = {out_w / size, before, inside};

    if (blocks.begin > blocks.count) {
        blocks.begin = blocks.count;
    }
    if (blocks.end > blocks.count) {
        blocks.end = blocks.count;
    }
    if (blocks.end < blocks.begin) {
        blocks.end = blocks.begin;
    }
    return blocks;
}

#endif
