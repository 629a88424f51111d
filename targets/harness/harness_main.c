/*
 * harness_main.c - runs every case of inputs.bin through the model and writes outputs.bin, all integers little-endian.
 *
 *   inputs.bin    uint32 number of cases, then per case the bytes of each input
 *   outputs.bin   per case: int32 status, uint32 stack bytes, the bytes of each output
 *   trace.bin     of traced code: int32 -1, uint32 0 where a case starts; then, for what a step wrote, or for one row of it,
 *                 int32 step, uint32 bytes, the bytes
 *
 * The context and the outputs are poisoned before each case with a pattern that depends on the case: it must not matter.
 * Each case gets fresh, exactly sized memory, so that a sanitizer sees the first byte beyond. In every other case int8 ports
 * sit at odd addresses, since the API asks for no alignment.
 */
#include "lwc_harness.h"

#include <string.h>

enum { MAX_PORTS = 192, MAX_REGIONS = 16, CANARY_BYTES = 64, CANARY = 0x5C };

static int32_t tracing;
static uint32_t current_case;
static uint32_t traced_cases;

static int fail(const char *why)
{
    lwc_harness_print("HARNESS: ");
    lwc_harness_print(why);
    lwc_harness_print("\n");
    return 1;
}

/* FNV-1a: shows that run() left its inputs alone. */
static uint32_t hash(uint32_t value, const uint8_t *data, uint32_t bytes)
{
    for (uint32_t i = 0u; i < bytes; i++) {
        value = (value ^ data[i]) * 16777619u;
    }
    return value;
}

static uint32_t hash_inputs(void *const *ports)
{
    uint32_t value = 2166136261u;
    for (uint32_t p = 0u; p < lwc_harness.inputs; p++) {
        value = hash(value, (const uint8_t *)ports[p], lwc_harness.ports[p].bytes);
    }
    return value;
}

static uint8_t *make_canary(void)
{
    uint8_t *canary = lwc_harness_alloc((uint32_t)CANARY_BYTES, 8u);
    if (canary != NULL) {
        memset(canary, CANARY, (size_t)CANARY_BYTES);
    }
    return canary;
}

static int is_whole(const uint8_t *canary)
{
    for (uint32_t i = 0u; i < (uint32_t)CANARY_BYTES; i++) {
        if (canary[i] != (uint8_t)CANARY) {
            return 0;
        }
    }
    return 1;
}

/* The parts of a divided arena, poisoned, each between canaries. */
static int alloc_regions(int poison, void **regions, uint8_t **canaries)
{
    for (uint32_t r = 0u; r < lwc_harness.regions; r++) {
        const lwc_harness_port part = lwc_harness.parts[r];
        canaries[r] = make_canary();
        regions[r] = lwc_harness_alloc(part.bytes, part.align);
        if ((canaries[r] == NULL) || (regions[r] == NULL)) {
            return 1;
        }
        memset(regions[r], poison, part.bytes);
    }
    canaries[lwc_harness.regions] = make_canary();
    return canaries[lwc_harness.regions] == NULL;
}

static int run_case(uint32_t index)
{
    current_case = index;
    const uint32_t count = lwc_harness.inputs + lwc_harness.outputs;
    const int poison = (int)((0xA5u + 0x3Bu * index) & 0xFFu);
    void *ports[MAX_PORTS];

    void *ctx = lwc_harness_alloc(lwc_harness.ctx_bytes, lwc_harness.ctx_align);
    if (ctx == NULL) {
        return fail("no memory for the context");
    }
    memset(ctx, poison, lwc_harness.ctx_bytes);
    void *regions[MAX_REGIONS];
    uint8_t *canaries[MAX_REGIONS + 1];
    if (lwc_harness.regions > 0u) {
        if (alloc_regions(poison, regions, canaries) != 0) {
            return fail("no memory for the parts of the arena");
        }
        if (lwc_harness_init(ctx, regions) != 0) {
            return fail("init() failed");
        }
    }

    for (uint32_t p = 0u; p < count; p++) {
        const lwc_harness_port port = lwc_harness.ports[p];
        const uint32_t shift = port.align == 1u ? (index & 1u) : 0u;
        uint8_t *data = lwc_harness_alloc(port.bytes + shift, port.align == 1u ? 4u : port.align);
        if (data == NULL) {
            return fail("no memory for inputs and outputs");
        }
        ports[p] = data + shift;
        if (p >= lwc_harness.inputs) {
            memset(ports[p], poison, port.bytes);
        } else if (lwc_harness_read(LWC_HARNESS_INPUTS, ports[p], port.bytes) != 0) {
            return fail("inputs.bin is too short");
        }
    }

    const uint32_t before = hash_inputs(ports);
    lwc_harness_stack_begin();
    const int32_t status = lwc_harness_run(ctx, ports);
    const uint32_t stack = lwc_harness_stack_end();
    if (hash_inputs(ports) != before) {
        return fail("run() changed an input");
    }
    for (uint32_t r = 0u; (lwc_harness.regions > 0u) && (r <= lwc_harness.regions); r++) {
        if (is_whole(canaries[r]) == 0) {
            return fail("run() wrote outside of a part of the arena");
        }
    }

    const uint32_t head[2] = {(uint32_t)status, stack};
    int32_t failed = lwc_harness_write(LWC_HARNESS_OUTPUTS, head, sizeof head);
    for (uint32_t p = lwc_harness.inputs; p < count; p++) {
        failed |= lwc_harness_write(LWC_HARNESS_OUTPUTS, ports[p], lwc_harness.ports[p].bytes);
    }
    lwc_harness_free_all();
    return failed != 0 ? fail("cannot write outputs.bin") : 0;
}

int main(void)
{
    uint32_t cases = 0u;
    if (lwc_harness.inputs + lwc_harness.outputs > (uint32_t)MAX_PORTS) {
        return fail("too many inputs and outputs");
    }
    if (lwc_harness.regions > (uint32_t)MAX_REGIONS) {
        return fail("too many parts of the arena");
    }
    if (lwc_harness_open(LWC_HARNESS_INPUTS) != 0 || lwc_harness_read(LWC_HARNESS_INPUTS, &cases, sizeof cases) != 0) {
        return fail("cannot read inputs.bin");
    }
    if (lwc_harness_open(LWC_HARNESS_OUTPUTS) != 0) {
        return fail("cannot create outputs.bin");
    }
    for (uint32_t i = 0u; i < cases; i++) {
        if (run_case(i) != 0) {
            return 1;
        }
    }
    if (tracing != 0 && lwc_harness_close(LWC_HARNESS_TRACE) != 0) {
        return fail("cannot write trace.bin");
    }
    return lwc_harness_close(LWC_HARNESS_OUTPUTS) != 0 ? fail("cannot write outputs.bin") : 0;
}

void lwc_trace(int32_t step, const void *data, uint32_t bytes)
{
    const uint32_t head[2] = {(uint32_t)step, bytes};
    if (tracing == 0) {
        tracing = 1;
        (void)lwc_harness_open(LWC_HARNESS_TRACE);
    }
    while (traced_cases <= current_case) {
        const uint32_t start[2] = {0xFFFFFFFFu, 0u};
        (void)lwc_harness_write(LWC_HARNESS_TRACE, start, sizeof start);
        traced_cases += 1u;
    }
    (void)lwc_harness_write(LWC_HARNESS_TRACE, head, sizeof head);
    (void)lwc_harness_write(LWC_HARNESS_TRACE, data, bytes);
}
