/**
 * What an operator is to the rest of the compiler: one `Op` value in one file, found through the table in ops/index.ts.
 * Everything outside compiler/ops/ asks the op and never looks at `node.kind`.
 */
import type { Numerics } from "../arith/numerics.js";
import { must } from "../diagnostics.js";
import type { Attrs, DType, Graph, Node, Tensor } from "../ir/graph.js";
import { tensorOf } from "../ir/graph.js";
import type { Quant } from "../ir/quant.js";
import type { Shape } from "../ir/shape.js";
import type { KernelCall, KernelContext } from "./kernel.js";
import type { RowWindow } from "./row-window.js";

/** A node with its tensors looked up: what the functions of an op work on. */
export interface NodeView<A extends Attrs = Attrs> {
  readonly node: Node<A>;
  readonly attrs: A;
  /** In the order of node.inputs: activations first, then constants. */
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
}

/** Inclusive bounds of an int8 (or accumulator) value. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Bounds per channel (innermost axis) of a tensor. */
export type ChannelRanges = readonly Range[];

export type AttrSpec =
  | { readonly type: "int"; readonly doc: string; readonly default?: number }
  | { readonly type: "float"; readonly doc: string; readonly default?: number }
  | { readonly type: "bool"; readonly doc: string; readonly default?: boolean }
  | { readonly type: "string"; readonly doc: string; readonly values: readonly string[]; readonly default?: string }
  | { readonly type: "ints"; readonly doc: string; readonly default?: readonly number[]; readonly length?: number };

export type AttrSpecs<A extends Attrs> = { readonly [K in keyof A]: AttrSpec };

/**
 * Reads row `y` of input `input` (see ir/shape.ts for what a row is). Never called outside [0, rows): an op treats what
 * lies outside as padding. The view is live: it may be a piece of the arena that a later write changes.
 */
export type ReadRow = (input: number, y: number) => Int8Array | Int32Array;

/** Computes output row `y` into `out`, reading the rows that it needs. The normative arithmetic of the operator. */
export type RowKernel = (read: ReadRow, out: Int8Array | Int32Array, y: number) => void;

/** Adds row `y` of the only activation to `state`, which row 0 fills; with the last row, writes the output. */
export type AccumulateRow = (
  row: Int8Array | Int32Array,
  y: number,
  state: Int32Array,
  out: Int8Array | Int32Array,
) => void;

/** How an op whose output is one row takes the rows of its only activation one after the other. */
export interface Accumulation<A extends Attrs = Attrs> {
  /** False where the output is more than one row, or a row in needs more than itself and the state. */
  fits(view: NodeView<A>): boolean;
  reference(view: NodeView<A>, numerics: Numerics): AccumulateRow;
  /** A kernel that is driven so. */
  lower(view: NodeView<A>, context: KernelContext): KernelCall;
}

/** Which rows of an input an output row y needs. */
export type RowUse =
  /** Row y alone. */
  | { readonly kind: "same" }
  /** The rows of a window that lie inside the input, or, where it is clamped, those that stand in for the others too. */
  | ({ readonly kind: "window" } & RowWindow)
  /** Every row. */
  | { readonly kind: "all" };

/**
 * How channels (innermost axis) of the output relate to those of an activation input; drives the elimination of
 * constant and dead channels.
 */
export type ChannelFlow =
  /** Output channel c depends on channel c of each activation input, and the op works on any subset of channels. */
  | { readonly kind: "tied" }
  /** Every output channel may read every input channel through constant weights; see Op.dropChannels. */
  | { readonly kind: "mixed" }
  /** Channels must stay as they are. */
  | { readonly kind: "fixed" };

/** Where a channel (innermost axis) of an output comes from: channel `channel` of activation input `input`. */
export interface ChannelPick {
  readonly input: number;
  readonly channel: number;
}

/**
 * How an op with constant weights loses channels; what the elimination of constant and dead channels needs to know.
 * Channels are those of the innermost axis of activation input 0 and of the output. The kept channels may come in any order:
 * the same functions serve passes/order-channels.ts, which keeps all of them and permutes.
 */
export interface Pruning<A extends Attrs = Attrs> {
  /** True when input channel `channel` always holding `value` adds the same number to every accumulator, borders included. */
  canFold(view: NodeView<A>, channel: number, value: number): boolean;
  /** Input channels that some output channel in `outputs` reads with a weight other than zero. */
  usedInputs(view: NodeView<A>, outputs: readonly number[]): ReadonlySet<number>;
  /**
   * The node's constants after `fold` (input channel -> its constant value) went into the bias and only `inputs` and
   * `outputs` were kept, in the order of the node's constant inputs; a bias is added where there was none and one is needed.
   */
  prune(
    view: NodeView<A>,
    keep: { readonly inputs: readonly number[]; readonly outputs: readonly number[] },
    fold: ReadonlyMap<number, number>,
  ): readonly PrunedConstant[];
  /** Attributes after pruning: a depthwise convolution's group count follows its channels. */
  attrs(view: NodeView<A>, keep: { readonly inputs: readonly number[]; readonly outputs: readonly number[] }): A;
}

export interface PrunedConstant {
  readonly data: Int8Array | Int32Array;
  readonly shape: Shape;
  /** Absent for int32. */
  readonly quant?: Quant;
}

export interface Op<A extends Attrs = Attrs> {
  readonly kind: string;
  /** One line for docs and `lwc ops`. */
  readonly summary: string;
  /** Those that `lower` chooses from, for docs; absent where it copies, or does nothing. */
  readonly kernels?: readonly { readonly kernel: string }[];
  readonly attrs: AttrSpecs<A>;
  /** How many inputs: activations, then constants (some optional). */
  readonly arity: {
    readonly activations: number | "many";
    readonly constants: readonly { readonly name: string; readonly dtype: DType; readonly optional?: boolean }[];
  };

  /** What is wrong with the node beyond arity and attribute types; empty when it is well-formed. */
  verify(view: NodeView<A>): readonly string[];
  /** Shape of the output, from attributes and input shapes. Throws CompileError when they do not fit. */
  inferShape(attrs: A, inputs: readonly Tensor[]): Shape;
  /** Multiply-accumulates with full windows at the borders. */
  macs(view: NodeView<A>): number;
  /** The row kernel of the reference interpreter; set-up work is done once, in the outer call. */
  reference(view: NodeView<A>, numerics: Numerics): RowKernel;
  /** Rows of activation input `input` that an output row needs. */
  rows(view: NodeView<A>, input: number): RowUse;
  /** For ops that need all rows of an input, but not at once. */
  readonly accumulation?: Accumulation<A>;
  /** Bounds of each output channel from those of the activation inputs; default: the full range of int8. */
  range?(view: NodeView<A>, inputs: readonly ChannelRanges[], numerics: Numerics): ChannelRanges;
  channels(view: NodeView<A>): ChannelFlow;
  /**
   * For ops that only choose and order channels, pixel by pixel: where each output channel comes from. Undefined where the node
   * moves anything else. Pixels of all inputs are those of the output.
   */
  picks?(view: NodeView<A>): readonly ChannelPick[] | undefined;
  /**
   * For ops with `picks`: the same op for output channels [first, first + count) alone, which are all of those that some inputs
   * give, with these inputs.
   */
  narrow?(view: NodeView<A>, first: number, count: number): NodeView<A>;
  /** For ops with constant weights that can lose channels. */
  readonly pruning?: Pruning<A>;
  /** Activation inputs whose memory the output may take over exactly (element i is read before element i is written). */
  inPlace?(view: NodeView<A>): readonly number[];
  /** Where all activations have the shape of the output, each element of it depends on the elements at its place alone. */
  readonly perElement?: true;
  /** True where output and input are the same bytes in the same order: the op costs nothing. */
  isView?(view: NodeView<A>): boolean;
  /** True where the output equals the input element for element, given equal shapes and quantization: a pass removes the node. */
  isIdentity?(view: NodeView<A>): boolean;
  /**
   * For ops that only move values: every output value is an input value or a constant. Where a step of it is left, why it moves;
   * undefined for a node that computes.
   */
  moves?(view: NodeView<A>): string | undefined;
  /** The kernel for this target, and why. */
  lower(view: NodeView<A>, context: KernelContext): KernelCall;
  /**
   * For ops whose kernels can put each result through a table before it is stored: [256], entry i for the result i - 128, clamped
   * as the node says. Undefined where no kernel that can do so runs this layer on the target.
   */
  lowerTabled?(view: NodeView<A>, table: Int8Array, context: KernelContext): KernelCall | undefined;
}

/** An op as the table holds it, with a type guard for passes that look for this operator. */
export interface OpDefinition<A extends Attrs> extends Op<A> {
  is(node: Node): node is Node<A>;
}

/** Defines an operator. The returned value is what passes import to match and build nodes of this kind. */
export function defineOp<A extends Attrs>(op: Op<A>): OpDefinition<A> {
  return { ...op, is: (node: Node): node is Node<A> => node.kind === op.kind };
}

/** Resolves the tensors of a node. */
export function viewOf<A extends Attrs>(graph: Graph, node: Node<A>): NodeView<A> {
  return {
    node,
    attrs: node.attrs,
    inputs: node.inputs.map((id) => tensorOf(graph, id)),
    output: tensorOf(graph, node.output),
  };
}

/** The view with the inputs `read` alone and `channels` output channels. */
export function narrowed<A extends Attrs>(
  view: NodeView<A>,
  read: readonly number[],
  attrs: A,
  channels: number,
): NodeView<A> {
  const node = { ...view.node, attrs, inputs: read.map((i) => must(view.node.inputs[i], "input")) };
  const shape = view.output.shape.map((dim, axis) => (axis === view.output.shape.length - 1 ? channels : dim));
  return {
    node,
    attrs,
    inputs: read.map((i) => must(view.inputs[i], "input")),
    output: { ...view.output, shape },
  };
}

export function activationInputs(view: NodeView): readonly Tensor[] {
  return view.inputs.filter((tensor) => tensor.data === undefined);
}

/** Weights and biases; the table of a function is no parameter. */
export function parametersOf(op: Op, view: NodeView): readonly Tensor[] {
  const constants = view.inputs.filter((tensor) => tensor.data !== undefined);
  return constants.filter((_, i) => op.arity.constants[i]?.name !== "table");
}

/** The quantization of an int8 tensor. */
export function quantOf(tensor: Tensor): NonNullable<Tensor["quant"]> {
  return must(tensor.quant, `quantization of %${tensor.id}`);
}

export const fullRange: Range = { min: -128, max: 127 };
