/*
 * lwc_harness.h - what `lwc verify` runs: the model (harness_model.c, generated), the loop over the cases (harness_main.c)
 * and the platform (harness_host.c or harness_semihosting.c).
 */
#ifndef LWC_HARNESS_H
#define LWC_HARNESS_H

#include <stddef.h>
#include <stdint.h>

/* ---- the model ---- */

typedef struct lwc_harness_port {
    uint32_t bytes;
    uint32_t align; /* 1 for int8, 4 for int32 */
} lwc_harness_port;

typedef struct lwc_harness_model {
    uint32_t ctx_bytes;
    uint32_t ctx_align;
    uint32_t inputs;
    uint32_t outputs;
    const lwc_harness_port *ports; /* inputs, then outputs */
    uint32_t regions;
    const lwc_harness_port *parts; /* of an arena that is divided over memories */
} lwc_harness_model;

extern const lwc_harness_model lwc_harness;

/* Tells the context where the parts of its arena are. Returns the status of the generated init function, 0 where there is none. */
int32_t lwc_harness_init(void *ctx, void *const *regions);

/* Calls the generated run function; ports in the order of lwc_harness.ports. Returns its status. */
int32_t lwc_harness_run(void *ctx, void *const *ports);

/* Called by traced code after each step. */
void lwc_trace(int32_t step, const void *data, uint32_t bytes);

/* ---- the platform ---- */

enum { LWC_HARNESS_INPUTS, LWC_HARNESS_OUTPUTS, LWC_HARNESS_TRACE };

/* Opens inputs.bin for reading, or outputs.bin or trace.bin for writing. 0: success. */
int32_t lwc_harness_open(int32_t file);
int32_t lwc_harness_read(int32_t file, void *data, uint32_t bytes);
int32_t lwc_harness_write(int32_t file, const void *data, uint32_t bytes);
int32_t lwc_harness_close(int32_t file);

/* Memory that lives until lwc_harness_free_all(). NULL when there is no more. */
void *lwc_harness_alloc(uint32_t bytes, uint32_t align);
void lwc_harness_free_all(void);

/* Stack bytes of what ran between the two calls; 0 where it is not measured. */
void lwc_harness_stack_begin(void);
uint32_t lwc_harness_stack_end(void);

void lwc_harness_print(const char *text);

#endif
