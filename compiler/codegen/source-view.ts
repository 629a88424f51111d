/** The view of <name>.c: the arena map, the kernel instances, and run() as a list of steps. */
import { type Graph, type Tensor, tensorBytes, tensorOf } from "../ir/graph.js";
import { rowCount, rowLength } from "../ir/shape.js";
import { fillsPaddingRow, totalScratchBytes } from "../ops/kernel.js";
import { type Program, type RowPool, regionAt, type Slot, type Step, streamOf } from "../schedule/schedule.js";
import { partsUsed } from "./arena-names.js";
import { bannerView } from "./banner-view.js";
import type { Bindings } from "./bindings.js";
import { commentText, wrapText } from "./c-comment.js";
import { callText, maxColumns } from "./c-literal.js";
import { accessorViews, arenaLength, feedFunctions, runView } from "./header-view.js";
import { kernelInputs } from "./kernel-inputs.js";
import { arenaAsserts, arenaLocal, contextAlign, contextPointers, initView, nullCheck } from "./region-view.js";
import { behind, partTrace, stepGeometry, stepShapes, stepTitle } from "./step-text.js";
import { isHandedOver, streamArguments, streamName, streamView } from "./streams.js";
import type { ArenaView, FeedView, HandOverView, SourceView, StepView } from "./view.js";

/** What the source includes. */
export type SourceHeaders = Pick<SourceView, "weightsHeader" | "sharedHeader" | "kernelHeaders">;

export function sourceView(program: Program, bindings: Bindings, headers: SourceHeaders, trace: boolean): SourceView {
  const { steps } = program.schedule;
  const feeding = program.schedule.streams.find(({ fed }) => fed !== undefined);
  const isFed = program.options.input === "rows";
  // The steps of the stream that is fed run in push_row().
  const late = steps.filter((step) => feeding === undefined || step.index > feeding.last);
  const early = steps.filter((step) => !late.includes(step));
  return {
    banner: bannerView(program, `${program.name}.c`, "the network"),
    name: program.name,
    prefix: bindings.prefix,
    macro: bindings.macro,
    ...headers,
    needsString: isFed || steps.some((step) => step.call !== undefined && fillsPaddingRow(step.call)),
    arena: arenaView(program, bindings),
    trace,
    instances: bindings.instances.views,
    streams: program.schedule.streams.map((stream) => streamView(program, bindings, stream, trace)),
    accessors: accessorViews(program, bindings),
    feed: isFed ? feedView(program, bindings, early, trace) : undefined,
    run: runView(program, bindings),
    nullCheck: nullCheck([
      ...contextPointers(program),
      ...bindings.ports.filter((port) => !port.inArena && !port.byRows).map((port) => port.name),
      ...(program.options.output === "rows" && !isFed ? ["sink"] : []),
    ]),
    arenas: partsUsed(program, late).map(arenaLocal),
    contextAlign: contextAlign(program, bindings),
    init: initView(program, bindings),
    usesSink: isFed && late.some((step) => isHandedOver(program, step.output)),
    steps: late.map((step) => stepView(program, bindings, step, trace)),
  };
}

function feedView(program: Program, bindings: Bindings, steps: readonly Step[], trace: boolean): FeedView | undefined {
  const [begin, push] = feedFunctions(program, bindings);
  const input = program.graph.inputs[0]?.tensor;
  if (!begin || !push || input === undefined) return undefined;
  const { shape } = tensorOf(program.graph, input);
  const hasSink = program.options.output === "rows";
  return {
    begin,
    beginNullCheck: nullCheck([...contextPointers(program), ...(hasSink ? ["sink"] : [])]),
    push,
    pushNullCheck: nullCheck([...contextPointers(program), "row"]),
    contextAlign: contextAlign(program, bindings),
    arenas: partsUsed(program, steps, [input]).map(arenaLocal),
    phase: "0x4C574346",
    phaseName: `${bindings.macro}_FEEDING`,
    countersBytes: "sizeof ctx->made",
    rows: String(rowCount(shape)),
    rowBytes: String(rowLength(shape)),
    place: bindings.rowPointer(input, "ctx->made[0]"),
    hasSink,
    usesSink: steps.some((step) => isHandedOver(program, step.output)),
    steps: steps.map((step) => stepView(program, bindings, step, trace)),
  };
}

function arenaView(program: Program, bindings: Bindings): ArenaView {
  const { arena } = program;
  const peak = program.schedule.steps[arena.peakStep];
  const rows = arena.slots
    .toSorted((a, b) => a.offset - b.offset || a.firstStep - b.firstStep || a.lastStep - b.lastStep)
    .map(
      (slot) =>
        [placeText(program, slot), String(slot.bytes), liveText(program, slot), slotText(program, slot)] as const,
    );
  const table = [["offset", "bytes", "steps", "what"] as const, ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => (row[column] ?? "").length)));
  const [offset = 0, bytes = 0, live = 0] = widths;
  return {
    summary: wrapText(
      `Arena: ${arena.bytes} bytes${dividedText(program)}; no plan for this order of steps can do with less than ${arena.lowerBound}${peak ? `, alive at step ${arena.peakStep}` : ""}.`,
      maxColumns - " * ".length,
    ),
    rows: table.flatMap(([at, size, steps, what]) => {
      const columns = `${at.padStart(offset)}  ${size.padStart(bytes)}  ${steps.padEnd(live)}  `;
      const lines = wrapText(what, maxColumns - " *   ".length - columns.length);
      return lines.map((line, i) => `${i === 0 ? columns : " ".repeat(columns.length)}${line}`);
    }),
    offsets: bindings.offsets.map((entry) => ({ name: entry.name, value: String(entry.offset) })),
    asserts: arenaAsserts(program, bindings, arenaLength(program, bindings)),
  };
}

/** " in DTCM (2048) and PSRAM (65536)", or nothing. */
function dividedText({ arena: { regions } }: Program): string {
  return regions ? ` in ${regions.map(({ name, used }) => `${name} (${used})`).join(" and ")}` : "";
}

/** The offset of a slot, behind the name of its memory where there are several. */
function placeText({ arena }: Program, { offset }: Slot): string {
  const region = regionAt(arena, offset);
  return region ? `${region.name} ${offset - region.start}` : String(offset);
}

/** "in..3", "4", "7..out": the steps between which the bytes matter. */
function liveText(program: Program, slot: Slot): string {
  const first = slot.firstStep < 0 ? "in" : String(slot.firstStep);
  const last = slot.lastStep >= program.schedule.steps.length ? "out" : String(slot.lastStep);
  return first === last ? first : `${first}..${last}`;
}

function slotText(program: Program, slot: Slot): string {
  if (slot.scratchOf !== undefined) return `scratch of step ${slot.scratchOf}`;
  const { arena } = program;
  const over = arena.overlaps.flatMap((overlap) => {
    const input = arena.slots[overlap.input];
    return arena.slots[overlap.output] === slot && input ? [`over ${underText(program, input)}`] : [];
  });
  return [slot.pool ? poolText(program, slot.pool) : tensorNames(program, slot), ...over].join(", ");
}

function underText(program: Program, slot: Slot): string {
  return slot.pool ? "rows that are no longer in flight" : tensorNames(program, slot);
}

/** "rows in flight: 3 of a, 1 of b; rows kept by step 2; scratch of steps 0, 2" */
function poolText({ graph, schedule }: Program, { rows, scratch, state }: RowPool): string {
  const counts = Array.from(
    rows,
    ([id, { atOnce }]) => `${atOnce} of ${commentText(tensorOf(graph, id).source || id, 60)}`,
  );
  const ofSteps = (what: string, steps: readonly number[]): readonly string[] =>
    steps.length === 0 ? [] : [`${what} ${steps.length === 1 ? "step" : "steps"} ${steps.join(", ")}`];
  const isSum = (step: number): boolean => schedule.steps[step]?.call?.drive.kind === "accumulate";
  const kept = [...state.keys()];
  return [
    ...(counts.length > 0 ? [`rows in flight: ${counts.join(", ")}`] : []),
    ...ofSteps(
      "rows kept by",
      kept.filter((step) => !isSum(step)),
    ),
    ...ofSteps("sums of", kept.filter(isSum)),
    ...ofSteps("scratch of", [...scratch.keys()]),
  ].join("; ");
}

function tensorNames(program: Program, slot: Slot): string {
  return slot.tensors.map((id) => commentText(tensorOf(program.graph, id).source || id, 60)).join(", then ");
}

function stepView(program: Program, bindings: Bindings, step: Step, trace: boolean): StepView {
  const { graph } = program;
  const macs = step.macs > 0 ? `  ${step.macs} MAC` : "";
  const title = `---- step ${step.index}: ${stepTitle(step)}  ${stepShapes(graph, step)}  ${commentText(stepGeometry(step))}${macs} ----`;
  const output = tensorOf(graph, step.output);
  const isAlone = streamOf(program.schedule, step) === undefined;
  return {
    title,
    why: wrapText(commentText(step.why, 300), maxColumns - 4 - "/*  */".length).join("\n       "),
    call: callOf(program, bindings, step),
    trace: trace && step.call && isAlone ? traceCall(program, bindings, step, output) : "",
    handOver: isHandedOver(program, output.id) && isAlone ? handOverView(bindings, output) : undefined,
  };
}

/** The call of a step; of a stream the last step has it. */
function callOf(program: Program, bindings: Bindings, step: Step): string {
  const stream = streamOf(program.schedule, step);
  if (stream === undefined)
    return step.call ? stepCall(program.graph, bindings, step, totalScratchBytes(step.call)) : "";
  if (stream.last !== step.index) return "";
  return callText("    ", streamName(bindings, stream), streamArguments(program, bindings, stream), ";");
}

function stepCall(graph: Graph, bindings: Bindings, step: Step, scratchBytes: number): string {
  const args = [
    ...kernelInputs(graph, step).map((id) => bindings.pointer(id)),
    ...bindings.constants.namesOf(step),
    ...paddingArgument(bindings, step),
    outputPointer(bindings, step),
    ...(scratchBytes > 0 ? [bindings.scratch(step.index)] : []),
    ...bindings.instances.orderOf(step),
  ];
  return callText("    ", bindings.instances.nameOf(step), args, ";");
}

/** Where the kernel starts to write: behind the parts of the first pixel that are in place. */
function outputPointer(bindings: Bindings, { output, rest }: Step): string {
  return behind(bindings.pointer(output), rest?.start ?? 0);
}

function traceCall({ schedule }: Program, bindings: Bindings, step: Step, output: Tensor): string {
  const part = schedule.parts.get(output.id);
  if (part) {
    return partTrace("    ", step, part, { pointer: bindings.pointer(output.id), bytes: tensorBytes(output) });
  }
  const args = [String(step.index), bindings.pointer(output.id), `${tensorBytes(output)}u`];
  return callText("    ", "lwc_trace", args, ";");
}

function handOverView(bindings: Bindings, { id, shape }: Tensor): HandOverView {
  return { rows: String(rowCount(shape)), row: `${bindings.pointer(id)} + (out_y * ${rowLength(shape)})` };
}

function paddingArgument(bindings: Bindings, step: Step): readonly string[] {
  const name = bindings.constants.paddingOf(step);
  return name === undefined ? [] : [name];
}
