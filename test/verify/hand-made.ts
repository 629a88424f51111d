/** Hand-written C in the form of generated code, to test the harness without the compiler. */
import type { HarnessModel } from "../../compiler/verify/harness-model.js";

/** out[i] = in[i] ^ 0x55 through the arena; `body` may add lines before the return. */
export function handMade(
  body = "",
  options: { elements?: number; arena?: number; weights?: number } = {},
): HarnessModel {
  const elements = options.elements ?? 37;
  const arena = options.arena ?? 64;
  const weights = options.weights ?? 4;
  const header = `#include "lwc/lwc.h"
typedef struct lwc_toy_ctx { LWC_ALIGNED(16) int8_t arena[${arena}]; } lwc_toy_ctx;
extern const int8_t lwc_toy_weights[${weights}];
void lwc_trace(int32_t step, const void *data, uint32_t bytes);
lwc_status lwc_toy_run(lwc_toy_ctx *ctx, const int8_t *in, int8_t *out, int32_t *sum);
`;
  const source = `#include "toy.h"
lwc_status lwc_toy_run(lwc_toy_ctx *ctx, const int8_t *in, int8_t *out, int32_t *sum)
{
    int32_t total = 0;
    for (int32_t i = 0; i < ${elements}; i++) {
        ctx->arena[i] = (int8_t)(in[i] ^ 0x55);
        total += in[i];
    }
    lwc_trace(0, ctx->arena, ${elements}u);
    for (int32_t i = 0; i < ${elements}; i++) {
        out[i] = ctx->arena[i];
    }
    *sum = total + lwc_toy_weights[0];
    lwc_trace(1, sum, 4u);
    ${body}
    return LWC_OK;
}
`;
  return {
    name: "toy",
    header: "toy.h",
    files: [
      { path: "toy.h", text: header },
      { path: "toy.c", text: source },
      { path: "toy_weights.c", text: `#include "toy.h"\nconst int8_t lwc_toy_weights[${weights}] = {5};\n` },
      { path: "lwc/lwc.h", text: lwcHeader },
    ],
    inputs: [{ dtype: "int8", elements }],
    outputs: [
      { dtype: "int8", elements },
      { dtype: "int32", elements: 1 },
    ],
    regions: [],
    contextBytes: arena,
    macs: elements,
    int32Steps: new Set([1]),
  };
}

export function toyOutputs(input: Int8Array): readonly [Int8Array, Int32Array] {
  return [input.map((value) => value ^ 0x55), Int32Array.of(input.reduce((sum, value) => sum + value, 5))];
}

const lwcHeader = `#include <stdint.h>
#ifdef __cplusplus
#define LWC_ALIGNED(n) alignas(n)
#else
#define LWC_ALIGNED(n) _Alignas(n)
#endif
typedef enum lwc_status { LWC_OK = 0 } lwc_status;
`;
