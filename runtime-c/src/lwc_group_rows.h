/* lwc_group_rows.h - the channels of one group of a grouped convolution as rows of their own, any core. */
#ifndef LWC_GROUP_ROWS_H
#define LWC_GROUP_ROWS_H

#include <stdint.h>
#include <string.h>

#include "lwc/lwc.h"

/* Rows of a window that grouped kernels have room for. */
enum { LWC_GROUP_ROWS = 16 };

/* Copies `count` bytes, few more often than many: a call costs more than four bytes. */
static inline void lwc_group_copy(int8_t *to, const int8_t *from, int32_t count)
{
    if (count > 4) {
        memcpy(to, from, (size_t)count);
    } else {
        for (int32_t c = 0; c < count; ++c) {
            to[c] = from[c];
        }
    }
}

/*
 * row  [pixels][in_c] int8, from the first channel of the group
 * out  [pixels][count] int8
 */
static inline void lwc_gather_group(const int8_t *row, int32_t pixels, int32_t in_c, int32_t count, int8_t *out)
{
    for (int32_t x = 0; x < pixels; ++x) {
        lwc_group_copy(out + (x * count), row + (x * in_c), count);
    }
}

/*
 * in   [pixels][count] int8
 * row  [pixels][out_c] int8, pitch bytes from pixel to pixel, from the first channel of the group
 */
static inline void lwc_scatter_group(const int8_t *in, int32_t pixels, int32_t pitch, int32_t count, int8_t *row)
{
    for (int32_t x = 0; x < pixels; ++x) {
        lwc_group_copy(row + (x * pitch), in + (x * count), count);
    }
}

#endif
