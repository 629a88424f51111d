/* lwc_resize_nearest_s8.h - one output row of a resize that takes the nearest element, any core. */
#ifndef LWC_RESIZE_NEAREST_S8_H
#define LWC_RESIZE_NEAREST_S8_H

#include <stdint.h>
#include <string.h>

#include "isa/lwc_isa.h"
#include "lwc/lwc.h"

typedef struct lwc_resize_nearest_params {
    int32_t channels;
    int32_t out_w;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= channels */
} lwc_resize_nearest_params;

/*
 * rows     pointers to input rows [in_w][channels] int8
 * y        the output row
 * picks    [out_h] which of the rows an output row repeats
 * columns  [out_w] input column of each output column
 * out      [out_w][channels] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 */
static inline void lwc_resize_nearest_s8(const lwc_resize_nearest_params *p, const int8_t *const *rows, int32_t y, const int8_t *picks,
                                         const int16_t *columns, int8_t *out)
{
    const int8_t *row = rows[picks[y]];

    for (int32_t ox = 0; ox < p->out_w; ++ox) {
        memcpy(out, row + ((int32_t)columns[ox] * p->channels), (size_t)p->channels);
        out += p->out_pitch;
    }
}

#endif
