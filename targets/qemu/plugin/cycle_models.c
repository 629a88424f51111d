/* cycle_models.c - see cycle_models.h. */
#include "cycle_models.h"

const char *const cycle_model_names[CYCLE_MODELS] = {"m0", "m0p", "m3", "m4", "m7", "m55"};

static bool is_load(const thumb_insn *insn)
{
    return insn->kind == THUMB_LOAD;
}

/* ---- one instruction at a time ---- */

/* Cortex-M0 and M0+: no pipelining of loads. */
static uint32_t cycles_m0(const thumb_insn *insn)
{
    switch (insn->kind) {
    case THUMB_LOAD:
    case THUMB_STORE: return 2u;
    case THUMB_LOAD_MANY:
    case THUMB_STORE_MANY: return 1u + insn->words;
    case THUMB_BRANCH_LINK: return 2u;
    case THUMB_SYSTEM: return 3u;
    default: return 1u;
    }
}

/* Cortex-M3 and M4. `before`: the instruction before it in the block, or NULL. */
static uint32_t cycles_m4(const thumb_insn *insn, const thumb_insn *before)
{
    const bool address_just_written = before != NULL && (before->writes & insn->address) != 0u;
    const uint32_t wait = address_just_written && !is_load(before) ? 1u : 0u;
    const bool is_pipelined = before != NULL && is_load(before) && !before->writeback && !address_just_written;
    switch (insn->kind) {
    case THUMB_LOAD: return (is_pipelined ? 1u : 2u) + wait;
    case THUMB_STORE: return (insn->register_offset && !is_pipelined ? 2u : 1u) + wait;
    case THUMB_LOAD_PAIR:
    case THUMB_STORE_PAIR: return 3u + wait;
    case THUMB_LOAD_MANY:
    case THUMB_STORE_MANY:
    case THUMB_FP_LOAD:
    case THUMB_FP_STORE: return 1u + insn->words + wait;
    case THUMB_FP: return insn->words > 1u ? insn->words : 1u;
    case THUMB_TABLE_BRANCH: return 2u;
    case THUMB_DIV: return 7u;
    case THUMB_FP_MAC: return 3u;
    case THUMB_FP_DIV: return 14u;
    default: return 1u;
    }
}

static uint32_t cycles_m3(const thumb_insn *insn, const thumb_insn *before)
{
    switch (insn->kind) {
    case THUMB_MLA: return 2u;
    case THUMB_MULL: return 4u;
    case THUMB_MLAL: return 5u;
    default: return cycles_m4(insn, before);
    }
}

static bool is_vector_memory(thumb_class kind)
{
    return kind == THUMB_MVE_LOAD || kind == THUMB_MVE_STORE;
}

static bool is_vector(thumb_class kind)
{
    return kind == THUMB_MVE || is_vector_memory(kind);
}

static uint32_t cycles_m55(const thumb_insn *insn, const thumb_insn *before)
{
    if (is_vector(insn->kind)) {
        const bool overlaps = before != NULL && is_vector(before->kind) && is_vector_memory(before->kind) != is_vector_memory(insn->kind);
        return overlaps ? 1u : 2u;
    }
    switch (insn->kind) {
    case THUMB_LOAD_MANY:
    case THUMB_STORE_MANY:
    case THUMB_FP_LOAD:
    case THUMB_FP_STORE: return (insn->words + 1u) / 2u;
    case THUMB_DIV: return 7u;
    case THUMB_FP_DIV: return 14u;
    case THUMB_LOOP_END: return 0u;
    default: return 1u;
    }
}

/* ---- Cortex-M7: two instructions per cycle ---- */

enum unit { UNIT_NONE = 0, UNIT_MEMORY = 1, UNIT_MULTIPLY = 2, UNIT_SIMD = 4, UNIT_FP = 8, UNIT_ALL = 15 };

typedef struct m7_state {
    uint32_t now;               /* cycle of the current issue group */
    uint32_t issued;            /* instructions in it */
    unsigned units;             /* units that it uses */
    uint32_t ready[16];         /* cycle from which a register can be read */
    uint32_t ready_to_add[16];  /* the same, by an accumulator input */
} m7_state;

typedef struct m7_timing {
    unsigned units;
    uint32_t latency; /* until the result can be read */
    uint32_t busy;    /* cycles of issue beyond the first */
} m7_timing;

static m7_timing timing_m7(const thumb_insn *insn)
{
    const uint32_t moved = (insn->words + 1u) / 2u;
    const uint32_t busy = moved > 1u ? moved - 1u : 0u;
    switch (insn->kind) {
    case THUMB_LOAD:
    case THUMB_LOAD_PAIR: return (m7_timing){UNIT_MEMORY, 2u, 0u};
    case THUMB_STORE:
    case THUMB_STORE_PAIR: return (m7_timing){UNIT_MEMORY, 1u, 0u};
    case THUMB_LOAD_MANY:
    case THUMB_STORE_MANY: return (m7_timing){UNIT_ALL, 2u, busy};
    case THUMB_FP_LOAD:
    case THUMB_FP_STORE: return (m7_timing){UNIT_MEMORY, 1u, busy};
    case THUMB_MUL:
    case THUMB_MLA:
    case THUMB_MAC_DSP:
    case THUMB_MULL:
    case THUMB_MLAL: return (m7_timing){UNIT_MULTIPLY, 2u, 0u};
    case THUMB_SIMD: return (m7_timing){UNIT_SIMD, 1u, 0u};
    case THUMB_DIV: return (m7_timing){UNIT_ALL, 1u, 6u};
    case THUMB_FP: return (m7_timing){UNIT_FP, 1u, 0u};
    case THUMB_FP_MAC: return (m7_timing){UNIT_FP, 1u, 0u};
    case THUMB_FP_DIV: return (m7_timing){UNIT_FP, 1u, 13u};
    case THUMB_TABLE_BRANCH:
    case THUMB_SYSTEM: return (m7_timing){UNIT_ALL, 1u, 0u};
    default: return (m7_timing){UNIT_NONE, 1u, 0u};
    }
}

static uint32_t latest(uint32_t start, const uint32_t *ready, unsigned registers)
{
    for (unsigned r = 0u; r < 16u; r++) {
        if ((registers >> r & 1u) != 0u && ready[r] > start) {
            start = ready[r];
        }
    }
    return start;
}

static uint32_t cycles_m7(m7_state *state, const thumb_insn *insn)
{
    const m7_timing timing = timing_m7(insn);
    const uint32_t before = state->now;
    uint32_t start = latest(state->now, state->ready, insn->reads);
    start = latest(start, state->ready_to_add, insn->accumulates);

    const bool joins = start == state->now && state->issued == 1u && (state->units & timing.units) == 0u;
    if (joins) {
        state->issued++;
        state->units |= timing.units;
    } else {
        state->now = start > state->now ? start : state->now + 1u;
        state->issued = 1u;
        state->units = timing.units;
    }
    for (unsigned r = 0u; r < 16u; r++) {
        if ((insn->writes >> r & 1u) != 0u) {
            state->ready[r] = state->now + timing.latency;
            state->ready_to_add[r] = state->now + (insn->accumulates != 0u ? 1u : timing.latency);
        }
    }
    if (timing.busy > 0u) {
        state->now += timing.busy;
        state->issued = 2u;
    }
    return state->now - before;
}

/* ---- blocks ---- */

void price_block(const thumb_insn *insns, size_t count, cycle_counts *cycles)
{
    m7_state m7 = {.issued = 2u};
    for (size_t i = 0u; i < count; i++) {
        const thumb_insn *insn = &insns[i];
        const thumb_insn *before = i > 0u ? &insns[i - 1u] : NULL;
        cycles[i].of[CYCLES_M0] = cycles_m0(insn);
        cycles[i].of[CYCLES_M0P] = cycles_m0(insn);
        cycles[i].of[CYCLES_M3] = cycles_m3(insn, before);
        cycles[i].of[CYCLES_M4] = cycles_m4(insn, before);
        cycles[i].of[CYCLES_M7] = cycles_m7(&m7, insn);
        cycles[i].of[CYCLES_M55] = cycles_m55(insn, before);
    }
}

cycle_counts price_taken(const thumb_insn *last)
{
    cycle_counts taken = {.of = {[CYCLES_M0] = 2u, [CYCLES_M0P] = 1u, [CYCLES_M3] = 2u, [CYCLES_M4] = 2u, [CYCLES_M7] = 1u, [CYCLES_M55] = 1u}};
    if (last->kind == THUMB_LOOP_END) {
        taken.of[CYCLES_M55] = 0u;
    }
    return taken;
}
