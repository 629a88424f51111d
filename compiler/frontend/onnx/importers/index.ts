/** The importer table: ONNX operator to the function that reads it. */
import type { Importer } from "../context.js";
import { importBatchNormalization } from "./batch-normalization.js";
import { importBinary, importPRelu, importVariadic } from "./binary.js";
import { importCast } from "./cast.js";
import { foldingImporters, importConstant, importConstantOfShape } from "./constants.js";
import { importConvTranspose } from "./conv-transpose.js";
import { importDepthToSpace, importSpaceToDepth } from "./depth-to-space.js";
import { importArgExtreme, importLogSoftmax, importSoftmax } from "./heads.js";
import { importGlobalMaxPool, importMaxPool, importMaxUnpool } from "./max-pool.js";
import { importPad } from "./pad.js";
import { importConcat, importSlice, importSplit } from "./parts.js";
import { importAveragePool, importGlobalAveragePool } from "./pools.js";
import { qlinearImporters } from "./qlinear.js";
import { importDequantizeLinear, importQuantizeLinear } from "./quantize.js";
import { importReduce } from "./reductions.js";
import {
  importFlatten,
  importIdentity,
  importReshape,
  importShape,
  importSize,
  importSqueeze,
  importTranspose,
  importUnsqueeze,
} from "./reshape.js";
import { importResize, importUpsample } from "./resize.js";
import { importExpand, importGather, importTile } from "./take.js";
import { unaryImporters } from "./unary.js";
import { importConv, importGemm, importMatMul } from "./weighted.js";

const standard: Readonly<Record<string, Importer>> = {
  ...unaryImporters,
  ...foldingImporters,
  Add: importBinary,
  ArgMax: importArgExtreme,
  ArgMin: importArgExtreme,
  AveragePool: importAveragePool,
  BatchNormalization: importBatchNormalization,
  Cast: importCast,
  Concat: importConcat,
  Constant: importConstant,
  ConstantOfShape: importConstantOfShape,
  Conv: importConv,
  ConvTranspose: importConvTranspose,
  DepthToSpace: importDepthToSpace,
  DequantizeLinear: importDequantizeLinear,
  Div: importBinary,
  Dropout: importIdentity,
  Expand: importExpand,
  Flatten: importFlatten,
  Gather: importGather,
  Gemm: importGemm,
  GlobalAveragePool: importGlobalAveragePool,
  GlobalMaxPool: importGlobalMaxPool,
  Identity: importIdentity,
  LogSoftmax: importLogSoftmax,
  MatMul: importMatMul,
  Max: importVariadic,
  MaxPool: importMaxPool,
  Mean: importVariadic,
  Min: importVariadic,
  MaxUnpool: importMaxUnpool,
  Mul: importBinary,
  PRelu: importPRelu,
  Pad: importPad,
  Pow: importBinary,
  QuantizeLinear: importQuantizeLinear,
  ReduceL1: importReduce,
  ReduceL2: importReduce,
  ReduceMax: importReduce,
  ReduceMean: importReduce,
  ReduceMin: importReduce,
  ReduceProd: importReduce,
  ReduceSum: importReduce,
  ReduceSumSquare: importReduce,
  Reshape: importReshape,
  Resize: importResize,
  Shape: importShape,
  Size: importSize,
  Slice: importSlice,
  Softmax: importSoftmax,
  SpaceToDepth: importSpaceToDepth,
  Split: importSplit,
  Squeeze: importSqueeze,
  Sub: importBinary,
  Sum: importVariadic,
  Tile: importTile,
  Transpose: importTranspose,
  Unsqueeze: importUnsqueeze,
  Upsample: importUpsample,
};

/** ONNX Runtime writes its quantized operators into the domain com.microsoft; Conv, MatMul and Q/DQ exist in both. */
export function findImporter(domain: string, opType: string): Importer | undefined {
  if (domain !== "" && domain !== "com.microsoft") return undefined;
  const table = Object.hasOwn(qlinearImporters, opType)
    ? qlinearImporters
    : Object.hasOwn(standard, opType)
      ? standard
      : undefined;
  return table?.[opType];
}

/** ONNX operators that lwc reads, sorted. */
export function importedOperators(): readonly string[] {
  return [...Object.keys(standard), ...Object.keys(qlinearImporters)].sort();
}
