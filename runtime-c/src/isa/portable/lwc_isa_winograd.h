/* Portable twin of the products in isa/dsp/lwc_isa_winograd.h: the same sums, modulo 2^32. */
#ifndef LWC_ISA_WINOGRAD_SUMS_H
#define LWC_ISA_WINOGRAD_SUMS_H

#include <stdint.h>

/*
 * Sums over the input channels for two output channels of four tiles, at each of the sixteen positions of a transformed tile.
 *
 * x      [16][pairs][4] words: two channels of four tiles
 * w      [16][pairs][2] words: two channels for each of the output channels
 * pairs  a multiple of 4
 * sums   [16][2][4]: output channels, tiles
 */
LWC_INLINE void lwc_winograd_sums(const uint32_t *x, const uint32_t *w, int32_t pairs, int32_t *sums)
{
    for (int32_t at = 0; at < 16; ++at) {
        for (int32_t i = 0; i < 8; ++i) {
            sums[i] = 0;
        }
        for (int32_t k = 0; k < pairs; ++k) {
            for (int32_t i = 0; i < 8; ++i) {
                sums[i] = lwc_smlad(x[i & 3], w[i >> 2], sums[i]);
            }
            x += 4;
            w += 2;
        }
        sums += 8;
    }
}

#endif
