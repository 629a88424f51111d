/*
 * lwc_isa.h - the instructions that kernels ask for by name: the only place that knows the chip.
 *
 * Each primitive has a portable twin with the same result for every argument, so a kernel written with them runs, and is
 * tested under sanitizers, on any machine.
 */
#ifndef LWC_ISA_H
#define LWC_ISA_H

#include <stdint.h>
#include <string.h>

#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
#include "dsp/lwc_isa_dsp.h"
#else
#include "portable/lwc_isa_dsp.h"
#endif

#if defined(__ARM_FP) && ((__ARM_FP & 4) != 0) && defined(__ARM_ARCH) && (__ARM_ARCH >= 7)
#include "dsp/lwc_isa_fpu.h"
#else
#include "portable/lwc_isa_fpu.h"
#endif

/* Loads four int8 or two int16 as one word, from any address. */
static inline uint32_t lwc_load_word(const void *from)
{
    uint32_t word;

    memcpy(&word, from, sizeof word);
    return word;
}

/* Stores one word to any address. */
static inline void lwc_store_word(void *to, uint32_t word)
{
    memcpy(to, &word, sizeof word);
}

#endif
