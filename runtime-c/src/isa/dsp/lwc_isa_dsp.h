/* DSP extension (Armv7E-M, Armv8-M): two signed halves in a word, low half first. */
#ifndef LWC_ISA_DSP_H
#define LWC_ISA_DSP_H

#include <arm_acle.h>
#include <stdint.h>

/* acc + low(x) * low(y) + high(x) * high(y) */
static inline int32_t lwc_smlad(uint32_t x, uint32_t y, int32_t acc)
{
    return __smlad((int16x2_t)x, (int16x2_t)y, acc);
}

/* acc + low(x) * low(y) */
static inline int32_t lwc_smlabb(uint32_t x, uint32_t y, int32_t acc)
{
    return __smlabb((int32_t)x, (int32_t)y, acc);
}

/* acc + low(x) * high(y) */
static inline int32_t lwc_smlabt(uint32_t x, uint32_t y, int32_t acc)
{
    return __smlabt((int32_t)x, (int32_t)y, acc);
}

/* acc + high(x) * high(y) */
static inline int32_t lwc_smlatt(uint32_t x, uint32_t y, int32_t acc)
{
    return __smlatt((int32_t)x, (int32_t)y, acc);
}

/* Bytes 0 and 2, sign-extended to halves. */
static inline uint32_t lwc_sxtb16(uint32_t x)
{
    return (uint32_t)__sxtb16((int8x4_t)x);
}

/* Bytes 1 and 3, sign-extended to halves. */
static inline uint32_t lwc_sxtb16_ror8(uint32_t x)
{
    uint32_t y;

    __asm("sxtb16 %0, %1, ror #8" : "=r"(y) : "r"(x));
    return y;
}

/* Halves of x plus halves of y. */
static inline uint32_t lwc_sadd16(uint32_t x, uint32_t y)
{
    uint32_t z;

    __asm("sadd16 %0, %1, %2" : "=r"(z) : "r"(x), "r"(y));
    return z;
}

/* Halves of x minus halves of y. */
static inline uint32_t lwc_ssub16(uint32_t x, uint32_t y)
{
    uint32_t z;

    __asm("ssub16 %0, %1, %2" : "=r"(z) : "r"(x), "r"(y));
    return z;
}

/* Low half of x below low half of y. */
static inline uint32_t lwc_pack_low(uint32_t x, uint32_t y)
{
    uint32_t z;

    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(z) : "r"(x), "r"(y));
    return z;
}

/* High half of x below high half of y. */
static inline uint32_t lwc_pack_high(uint32_t x, uint32_t y)
{
    uint32_t z;

    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(z) : "r"(y), "r"(x));
    return z;
}

/* Halves of acc plus bytes 0 and 2 of x, sign-extended. */
static inline uint32_t lwc_sxtab16(uint32_t acc, uint32_t x)
{
    uint32_t y;

    __asm("sxtab16 %0, %1, %2" : "=r"(y) : "r"(acc), "r"(x));
    return y;
}

/* Halves of acc plus bytes 1 and 3 of x, sign-extended. */
static inline uint32_t lwc_sxtab16_ror8(uint32_t acc, uint32_t x)
{
    uint32_t y;

    __asm("sxtab16 %0, %1, %2, ror #8" : "=r"(y) : "r"(acc), "r"(x));
    return y;
}

/* The larger of each pair of signed bytes. */
static inline uint32_t lwc_max4_s8(uint32_t x, uint32_t y)
{
    uint32_t z;

    __asm("ssub8 %0, %1, %2\n sel %0, %1, %2" : "=&r"(z) : "r"(x), "r"(y) : "cc");
    return z;
}

/* The smaller of each pair of signed bytes. */
static inline uint32_t lwc_min4_s8(uint32_t x, uint32_t y)
{
    uint32_t z;

    __asm("ssub8 %0, %1, %2\n sel %0, %2, %1" : "=&r"(z) : "r"(x), "r"(y) : "cc");
    return z;
}

/* See the portable twin. The four words of a pair of pixels are stored in one instruction. */
static inline void lwc_unzip_pixels(const int8_t *first, const int8_t *second, int32_t step, int32_t count, uint32_t *out)
{
    const uintptr_t apart = (uintptr_t)second - (uintptr_t)first;
    uint32_t a;
    uint32_t b;

    for (; count > 0; --count) {
        __asm volatile("ldr %[a], [%[from]]\n ldr r6, [%[from], %[apart]]\n add %[from], %[from], %[step]\n"
                       "sxtb16 %[b], %[a], ror #8\n sxtb16 %[a], %[a]\n sxtb16 r8, r6, ror #8\n sxtb16 r6, r6\n"
                       "pkhbt r4, %[a], r6, lsl #16\n pkhbt r5, %[b], r8, lsl #16\n pkhtb r6, r6, %[a], asr #16\n"
                       "pkhtb r8, r8, %[b], asr #16\n stmia %[out]!, {r4, r5, r6, r8}\n"
                       : [a] "=&r"(a), [b] "=&r"(b), [from] "+&r"(first), [out] "+&r"(out)
                       : [apart] "r"(apart), [step] "r"(step)
                       : "r4", "r5", "r6", "r8", "memory");
    }
}

/* High word of x * y, plus acc. */
static inline int32_t lwc_smmla(int32_t x, int32_t y, int32_t acc)
{
    int32_t z;

    __asm("smmla %0, %1, %2, %3" : "=r"(z) : "r"(x), "r"(y), "r"(acc));
    return z;
}

/* Low half of x as a signed number, clamped to [-128, 127]; in the low byte of the result, what is above it is undefined. */
static inline uint32_t lwc_saturate_low_s8(uint32_t x)
{
    uint32_t y;

    __asm("ssat16 %0, #8, %1" : "=r"(y) : "r"(x));
    return y;
}

/* What to add to the middle of a table so that halves of 255 and i, as one word, lead from there to entry i - 128. */
enum { LWC_TABLE_LOW = 0xFF0000 + 128 };

/*
 * Entry of a table for the low half of x as a signed number, clamped to [0, 255]. x is the bits of a float32 of 2^23 to 2^24, so
 * that its high half, clamped alike, is 255. See lwc_requant for `table`.
 */
static inline int32_t lwc_table_low_u8(const int8_t *table, uint32_t x)
{
    const uintptr_t base = (uintptr_t)table - (uintptr_t)LWC_TABLE_LOW;
    uint32_t y;
    int32_t entry;

    __asm("usat16 %0, #8, %1" : "=r"(y) : "r"(x));
    __asm("ldrsb %0, [%1, %2]" : "=r"(entry) : "r"(base), "r"(y));
    return entry;
}

#endif
