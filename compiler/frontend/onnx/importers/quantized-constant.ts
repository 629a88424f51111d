/**
 * Add and Mul of an activation and a quantized constant: ONNX Runtime runs them as QLinearAdd and QLinearMul, whose last bit is not
 * that of the float steps. The tables hold its arithmetic on x64.
 */
import { makeAdd } from "../../../arith/add.js";
import { makeMul } from "../../../arith/mul.js";
import { makeNumerics } from "../../../arith/numerics.js";
import { must } from "../../../diagnostics.js";
import { type Quant, scaleOf } from "../../../ir/quant.js";
import type { Context } from "../context.js";
import type { Value, WeightsValue } from "../values.js";
import { spanScalar } from "./combine.js";
import { broadcastDims } from "./fold.js";

const numerics = makeNumerics("ort");

/** `result`, the function of `x` and `constant`, with those tables where both are quantized in one type, and directly combined. */
export function exactly(context: Context, x: Value, constant: Value, result: Value): Value {
  const { opType } = context.node;
  if (opType !== "Add" && opType !== "Mul") return result;
  if (result.kind !== "unary" || x.kind !== "tensor" || constant.kind !== "weights") return result;
  const quantX = context.assembler.quantOf(x);
  const { tensor, scales, zeroPoints } = constant;
  if (scales.length !== 1 || tensor.dtype !== quantX.storage) return result;
  const dims = broadcastDims(x.dims, tensor.dims) ?? [];
  const span = spanScalar(x.dims, tensor.dims, dims);
  const exact = (quant: Quant): Int8Array | undefined => {
    if (quant.storage !== quantX.storage) return undefined;
    const common = {
      scaleA: scaleOf(quantX),
      zeroA: quantX.zeroPoint,
      scaleB: must(scales[0], "scale"),
      zeroB: must(zeroPoints[0], "zero point") - (quant.storage === "uint8" ? 128 : 0),
      scaleC: scaleOf(quant),
      zeroC: quant.zeroPoint,
      unsigned: quant.storage === "uint8",
      min: -128,
      max: 127,
    };
    const add = makeAdd(numerics, { ...common, spanScalar: span });
    const product = makeMul(numerics, common);
    const apply =
      opType === "Add" ? add : (a: number, b: number): number => product((a - common.zeroA) * (b - common.zeroB));
    const values = distinctValues(constant);
    return Int8Array.from({ length: 256 * values.length }, (_, i) =>
      apply((i % 256) - 128, must(values[Math.floor(i / 256)], "value of the constant")),
    );
  };
  return { ...result, exact };
}

/** As int8, in order of appearance: the order in which places.ts numbers the functions. */
function distinctValues({ tensor }: WeightsValue): readonly number[] {
  const shift = tensor.dtype === "uint8" ? 128 : 0;
  return [...new Set(tensor.data)].map((value) => value - shift);
}
