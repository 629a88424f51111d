/**
 * Builds float networks as PyTorch exports them: NCHW values with known shapes, nodes named after their module
 * ("/features/0/conv/Conv"), seeded weights that keep activations near unit variance through any depth, and the count
 * of learnable parameters and multiply-accumulates as papers give them.
 */
import { type NodeSpec, OnnxBuilder } from "./onnx-builder.js";

/** A value of the graph. `power` is the expected mean square of its elements, from which later weights are scaled. */
export interface Value {
  readonly name: string;
  readonly dims: readonly number[];
  readonly power: number;
}

/** What was built: the model's bytes and what papers count. `parameters` has weights, biases and BatchNorm's scale and shift. */
export interface FloatModel {
  readonly bytes: Uint8Array;
  readonly input: { readonly name: string; readonly dims: readonly number[] };
  readonly outputs: readonly { readonly name: string; readonly dims: readonly number[] }[];
  readonly parameters: number;
  /** How many of the parameters are BatchNorm's. */
  readonly normalization: number;
  /** Multiply-accumulates of convolutions and fully connected layers. */
  readonly macs: number;
}

/** One number for every spatial axis, or one per axis. */
type PerAxis = number | readonly number[];

export interface ConvOptions {
  readonly kernel?: PerAxis;
  readonly stride?: PerAxis;
  /** Zeros on both sides of each axis; by default (kernel - 1) / 2 * dilation. */
  readonly pad?: PerAxis;
  readonly dilation?: PerAxis;
  readonly groups?: number;
  readonly bias?: boolean;
}

export interface PoolOptions {
  readonly stride?: PerAxis;
  readonly pad?: PerAxis;
  /** What the end of each axis is padded by; by default `pad`. */
  readonly padEnd?: PerAxis;
  readonly ceil?: boolean;
  readonly countPadding?: boolean;
}

/** How an exporter spells h-swish: one node (opset 14), x * HardSigmoid(x), or x * Clip(x + 3, 0, 6) / 6. */
export type HswishSpelling = "HardSwish" | "HardSigmoid" | "Clip";
export type Activation = "relu" | "relu6" | "hswish" | "swish" | "leaky" | "none";

export interface FloatBuilderOptions {
  readonly seed?: number;
  readonly hswish?: HswishSpelling;
}

/** Uniform 32-bit numbers from a seed (Steele and Vigna's splitmix, 32-bit mixing by Wellons' lowbias32). */
export class Random {
  constructor(private state: number) {}

  bits(): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x7feb352d);
    z = Math.imul(z ^ (z >>> 15), 0x846ca68b);
    return z ^ (z >>> 16);
  }

  uniform(low: number, high: number): number {
    return low + ((high - low) * (this.bits() >>> 0)) / 2 ** 32;
  }

  /** Bell-shaped numbers of zero mean: the difference of two uniform ones, scaled to `deviation`. */
  fill(values: Float32Array, deviation: number): Float32Array {
    const scale = (deviation * Math.sqrt(6)) / 65536;
    for (let i = 0; i < values.length; i++) {
      const bits = this.bits();
      values[i] = ((bits & 0xffff) - (bits >>> 16)) * scale;
    }
    return values;
  }
}

export class FloatBuilder {
  private readonly onnx: OnnxBuilder;
  private readonly random: Random;
  private readonly used = new Map<string, number>();
  private readonly outputs: Value[] = [];
  private scope: readonly string[] = [];
  private parameters = 0;
  private normalization = 0;
  private macs = 0;

  private readonly spelling: HswishSpelling;

  constructor(
    private readonly inputValue: Value,
    { seed = 1, hswish = "HardSigmoid" }: FloatBuilderOptions = {},
  ) {
    this.onnx = new OnnxBuilder(hswish === "HardSwish" ? 14 : 13);
    this.random = new Random(seed);
    this.spelling = hswish;
    this.onnx.input(inputValue.name, "float32", inputValue.dims);
  }

  /** A builder whose input is named "input" and has unit variance, and that input. */
  static start(dims: readonly number[], options: FloatBuilderOptions = {}) {
    const input: Value = { name: "input", dims, power: 1 };
    return { b: new FloatBuilder(input, options), input };
  }

  /** Names what `body` builds under a module, dots as in PyTorch: "features.3". */
  within<T>(module: string, body: () => T): T {
    const outer = this.scope;
    this.scope = [...outer, ...module.split(".")];
    try {
      return body();
    } finally {
      this.scope = outer;
    }
  }

  output(value: Value): void {
    this.outputs.push(value);
    this.onnx.output(value.name, "float32", value.dims);
  }

  finish(): FloatModel {
    const { name, dims } = this.inputValue;
    return {
      bytes: this.onnx.build(),
      input: { name, dims },
      outputs: this.outputs,
      parameters: this.parameters,
      normalization: this.normalization,
      macs: this.macs,
    };
  }

  /** Convolution over all spatial axes of `x` ([1, C, ...]); its outputs have about unit variance. */
  conv(x: Value, channels: number, options: ConvOptions = {}, module = "conv"): Value {
    return this.within(module, () => {
      const { kernel, stride, pad, dilation, groups } = this.window(x, options);
      const perGroup = channelsOf(x) / groups;
      if (!Number.isInteger(perGroup) || channels % groups !== 0) {
        throw new Error(`${groups} groups do not divide ${channelsOf(x)} and ${channels} channels`);
      }
      const fanIn = perGroup * product(kernel);
      const weight = this.weight([channels, perGroup, ...kernel], fanIn, x.power, perGroup > 1);
      const inputs = [x.name, weight, ...this.biasIf(options.bias, channels)];
      const spatial = kernel.map((k, i) => windows(must(x.dims[i + 2]), k, at(stride, i), at(pad, i), at(dilation, i)));
      const dims = [1, channels, ...spatial];
      this.macs += product(dims) * fanIn;
      const attributes = {
        dilations: dilation,
        group: groups,
        kernel_shape: kernel,
        pads: [...pad, ...pad],
        strides: stride,
      };
      return this.node("Conv", inputs, dims, 1, { attributes });
    });
  }

  /** One filter, or `multiplier` filters, for each channel. */
  depthwise(x: Value, options: ConvOptions & { readonly multiplier?: number } = {}, module = "conv"): Value {
    const channels = channelsOf(x);
    return this.conv(x, channels * (options.multiplier ?? 1), { kernel: 3, ...options, groups: channels }, module);
  }

  /** Transposed convolution; each axis grows to (n - 1) * stride + kernel - 2 * pad. */
  convTranspose(x: Value, channels: number, options: ConvOptions = {}, module = "up"): Value {
    return this.within(module, () => {
      const { kernel, stride, pad, groups } = this.window(x, { pad: 0, ...options });
      const fanOut = (channels / groups) * product(kernel);
      const fanIn = (channelsOf(x) / groups) * Math.max(1, product(kernel) / product(stride));
      const weight = this.weight([channelsOf(x), channels / groups, ...kernel], fanIn, x.power, false);
      const inputs = [x.name, weight, ...this.biasIf(options.bias, channels)];
      const spatial = kernel.map((k, i) => (must(x.dims[i + 2]) - 1) * at(stride, i) + k - 2 * at(pad, i));
      this.macs += product(x.dims) * fanOut;
      const attributes = { group: groups, kernel_shape: kernel, pads: [...pad, ...pad], strides: stride };
      return this.node("ConvTranspose", inputs, [1, channels, ...spatial], 1, { attributes });
    });
  }

  /** BatchNormalization whose statistics are those expected of `x`, spread by a quarter: unit variance comes out. */
  bn(x: Value, module = "bn"): Value {
    return this.within(module, () => {
      const channels = channelsOf(x);
      const deviation = Math.sqrt(x.power);
      this.normalization += 2 * channels;
      const inputs = [
        this.learned("weight", [channels], this.uniform(channels, 0.8, 1.2)),
        this.learned("bias", [channels], this.random.fill(new Float32Array(channels), 0.2)),
        this.constant("running_mean", [channels], this.random.fill(new Float32Array(channels), 0.2 * deviation)),
        this.constant("running_var", [channels], this.uniform(channels, 0.75 * x.power, 1.25 * x.power)),
      ];
      const attributes = { epsilon: { float: 1e-5 } };
      return this.node("BatchNormalization", [x.name, ...inputs], x.dims, 1.1, { attributes });
    });
  }

  /** Convolution without bias, BatchNorm, activation: the unit that most networks repeat. */
  unit(x: Value, channels: number, options: ConvOptions & { readonly act?: Activation } = {}, module?: string): Value {
    const body = () => this.act(this.bn(this.conv(x, channels, { bias: false, ...options })), options.act ?? "relu");
    return module === undefined ? body() : this.within(module, body);
  }

  act(x: Value, kind: Activation): Value {
    switch (kind) {
      case "relu":
        return this.relu(x);
      case "relu6":
        return this.relu6(x);
      case "hswish":
        return this.hswish(x);
      case "swish":
        return this.swish(x);
      case "leaky":
        return this.leaky(x);
      case "none":
        return x;
    }
  }

  relu(x: Value): Value {
    return this.node("Relu", [x.name], x.dims, x.power / 2);
  }

  relu6(x: Value): Value {
    return this.node("Clip", [x.name, this.scalar(0), this.scalar(6)], x.dims, x.power / 2);
  }

  leaky(x: Value, slope = 0.1): Value {
    return this.node("LeakyRelu", [x.name], x.dims, x.power / 2, { attributes: { alpha: { float: slope } } });
  }

  sigmoid(x: Value): Value {
    return this.node("Sigmoid", [x.name], x.dims, 0.29);
  }

  /** x * sigmoid(x), as PyTorch exports SiLU. */
  swish(x: Value): Value {
    return this.node("Mul", [x.name, this.sigmoid(x).name], x.dims, x.power * 0.36);
  }

  /** max(0, min(6, x + 3)) / 6. */
  hsigmoid(x: Value): Value {
    if (this.spelling === "Clip") return this.divide(this.hardSix(x), 6, 0.28);
    return this.node("HardSigmoid", [x.name], x.dims, 0.28, { attributes: { alpha: { float: 1 / 6 } } });
  }

  /** x * max(0, min(6, x + 3)) / 6. */
  hswish(x: Value): Value {
    const power = x.power * 0.4;
    switch (this.spelling) {
      case "HardSwish":
        return this.node("HardSwish", [x.name], x.dims, power);
      case "HardSigmoid":
        return this.node("Mul", [x.name, this.hsigmoid(x).name], x.dims, power);
      case "Clip":
        return this.divide(this.mul(x, this.hardSix(x)), 6, power);
    }
  }

  /** Squeeze and excitation: pool, two 1x1 convolutions with `inner` channels between, a gate on every channel. */
  se(
    x: Value,
    inner: number,
    act: Activation = "relu",
    gate: "sigmoid" | "hsigmoid" = "sigmoid",
    module = "se",
  ): Value {
    return this.within(module, () => {
      const pooled = this.globalPool(x);
      const squeezed = this.act(this.conv(pooled, inner, { kernel: 1, bias: true }, "fc1"), act);
      const excited = this.conv(squeezed, channelsOf(x), { kernel: 1, bias: true }, "fc2");
      return this.mul(x, gate === "sigmoid" ? this.sigmoid(excited) : this.hsigmoid(excited));
    });
  }

  /** Interleaves `groups` groups of channels: Reshape to [1, g, c/g, ...], Transpose, Reshape back. */
  shuffle(x: Value, groups: number): Value {
    const [channels, spatial] = [channelsOf(x), x.dims.slice(2)];
    const apart = this.reshape(x, [1, groups, channels / groups, ...spatial]);
    const dims = [1, channels / groups, groups, ...spatial];
    const perm = [0, 2, 1, ...spatial.map((_, i) => i + 3)];
    return this.reshape(this.node("Transpose", [apart.name], dims, x.power, { attributes: { perm } }), x.dims);
  }

  reshape(x: Value, dims: readonly number[]): Value {
    return this.node("Reshape", [x.name, this.integers(dims)], dims, x.power);
  }

  /** [1, C, ...] to [1, everything else]. */
  flatten(x: Value): Value {
    return this.node("Flatten", [x.name], [1, product(x.dims)], x.power, { attributes: { axis: 1 } });
  }

  concat(values: readonly Value[], axis = 1): Value {
    const first = must(values[0]);
    const sizes = values.map((v) => must(v.dims[axis]));
    const dims = first.dims.map((d, i) => (i === axis ? sum(sizes) : d));
    const power = sum(values.map((v, i) => v.power * must(sizes[i]))) / sum(sizes);
    const names = values.map((v) => v.name);
    return this.node("Concat", names, dims, power, { attributes: { axis } });
  }

  /** `x` cut along the channels into pieces of these sizes. */
  split(x: Value, sizes: readonly number[]): Value[] {
    const node = this.nodeName("Split");
    const parts = sizes.map((size, i) => {
      const dims = x.dims.map((d, axis) => (axis === 1 ? size : d));
      return { name: `${node}_output_${i}`, dims, power: x.power };
    });
    const names = parts.map((p) => p.name);
    this.onnx.add("Split", [x.name, this.integers(sizes)], names, { name: node, attributes: { axis: 1 } });
    return parts;
  }

  /** x[begin:end:step] along one axis. */
  slice(x: Value, axis: number, begin: number, end: number, step = 1): Value {
    const dims = x.dims.map((d, i) => (i === axis ? Math.ceil((end - begin) / step) : d));
    const inputs = [[begin], [end], [axis], [step]].map((list) => this.integers(list));
    return this.node("Slice", [x.name, ...inputs], dims, x.power);
  }

  /** Zeros around the spatial axes: [before, after] for each. */
  pad(x: Value, amounts: readonly (readonly [number, number])[]): Value {
    const list = [0, 0, ...amounts.map((a) => a[0]), 0, 0, ...amounts.map((a) => a[1])];
    const dims = x.dims.map((d, i) => d + at(list, i) + at(list, i + x.dims.length));
    const attributes = { mode: "constant" };
    return this.node("Pad", [x.name, this.integers(list), this.scalar(0)], dims, x.power, { attributes });
  }

  add(a: Value, b: Value): Value {
    return this.node("Add", [a.name, b.name], broadcast(a, b), a.power + b.power);
  }

  mul(a: Value, b: Value): Value {
    return this.node("Mul", [a.name, b.name], broadcast(a, b), a.power * b.power);
  }

  maxPool(x: Value, kernel: PerAxis, options: PoolOptions = {}): Value {
    return this.pool("MaxPool", x, kernel, options, x.power * 1.5);
  }

  averagePool(x: Value, kernel: PerAxis, options: PoolOptions = {}): Value {
    const extra = { count_include_pad: options.countPadding === true ? 1 : 0 };
    return this.pool("AveragePool", x, kernel, options, x.power * 0.5, extra);
  }

  /** Local response normalization over `size` neighbouring channels, with the constants of GoogLeNet. */
  lrn(x: Value, size: number): Value {
    const attributes = { alpha: { float: 1e-4 }, beta: { float: 0.75 }, bias: { float: 1 }, size };
    return this.node("LRN", [x.name], x.dims, x.power, { attributes });
  }

  globalPool(x: Value): Value {
    const dims = x.dims.map((d, i) => (i < 2 ? d : 1));
    return this.node("GlobalAveragePool", [x.name], dims, x.power * 0.4);
  }

  /** The mean over the spatial axes, kept as axes of one element. */
  reduceMean(x: Value): Value {
    const axes = x.dims.slice(2).map((_, i) => i + 2);
    const dims = x.dims.map((d, i) => (i < 2 ? d : 1));
    return this.node("ReduceMean", [x.name], dims, x.power * 0.4, { attributes: { axes, keepdims: 1 } });
  }

  /** Fully connected layer of [1, n]. */
  gemm(x: Value, features: number, module = "fc"): Value {
    return this.within(module, () => {
      const inner = must(x.dims[1]);
      const weight = this.weight([features, inner], inner, x.power, true);
      this.macs += features * inner;
      const attributes = { alpha: { float: 1 }, beta: { float: 1 }, transB: 1 };
      return this.node("Gemm", [x.name, weight, ...this.biasIf(true, features)], [1, features], 1, { attributes });
    });
  }

  /** Resizes the spatial axes of [1, C, H, W] to `size`. */
  resize(x: Value, size: readonly number[], mode: "nearest" | "linear" = "nearest"): Value {
    const dims = [...x.dims.slice(0, 2), ...size];
    const nearest = { coordinate_transformation_mode: "asymmetric", mode, nearest_mode: "floor" };
    const linear = { coordinate_transformation_mode: "half_pixel", mode };
    const attributes = mode === "nearest" ? nearest : linear;
    return this.node("Resize", [x.name, "", "", this.integers(dims)], dims, x.power, { attributes });
  }

  softmax(x: Value, axis = -1): Value {
    return this.node("Softmax", [x.name], x.dims, 1, { attributes: { axis } });
  }

  /** Moves each group of channels by its own (dy, dx): a depthwise convolution whose kernels hold a single one. */
  shiftConv(x: Value, kernel: number, module = "shift"): Value {
    return this.within(module, () => {
      const channels = channelsOf(x);
      const values = new Float32Array(channels * kernel * kernel);
      for (let c = 0; c < channels; c++) values[c * kernel * kernel + shiftOf(c, channels, kernel)] = 1;
      const weight = this.constant("weight", [channels, 1, kernel, kernel], values);
      const half = (kernel - 1) / 2;
      const attributes = {
        dilations: [1, 1],
        group: channels,
        kernel_shape: [kernel, kernel],
        pads: [half, half, half, half],
        strides: [1, 1],
      };
      return this.node("Conv", [x.name, weight], x.dims, x.power, { attributes });
    });
  }

  /** The same move as `shiftConv`, spelled as one Pad, a Slice of each group's window, and a Concat. */
  shiftSlices(x: Value, kernel: number, module = "shift"): Value {
    return this.within(module, () => {
      const [channels, height, width] = [channelsOf(x), must(x.dims[2]), must(x.dims[3])];
      const half = (kernel - 1) / 2;
      const padded = this.pad(x, [
        [half, half],
        [half, half],
      ]);
      const parts: Value[] = [];
      for (let begin = 0; begin < channels; ) {
        const tap = shiftOf(begin, channels, kernel);
        let end = begin + 1;
        while (end < channels && shiftOf(end, channels, kernel) === tap) end++;
        const group = this.slice(padded, 1, begin, end);
        const [top, left] = [Math.floor(tap / kernel), tap % kernel];
        parts.push(this.slice(this.slice(group, 2, top, top + height), 3, left, left + width));
        begin = end;
      }
      return this.concat(parts);
    });
  }

  private hardSix(x: Value): Value {
    const shifted = this.node("Add", [x.name, this.scalar(3)], x.dims, 9 + x.power);
    return this.relu6(shifted);
  }

  private divide(x: Value, divisor: number, power: number): Value {
    return this.node("Div", [x.name, this.scalar(divisor)], x.dims, power);
  }

  private pool(
    opType: string,
    x: Value,
    kernel: PerAxis,
    options: PoolOptions,
    power: number,
    extra: NodeSpec["attributes"] = {},
  ): Value {
    const rank = x.dims.length - 2;
    const size = expand(kernel, rank);
    const stride = expand(options.stride ?? kernel, rank);
    const pad = expand(options.pad ?? 0, rank);
    const padEnd = expand(options.padEnd ?? pad, rank);
    const round = options.ceil === true ? Math.ceil : Math.floor;
    const spatial = size.map((k, i) => {
      const length = must(x.dims[i + 2]) + at(pad, i) + at(padEnd, i);
      const count = round((length - k) / at(stride, i)) + 1;
      return (count - 1) * at(stride, i) >= length - at(padEnd, i) ? count - 1 : count;
    });
    const attributes = {
      ...extra,
      ceil_mode: options.ceil === true ? 1 : 0,
      kernel_shape: size,
      pads: [...pad, ...padEnd],
      strides: stride,
    };
    return this.node(opType, [x.name], [1, channelsOf(x), ...spatial], power, { attributes });
  }

  private window(x: Value, options: ConvOptions) {
    const rank = x.dims.length - 2;
    const kernel = expand(options.kernel ?? 3, rank);
    const dilation = expand(options.dilation ?? 1, rank);
    const same = kernel.map((k, i) => Math.floor((k - 1) / 2) * at(dilation, i));
    const pad = options.pad === undefined ? same : expand(options.pad, rank);
    return { kernel, stride: expand(options.stride ?? 1, rank), pad, dilation, groups: options.groups ?? 1 };
  }

  /**
   * Weights for unit variance at the output. Filters over several channels sum to zero (`centred`), so that the
   * positive mean which a ReLU leaves does not grow with depth.
   */
  private weight(dims: readonly number[], fanIn: number, power: number, centred: boolean): string {
    const values = this.random.fill(new Float32Array(product(dims)), Math.sqrt(1 / (fanIn * power)));
    if (centred) centre(values, fanIn);
    return this.learned("weight", dims, values);
  }

  private biasIf(wanted: boolean | undefined, channels: number): string[] {
    if (wanted === false) return [];
    return [this.learned("bias", [channels], this.random.fill(new Float32Array(channels), 0.1))];
  }

  private learned(name: string, dims: readonly number[], values: Float32Array): string {
    this.parameters += values.length;
    return this.constant(name, dims, values);
  }

  private constant(name: string, dims: readonly number[], values: Float32Array): string {
    return this.onnx.constant("float32", dims, values, [...this.scope, name].join("."));
  }

  private scalar(value: number): string {
    return this.onnx.constant("float32", [], [value], `${this.nodeName("Constant")}_output_0`);
  }

  private integers(values: readonly number[]): string {
    return this.onnx.constant("int64", [values.length], values, `${this.nodeName("Constant")}_output_0`);
  }

  private uniform(length: number, low: number, high: number): Float32Array {
    return Float32Array.from({ length }, () => this.random.uniform(low, high));
  }

  private node(
    opType: string,
    inputs: readonly string[],
    dims: readonly number[],
    power: number,
    spec: NodeSpec = {},
  ): Value {
    const node = this.nodeName(opType);
    const name = `${node}_output_0`;
    this.onnx.add(opType, inputs, [name], { ...spec, name: node });
    return { name, dims, power };
  }

  /** "/features/1/Add", then "/features/1/Add_1". */
  private nodeName(opType: string): string {
    const path = ["", ...this.scope, opType].join("/");
    const count = this.used.get(path) ?? 0;
    this.used.set(path, count + 1);
    return count === 0 ? path : `${path}_${count}`;
  }
}

/** The channel count a network scaled by `width` uses: a multiple of 8, never more than a tenth below (MobileNetV2). */
export function divisible(channels: number, divisor = 8): number {
  const rounded = Math.max(divisor, Math.floor((channels + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * channels ? rounded + divisor : rounded;
}

export function channelsOf(x: Value): number {
  return must(x.dims[1]);
}

/** The tap (row * kernel + column) to which channel `c` shifts: equal groups, what is left over stays in place. */
function shiftOf(c: number, channels: number, kernel: number): number {
  const taps = kernel * kernel;
  const size = Math.floor(channels / taps);
  return size === 0 ? c % taps : c < size * taps ? Math.floor(c / size) : (taps - 1) / 2;
}

function centre(values: Float32Array, length: number): void {
  for (let start = 0; start < values.length; start += length) {
    let total = 0;
    for (let i = start; i < start + length; i++) total += values[i] ?? 0;
    for (let i = start; i < start + length; i++) values[i] = (values[i] ?? 0) - total / length;
  }
}

function broadcast(a: Value, b: Value): number[] {
  return a.dims.map((d, i) => Math.max(d, at(b.dims, i)));
}

function windows(length: number, kernel: number, stride: number, pad: number, dilation: number): number {
  return Math.floor((length + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
}

function expand(value: PerAxis, rank: number): readonly number[] {
  return typeof value === "number" ? new Array<number>(rank).fill(value) : value;
}

function product(values: readonly number[]): number {
  return values.reduce((a, b) => a * b, 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function at(values: readonly number[], index: number): number {
  return must(values[index]);
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("an axis or operand is missing");
  return value;
}
