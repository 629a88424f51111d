/*
 * Portable twins of the DSP instructions: two signed halves in a word, low half first. Sums wrap modulo 2^32 as the
 * instructions do.
 */
#ifndef LWC_ISA_DSP_H
#define LWC_ISA_DSP_H

#include <stdint.h>

/* acc + low(x) * low(y) + high(x) * high(y) */
static inline int32_t lwc_smlad(uint32_t x, uint32_t y, int32_t acc)
{
    uint32_t low = (uint32_t)(lwc_low_half(x) * lwc_low_half(y));
    uint32_t high = (uint32_t)(lwc_high_half(x) * lwc_high_half(y));

    return (int32_t)((uint32_t)acc + low + high);
}

/* acc + low(x) * low(y) */
static inline int32_t lwc_smlabb(uint32_t x, uint32_t y, int32_t acc)
{
    return (int32_t)((uint32_t)acc + (uint32_t)(lwc_low_half(x) * lwc_low_half(y)));
}

/* acc + low(x) * high(y) */
static inline int32_t lwc_smlabt(uint32_t x, uint32_t y, int32_t acc)
{
    return (int32_t)((uint32_t)acc + (uint32_t)(lwc_low_half(x) * lwc_high_half(y)));
}

/* acc + high(x) * high(y) */
static inline int32_t lwc_smlatt(uint32_t x, uint32_t y, int32_t acc)
{
    return (int32_t)((uint32_t)acc + (uint32_t)(lwc_high_half(x) * lwc_high_half(y)));
}

/* Bytes 0 and 2, sign-extended to halves. */
static inline uint32_t lwc_sxtb16(uint32_t x)
{
    uint32_t low = (uint32_t)(uint16_t)(int16_t)(int8_t)(uint8_t)(x & 0xFFu);
    uint32_t high = (uint32_t)(uint16_t)(int16_t)(int8_t)(uint8_t)((x >> 16) & 0xFFu);

    return low | (high << 16);
}

/* Bytes 1 and 3, sign-extended to halves. */
static inline uint32_t lwc_sxtb16_ror8(uint32_t x)
{
    return lwc_sxtb16((x >> 8) | (x << 24));
}

/* Halves of x plus halves of y. */
static inline uint32_t lwc_sadd16(uint32_t x, uint32_t y)
{
    uint32_t low = (x + y) & 0xFFFFu;
    uint32_t high = ((x >> 16) + (y >> 16)) & 0xFFFFu;

    return low | (high << 16);
}

/* Halves of x minus halves of y. */
static inline uint32_t lwc_ssub16(uint32_t x, uint32_t y)
{
    uint32_t low = (x - y) & 0xFFFFu;
    uint32_t high = ((x >> 16) - (y >> 16)) & 0xFFFFu;

    return low | (high << 16);
}

/* Low half of x below low half of y. */
static inline uint32_t lwc_pack_low(uint32_t x, uint32_t y)
{
    return (x & 0xFFFFu) | (y << 16);
}

/* High half of x below high half of y. */
static inline uint32_t lwc_pack_high(uint32_t x, uint32_t y)
{
    return (x >> 16) | (y & 0xFFFF0000u);
}

/*
 * Unzips `count` pairs of pixels, four channels of each: a pair is four words, one per channel, with the first pixel's int16 below the
 * second's. From pair to pair both move on by `step` bytes.
 */
static inline void lwc_unzip_pixels(const int8_t *first, const int8_t *second, int32_t step, int32_t count, uint32_t *out)
{
    for (int32_t i = 0; i < count; ++i) {
        for (int32_t c = 0; c < 4; ++c) {
            out[c] = ((uint32_t)(uint16_t)first[(i * step) + c]) | ((uint32_t)(uint16_t)second[(i * step) + c] << 16);
        }
        out += 4;
    }
}

/* Halves of acc plus bytes 0 and 2 of x, sign-extended. */
static inline uint32_t lwc_sxtab16(uint32_t acc, uint32_t x)
{
    return lwc_sadd16(acc, lwc_sxtb16(x));
}

/* Halves of acc plus bytes 1 and 3 of x, sign-extended. */
static inline uint32_t lwc_sxtab16_ror8(uint32_t acc, uint32_t x)
{
    return lwc_sadd16(acc, lwc_sxtb16_ror8(x));
}

/* The larger of each pair of signed bytes. */
static inline uint32_t lwc_max4_s8(uint32_t x, uint32_t y)
{
    uint32_t z = 0u;

    for (int32_t i = 0; i < 32; i += 8) {
        const int32_t a = (int8_t)(uint8_t)((x >> i) & 0xFFu);
        const int32_t b = (int8_t)(uint8_t)((y >> i) & 0xFFu);

        z |= ((uint32_t)((a > b) ? a : b) & 0xFFu) << i;
    }
    return z;
}

/* The smaller of each pair of signed bytes. */
static inline uint32_t lwc_min4_s8(uint32_t x, uint32_t y)
{
    return ~lwc_max4_s8(~x, ~y);
}

/* High word of x * y, plus acc. */
static inline int32_t lwc_smmla(int32_t x, int32_t y, int32_t acc)
{
    return (int32_t)((uint32_t)(((int64_t)x * y) >> 32) + (uint32_t)acc);
}

/* Low half of x as a signed number, clamped to [-128, 127]; in the low byte of the result, what is above it is undefined. */
static inline uint32_t lwc_saturate_low_s8(uint32_t x)
{
    return (uint32_t)lwc_clamp(lwc_low_half(x), -128, 127);
}

/*
 * Entry of a table for the low half of x as a signed number, clamped to [0, 255]. x is the bits of a float32 of 2^23 to 2^24, so
 * that its high half, clamped alike, is 255. See lwc_requant for `table`.
 */
static inline int32_t lwc_table_low_u8(const int8_t *table, uint32_t x)
{
    return table[lwc_clamp(lwc_low_half(x), 0, 255) - 128];
}

#endif
