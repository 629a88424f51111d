/**
 * The schedule and the arena plan: in which order which kernels run, and where each tensor lives. Readonly data between
 * the stages; made by order-nodes, choose-kernels, liveness and plan-arena in this folder.
 */
import type { Profile } from "../arith/numerics.js";
import type { Graph, Node, Origin, TensorId } from "../ir/graph.js";
import type { KernelCall, Optimize, PackedConstant } from "../ops/kernel.js";
import { joinOrigins } from "../passes/join-origins.js";
import type { Target } from "../targets.js";
import type { Region } from "./regions.js";

export interface Step {
  readonly index: number;
  readonly node: Node;
  /** A lookup that the kernel applies to each result before it stores it: the only reader of what the node makes. */
  readonly epilogue?: Node;
  /** What the step writes: the output of its node, or of the epilogue; what is between them does not exist. */
  readonly output: TensorId;
  /** Absent where the node is a view: nothing runs, the output shares the input's bytes. */
  readonly call?: KernelCall;
  /** The same work row by row, where the operator can be cut like that: a call per output row, or per input row that it adds up. */
  readonly byRows?: KernelCall;
  /** Rows are made from the last to the first, so that the output may grow over the input from above. */
  readonly backward?: boolean;
  /** Where a step joins tensors and some of them are in place already: those that it copies, and to which bytes of a pixel. */
  readonly rest?: { readonly inputs: readonly TensorId[]; readonly start: number; readonly width: number };
  /** Where a step joins tensors: why it copies those that it does. */
  readonly copies?: string;
  readonly macs: number;
  readonly why: string;
}

/** A tensor whose pixels lie in those of another, which joins it with others along the channels. */
export interface Part {
  /** What joins them; it has bytes of its own. */
  readonly whole: TensorId;
  /** First byte in each pixel of the whole. */
  readonly start: number;
  /** Bytes of a pixel of the whole, and of the part. */
  readonly pitch: number;
  readonly width: number;
}

/**
 * Consecutive steps that run row by row, interleaved (row-plan.ts): of a tensor that lives and dies among them only the rows in
 * flight exist, in a pool. Nothing is computed twice.
 */
export interface Stream {
  /** Indices of the first and the last step. */
  readonly first: number;
  readonly last: number;
  readonly pool: RowPool;
  /** The graph input whose rows arrive one by one from the caller, in the pool too; the stream then starts with step 0. */
  readonly fed?: TensorId;
  readonly why: string;
}

/** Memory of a stream for rows in flight and for scratch, used over and over (row-pool.ts). Offsets are those in the pool. */
export interface RowPool {
  readonly bytes: number;
  /** Bytes needed at once at the busiest row: no layout can do with less. */
  readonly lowerBound: number;
  /** Of each tensor that never exists as a whole. */
  readonly rows: ReadonlyMap<TensorId, PooledRows>;
  /** Of each step that needs scratch memory. */
  readonly scratch: ReadonlyMap<number, number>;
  /** Of each step that keeps something from row to row. */
  readonly state: ReadonlyMap<number, number>;
  readonly grown?: GrownOutput;
}

/** An output of a stream, there as a whole, whose rows may come to lie over the first bytes of the pool as those fall free. */
export interface GrownOutput {
  readonly tensor: TensorId;
  /** Least bytes from its start to that of the pool. */
  readonly distance: number;
  /** What the distance would be in a pool of `lowerBound` bytes. */
  readonly lowerBound: number;
}

export interface PooledRows {
  /** Where each row lies while it is needed. */
  readonly offsets: readonly number[];
  /** Rows that are needed at once, at most. */
  readonly atOnce: number;
}

export interface Schedule {
  readonly graph: Graph;
  readonly steps: readonly Step[];
  /** In the order of their steps; a step belongs to one stream at most. */
  readonly streams: readonly Stream[];
  /** Tensors that are written into others (place-parts.ts). */
  readonly parts: ReadonlyMap<TensorId, Part>;
}

/** How graph inputs and outputs reach the program. */
export interface PortOptions {
  /** Where they live: in the caller's buffers or in the arena. */
  readonly io: "caller" | "arena";
  /** Whether the caller has the input at once or hands over its rows one by one, from the top. */
  readonly input: "whole" | "rows";
  /** Whether the output is there at the end or is handed over row by row as it is made. */
  readonly output: "whole" | "rows";
}

/** What the step was in the model. */
export function originOf({ node, epilogue }: Step): Origin {
  return epilogue === undefined ? node.origin : joinOrigins([node, epilogue]);
}

/** The stream that a step belongs to. */
export function streamOf(schedule: Schedule, step: Step): Stream | undefined {
  return schedule.streams.find(({ first, last }) => first <= step.index && step.index <= last);
}

/** Where a tensor's bytes are. */
export type Place =
  | {
      readonly kind: "arena";
      readonly offset: number;
      /** Where each row is while it is needed, the first at `offset`; absent where the whole tensor is there. */
      readonly rowOffsets?: readonly number[];
    }
  /** The caller's buffer, given to run(): the index of the graph input or output. */
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "output"; readonly index: number };

export interface Slot {
  /** Tensors that share these bytes: views and in-place results, first the one that opens the slot. */
  readonly tensors: readonly TensorId[];
  /** Or the scratch of a step. */
  readonly scratchOf?: number;
  /** Or the pool of a stream, whose tensors are those of which it holds rows. */
  readonly pool?: RowPool;
  readonly offset: number;
  readonly bytes: number;
  /** First step that writes and last step that reads, inclusive. -1: filled before step 0; steps.length: read by the caller. */
  readonly firstStep: number;
  readonly lastStep: number;
}

/** Two slots that share bytes during `step`: the output of the step grows into the part of its input that was read. */
export interface SlotOverlap {
  /** Indices into ArenaPlan.slots. */
  readonly output: number;
  readonly input: number;
  readonly step: number;
  /** The output starts behind the input, and the step makes its rows from the last to the first. */
  readonly backward: boolean;
  /** Least bytes between the two starts. */
  readonly distance: number;
}

/** The part of an arena that lies in one memory of the target. Offsets count through all parts, one behind the other. */
export interface ArenaRegion extends Region {
  /** Offset in the arena of its first byte. */
  readonly start: number;
  /** Bytes of the arena that lie here; `bytes` of them there may be. */
  readonly used: number;
  /** Bytes alive at its busiest step: its part can be no smaller. */
  readonly lowerBound: number;
  readonly peakStep: number;
  /** Bytes that an inference reads and writes here. */
  readonly traffic: number;
}

export interface ArenaPlan {
  readonly bytes: number;
  readonly align: number;
  readonly slots: readonly Slot[];
  readonly overlaps: readonly SlotOverlap[];
  /** Where the arena is divided: the memories that hold a part of it, in order. Absent: it is one block in the context. */
  readonly regions?: readonly ArenaRegion[];
  readonly places: ReadonlyMap<TensorId, Place>;
  /** Offset of each step's scratch, where it has any, in a pool or alone. */
  readonly scratch: ReadonlyMap<number, number>;
  /** Offset of what a step keeps from row to row. */
  readonly state: ReadonlyMap<number, number>;
  /** Bytes alive at the busiest step, overlaps counted once: no plan for this schedule can be smaller. */
  readonly lowerBound: number;
  readonly peakStep: number;
}

/** The region that an offset of a divided arena lies in; undefined where the arena is one block. */
export function regionAt({ regions }: ArenaPlan, offset: number): ArenaRegion | undefined {
  return regions?.findLast(({ start }) => start <= offset);
}

/** An offset of the arena counted from the start of its region. */
export function offsetInRegion(arena: ArenaPlan, offset: number): number {
  return offset - (regionAt(arena, offset)?.start ?? 0);
}

/** Constants that start-up code copies to fast RAM. */
export interface HotWeights {
  /** Where they go, with the bytes that there may be. */
  readonly region: Region;
  /** Cycles that the core waits for a word of flash; absent where they are not known. */
  readonly flashCycles?: number;
  /** Bytes that they take there. */
  readonly bytes: number;
  /** Those that are read most per byte first. */
  readonly constants: readonly HotConstant[];
}

export interface HotConstant {
  readonly data: PackedConstant["data"];
  /** Bytes that an inference reads of it. */
  readonly reads: number;
  /** Modelled cycles that the copy saves in an inference at most, without a cache; absent where those of flash are not known. */
  readonly saves?: number;
  /** The steps that read it. */
  readonly steps: readonly number[];
}

/** Everything that codegen prints. */
export interface Program {
  /** C identifier prefix, from the model's name. */
  readonly name: string;
  readonly graph: Graph;
  readonly schedule: Schedule;
  readonly arena: ArenaPlan;
  /** Absent where all constants stay where the linker puts them. */
  readonly hot?: HotWeights;
  readonly target: Target;
  readonly options: ProgramOptions;
  /** What passes did, in order, for the report. */
  readonly log: readonly PassNote[];
}

export interface ProgramOptions extends PortOptions {
  readonly numerics: Profile;
  readonly optimize: Optimize;
  /** The exact command, for the banner; no host paths. */
  readonly command: string;
  /** SHA-256 of the model file, hex. */
  readonly modelHash: string;
  readonly version: string;
}

export interface PassNote {
  readonly pass: string;
  readonly why: string;
}

/** A file of the generated project. */
export interface SourceFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly text: string;
}
