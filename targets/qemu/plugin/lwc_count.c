/*
 * lwc_count.c - a TCG plugin of QEMU (API version 1: QEMU 7.0 to 8.2) that counts the guest instructions of one function,
 * exactly, and prices them with cycle_models.h. What the function calls is counted too, and attributed to steps: an address in
 * a range of the table makes that range's step the current one, code outside the table belongs to the step that called it.
 *
 *   entry=ADDRESS  of the function, hexadecimal; each execution is a run of its own; it ends where the caller goes on
 *   steps=FILE     lines "start end step", addresses hexadecimal, ascending, end exclusive; step -1: the function itself
 *   out=FILE       the report, all decimal:
 *                  "models m0 ...", then per run "run N", per step "step S instructions taken-branches cycles-of-each-model",
 *                  and "end" at the end of a run that was complete
 */
#include "cycle_models.h"
#include "qemu_plugin_api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const int qemu_plugin_version = 1;

enum { KEEP_STEP = -2, NO_STEP = -1, MAX_STEPS = 4096 };

typedef struct step_range {
    uint64_t start;
    uint64_t end;
    int32_t step;
} step_range;

typedef struct totals {
    uint64_t instructions;
    uint64_t taken;
    uint64_t cycles[CYCLE_MODELS];
} totals;

/* Instructions of a block that belong to one step. */
typedef struct segment {
    int32_t step; /* KEEP_STEP: the current one */
    uint32_t instructions;
    cycle_counts cycles;
} segment;

/* A translated block: executed from the first instruction to the last. */
typedef struct block {
    uint64_t start;
    uint64_t end;
    cycle_counts taken;
    size_t segment_count;
    segment segments[];
} block;

static FILE *out;
static uint64_t entry_address;
static step_range *ranges;
static size_t range_count;

static bool is_running;
static uint64_t return_address;
static uint64_t run_count;
static int32_t current_step;
/* Index 0: NO_STEP. */
static totals step_totals[MAX_STEPS + 1];
static const block *previous;

static _Noreturn void give_up(const char *why, const char *what)
{
    (void)fprintf(stderr, "lwc_count: %s%s\n", why, what);
    exit(1);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        give_up("out of memory", "");
    }
    return memory;
}

static int32_t step_at(uint64_t address)
{
    size_t low = 0u;
    size_t high = range_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2u;
        if (address >= ranges[middle].end) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return low < range_count && address >= ranges[low].start ? ranges[low].step : KEEP_STEP;
}

/* ---- a run ---- */

static void begin_run(void)
{
    memset(step_totals, 0, sizeof step_totals);
    is_running = true;
    return_address = previous != NULL ? previous->end : 0u;
    current_step = NO_STEP;
}

static void end_run(void)
{
    (void)fprintf(out, "run %" PRIu64 "\n", run_count);
    for (int32_t step = NO_STEP; step < MAX_STEPS; step++) {
        const totals *sum = &step_totals[step + 1];
        if (sum->instructions == 0u) {
            continue;
        }
        (void)fprintf(out, "step %" PRId32 " %" PRIu64 " %" PRIu64, step, sum->instructions, sum->taken);
        for (size_t model = 0u; model < CYCLE_MODELS; model++) {
            (void)fprintf(out, " %" PRIu64, sum->cycles[model]);
        }
        (void)fputc('\n', out);
    }
    (void)fputs("end\n", out);
    is_running = false;
    run_count++;
}

static void add(totals *sum, const cycle_counts *cycles)
{
    for (size_t model = 0u; model < CYCLE_MODELS; model++) {
        sum->cycles[model] += cycles->of[model];
    }
}

static void on_block(unsigned cpu, void *user)
{
    (void)cpu;
    const block *now = user;
    if (is_running) {
        if (previous->end != now->start) {
            totals *sum = &step_totals[current_step + 1];
            sum->taken++;
            add(sum, &previous->taken);
        }
        if (now->start == return_address) {
            end_run();
        }
    }
    if (!is_running && now->start == entry_address) {
        begin_run();
    }
    if (is_running) {
        for (size_t i = 0u; i < now->segment_count; i++) {
            const segment *part = &now->segments[i];
            if (part->step != KEEP_STEP) {
                current_step = part->step;
            }
            totals *sum = &step_totals[current_step + 1];
            sum->instructions += part->instructions;
            add(sum, &part->cycles);
        }
    }
    previous = now;
}

/* ---- translation ---- */

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    const size_t count = qemu_plugin_tb_n_insns(tb);
    if (count == 0u) {
        return;
    }
    thumb_insn *insns = allocate(count, sizeof *insns);
    cycle_counts *cycles = allocate(count, sizeof *cycles);
    /* Blocks live until QEMU ends. */
    block *made = allocate(1u, sizeof *made + count * sizeof made->segments[0]);

    made->start = qemu_plugin_tb_vaddr(tb);
    for (size_t i = 0u; i < count; i++) {
        const struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const size_t size = qemu_plugin_insn_size(insn);
        insns[i] = thumb_decode(qemu_plugin_insn_data(insn), size);
        made->end = qemu_plugin_insn_vaddr(insn) + size;
    }
    price_block(insns, count, cycles);
    made->taken = price_taken(&insns[count - 1u]);

    segment *part = NULL;
    for (size_t i = 0u; i < count; i++) {
        const int32_t step = step_at(qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i)));
        if (part == NULL || step != part->step) {
            part = &made->segments[made->segment_count++];
            part->step = step;
        }
        part->instructions++;
        for (size_t model = 0u; model < CYCLE_MODELS; model++) {
            part->cycles.of[model] += cycles[i].of[model];
        }
    }
    free(insns);
    free(cycles);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, made);
}

static void on_qemu_exit(qemu_plugin_id_t id, void *user)
{
    (void)id;
    (void)user;
    if (fclose(out) != 0) {
        give_up("cannot write the report", "");
    }
}

/* ---- arguments ---- */

static void read_ranges(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        give_up("cannot read ", path);
    }
    size_t capacity = 0u;
    step_range range;
    while (fscanf(file, "%" SCNx64 " %" SCNx64 " %" SCNd32, &range.start, &range.end, &range.step) == 3) {
        const bool is_ascending = range_count == 0u || range.start >= ranges[range_count - 1u].end;
        if (!is_ascending || range.end <= range.start || range.step < NO_STEP || range.step >= MAX_STEPS) {
            give_up("bad range in ", path);
        }
        if (range_count == capacity) {
            capacity = capacity == 0u ? 256u : 2u * capacity;
            ranges = realloc(ranges, capacity * sizeof *ranges);
            if (ranges == NULL) {
                give_up("out of memory", "");
            }
        }
        ranges[range_count++] = range;
    }
    if (!feof(file)) {
        give_up("bad line in ", path);
    }
    (void)fclose(file);
}

/* The value of an argument `name=value`, or NULL. */
static const char *value_of(const char *argument, const char *name)
{
    const size_t length = strlen(name);
    return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1u : NULL;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        const char *value;
        if ((value = value_of(argv[i], "entry")) != NULL) {
            entry_address = strtoull(value, NULL, 16);
        } else if ((value = value_of(argv[i], "steps")) != NULL) {
            read_ranges(value);
        } else if ((value = value_of(argv[i], "out")) != NULL) {
            out = fopen(value, "w");
        } else {
            give_up("unknown argument ", argv[i]);
        }
    }
    if (entry_address == 0u || out == NULL) {
        give_up("entry= or a writable out= is missing", "");
    }
    (void)fputs("models", out);
    for (size_t model = 0u; model < CYCLE_MODELS; model++) {
        (void)fprintf(out, " %s", cycle_model_names[model]);
    }
    (void)fputc('\n', out);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_qemu_exit, NULL);
    return 0;
}
