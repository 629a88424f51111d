/**
 * A kernel call: how one node runs on a target. Integer-only, no addresses and no formatting; the ops make it, the
 * schedule holds it, codegen prints it.
 */
import type { Numerics } from "../arith/numerics.js";
import type { Target } from "../targets.js";
import { leavesInput, type RowWindow, windowOfRows } from "./row-window.js";

/** What an op may consult when it chooses a kernel. */
export interface KernelContext {
  readonly target: Target;
  readonly numerics: Numerics;
  readonly optimize: Optimize;
  /** Only kernels that make no more rows per call, for streams of rows; absent: any number. */
  readonly mostRows?: number;
  /** Only kernels that make do with so many bytes of scratch memory, where they have a choice; absent: any number. */
  readonly mostScratch?: number;
  /**
   * Only kernels that make up to so many rows of a stream per call over their input, which they then keep themselves what they need of
   * (`Drive.kept`); absent: only others.
   */
  readonly rowsOverInput?: number;
  /** How often the layer runs in an inference, where it stands for one row of many. */
  readonly repeats?: number;
  /** [256], entry i for the result i - 128: what each result goes through before it is stored. Only kernels that can do so. */
  readonly table?: Int8Array;
}

export type Optimize = "speed" | "balanced" | "size" | "ram";

/** A C struct literal by field name; nested structs are nested records, arrays of integers become brace lists. */
export interface StructLiteral {
  readonly [field: string]: number | readonly number[] | StructLiteral;
}

/** Tells the lists of integers among the fields of a struct from the structs in it. */
export function isList(value: readonly number[] | object): value is readonly number[] {
  return Array.isArray(value);
}

/** Constant data that a kernel reads, packed for it. Ends up in `<name>_weights.c`, aligned to `align` bytes. */
export interface PackedConstant {
  /** "weights", "quant", "table": the last part of the C name and the name of the instance's argument. */
  readonly name: string;
  /** int8_t, int16_t, int32_t, or float (bit-exact float32). */
  readonly data: Int8Array | Int16Array | Int32Array | Float32Array;
  readonly align: number;
  /** What it holds, with shape and ranges, for the C comment: "[out_c][kh][kw][in_c] in [-127, 127]". */
  readonly comment: string;
  /** "weights" counts as weight_bytes (packed weight values alone), "table" as table_bytes. */
  readonly role: "weights" | "table";
}

/**
 * How codegen drives the kernel:
 *  - `rows`: once per output row, or per block of them. The kernel gets `rows`, pointers to `window.size` input rows (padding
 *    rows point to a row of `padValue`), and the output row:  kernel(&params, rows, <constants>, out_row, scratch)
 *  - `flat`: one call for the whole tensor:   kernel(&params, <inputs>, <constants>, out, scratch)
 *  - `accumulate`: once per input row, in a stream of rows; all of them go into one output row.
 */
export type Drive =
  | {
      readonly kind: "rows";
      readonly window: RowWindow;
      /** Set where the kernel wants to know which output row it computes:  kernel(&params, rows, y, <constants>, out_row, scratch) */
      readonly passesRow?: true;
      readonly inRows: number;
      readonly outRows: number;
      /**
       * Output rows of a call; absent: 1. A divisor of outRows but for kernels with `passesCount`. The kernel gets the input rows of
       * all their windows, undilated.
       */
      readonly block?: number;
      /**
       * Set where the kernel makes any number of rows from 1 to `block`, which it is told:
       * kernel(&params, rows, count, <constants>, out_row, scratch)
       */
      readonly passesCount?: true;
      /**
       * Set where the kernel makes rows of a stream over their input: so many input rows, which the next call needs too, it copies to
       * what it keeps from call to call, so that no row is read by two calls. The rows of a call that are new lie side by side, its
       * output takes their place from the first of them on:
       * kernel(&params, rows, count, <constants>, out_row, kept, scratch)
       */
      readonly kept?: number;
      /** Elements (= bytes) of an input and of an output row. */
      readonly inRowBytes: number;
      readonly outRowBytes: number;
      /** Value of padding rows; a scratch row is filled with it where a window that is not clamped leaves the input. */
      readonly padValue: number;
    }
  | {
      /** A flat kernel once per row:  kernel(&params, <inputs> + y * inRowBytes, <constants>, out + y * outRowBytes, scratch) */
      readonly kind: "runs";
      readonly rows: number;
      /** Per activation input; 0 where every row reads the whole input. */
      readonly inRowBytes: readonly number[];
      readonly outRowBytes: number;
      /**
       * Set where the kernel makes rows of a stream over their input, any number of them up to this, which lie side by side:
       * kernel(&params, <input> + y * inRowBytes, count, <constants>, out + y * outRowBytes, scratch)
       */
      readonly block?: number;
    }
  | {
      readonly kind: "flat";
      /**
       * Set where the kernel walks through input and output in memory order: it has read a block of this many pixels (vectors
       * of the innermost axis) before it writes that block, and reads nothing in front of it again. Such a kernel may write over
       * what it has read.
       */
      readonly forwardPixels?: number;
    }
  | {
      /**
       * kernel(&params, in + y * row bytes, y, <constants>, out, state, scratch), for y upwards. Row 0 fills the state, which is
       * kept until the last row, and with that the kernel writes `out`.
       */
      readonly kind: "accumulate";
      /** Input rows. */
      readonly rows: number;
      /** Bytes of int32 that are kept from row to row. */
      readonly stateBytes: number;
    };

export interface KernelCall {
  /** C function, e.g. "lwc_conv2d_s8"; defined `static inline` in runtime-c/src/<header>. */
  readonly kernel: string;
  /** File in runtime-c/src that defines it, e.g. "lwc_conv2d_s8.h". */
  readonly header: string;
  /** Short geometry for the instance's C name, e.g. "conv3x3_s2"; [a-z0-9_]+ . */
  readonly geometry: string;
  readonly params: { readonly type: string; readonly fields: StructLiteral };
  readonly drive: Drive;
  /**
   * Set where output and input have one shape and the kernel has read whatever it needs of a value's surroundings before it writes the
   * value: the output may take the bytes of the first activation, exactly.
   */
  readonly inPlace?: true;
  /** The function of the header that makes several images like this one, side by side, where there is one: see `Drive.block` of runs. */
  readonly runsOfRows?: string;
  /** Flat kernels of any number of inputs get one array of pointers to them: `const int8_t *const *inputs`. */
  readonly inputArray?: boolean;
  readonly constants: readonly PackedConstant[];
  /** Where the parameters have an `out_pitch`: the most that it may be; absent: as much as int32 holds. */
  readonly maxPitch?: number;
  /** Where each result goes through a table before it is stored. */
  readonly table?: TableOfResults;
  /**
   * A row of `drive.padValue`, at least as long as an input row: what window rows outside the input point to. Chosen for all
   * layers of a network together (schedule/choose-kernels.ts); where it is absent, codegen fills such a row in scratch memory.
   */
  readonly padding?: PackedConstant;
  /** Bytes of scratch memory that live during the call, aligned to 8; without the padding row, which codegen adds. */
  readonly scratchBytes: number;
  /** What the target's file says of the kernel for this layer; absent where it has no price for it. */
  readonly estimate?: KernelEstimate;
  /** One sentence: why this kernel and this requantization form. */
  readonly why: string;
}

/** A table that a kernel finds through its parameters. */
export interface TableOfResults {
  /** The way to the lwc_requant among the parameters that holds the address of its middle: ["requant"], ["conv", "requant"]. */
  readonly member: readonly string[];
  /** [256] int8. */
  readonly constant: PackedConstant;
}

export interface KernelEstimate {
  /** Modelled, of all calls for the layer together. */
  readonly cycles: number;
  /** Code of an instance. */
  readonly codeBytes: number;
}

/** Output rows that a call makes, where it makes rows, at most. */
export function rowsPerCall({ drive }: KernelCall): number {
  return drive.kind === "rows" || drive.kind === "runs" ? (drive.block ?? 1) : 1;
}

/** True where the rows of a call take the place of those that it reads. */
export function isOverInput({ drive }: KernelCall): boolean {
  return keptRows(drive) > 0 || (drive.kind === "runs" && drive.block !== undefined);
}

/** Input rows that the kernel itself keeps from call to call. */
export function keptRows(drive: Drive): number {
  return drive.kind === "rows" ? (drive.kept ?? 0) : 0;
}

/** True where the kernel is told how many rows it makes. */
export function passesCount({ drive }: KernelCall): boolean {
  return (drive.kind === "rows" && drive.passesCount === true) || (drive.kind === "runs" && drive.block !== undefined);
}

/** Input rows that a call which makes rows gets, `y` being the first of its output rows: those of the windows of all of them. */
export function windowOfCall(call: KernelCall, { window }: Extract<Drive, { kind: "rows" }>): RowWindow {
  return windowOfRows(window, rowsPerCall(call));
}

/** Scratch memory of a call is laid out in pieces that start at multiples of this. */
const SCRATCH_ALIGN = 8;

/** True where some window of the call leaves the input vertically, so that a row of `padValue` stands in. */
export function needsPaddingRow(call: KernelCall): boolean {
  if (call.drive.kind !== "rows") return false;
  const { window, inRows, outRows } = call.drive;
  return !window.clamped && leavesInput(window, inRows, outRows);
}

/** True where that row lies in scratch memory and is filled before it is read. */
export function fillsPaddingRow(call: KernelCall): boolean {
  return needsPaddingRow(call) && call.padding === undefined;
}

/** Offset of the kernel's own scratch behind the padding row, which comes first. */
export function kernelScratchOffset(call: KernelCall): number {
  return call.drive.kind === "rows" && fillsPaddingRow(call) ? alignScratch(call.drive.inRowBytes) : 0;
}

/** All constants that a call reads. */
export function constantsOf({ constants, table, padding }: KernelCall): readonly PackedConstant[] {
  return [...constants, ...(table ? [table.constant] : []), ...(padding ? [padding] : [])];
}

/** Bytes of scratch memory that a call occupies: the padding row, then what the kernel asks for. */
export function totalScratchBytes(call: KernelCall): number {
  return kernelScratchOffset(call) + alignScratch(call.scratchBytes);
}

/** Bytes that a kernel keeps from call to call. */
export function stateBytes({ drive }: KernelCall): number {
  if (drive.kind === "accumulate") return drive.stateBytes;
  return drive.kind === "rows" ? keptRows(drive) * drive.inRowBytes : 0;
}

function alignScratch(bytes: number): number {
  return Math.ceil(bytes / SCRATCH_ALIGN) * SCRATCH_ALIGN;
}
