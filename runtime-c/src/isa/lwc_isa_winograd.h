/*
 * lwc_isa_winograd.h - the sixteen matrix products of a Winograd convolution, or their portable twin. Assembly needs every register,
 * and the frame pointer with them.
 */
#ifndef LWC_ISA_WINOGRAD_H
#define LWC_ISA_WINOGRAD_H

#include "lwc_isa.h"

#if defined(__ARM_FEATURE_DSP) && (__ARM_FEATURE_DSP == 1) && (LWC_EVERY_REGISTER == 1)
#include "dsp/lwc_isa_winograd.h"
#else
#include "portable/lwc_isa_winograd.h"
#endif

#endif
