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
 * Inner functions that must see their parameters as constants: specialised by inlining. Where the C compiler builds for size,
 * does not optimize or checks every access, it decides.
 */
#if defined(__GNUC__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__) && !defined(__SANITIZE_ADDRESS__)
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

/*
 * Functions around one kernel. Inlined where it is called, beside the variables of loops and of other kernels, a kernel that takes every
 * register gets slower (up to a sixth), one whose assembly does finds none left, and which are inlined the C compiler decides anew with
 * every change elsewhere in the file.
 */
#if defined(__GNUC__)
#define LWC_APART static __attribute__((noinline))
#else
#define LWC_APART static
#endif

/* Rare paths: out of line, so that they cost the common one neither registers nor a taken branch. */
#if defined(__GNUC__)
#define LWC_COLD static __attribute__((noinline, cold, unused))
#else
#define LWC_COLD static
#endif

/* Before a loop of few, constant turns. */
#if defined(__arm__) && defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define LWC_UNROLL _Pragma("GCC unroll 16")
#define LWC_UNROLL4 _Pragma("GCC unroll 4")
#else
#define LWC_UNROLL
#define LWC_UNROLL4
#endif

/* x + y modulo 2^32. */
LWC_INLINE int32_t lwc_wrap_add(int32_t x, int32_t y)
{
    return (int32_t)((uint32_t)x + (uint32_t)y);
}

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

/* Bits 0 to 15 as a signed number. */
static inline int32_t lwc_low_half(uint32_t x)
{
    return (int32_t)(int16_t)(uint16_t)(x & 0xFFFFu);
}

/* Bits 16 to 31 as a signed number. */
static inline int32_t lwc_high_half(uint32_t x)
{
    return (int32_t)(int16_t)(uint16_t)(x >> 16);
}

#if defined(__ARM_FEATURE_SAT) && (__ARM_FEATURE_SAT == 1)
#include "dsp/lwc_isa_sat.h"
#else
#include "portable/lwc_isa_sat.h"
#endif

#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
#include "dsp/lwc_isa_dsp.h"
#else
#include "portable/lwc_isa_dsp.h"
#endif

/*
 * Whether assembly may take every register. It needs the frame pointer's, which GCC keeps unless it optimizes; clang cannot allocate
 * them all, and gets the C twins.
 */
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#define LWC_EVERY_REGISTER 1
#else
#define LWC_EVERY_REGISTER 0
#endif

#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1) && (LWC_EVERY_REGISTER == 1)
#include "dsp/lwc_isa_block.h"
#else
#include "portable/lwc_isa_block.h"
#endif

#if defined(__ARM_FP) && ((__ARM_FP & 4) != 0) && defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1)
#include "dsp/lwc_isa_fpu.h"
#else
#include "portable/lwc_isa_fpu.h"
#endif

/* Thumb code without the DSP extension: Armv6-M, Armv7-M, Armv8-M Baseline. */
#if defined(__thumb__) && !defined(__ARM_FEATURE_DSP) && (LWC_EVERY_REGISTER == 1)
#include "swar/lwc_isa_swar.h"
#if defined(__ARM_ARCH_ISA_THUMB) && (__ARM_ARCH_ISA_THUMB >= 2)
#include "swar/lwc_isa_swar_block.h"
#else
#include "swar/lwc_isa_swar_block_v6.h"
#endif
#else
#include "portable/lwc_isa_swar.h"
#include "portable/lwc_isa_swar_block.h"
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
