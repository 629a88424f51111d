/** The report of a compilation as plain data: what `<name>_report.json` holds and the other forms print. Pure. */
import { kernelInputs } from "../../codegen/kernel-inputs.js";
import { must } from "../../diagnostics.js";
import { type Graph, type Port, type TensorId, tensorBytes, tensorOf } from "../../ir/graph.js";
import type { Shape } from "../../ir/shape.js";
import { constantsOf, type PackedConstant, totalScratchBytes } from "../../ops/kernel.js";
import { transpose } from "../../ops/transpose.js";
import { waitCycles } from "../../schedule/divide-arena.js";
import { liveTensorBytes, programSizes } from "../../schedule/program-sizes.js";
import {
  type ArenaRegion,
  offsetInRegion,
  originOf,
  type Program,
  regionAt,
  type Slot,
} from "../../schedule/schedule.js";
import type { Copy } from "./copies.js";
import { type Cost, makeCost } from "./cost.js";
import { type CostedStep, costSteps } from "./cost-steps.js";
import { type HotWeightsReport, hotWeightsReport } from "./hot-weights.js";
import { type StreamReport, streamReport } from "./row-lives.js";
import { stepName } from "./step-name.js";

/** Field names are those of the JSON file. Names from the model stand as they are: the printers make them safe. */
export interface Report {
  readonly model: string;
  readonly model_sha256: string;
  readonly command: string;
  readonly lwc_version: string;
  readonly target: string;
  readonly numerics: string;
  readonly optimize: string;
  readonly io: string;
  readonly macs: number;
  readonly params: number;
  readonly weight_bytes: number;
  readonly table_bytes: number;
  readonly arena_bytes: number;
  readonly arena_lower_bound: number;
  /** What layer by layer execution needs with every tensor in memory of its own, graph inputs and outputs included. */
  readonly live_tensor_bytes: number;
  readonly io_bytes: number;
  readonly inputs: readonly PortReport[];
  readonly outputs: readonly PortReport[];
  readonly peak: PeakReport;
  readonly steps: readonly StepReport[];
  readonly slots: readonly SlotReport[];
  /** The memories that the arena is divided over; empty where it is one block. */
  readonly regions: readonly RegionReport[];
  /** Constants that start-up code copies to fast RAM; null where that was not asked for. */
  readonly hot_weights: HotWeightsReport | null;
  /** Runs of steps that are interleaved row by row. */
  readonly streams: readonly StreamReport[];
  /** Nodes that ONNX Runtime computes in float. */
  readonly float_islands: readonly NodeNote[];
  /** Transposes that move bytes at run time. */
  readonly transposes: readonly NodeNote[];
  /** Every step that moves values and computes nothing, transposes among them, and why it is left. */
  readonly copies: readonly Copy[];
  readonly cost: Cost;
  readonly passes: readonly { readonly pass: string; readonly why: string }[];
}

export interface PortReport {
  readonly name: string;
  /** In the model. */
  readonly model_dtype: string;
  readonly model_shape: Shape;
  /** In C: NHWC where the rank is 4. */
  readonly dtype: string;
  readonly shape: Shape;
  /** null for int32 outputs. */
  readonly scale: number | null;
  readonly zero_point: number | null;
}

/** The busiest step and what is alive then; an output may share bytes with the input that it grows over. */
export interface PeakReport {
  readonly step: number;
  /** Bytes of the arena that hold something then. */
  readonly bytes: number;
  readonly alive: readonly { readonly what: string; readonly bytes: number }[];
}

export interface StepReport {
  readonly step: number;
  /** The model's name of the node; the compiler's where the model has none. */
  readonly name: string;
  /** ONNX nodes that the step stands for. */
  readonly nodes: readonly string[];
  /** What they were: "Conv + Relu". */
  readonly origin: string;
  readonly op: string;
  /** null for a view: nothing runs. */
  readonly kernel: string | null;
  readonly geometry: string | null;
  readonly why: string;
  readonly inputs: readonly Shape[];
  readonly output: Shape;
  readonly macs: number;
  /** Weights and biases. */
  readonly params: number;
  /** Input, output and constants, each once; 0 for a view. */
  readonly moved_bytes: number;
  /** Arithmetic intensity. */
  readonly macs_per_byte: number;
  readonly weight_bytes: number;
  /** Rows that stand for padding among them; what steps share counts for each. */
  readonly table_bytes: number;
  readonly scratch_bytes: number;
  readonly output_bytes: number;
}

export interface SlotReport {
  readonly what: string;
  /** A pool holds the rows in flight of a stream, and its scratch. */
  readonly kind: "tensor" | "pool" | "scratch";
  /** In a pool: of which tensors, and how many rows are needed at once. */
  readonly rows: readonly { readonly tensor: string; readonly at_once: number }[];
  /** The memory that it lies in; null where the arena is one block. */
  readonly region: string | null;
  /** From the start of the arena, or of its part in that memory. */
  readonly offset: number;
  readonly bytes: number;
  /** What it grows over in its first step; null where it has its bytes to itself. */
  readonly over: string | null;
  /** -1: filled before step 0. */
  readonly first_step: number;
  /** Number of steps: read after the last one. */
  readonly last_step: number;
}

/** A memory that holds a part of the arena. */
export interface RegionReport {
  readonly name: string;
  /** Bytes that the arena may take there, and takes. */
  readonly bytes: number;
  readonly used: number;
  /** Bytes alive at its busiest step. */
  readonly lower_bound: number;
  /** Modelled cycles that the core waits for a word there. */
  readonly cycles: number;
  /** Bytes that an inference reads and writes there, and the modelled cycles that it waits for them. */
  readonly traffic_bytes: number;
  readonly wait_cycles: number;
  readonly peak: PeakReport;
}

export interface NodeNote {
  readonly node: string;
  readonly reason: string;
}

export function makeReport(program: Program): Report {
  const { graph, schedule, options, arena } = program;
  const sizes = programSizes(program);
  const costed = costSteps(program);
  const sorted = arena.slots
    .map((slot, index) => ({ slot, report: slotReport(program, slot, index) }))
    .sort((a, b) => a.slot.offset - b.slot.offset || a.slot.firstStep - b.slot.firstStep);
  const slots = sorted.map(({ report }) => report);
  return {
    model: program.name,
    model_sha256: options.modelHash,
    command: options.command,
    lwc_version: options.version,
    target: program.target.name,
    numerics: options.numerics,
    optimize: options.optimize,
    io: options.io,
    macs: sizes.macs,
    params: sizes.params,
    weight_bytes: sizes.weightBytes,
    table_bytes: sizes.tableBytes,
    arena_bytes: sizes.arenaBytes,
    arena_lower_bound: sizes.arenaLowerBound,
    live_tensor_bytes: liveTensorBytes(program),
    io_bytes: sizes.ioBytes,
    inputs: graph.inputs.map((port) => portReport(graph, port)),
    outputs: graph.outputs.map((port) => portReport(graph, port)),
    peak: peakReport(
      slots.map((slot, i) => ({ ...slot, offset: must(sorted[i], "slot").slot.offset })),
      arena.peakStep,
    ),
    steps: costed.map((one) => stepReport(graph, one)),
    slots,
    regions: (arena.regions ?? []).map((region) => regionReport(region, slots)),
    hot_weights: hotWeightsReport(program),
    streams: schedule.streams.map((stream) => streamReport(schedule, stream)),
    float_islands: schedule.steps.flatMap((step) => {
      const { island } = originOf(step);
      return island === undefined ? [] : [{ node: stepName(step), reason: island }];
    }),
    transposes: schedule.steps.flatMap((step) =>
      step.call && transpose.is(step.node) ? [{ node: stepName(step), reason: step.why }] : [],
    ),
    ...makeCost(program, costed),
    passes: program.log.map(({ pass, why }) => ({ pass, why })),
  };
}

export function reportJson(report: Report): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

function portReport(graph: Graph, port: Port): PortReport {
  const { dtype, shape, quant } = tensorOf(graph, port.tensor);
  return {
    name: port.name,
    model_dtype: port.dtype,
    model_shape: port.shape,
    dtype,
    shape,
    scale: quant?.scales[0] ?? null,
    zero_point: quant?.zeroPoint ?? null,
  };
}

function peakReport(slots: readonly SlotReport[], step: number): PeakReport {
  const alive = slots.filter((slot) => slot.first_step <= step && step <= slot.last_step);
  let bytes = 0;
  let covered = 0;
  for (const slot of alive.toSorted((a, b) => a.offset - b.offset)) {
    const end = slot.offset + slot.bytes;
    bytes += Math.max(0, end - Math.max(covered, slot.offset));
    covered = Math.max(covered, end);
  }
  return {
    step,
    bytes,
    alive: alive.map((slot) => ({ what: slot.what, bytes: slot.bytes })).sort((a, b) => b.bytes - a.bytes),
  };
}

function regionReport(region: ArenaRegion, slots: readonly SlotReport[]): RegionReport {
  const { name, bytes, used, lowerBound, cycles, traffic, peakStep } = region;
  return {
    name,
    bytes,
    used,
    lower_bound: lowerBound,
    cycles,
    traffic_bytes: traffic,
    wait_cycles: Math.round(waitCycles([region])),
    peak: peakReport(
      slots.filter((slot) => slot.region === name),
      peakStep,
    ),
  };
}

function stepReport(graph: Graph, { step, params, moved_bytes, macs_per_byte }: CostedStep): StepReport {
  const { node, call } = step;
  const shapeOf = (id: TensorId): Shape => tensorOf(graph, id).shape;
  const bytesWith = (role: PackedConstant["role"]): number =>
    (call ? constantsOf(call) : [])
      .filter((constant) => constant.role === role)
      .reduce((sum, constant) => sum + constant.data.byteLength, 0);
  const output = tensorOf(graph, step.output);
  const origin = originOf(step);
  return {
    step: step.index,
    name: stepName(step),
    nodes: origin.nodes,
    origin: origin.label,
    op: node.kind,
    kernel: call?.kernel ?? null,
    geometry: call?.geometry ?? null,
    why: step.why,
    inputs: kernelInputs(graph, step).map(shapeOf),
    output: output.shape,
    macs: step.macs,
    params,
    moved_bytes,
    macs_per_byte,
    weight_bytes: bytesWith("weights"),
    table_bytes: bytesWith("table"),
    scratch_bytes: call ? totalScratchBytes(call) : 0,
    output_bytes: tensorBytes(output),
  };
}

function slotReport({ graph, arena }: Program, slot: Slot, index: number): SlotReport {
  const nameOf = (id: TensorId): string => tensorOf(graph, id).source || id;
  const namesOf = (one: Slot): string =>
    one.pool ? `rows of ${one.tensors.map(nameOf).join(", ")}` : one.tensors.map(nameOf).join(", then ");
  const under = arena.slots[arena.overlaps.find((overlap) => overlap.output === index)?.input ?? -1];
  return {
    what: slot.scratchOf === undefined ? namesOf(slot) : `scratch of step ${slot.scratchOf}`,
    kind: slot.scratchOf !== undefined ? "scratch" : slot.pool === undefined ? "tensor" : "pool",
    rows: Array.from(slot.pool?.rows ?? [], ([id, { atOnce }]) => ({ tensor: nameOf(id), at_once: atOnce })),
    over: under ? namesOf(under) : null,
    region: regionAt(arena, slot.offset)?.name ?? null,
    offset: offsetInRegion(arena, slot.offset),
    bytes: slot.bytes,
    first_step: slot.firstStep,
    last_step: slot.lastStep,
  };
}

/** "0.00392156886 * (q + 128)": what the integer q of a port stands for; undefined for plain integers. */
export function realValue(port: PortReport, times: string): string | undefined {
  if (port.scale === null) return undefined;
  const zero = port.zero_point ?? 0;
  const q = zero === 0 ? "q" : `(q ${zero < 0 ? "+" : "-"} ${Math.abs(zero)})`;
  return `${Number(port.scale.toPrecision(9))} ${times} ${q}`;
}
