/**
 * The front end by ONNX operator, for docs/operators.md: what each becomes, how its attributes map, what is refused. A test holds
 * that every importer has its row here.
 */

export interface OperatorRow {
  /** Operators of the compiler that it becomes; none where it only changes names or constants. */
  readonly becomes: readonly string[];
  readonly how: string;
  readonly attributes?: string;
  readonly refused?: string;
}

const table = (attributes?: string): OperatorRow => ({
  becomes: ["lookup", "lookup_each"],
  how: "a table of its 256 results; with the functions around it one table",
  ...(attributes === undefined ? {} : { attributes }),
});

const constantsOnly: OperatorRow = {
  becomes: [],
  how: "computed at compile time",
  refused: "operands that are activations",
};

const reduction: OperatorRow = {
  becomes: ["reduce"],
  how: "exact integer sums, rounded once; axes that are no neighbours in memory are moved together",
  attributes: "axes (attribute or input), keepdims, noop_with_empty_axes",
  refused: "sums that leave 32 bits",
};

const extreme: OperatorRow = { ...reduction, how: "compares the integers", refused: "nothing" };

const shape: OperatorRow = {
  becomes: ["reshape"],
  how: "other dims of the same bytes; names of axes where memory allows",
};

const pair: OperatorRow = {
  becomes: ["lookup", "lookup_each"],
  how: "tables with a constant beside it, of any shape that broadcasts, or of two functions of one activation",
};

const qlinear = (becomes: readonly string[], how: string): OperatorRow => ({
  becomes,
  how: `${how}, in QOperator form`,
});

const sizes = "kernel_shape, strides, pads, auto_pad, dilations, ceil_mode";

export const operatorRows: Readonly<Record<string, OperatorRow>> = {
  ...Object.fromEntries(
    [
      ...["Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Erf", "Exp"],
      ...["Floor", "HardSwish", "Log", "Mish", "Neg", "Reciprocal", "Round", "Sigmoid", "Sign", "Sin", "Sinh"],
      ...["Softplus", "Softsign", "Sqrt", "Tan", "Tanh"],
    ].map((name) => [name, table()] as const),
  ),
  ...Object.fromEntries(
    ["Celu", "Elu", "LeakyRelu", "QuickGelu", "Swish", "ThresholdedRelu"].map(
      (name) => [name, table("alpha")] as const,
    ),
  ),
  ...Object.fromEntries(
    [
      "And",
      "CumSum",
      "Equal",
      "Greater",
      "GreaterOrEqual",
      "Less",
      "LessOrEqual",
      "NonZero",
      "Not",
      "Or",
      "Range",
      "Where",
    ].map((name) => [name, constantsOnly] as const),
  ),
  Add: { ...pair, becomes: ["add", ...pair.becomes, "conv2d"], how: `${pair.how}; behind a product its bias` },
  ArgMax: { becomes: ["argmax"], how: "indices, int32 or int64", attributes: "axis, keepdims, select_last_index" },
  ArgMin: {
    becomes: ["lookup", "argmax"],
    how: "ArgMax in reverse order",
    attributes: "axis, keepdims, select_last_index",
  },
  AveragePool: {
    becomes: ["avg_pool2d", "mean"],
    how: "the float order of ONNX Runtime, exactly; over the whole map a sum of integers, where that is proven equal",
    attributes: `${sizes}, count_include_pad`,
  },
  BatchNormalization: {
    becomes: ["conv2d", "fully_connected"],
    how: "scales and bias of the product in front of it",
    attributes: "epsilon",
    refused: "training_mode = 1; where no product is in front",
  },
  Cast: {
    becomes: [],
    how: "of constants, indices, and to the type that a value has",
    refused: "conversions of activations",
  },
  Clip: { becomes: ["lookup"], how: "bounds of the operator in front of it, else a table", attributes: "min, max" },
  Concat: {
    becomes: ["concat", "lookup"],
    how: "layers write into it where they can, else copies; behind tables where scales differ",
    attributes: "axis",
  },
  Constant: { becomes: [], how: "a constant", attributes: "value, value_float, value_floats, value_int, value_ints" },
  ConstantOfShape: { becomes: [], how: "a constant", attributes: "value" },
  Conv: {
    becomes: ["conv2d"],
    how: "int8 or uint8 weights, per tensor or per output channel; int32 or float bias; over a whole map as a fully connected layer",
    attributes: "kernel_shape, strides, pads, auto_pad, dilations, group",
    refused: "3-D maps, weights that are computed, accumulators that leave 32 bits",
  },
  ConvTranspose: {
    becomes: ["conv_transpose2d", "conv2d"],
    how: "as Conv, each phase of output pixels by its own taps; without a stride a Conv",
    attributes: "kernel_shape, strides, pads, auto_pad, dilations, group, output_padding, output_shape",
    refused: "3-D maps, weights quantized along their inputs",
  },
  DepthToSpace: { becomes: ["reshape", "transpose"], how: "one movement of bytes", attributes: "blocksize, mode" },
  DequantizeLinear: { becomes: ["lookup"], how: "says what integers stand for", attributes: "axis" },
  Div: { ...pair, becomes: ["div", ...pair.becomes], how: `${pair.how}; of two activations in float32` },
  Dropout: { becomes: [], how: "nothing" },
  Expand: { becomes: ["take"], how: "repeats along axes of length 1" },
  FastGelu: { ...table(), refused: "a bias" },
  Flatten: { ...shape, attributes: "axis" },
  Gather: {
    becomes: ["slice", "take"],
    how: "by constant indices",
    attributes: "axis",
    refused: "indices that are computed",
  },
  Gelu: table('approximate: "none", "tanh"'),
  Gemm: {
    becomes: ["fully_connected"],
    how: "as Conv",
    attributes: "alpha, beta, transB",
    refused: "transA = 1, constant first operands",
  },
  GlobalAveragePool: { becomes: ["mean"], how: "over height and width" },
  GlobalMaxPool: { becomes: ["max_pool2d"], how: "a window as large as the map" },
  HardSigmoid: table("alpha, beta"),
  Identity: { becomes: [], how: "nothing" },
  LogSoftmax: {
    becomes: ["log_softmax"],
    how: "float32 steps, the same on every core",
    attributes: "axis; before opset 13 flattened",
  },
  MatMul: { becomes: ["fully_connected", "conv2d"], how: "with constant weights", refused: "two activations" },
  Max: {
    ...pair,
    becomes: ["extremum", ...pair.becomes],
    how: "compares the integers in the scale of the result; any number of operands",
  },
  MaxPool: {
    becomes: ["max_pool2d", "argmax_pool2d"],
    how: "compares the integers, of 1-D and 2-D maps",
    attributes: sizes,
    refused: "indices that something else than a MaxUnpool reads, storage_order = 1",
  },
  MaxUnpool: {
    becomes: ["max_unpool2d"],
    how: "behind the MaxPool whose indices it reads",
    attributes: "kernel_shape, strides, pads, output_shape (input)",
    refused: "another shape than the MaxPool read, windows of more than 256 values",
  },
  Mean: {
    becomes: ["sum"],
    how: "of activations, in float32",
    refused: "constants among them, which `lwc quantize` takes out",
  },
  Min: {
    ...pair,
    becomes: ["extremum", ...pair.becomes],
    how: "compares the integers in the scale of the result; any number of operands",
  },
  Mul: { ...pair, becomes: ["mul", ...pair.becomes] },
  PRelu: {
    becomes: ["lookup", "lookup_each"],
    how: "a table, or one per channel or element",
    refused: "slopes that are computed",
  },
  Pad: {
    becomes: ["pad", "slice"],
    how: "folds into a convolution or pool behind it; negative pads cut",
    attributes: 'mode "constant", value',
    refused: "other modes",
  },
  Pow: { ...pair, refused: "two activations" },
  QuantizeLinear: {
    becomes: ["lookup"],
    how: "finishes the operator in front of it",
    attributes: "axis, output_dtype",
    refused: "other types than int8 and uint8; activations per channel",
  },
  ReduceL1: reduction,
  ReduceL2: reduction,
  ReduceMax: extreme,
  ReduceMean: { ...reduction, becomes: ["mean"], how: "the arithmetic of GlobalAveragePool", refused: "nothing" },
  ReduceMin: extreme,
  ReduceProd: constantsOnly,
  ReduceSum: reduction,
  ReduceSumSquare: reduction,
  Relu: { becomes: ["lookup"], how: "bound of the operator in front of it, else a table" },
  Reshape: { ...shape, attributes: "allowzero", refused: "shapes that are computed" },
  Resize: {
    becomes: ["resize"],
    how: "the coordinates and roundings of ONNX Runtime",
    attributes:
      "mode nearest and linear, coordinate_transformation_mode, nearest_mode, axes, keep_aspect_ratio_policy; scales or sizes",
    refused: "cubic, tf_crop_and_resize, antialias, other axes than height and width, linear of integers",
  },
  Selu: table("alpha, gamma"),
  Shape: { becomes: [], how: "a constant", attributes: "start, end" },
  Shrink: table("lambd, bias"),
  Size: { becomes: [], how: "a constant" },
  Slice: {
    becomes: ["slice"],
    how: "often a view",
    attributes: "starts, ends, axes, steps (negative too)",
    refused: "empty results",
  },
  Softmax: {
    becomes: ["softmax"],
    how: "the integer softmax of ONNX Runtime",
    attributes: "axis; before opset 13 flattened",
  },
  SpaceToDepth: { becomes: ["reshape", "transpose"], how: "one movement of bytes", attributes: "blocksize" },
  Split: { becomes: ["slice"], how: "often views", attributes: "axis, split (attribute or input), num_outputs" },
  Squeeze: { ...shape, attributes: "axes (attribute or input)" },
  Sub: { ...pair, becomes: ["sum", ...pair.becomes], how: `${pair.how}; of two activations in float32` },
  Sum: { ...pair, becomes: ["sum", ...pair.becomes], how: "any number of operands, in float32" },
  Tile: { becomes: ["take"], how: "repeats" },
  Transpose: {
    becomes: ["transpose"],
    how: "names of axes, moved only where an operator needs another order",
    attributes: "perm",
  },
  Unsqueeze: { ...shape, attributes: "axes (attribute or input)" },
  Upsample: { becomes: ["resize"], how: "Resize of old operator sets", attributes: "mode, scales" },
  QGemm: qlinear(["fully_connected"], "Gemm"),
  QLinearAdd: qlinear(["add"], "Add"),
  QLinearAveragePool: qlinear(["avg_pool2d"], "AveragePool"),
  QLinearConcat: qlinear(["concat", "lookup"], "Concat"),
  QLinearConv: qlinear(["conv2d"], "Conv"),
  QLinearGlobalAveragePool: qlinear(["mean"], "GlobalAveragePool"),
  QLinearLeakyRelu: qlinear(["lookup"], "LeakyRelu"),
  QLinearMatMul: qlinear(["fully_connected"], "MatMul"),
  QLinearMul: qlinear(["mul"], "Mul"),
  QLinearSigmoid: qlinear(["lookup"], "Sigmoid"),
  QLinearSoftmax: qlinear(["softmax"], "Softmax"),
};
