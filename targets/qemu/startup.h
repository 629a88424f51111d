/* startup.h - stack measurement. */
#ifndef LWC_STARTUP_H
#define LWC_STARTUP_H

#include <stdint.h>

/* Fills the unused stack below the caller with a pattern. */
void lwc_stack_paint(void);

/* Bytes of stack below the caller that were written since lwc_stack_paint() was called from the same frame. */
uint32_t lwc_stack_used(void);

#endif
