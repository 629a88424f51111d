/* lwc_channel_select_s8.h - runs of channels of several tensors side by side, any core. */
#ifndef LWC_CHANNEL_SELECT_S8_H
#define LWC_CHANNEL_SELECT_S8_H

#include <stdint.h>
#include <string.h>

#include "lwc/lwc.h"

enum {
    /* Words of a run: input, first channel, channels of the run, channels of the input. */
    LWC_CHANNEL_RUN_WORDS = 4,
    /* Runs shorter than this are copied byte by byte: a call costs more. */
    LWC_CHANNEL_RUN_CALL = 8
};

typedef struct lwc_channel_select_params {
    int32_t pixels;
    int32_t runs;
    int32_t out_pitch; /* bytes from one output pixel to the next, >= the sum of the lengths of the runs */
} lwc_channel_select_params;

/*
 * inputs  pointers to int8 tensors [pixels][channels of the input]
 * table   [runs][4]
 * out     [pixels][channels of the runs] int8, out_pitch bytes from pixel to pixel, must not overlap an input
 */
static inline void lwc_channel_select_s8(const lwc_channel_select_params *p, const int8_t *const *inputs, const int32_t *table, int8_t *out)
{
    for (int32_t r = 0; r < p->runs; ++r) {
        const int32_t count = table[2];
        const int32_t stride = table[3];
        const int8_t *from = inputs[table[0]] + table[1];
        int8_t *to = out;

        for (int32_t i = 0; i < p->pixels; ++i) {
            if (count < (int32_t)LWC_CHANNEL_RUN_CALL) {
                for (int32_t c = 0; c < count; ++c) {
                    to[c] = from[c];
                }
            } else {
                memcpy(to, from, (size_t)count);
            }
            /* No pointer leaves its array after the last pixel. */
            if ((i + 1) < p->pixels) {
                from += stride;
                to += p->out_pitch;
            }
        }
        out += count;
        table += LWC_CHANNEL_RUN_WORDS;
    }
}

#endif
