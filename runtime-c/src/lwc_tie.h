/* lwc_tie.h - fixed-point results that rounding errors of float32 arithmetic may decide. See compiler/arith/tie-window.ts. */
#ifndef LWC_TIE_H
#define LWC_TIE_H

#include "isa/lwc_isa.h"

/* True where a result with `shift` fraction bits, a half added, lies at most `window` of their units from the middle between two integers. */
LWC_INLINE int lwc_is_near_tie(int32_t scaled, int32_t shift, int32_t window)
{
    const uint32_t mask = ((uint32_t)1 << shift) - 1u;
    const uint32_t reach = (uint32_t)window;

    return (((uint32_t)scaled + reach) & mask) < (2u * reach);
}

#endif
