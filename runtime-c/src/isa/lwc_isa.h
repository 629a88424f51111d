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

/*
 * Inner functions that must see their parameters as constants: specialised by inlining. Where the C compiler builds for size or
 * does not optimize, it decides.
 */
#if defined(__GNUC__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define LWC_INLINE static inline __attribute__((always_inline))
#else
#define LWC_INLINE static inline
#endif

/* Functions that all instances of a kernel share: their arguments vary, and a copy for each layer would cost more flash than it saves time. */
#if defined(__GNUC__) && !defined(__clang__)
#define LWC_SHARED static __attribute__((noinline, noclone, unused))
#elif defined(__clang__)
#define LWC_SHARED static __attribute__((noinline, unused))
#else
#define LWC_SHARED static inline
#endif

/* Before a loop of few, constant turns. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define LWC_UNROLL _Pragma("GCC unroll 16")
#else
#define LWC_UNROLL
#endif

/* x - y modulo 2^32. */
LWC_INLINE int32_t lwc_wrap_sub(int32_t x, int32_t y)
{
    return (int32_t)((uint32_t)x - (uint32_t)y);
}

/* Compilers make one saturating instruction of constant clamps at a power of two, and of a shift before it. */
LWC_INLINE int32_t lwc_clamp(int32_t x, int32_t min, int32_t max)
{
    if (x < min) {
        x = min;
    }
    if (x > max) {
        x = max;
    }
    return x;
}

#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
#include "dsp/lwc_isa_dsp.h"
#else
#include "portable/lwc_isa_dsp.h"
#endif

/* Assembly that uses every register needs the frame pointer, which a compiler keeps unless it optimizes. */
#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1) && defined(__OPTIMIZE__)
#include "dsp/lwc_isa_block.h"
#else
#include "portable/lwc_isa_block.h"
#endif

#if defined(__ARM_FP) && ((__ARM_FP & 4) != 0) && defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
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
