/* Vector loops that move bytes, without vectors: what those in ../mve compute. */
#ifndef LWC_ISA_MVE_H
#define LWC_ISA_MVE_H

#include <stdint.h>
#include <string.h>

/* Copies `count` bytes that do not overlap. */
LWC_MVE_INLINE void lwc_mve_copy(int8_t *to, const int8_t *from, int32_t count)
{
    memcpy(to, from, (size_t)count);
}

/* Fills `count` bytes, a multiple of 16, with `value`. */
LWC_MVE_INLINE void lwc_mve_fill(int8_t *to, int32_t value, int32_t count)
{
    memset(to, value, (size_t)count);
}

/*
 * Patches of `count` neighbouring pixels.
 *
 * rows   `height` pointers, 1 to 4; the first pixel's runs start at `offset`, those of the next `step` bytes on
 * to     `pitch` bytes from one patch to the next: [height][run] int8 each. Whole vectors are read and written, so up to 15 bytes behind
 *        the runs and behind the last patch as well.
 */
LWC_MVE_INLINE void lwc_mve_patches(const int8_t *const *rows, int32_t offset, int32_t height, int32_t run, int32_t step, int32_t count, int8_t *to, int32_t pitch)
{
    for (int32_t i = 0; i < count; ++i) {
        for (int32_t y = 0; y < height; ++y) {
            memcpy(to + (i * pitch) + (y * run), rows[y] + offset + (i * step), (size_t)run);
        }
    }
}

#endif
