/*
 * cycle_models.h - cycles of Thumb code on several cores, from the instructions alone. These are models: no caches, no flash
 * wait states, no bus contention, no data-dependent timing.
 *
 *   m0    Cortex-M0 TRM (DDI 0432) table 3-1, one-cycle multiplier: load, store 2; LDM, STM 1+N; taken branch 3; BL 4.
 *   m0p   Cortex-M0+ TRM (DDI 0484) table 3-1, one-cycle multiplier: as m0, taken branch 2, BL 3.
 *   m3    Cortex-M3 TRM (DDI 0337) table 18-1: as m4, MLA 2, 64-bit product 4 (3 to 5), 64-bit accumulate 5 (4 to 7).
 *   m4    Cortex-M4 TRM (DDI 0439) section 3.3, 7.2: LDR 2, or 1 directly after a load without writeback that does not form its
 *         address; STR 1, with a register offset as LDR; LDRD, LDM, STM, VLDR 1+N; one more where the instruction before
 *         computes the address; every multiply 1; division 7 (2 to 12); VMLA, VFMA 3; VDIV 14; taken branch +2 (1 to 3).
 *         Also the figure for Cortex-M33, whose timing is not published.
 *   m7    in-order dual issue, coarse: at most one memory access, one multiply, one SIMD and one FPU instruction per cycle,
 *         loads and products usable after 2 cycles, accumulator forwarded, LDM and STM 2 registers per cycle, taken branch +1.
 *   m55   coarse: a vector instruction 2 cycles, 1 where it overlaps one of the other kind (memory, arithmetic); scalar 1;
 *         taken branch +1, the end of a low-overhead loop free.
 *
 * An instruction that fails its condition inside an IT block counts as if it ran.
 */
#ifndef LWC_CYCLE_MODELS_H
#define LWC_CYCLE_MODELS_H

#include "thumb_decode.h"

enum { CYCLES_M0, CYCLES_M0P, CYCLES_M3, CYCLES_M4, CYCLES_M7, CYCLES_M55, CYCLE_MODELS };

extern const char *const cycle_model_names[CYCLE_MODELS];

typedef struct cycle_counts {
    uint32_t of[CYCLE_MODELS];
} cycle_counts;

/* Prices the straight-line block `insns`, entered with an empty pipeline: cycles[i] is what instruction i adds. */
void price_block(const thumb_insn *insns, size_t count, cycle_counts *cycles);

/* What control flow adds where it leaves a block with `last` for another address than the next. */
cycle_counts price_taken(const thumb_insn *last);

#endif
