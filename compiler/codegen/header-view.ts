/** The view of <name>.h: macros of the ports, the context, the functions. */
import { scaleOf } from "../ir/quant.js";
import { elementCount, formatShape } from "../ir/shape.js";
import { programSizes } from "../schedule/program-sizes.js";
import type { Program } from "../schedule/schedule.js";
import { bannerView } from "./banner-view.js";
import type { Bindings, PortBinding } from "./bindings.js";
import { commentText, wrapText } from "./c-comment.js";
import { callText, decimalFloatLiteral, maxColumns } from "./c-literal.js";
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
    arenaLength: arenaLength(program, bindings),
    arenaAlign: String(arena.align),
    arenaComment:
      arena.bytes > 0
        ? "Intermediate results; the contents mean nothing between two calls."
        : "This model needs no arena, but C wants a member.",
    ports: bindings.ports.map(portView),
    accessors: accessorViews(bindings),
    run: runView(program, bindings),
  };
}

/** Length of the arena's array as text: the macro, or one alignment unit where the model needs none. */
export function arenaLength(program: Program, bindings: Bindings): string {
  return program.arena.bytes > 0 ? `${bindings.macro}_ARENA_BYTES` : String(program.arena.align);
}

export function accessorViews(bindings: Bindings): readonly AccessorView[] {
  return bindings.ports.flatMap((binding) => {
    if (!binding.inArena) return [];
    const entry = bindings.offsets.find((offset) => offset.tensor?.id === binding.tensor.id);
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
        offset: entry?.name ?? "0",
        cast: binding.cType === "int8_t" ? "" : `(${binding.cType} *)(void *)`,
      },
    ];
  });
}

export function runView(program: Program, bindings: Bindings): RunView {
  const args = bindings.ports.filter((port) => !port.inArena);
  const parameters = args.map((port) => `${port.direction === "input" ? "const " : ""}${port.cType} *${port.name}`);
  const lines = args.map(
    (port) => `${port.name}: ${port.macro}_BYTES bytes, ${port.direction === "input" ? "read" : "written"}`,
  );
  return {
    signature: callText("", `lwc_status ${bindings.prefix}_run`, [`${bindings.prefix}_ctx *ctx`, ...parameters], ""),
    notes: wrapNotes([
      "Runs one inference. Needs no initialisation, keeps nothing between calls, may run at the same time with another context.",
      ...lines,
      `Returns LWC_OK, LWC_ERROR_NULL for a NULL pointer, LWC_ERROR_ALIGNMENT for a context not aligned to ${program.arena.align}.`,
    ]),
  };
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
