/**
 * Unary functions in float32 as ONNX Runtime computes them (docs/numerics.md, "Lookup tables"): each takes and returns a
 * float32, with a rounding after each step. They only ever run at compile time, to fill tables.
 */
import { fma32 } from "./fma.js";
import { clamp, roundHalfEven } from "./saturate.js";

const f32 = Math.fround;

export type Unary = (x: number) => number;

/** Real value of a quantized one: fl(s * (q - zp)). */
export function dequantize(q: number, scale: number, zeroPoint: number): number {
  return f32(scale * (q - zeroPoint));
}

/** Quantized value of a real one: RNE(clamp(fl(x / s))) + zp, int8. */
export function quantize(x: number, scale: number, zeroPoint: number): number {
  return roundHalfEven(clamp(f32(x / scale), -128 - zeroPoint, 127 - zeroPoint)) + zeroPoint;
}

/** Entry i is the result for the value i - 128. */
export function unaryTable(
  apply: Unary,
  input: { readonly scale: number; readonly zeroPoint: number },
  output: { readonly scale: number; readonly zeroPoint: number },
): Int8Array {
  return Int8Array.from({ length: 256 }, (_, i) =>
    quantize(f32(apply(dequantize(i - 128, input.scale, input.zeroPoint))), output.scale, output.zeroPoint),
  );
}

/** Coefficients of MLAS's rational approximation of the logistic function, highest power first. */
const logisticP = [
  4.37031012579801e-11, 1.15627324459942e-7, 6.08574864600143e-5, 8.51377133304701e-3, 2.48287947061529e-1,
].map(f32);
const logisticQ = [
  6.10247389755681e-13, 5.76102136993427e-9, 6.2910678501704e-6, 1.70198817374094e-3, 1.16817656904453e-1,
  9.9315192102318e-1,
].map(f32);

function horner(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => fma32(sum, x, coefficient));
}

/** The logistic function as MLAS computes it: p(x^2) * x / q(x^2) + 0.5 on [-18, 18]. */
export function sigmoid(x: number): number {
  const v = clamp(x, -18, 18);
  const square = f32(v * v);
  const p = f32(v * horner(logisticP, square));
  const y = f32(f32(p / horner(logisticQ, square)) + 0.5);
  return Math.max(0, y);
}

export function leakyRelu(alpha: number): Unary {
  return (x) => (x >= 0 ? x : f32(f32(alpha) * x));
}

export function hardSigmoid(alpha: number, beta: number): Unary {
  return (x) => Math.max(0, Math.min(1, f32(f32(f32(alpha) * x) + f32(beta))));
}

/** x * HardSigmoid(x) with alpha 1/6 and beta 1/2. */
export function hardSwish(x: number): number {
  return f32(x * hardSigmoid(1 / 6, 0.5)(x));
}

export function elu(alpha: number): Unary {
  return (x) => (x >= 0 ? x : f32(f32(alpha) * f32(Math.expm1(x))));
}

/** max(0, x) + min(0, alpha * (exp(x / alpha) - 1)). */
export function celu(alpha: number): Unary {
  const a = f32(alpha);
  return (x) => (x > 0 ? x : f32(a * f32(Math.expm1(f32(x / a)))));
}

/** gamma * x above 0, gamma * alpha * (exp(x) - 1) below. */
export function selu(alpha: number, gamma: number): Unary {
  const [a, g] = [f32(alpha), f32(gamma)];
  return (x) => (x > 0 ? f32(g * x) : f32(g * f32(f32(a * f32(Math.exp(x))) - a)));
}

export function softplus(x: number): number {
  return f32(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));
}

/** x * tanh(softplus(x)). */
export function mish(x: number): number {
  return f32(x * f32(Math.tanh(softplus(x))));
}

/** x * sigmoid(alpha * x): SiLU for alpha 1, QuickGelu for 1.702. */
export function swish(alpha: number): Unary {
  return (x) => f32(x * sigmoid(f32(f32(alpha) * x)));
}

/** x / 2 * (1 + erf(x / sqrt(2))). */
export function gelu(x: number): number {
  return f32(f32(0.5 * x) * f32(1 + f32(erf(f32(x * f32(Math.SQRT1_2))))));
}

/** The same with tanh(sqrt(2 / pi) * (x + 0.044715 x^3)) in place of erf. */
export function geluTanh(x: number): number {
  const cube = f32(f32(x * x) * x);
  const inner = f32(f32(Math.sqrt(2 / Math.PI)) * f32(x + f32(f32(0.044715) * cube)));
  return f32(f32(0.5 * x) * f32(1 + f32(Math.tanh(inner))));
}

/** x - bias above lambda, x + bias below -lambda, 0 between. */
export function shrink(lambda: number, bias: number): Unary {
  const [l, b] = [f32(lambda), f32(bias)];
  return (x) => (x < -l ? f32(x + b) : x > l ? f32(x - b) : 0);
}

/** Error function: series below 2.5, continued fraction above; accurate to float64 where a float32 can tell. */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 100; n++) {
      term *= -(x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (magnitude + fraction);
  const complement = Math.exp(-magnitude * magnitude) / (Math.sqrt(Math.PI) * (magnitude + fraction));
  return x < 0 ? complement - 1 : 1 - complement;
}
