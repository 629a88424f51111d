/** What is known of the reference models. */

/** Hundred million multiply-accumulates and more: seconds per inference in the reference. */
export function isLarge(model: string): boolean {
  return /^(mobilenetv2|rand_squeezenet|rfb320)/.test(model);
}

/** Models small enough to run on every core in `npm test`; between them they hold most operators. */
export const everywhere: readonly string[] = ["kws_dscnn_int8_qdq", "cifar_ghostnet_int8_qdq"];

export const cores: readonly string[] = [
  "cortex-m0",
  "cortex-m0plus",
  "cortex-m3",
  "cortex-m4",
  "cortex-m7",
  "cortex-m33",
  "cortex-m55",
];

/**
 * Whose recorded outputs a model is held to; every one exactly, in every byte. MobileNetV2 in QDQ form is the exception: ONNX
 * Runtime computes 35 of its convolutions in float there (docs/numerics.md), so it is held to the QOperator form of the same
 * network, which ONNX Runtime computes in integers.
 */
export function goldenOf(model: string): string {
  return model === "mobilenetv2_pt_int8_qdq" ? "mobilenetv2_pt_int8_qop" : model;
}
