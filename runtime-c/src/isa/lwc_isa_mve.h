/*
 * lwc_isa_mve.h - vector loops of the MVE kernels (Helium with floating point), or their portable twins.
 *
 * Apart from lwc_isa.h, so that programs without these kernels do not carry it. The loops are assembly with immediate operands, so a
 * build without optimization takes the twins.
 */
#ifndef LWC_ISA_MVE_SELECT_H
#define LWC_ISA_MVE_SELECT_H

#include "lwc_isa.h"

/* Operands must be constants when the loops are assembled, whatever the C compiler optimizes for. */
#if defined(__GNUC__) && defined(__OPTIMIZE__)
#define LWC_MVE_INLINE static inline __attribute__((always_inline))
#else
#define LWC_MVE_INLINE static inline
#endif

#if defined(__ARM_FEATURE_MVE) && ((__ARM_FEATURE_MVE & 2) != 0) && (LWC_EVERY_REGISTER == 1)
#include "mve/lwc_isa_mve.h"
#else
#include "portable/lwc_isa_mve.h"
#endif

#endif
