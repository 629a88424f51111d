/*
 * Two multiply-accumulates in one 32-bit product, for cores without the DSP extension: MUL; ASRS #16; ADC. The borrow that the
 * lower half takes from the upper one is the bit that ASRS shifts out last, the carry that ADC adds. No C compiler finds it.
 */
#ifndef LWC_ISA_SWAR_H
#define LWC_ISA_SWAR_H

#include <stdint.h>

/*
 * acc + x0 * w0 + x1 * w1, for x = x0 + x1 * 2^16 and w = w1 + w0 * 2^16 modulo 2^32, all four in [-128, 127].
 *
 * x * w is x0 * w1 + (x0 * w0 + x1 * w1) * 2^16: its upper half is the sum wanted, less one where the lower half, read as a
 * signed number, is negative. Exact where that sum fits an int16: unless all four are -128.
 */
#if defined(__ARM_ARCH_ISA_THUMB) && (__ARM_ARCH_ISA_THUMB >= 2)
static inline int32_t lwc_swar_mac(int32_t acc, uint32_t x, uint32_t w)
{
    uint32_t product;

    __asm("mul %[t], %[x], %[w]\n asrs %[t], %[t], #16\n adc %[acc], %[acc], %[t]"
          : [acc] "+r"(acc), [t] "=&r"(product)
          : [x] "r"(x), [w] "r"(w)
          : "cc");
    return acc;
}
#else
static inline int32_t lwc_swar_mac(int32_t acc, uint32_t x, uint32_t w)
{
    __asm(".syntax unified\n muls %[w], %[x], %[w]\n asrs %[w], %[w], #16\n adcs %[acc], %[acc], %[w]"
          : [acc] "+l"(acc), [w] "+l"(w)
          : [x] "l"(x)
          : "cc");
    return acc;
}
#endif

#endif
