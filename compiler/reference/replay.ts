/**
 * The second oracle: the schedule run inside its own arena plan. Memory starts as garbage, and a slot turns into garbage
 * again after its last step, so a planner or aliasing mistake shows here, long before there is any C to debug.
 */
import { makeNumerics, type Numerics } from "../arith/numerics.js";
import { assertNever, invariant, must } from "../diagnostics.js";
import { type TensorId, tensorOf } from "../ir/graph.js";
import { channelCount, elementCount, rowLength } from "../ir/shape.js";
import { opOf } from "../ops/index.js";
import { isOverInput, rowsPerCall, stateBytes, totalScratchBytes } from "../ops/kernel.js";
import { type ReadRow, viewOf } from "../ops/op.js";
import { firstRow } from "../ops/row-window.js";
import { newestRow } from "../schedule/overlap.js";
import { blockAt, firstRead, type RowInput, type RowStep, streamSteps, walkRows } from "../schedule/row-plan.js";
import type { Part, Program, Slot, Step } from "../schedule/schedule.js";
import { type ArenaMemory, makeArenaMemory } from "./arena-memory.js";
import { checkInputs } from "./check-inputs.js";
import { prepareNode, prepareRow, type RowOrder, type Values } from "./run-node.js";

export interface Replay {
  readonly outputs: readonly Values[];
  /** Value of each step's output right after the step, by tensor. */
  readonly values: ReadonlyMap<TensorId, Values>;
}

interface PreparedStream {
  readonly first: number;
  readonly last: number;
  readonly rows: readonly RowStep[];
  /** Makes row y of a step; undefined for the rows that the caller hands over. */
  readonly kernels: readonly (StreamKernel | undefined)[];
}

/** `state`: what the step keeps from row to row. */
type StreamKernel = (read: ReadRow, out: Values, y: number, state: Int32Array) => void;

function prepareStreamRow(graph: Program["graph"], row: RowStep, numerics: Numerics): StreamKernel | undefined {
  if (row.step === undefined) return undefined;
  if (!row.accumulates) return prepareRow(graph, row.step.node, numerics, row.step.epilogue);
  const accumulation = must(opOf(row.step.node).accumulation, "accumulation");
  const addRow = accumulation.reference(viewOf(graph, row.step.node), numerics);
  return (read, out, y, state) => addRow(read(0, y), y, state, out);
}

/** Runs one inference in a poisoned arena. `inputs` are int8, NHWC, in the order of graph.inputs. */
export function replay(program: Program, inputs: readonly Int8Array[]): Replay {
  return prepareReplay(program)(inputs);
}

/** Does the set-up work once for many inferences. */
export function prepareReplay(program: Program): (inputs: readonly Int8Array[]) => Replay {
  const { graph, schedule, arena: plan } = program;
  const numerics = makeNumerics(program.options.numerics);
  const isHandedOver = program.options.output === "rows";
  const runs = schedule.steps.map(({ call, node, epilogue }) =>
    call ? prepareNode(graph, node, numerics, epilogue) : undefined,
  );
  const streams = schedule.streams.map((stream): PreparedStream => {
    const rows = streamSteps(schedule, stream);
    const kernels = rows.map((row) => prepareStreamRow(graph, row, numerics));
    return { first: stream.first, last: stream.last, rows, kernels };
  });
  return (inputs) => {
    checkInputs(graph, inputs);
    // Int32 outputs need word alignment: plan offsets are multiples of plan.align, so views of one buffer suffice.
    const memory = makeArenaMemory(plan);
    const { buffer, at, poisonBytes } = memory;

    const callerInputs = inputs.map((input) => Int8Array.from(input));
    const callerOutputs = graph.outputs.map((port) => allocate(graph, port.tensor));
    const locate = (id: TensorId): Values => {
      const tensor = tensorOf(graph, id);
      if (tensor.data) return tensor.data;
      const place = must(plan.places.get(id), `place of %${id}`);
      const count = elementCount(tensor.shape);
      switch (place.kind) {
        case "arena":
          return tensor.dtype === "int8"
            ? new Int8Array(buffer, at(place.offset), count)
            : new Int32Array(buffer, at(place.offset), count);
        case "input":
          return must(callerInputs[place.index], `input buffer ${place.index}`);
        case "output":
          return must(callerOutputs[place.index], `output buffer ${place.index}`);
        default:
          return assertNever(place);
      }
    };

    const isByRows = (id: TensorId): boolean => {
      const place = plan.places.get(id);
      return place?.kind === "arena" && place.rowOffsets !== undefined;
    };
    graph.inputs.forEach((port, i) => {
      const isWhole = plan.places.get(port.tensor)?.kind === "arena" && !isByRows(port.tensor);
      if (isWhole) locate(port.tensor).set(must(inputs[i], `input ${i}`));
    });
    const locateRow = (id: TensorId, y: number): Values => {
      const { shape } = tensorOf(graph, id);
      const length = rowLength(shape);
      const place = must(plan.places.get(id), `place of %${id}`);
      if (place.kind !== "arena" || place.rowOffsets === undefined)
        return locate(id).subarray(y * length, (y + 1) * length);
      return new Int8Array(buffer, at(must(place.rowOffsets[y], `row ${y} of %${id}`)), length);
    };
    /** A part of another tensor as one of its own. */
    const read = (id: TensorId): Values => {
      const part = schedule.parts.get(id);
      return part ? gather(part, locate(part.whole)) : locate(id);
    };
    const values = new Map<TensorId, Values>();
    // A kernel may write its scratch before it reads its inputs: it is garbage when a step, or a row of a stream, starts.
    const poisonScratch = ({ index, call }: Step): void => {
      const offset = plan.scratch.get(index);
      if (offset !== undefined && call) memory.poison(offset, offset + totalScratchBytes(call));
    };
    /** What a step of a stream keeps of its input: row k of the windows of its next call. */
    const keptRow = (step: Step, k: number): Int8Array => {
      const { drive } = must(step.call, "call");
      const bytes = drive.kind === "rows" ? drive.inRowBytes : 0;
      return new Int8Array(buffer, at((plan.state.get(step.index) ?? 0) + k * bytes), bytes);
    };
    /** The rows that a call over its input reads, by their numbers, before it writes any; what the next call needs is kept. */
    const takeRows = (rowStep: RowStep, y: number): ReadonlyMap<number, Values> => {
      const { step, inputs, rows } = rowStep;
      const input = must(inputs[0], "input");
      const count = blockAt(rowStep, y);
      const taken = new Map<number, Values>();
      const first = oldestOf(input, y);
      for (let row = first; row <= newestRow(input.use, y + count - 1, input.rows); row++) {
        if (row < 0) continue;
        const isKept = row < firstRead(input, y);
        taken.set(row, (isKept ? keptRow(must(step, "step"), row - first) : locateRow(input.tensor, row)).slice());
      }
      if (input.kept > 0 && y + count < rows) {
        const next = oldestOf(input, y + count);
        for (let k = 0; k < input.kept; k++) {
          const row = taken.get(next + k);
          const place = keptRow(must(step, "step"), k);
          if (row) place.set(row);
          else poisonBytes(place);
        }
      }
      return taken;
    };
    const stateOf = ({ index, call }: Step): Int32Array =>
      new Int32Array(
        buffer,
        at(plan.state.get(index) ?? 0),
        call ? stateBytes(call) / Int32Array.BYTES_PER_ELEMENT : 0,
      );
    const runStep = (step: Step): void => {
      poisonScratch(step);
      // A kernel may write its row while it reads: where the row lies over input that is still needed, it is garbage now. What
      // works in place reads each element before it writes it.
      const isOverlapping = plan.overlaps.some((overlap) => overlap.step === step.index);
      const order: RowOrder = {
        backward: step.backward === true,
        block: step.call ? rowsPerCall(step.call) : 1,
        ...(isOverlapping ? { beforeRows: (rows: Values): void => poisonBytes(bytesOf(rows)) } : {}),
      };
      const part = schedule.parts.get(step.output);
      const output = part ? allocate(graph, step.output) : locate(step.output);
      // What works in place, channel by channel, reads rows of which others have gone: the reference needs them all.
      const isTaken = (source: Values): boolean =>
        step.call?.inPlace === true && source.buffer === output.buffer && source.byteOffset === output.byteOffset;
      const sources = step.node.inputs.map(read);
      runs[step.index]?.(
        sources.map((source) => (isTaken(source) ? source.slice() : source)),
        output,
        order,
      );
      if (part) scatter(part, output, locate(part.whole));
      values.set(step.output, output.slice());
    };
    /** A row of a part of another tensor as one of its own. */
    const readRow = (id: TensorId, y: number): Values => {
      const part = schedule.parts.get(id);
      return part ? gather(part, locateRow(part.whole, y)) : locateRow(id, y);
    };
    const runStream = ({ rows, kernels }: PreparedStream): void => {
      for (const { output } of rows) values.set(output, allocate(graph, output));
      walkRows(rows, (i, y) => {
        const rowStep = must(rows[i], "step");
        const { step, output, accumulates } = rowStep;
        const part = schedule.parts.get(output);
        const made = Array.from({ length: blockAt(rowStep, y) }, (_, k) => {
          const at = accumulates ? 0 : y + k;
          return { y: y + k, at, row: locateRow(part?.whole ?? output, at) };
        });
        const taken = step?.call && isOverInput(step.call) ? takeRows(rowStep, y) : undefined;
        // A kernel may write all of its rows before it reads, and writes them one behind the other.
        const target = part ?? (step && restOf(graph, step));
        for (const { row } of made) {
          if (target) for (const pixel of pixelsOf(target, row)) poisonBytes(bytesOf(pixel));
          else if (step?.call || step === undefined) poisonBytes(bytesOf(row));
        }
        for (const [k, { row }] of made.entries())
          invariant(
            row.byteOffset === must(made[0], "row").row.byteOffset + k * row.byteLength,
            "rows of a block lie apart",
          );
        if (step) poisonScratch(step);
        for (const { row, y, at } of made) {
          if (step === undefined) {
            const input = must(inputs[graph.inputs.findIndex((port) => port.tensor === output)], "input");
            row.set(input.subarray(y * row.length, (y + 1) * row.length));
          } else if (step.call) {
            const sources = step.node.inputs;
            const read: ReadRow = (input, y) =>
              taken ? must(taken.get(y), `row ${y} that the call took`) : readRow(must(sources[input], "input"), y);
            const length = rowLength(tensorOf(graph, output).shape);
            const result = target ? new Int8Array(length) : row;
            must(kernels[i], "kernel")(read, result, y, stateOf(step));
            if (target) scatter(target, part ? result : gather(target, result), row);
          }
          const seen = part ? gather(part, row) : row;
          must(values.get(output), "output").set(seen, at * seen.length);
        }
      });
    };
    for (const { index, ...step } of schedule.steps) {
      const stream = streams.find(({ first, last }) => first <= index && index <= last);
      if (stream === undefined) runStep({ index, ...step });
      else if (stream.first === index) runStream(stream);
      memory.checkCanaries(index);
      const alive = plan.slots.filter((slot) => slot.firstStep <= index && slot.lastStep > index);
      for (const slot of plan.slots) {
        if (slot.lastStep === index) poisonOutside(slot, alive, memory);
      }
    }
    // What is handed over row by row is gone, but for what the caller has seen.
    const outputOf = (id: TensorId): Values =>
      isHandedOver ? must(values.get(id), `rows of %${id}`) : locate(id).slice();
    return { outputs: graph.outputs.map((port) => outputOf(port.tensor)), values };
  };
}

/** What a step that joins tensors copies of them, as a part. */
function restOf(graph: Program["graph"], { rest, output }: Step): Part | undefined {
  if (rest === undefined) return undefined;
  const { start, width } = rest;
  return { whole: output, start, pitch: channelCount(tensorOf(graph, output).shape), width };
}

/** The bytes of a part in each pixel of the whole. */
function pixelsOf({ start, pitch, width }: Part, whole: Values): readonly Values[] {
  return Array.from({ length: whole.length / pitch }, (_, i) =>
    whole.subarray(i * pitch + start, i * pitch + start + width),
  );
}

/** Puts the pixels of a part into those of the whole. */
function scatter({ start, pitch, width }: Part, values: Values, whole: Values): void {
  for (let i = 0; i * width < values.length; i++)
    whole.set(values.subarray(i * width, (i + 1) * width), i * pitch + start);
}

function gather({ start, pitch, width }: Part, whole: Values): Values {
  const values = new Int8Array((whole.length / pitch) * width);
  for (let i = 0; i * width < values.length; i++)
    values.set(whole.subarray(i * pitch + start, i * pitch + start + width), i * width);
  return values;
}

/** The first row of the window of output row y; may lie outside the input. */
function oldestOf({ use }: RowInput, y: number): number {
  return use.kind === "window" ? firstRow(use, y) : y;
}

function bytesOf(values: Values): Int8Array {
  return new Int8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** A slot whose life ended is garbage, but for the bytes that an overlapping output has taken over. */
function poisonOutside(slot: Slot, alive: readonly Slot[], memory: ArenaMemory): void {
  const end = slot.offset + slot.bytes;
  const taken = alive
    .filter((other) => other.offset < end && slot.offset < other.offset + other.bytes)
    .sort((a, b) => a.offset - b.offset);
  let at = slot.offset;
  for (const other of taken) {
    if (other.offset > at) memory.poison(at, other.offset);
    at = Math.max(at, other.offset + other.bytes);
  }
  if (at < end) memory.poison(at, end);
}

function allocate(graph: Program["graph"], id: TensorId): Values {
  const tensor = tensorOf(graph, id);
  const count = elementCount(tensor.shape);
  return tensor.dtype === "int8" ? new Int8Array(count) : new Int32Array(count);
}
