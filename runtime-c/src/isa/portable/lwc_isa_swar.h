/* Portable twin of isa/swar/lwc_isa_swar.h: two multiply-accumulates in one 32-bit product. */
#ifndef LWC_ISA_SWAR_H
#define LWC_ISA_SWAR_H

#include <stdint.h>

/*
 * acc + x0 * w0 + x1 * w1, for x = x0 + x1 * 2^16 and w = w1 + w0 * 2^16 modulo 2^32, all four in [-128, 127].
 *
 * x * w is x0 * w1 + (x0 * w0 + x1 * w1) * 2^16: its upper half is the sum wanted, less one where the lower half, read as a
 * signed number, is negative. Exact where that sum fits an int16: unless all four are -128.
 */
static inline int32_t lwc_swar_mac(int32_t acc, uint32_t x, uint32_t w)
{
    const uint32_t product = x * w;

    return (int32_t)((uint32_t)acc + (uint32_t)((int32_t)product >> 16) + ((product >> 15) & 1u));
}

#endif
