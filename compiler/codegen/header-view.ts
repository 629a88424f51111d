/** The view of <name>.h: macros of the ports, the context, the functions. */
import { must } from "../diagnostics.js";
import { scaleOf } from "../ir/quant.js";
import { elementCount, formatShape, rowLength } from "../ir/shape.js";
import { programSizes } from "../schedule/program-sizes.js";
import { feedCounters } from "../schedule/row-plan.js";
import type { Program } from "../schedule/schedule.js";
import { bannerView } from "./banner-view.js";
import type { Bindings, PortBinding } from "./bindings.js";
import { commentText, wrapText } from "./c-comment.js";
import { callText, decimalFloatLiteral, maxColumns } from "./c-literal.js";
import { arenaMembers, initFunction, nullCheck, regionViews } from "./region-view.js";
import type { AccessorView, HeaderView, MacroView, PortView, RunView } from "./view.js";

export function headerView(program: Program, bindings: Bindings): HeaderView {
  const { arena } = program;
  return {
    banner: bannerView(program, `${program.name}.h`, "the model's interface"),
    // Not LWC_<NAME>_H: kernels guard theirs like that, and a model may be called "requant".
    guard: `${bindings.macro}_MODEL_H`,
    prefix: bindings.prefix,
    macro: bindings.macro,
    arenaBytes: String(arena.bytes),
    macs: String(programSizes(program).macs),
    regions: regionViews(program, bindings),
    contextMembers: [...arenaMembers(program, arenaLength(program, bindings)), ...feedMembers(program)],
    ports: bindings.ports.map(portView),
    accessors: accessorViews(program, bindings),
    functions: [
      ...(arena.regions ? [initFunction(program, bindings)] : []),
      ...feedFunctions(program, bindings),
      runView(program, bindings),
    ],
  };
}

/** Length of the arena's array as text: the macro, or one alignment unit where the model needs none. */
export function arenaLength(program: Program, bindings: Bindings): string {
  return program.arena.bytes > 0 ? `${bindings.macro}_ARENA_BYTES` : String(program.arena.align);
}

export function accessorViews(program: Program, bindings: Bindings): readonly AccessorView[] {
  return bindings.ports.flatMap((binding) => {
    if (!binding.inArena || binding.byRows) return [];
    const entry = must(
      bindings.offsets.find((offset) => offset.tensor?.id === binding.tensor.id),
      "offset of a port",
    );
    const when =
      binding.direction === "input"
        ? "write it before each run, which overwrites it"
        : "valid until the next run or write to an input";
    return [
      {
        comment: wrapText(
          `${binding.direction === "input" ? "Input" : "Output"} "${commentText(binding.port.name)}" in the arena, ${binding.bytes} bytes: ${when}. NULL for NULL.`,
          maxColumns - "/*  */".length,
        ).join("\n   "),
        signature: `${binding.cType} *${bindings.prefix}_${binding.name}(${bindings.prefix}_ctx *ctx)`,
        result: accessorResult(
          program,
          entry.part,
          `${binding.cType === "int8_t" ? "" : `(${binding.cType} *)(void *)`}&ctx->${entry.part}[${entry.name}]`,
        ),
      },
    ];
  });
}

/** "(ctx == NULL) ? NULL : &ctx->arena[...]", on three lines where init() has to have been called. */
function accessorResult({ arena }: Program, part: string, address: string): string {
  if (arena.regions === undefined) return `(ctx == NULL) ? NULL : ${address}`;
  const indent = `\n${" ".repeat(15)}`;
  return `(${nullCheck(["ctx", `ctx->${part}`])})${indent}? NULL${indent}: ${address}`;
}

/** run(); or finish(), where the input came row by row. */
export function runView(program: Program, bindings: Bindings): RunView {
  const isFed = program.options.input === "rows";
  const args = bindings.ports.filter((port) => !port.inArena && !port.byRows);
  const parameters = [
    ...args.map((port) => `${port.direction === "input" ? "const " : ""}${port.cType} *${port.name}`),
    ...(isFed ? [] : sinkParameters(program)),
  ];
  const lines = args.map(
    (port) => `${port.name}: ${port.macro}_BYTES bytes, ${port.direction === "input" ? "read" : "written"}`,
  );
  const isDivided = program.arena.regions !== undefined;
  const errors = isDivided
    ? "LWC_ERROR_NULL for a NULL pointer, also one in the context, LWC_ERROR_ALIGNMENT for a context that is not aligned"
    : `LWC_ERROR_NULL for a NULL pointer, LWC_ERROR_ALIGNMENT for a context not aligned to ${program.arena.align}`;
  return {
    signature: callText(
      "",
      `lwc_status ${bindings.prefix}_${isFed ? "finish" : "run"}`,
      [`${bindings.prefix}_ctx *ctx`, ...parameters],
      "",
    ),
    notes: wrapNotes([
      isFed
        ? "Ends the inference when all rows are there: runs what is left of it. The next one starts with begin again."
        : `Runs one inference. ${isDivided ? "Needs init once" : "Needs no initialisation"}, keeps nothing between calls, may run at the same time with another context${isDivided ? " and other parts" : ""}.`,
      ...lines,
      ...(isFed ? [] : sinkNotes(program, bindings)),
      isFed
        ? `Returns LWC_OK, ${errors}, LWC_ERROR_ORDER without begin or where rows are missing, which may still be pushed.`
        : `Returns LWC_OK, ${errors}.`,
    ]),
  };
}

/** begin() and push_row(), where the input comes row by row. */
export function feedFunctions(program: Program, bindings: Bindings): readonly RunView[] {
  const input = bindings.ports.find((port) => port.direction === "input");
  if (program.options.input !== "rows" || !input) return [];
  const { prefix } = bindings;
  const context = `${prefix}_ctx *ctx`;
  return [
    {
      signature: callText("", `lwc_status ${prefix}_begin`, [context, ...sinkParameters(program)], ""),
      notes: wrapNotes([
        "Starts an inference whose input is handed over row by row, and forgets one that was not finished.",
        ...sinkNotes(program, bindings),
        "Returns LWC_OK, LWC_ERROR_NULL or LWC_ERROR_ALIGNMENT.",
      ]),
    },
    {
      signature: callText("", `lwc_status ${prefix}_push_row`, [context, `const int8_t *row`], ""),
      notes: wrapNotes([
        `Hands over the next row of the input, from the top, ${input.macro}_HEIGHT in all, and computes what it makes possible.`,
        `row: ${input.macro}_ROW_BYTES bytes, read; the caller may reuse it at once`,
        "Returns LWC_OK, LWC_ERROR_NULL, LWC_ERROR_ALIGNMENT, LWC_ERROR_ORDER without begin or after the last row; an error changes nothing.",
      ]),
    },
  ];
}

function sinkParameters({ options }: Program): readonly string[] {
  return options.output === "rows" ? ["lwc_row_sink sink", "void *user"] : [];
}

function sinkNotes({ options }: Program, bindings: Bindings): readonly string[] {
  const output = bindings.ports.find((port) => port.direction === "output");
  return options.output === "rows" && output
    ? [
        `sink: called for each row of the output, ${output.macro}_ROW_BYTES bytes, from the top; it must not call back into this context`,
        "user: passed on to sink, may be NULL",
      ]
    : [];
}

/** What the context holds besides the arena. */
function feedMembers(program: Program): readonly string[] {
  if (program.options.input !== "rows") return [];
  return [
    "/* Where the inference stands: set by begin, not to be touched. */",
    "uint32_t phase;",
    `int32_t made[${feedCounters(program.schedule)}];`,
    ...(program.options.output === "rows" ? ["lwc_row_sink sink;", "void *user;"] : []),
  ];
}

function portView(binding: PortBinding): PortView {
  const { tensor, macro, bytes, port, direction } = binding;
  const heading = `${direction === "input" ? "Input" : "Output"} "${commentText(port.name)}"`;
  return {
    notes: wrapNotes([
      `${heading}: ${port.dtype} ${formatShape(port.shape)} in the model, here ${tensor.dtype} ${formatShape(tensor.shape)}${layoutNote(binding)}.`,
      valueNote(binding),
    ]),
    macros: [
      { name: `${macro}_BYTES`, value: `${bytes}u` },
      { name: `${macro}_COUNT`, value: String(elementCount(tensor.shape)) },
      ...dimMacros(binding),
      ...(binding.byRows ? [{ name: `${macro}_ROW_BYTES`, value: `${rowLength(tensor.shape)}u` }] : []),
      ...quantMacros(binding),
    ],
  };
}

function layoutNote({ tensor, name }: PortBinding): string {
  const [, , width = 1, channels = 1] = tensor.shape;
  return tensor.shape.length === 4
    ? `, NHWC: element (y, x, c) is ${name}[((y * ${width}) + x) * ${channels} + c]`
    : "";
}

/** How the bytes relate to the values that the model's author knows. */
function valueNote({ port, tensor, direction, macro }: PortBinding): string {
  if (!tensor.quant) return "Plain integers.";
  const real = `real = ${macro}_SCALE * (q - ${macro}_ZERO_POINT)`;
  const fromFloat = `q = round to nearest even(real / ${macro}_SCALE) + ${macro}_ZERO_POINT, limited to [-128, 127]`;
  switch (port.dtype) {
    case "float32":
      return direction === "input" ? `${real}; from float: ${fromFloat}.` : `${real}.`;
    case "uint8":
      return `q is the model's uint8 value minus 128; ${real}.`;
    default:
      return `${real}.`;
  }
}

/** Lines of a block comment that starts each with " * ". */
function wrapNotes(notes: readonly string[]): readonly string[] {
  return notes.flatMap((note) => wrapText(note, maxColumns - " * ".length));
}

function dimMacros({ tensor, macro }: PortBinding): readonly MacroView[] {
  const names =
    tensor.shape.length === 4 ? ["", "HEIGHT", "WIDTH", "CHANNELS"] : tensor.shape.map((_, axis) => `DIM${axis}`);
  return tensor.shape.flatMap((dim, axis) =>
    names[axis] ? [{ name: `${macro}_${names[axis]}`, value: String(dim) }] : [],
  );
}

function quantMacros({ tensor, macro }: PortBinding): readonly MacroView[] {
  if (!tensor.quant) return [];
  const { zeroPoint } = tensor.quant;
  return [
    { name: `${macro}_SCALE`, value: decimalFloatLiteral(scaleOf(tensor.quant)) },
    { name: `${macro}_ZERO_POINT`, value: zeroPoint < 0 ? `(${zeroPoint})` : String(zeroPoint) },
  ];
}
