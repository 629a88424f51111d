/* lwc_depthwise_unzip_dsp.h - four channels of pixels as int16 planes: what the depthwise kernels of cores with the DSP extension share. */
#ifndef LWC_DEPTHWISE_UNZIP_DSP_H
#define LWC_DEPTHWISE_UNZIP_DSP_H

#include "isa/lwc_isa.h"

/* Four channels of a pixel, or those that are left, fewer, with zeros behind. */
LWC_INLINE uint32_t lwc_depthwise_load(const int8_t *pixel, int32_t channels)
{
    uint32_t word = 0u;

    if (channels >= 4) {
        return lwc_load_word(pixel);
    }
    for (int32_t c = 0; c < channels; ++c) {
        word |= (uint32_t)(uint8_t)pixel[c] << (8 * c);
    }
    return word;
}

/* Four channels of the pixels a and b to one word of each plane: out[channel] = a's channel below b's. */
LWC_INLINE void lwc_depthwise_unzip(uint32_t a, uint32_t b, uint32_t *out)
{
    const uint32_t a02 = lwc_sxtb16(a);
    const uint32_t a13 = lwc_sxtb16_ror8(a);
    const uint32_t b02 = lwc_sxtb16(b);
    const uint32_t b13 = lwc_sxtb16_ror8(b);

    out[0] = lwc_pack_low(a02, b02);
    out[1] = lwc_pack_low(a13, b13);
    out[2] = lwc_pack_high(a02, b02);
    out[3] = lwc_pack_high(a13, b13);
}

#endif
