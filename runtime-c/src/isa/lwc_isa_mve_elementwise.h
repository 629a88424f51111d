/* lwc_isa_mve_elementwise.h - vector loops of element-wise operators and pools (Helium), or their portable twins. */
#ifndef LWC_ISA_MVE_ELEMENTWISE_SELECT_H
#define LWC_ISA_MVE_ELEMENTWISE_SELECT_H

#include "lwc_isa_mve.h"

#if defined(__ARM_FEATURE_MVE) && ((__ARM_FEATURE_MVE & 2) != 0) && (LWC_EVERY_REGISTER == 1)
#include "mve/lwc_isa_mve_elementwise.h"
#else
#include "portable/lwc_isa_mve_elementwise.h"
#endif

#endif
