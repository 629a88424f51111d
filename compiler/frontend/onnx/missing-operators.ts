/** Operators that models are met with and lwc does not run: why, and what to do. For the diagnostic and for docs/operators.md. */

export interface MissingOperator {
  readonly why: string;
  readonly hint: string;
}

const dynamic: MissingOperator = {
  why: "scales are computed at run time",
  hint: "quantize statically, with calibration data (QDQ format)",
};
const recurrent: MissingOperator = {
  why: "recurrent layers keep state between steps",
  hint: "unroll it, or replace it by a 1-D convolution over time",
};
const attention: MissingOperator = {
  why: "products of two activations",
  hint: "lwc runs convolutional networks: there is no attention operator",
};
const normalization: MissingOperator = {
  why: "statistics of the input at run time",
  hint: "train with BatchNormalization, which folds into the layer in front of it",
};
const detection: MissingOperator = {
  why: "the size of its result depends on data",
  hint: "end the model in front of it and leave it to the code around the network",
};
const dataDependent: MissingOperator = {
  why: "which elements it reads or writes depends on data",
  hint: "use constant indices, or leave it to the code around the network",
};
const control: MissingOperator = {
  why: "control flow that depends on data",
  hint: "export with constant conditions, so that the exporter unrolls or folds it",
};

export const missingOperators: Readonly<Record<string, MissingOperator>> = {
  Attention: attention,
  Col2Im: { why: "a sum of overlapping blocks", hint: "use ConvTranspose" },
  ConvInteger: dynamic,
  DynamicQuantizeLinear: dynamic,
  DynamicQuantizeLSTM: recurrent,
  DynamicQuantizeMatMul: dynamic,
  Einsum: { why: "products of any axes", hint: "write it as MatMul with constant weights, or as a convolution" },
  GRU: recurrent,
  GlobalLpPool: { why: "powers over the whole map", hint: "use GlobalAveragePool, GlobalMaxPool or ReduceL2" },
  GatherElements: dataDependent,
  GatherND: dataDependent,
  GridSample: dataDependent,
  GroupNormalization: normalization,
  Hardmax: { why: "it is ArgMax as a mask", hint: "end the model with ArgMax" },
  If: control,
  InstanceNormalization: normalization,
  LRN: {
    why: "it has no integer form as a single operator",
    hint: "`lwc quantize` takes one with beta 0.5 or 0.75 apart into a convolution, tables and a product; or train with BatchNormalization",
  },
  LSTM: recurrent,
  LayerNormalization: normalization,
  Loop: control,
  LpNormalization: {
    why: "it is a quotient by a norm",
    hint: "write it as ReduceL2 and Div, with a QuantizeLinear between them",
  },
  LpPool: { why: "powers inside of a window", hint: "use AveragePool or MaxPool" },
  MatMulInteger: dynamic,
  MatMulNBits: { why: "weights of less than 8 bits", hint: "quantize weights to int8" },
  MaxRoiPool: detection,
  MultiHeadAttention: attention,
  NonMaxSuppression: detection,
  OneHot: { why: "it turns indices into masks", hint: "leave it to the code around the network" },
  QAttention: attention,
  RNN: recurrent,
  ReduceLogSum: {
    why: "a logarithm of a sum",
    hint: "write it as ReduceSum and Log, with a QuantizeLinear between them, as `lwc quantize` does",
  },
  ReduceLogSumExp: {
    why: "a logarithm of a sum of exponentials",
    hint: "use LogSoftmax, or leave it to the code around the network",
  },
  RoiAlign: detection,
  Scan: control,
  ScatterElements: dataDependent,
  ScatterND: dataDependent,
  SimplifiedLayerNormalization: normalization,
  TopK: { why: "it sorts", hint: "end the model in front of it: sorting a vector of scores is a few lines of C" },
  Unique: detection,
};
