/* lwc_isa_mve_dot.h - dot products of the MVE kernels (Helium with floating point), or their portable twins. */
#ifndef LWC_ISA_MVE_DOT_SELECT_H
#define LWC_ISA_MVE_DOT_SELECT_H

#include "lwc_isa_mve.h"

#if defined(__ARM_FEATURE_MVE) && ((__ARM_FEATURE_MVE & 2) != 0) && (LWC_EVERY_REGISTER == 1)
#include "mve/lwc_isa_mve_dot.h"
#else
#include "portable/lwc_isa_mve_dot.h"
#endif

#endif
