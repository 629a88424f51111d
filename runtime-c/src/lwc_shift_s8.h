/* lwc_shift_s8.h - one output row whose channels come from shifted places, any core. */
#ifndef LWC_SHIFT_S8_H
#define LWC_SHIFT_S8_H

#include <stdint.h>
#include <string.h>

#include "lwc/lwc.h"

enum {
    /* Words of a run: row of the window, columns to the right, first channel, channels. */
    LWC_SHIFT_RUN_WORDS = 4,
    /* Runs shorter than this are copied byte by byte: a call costs more. */
    LWC_SHIFT_RUN_CALL = 8
};

typedef struct lwc_shift_params {
    int32_t width;
    int32_t channels;
    int32_t runs;
    int32_t value; /* [-128, 127], of what comes in from outside */
} lwc_shift_params;

/*
 * rows   pointers to the input rows of the window, [width][channels] int8; a row outside holds `value`
 * table  [runs][4]
 * out    [width][channels] int8, must not overlap the rows
 */
static inline void lwc_shift_s8(const lwc_shift_params *p, const int8_t *const *rows, const int32_t *table, int8_t *out)
{
    for (int32_t r = 0; r < p->runs; ++r) {
        const int32_t column = table[1];
        const int32_t first = table[2];
        const int32_t count = table[3];

        for (int32_t x = 0; x < p->width; ++x) {
            const int32_t ix = x + column;
            int8_t *to = out + (x * p->channels) + first;

            if ((ix < 0) || (ix >= p->width)) {
                memset(to, p->value, (size_t)count);
            } else {
                const int8_t *from = rows[table[0]] + (ix * p->channels) + first;

                if (count < (int32_t)LWC_SHIFT_RUN_CALL) {
                    for (int32_t c = 0; c < count; ++c) {
                        to[c] = from[c];
                    }
                } else {
                    memcpy(to, from, (size_t)count);
                }
            }
        }
        table += LWC_SHIFT_RUN_WORDS;
    }
}

#endif
