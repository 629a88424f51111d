/** Numbers, structs, arrays and calls as C text: exact, formatted, at most 100 columns where a break is possible. */
import { invariant } from "../diagnostics.js";
import { isList, type PackedConstant } from "../ops/kernel.js";

export const maxColumns = 100;

const int32Min = -(2 ** 31);
const int32Max = 2 ** 31 - 1;

/** An integer of type int, or unsigned int where it is larger. */
export function intLiteral(value: number): string {
  invariant(Number.isInteger(value) && value >= int32Min && value < 2 ** 32, `${value} does not fit a 32-bit integer`);
  // -2147483648 would be a minus in front of a long.
  if (value === int32Min) return "(-2147483647 - 1)";
  return value > int32Max ? `${value}u` : String(value);
}

/**
 * A float32 in decimal, for headers that C++11 must read: nine significant digits identify every float32 (Steele and White
 * 1990), zeros at the end removed.
 */
export function decimalFloatLiteral(value: number): string {
  invariant(Number.isFinite(value) && Math.fround(value) === value, `${value} is no finite float32`);
  const [mantissa = "0", exponent] = value.toPrecision(9).split("e");
  const digits = mantissa.includes(".") ? mantissa.replace(/0+$/, "").replace(/\.$/, ".0") : `${mantissa}.0`;
  return exponent === undefined ? `${digits}f` : `${digits}e${exponent}f`;
}

/** A float32 in hexadecimal (C11 6.4.4.2): its bits as they are. */
export function hexFloatLiteral(value: number): string {
  invariant(Number.isFinite(value) && Math.fround(value) === value, `${value} is no finite float32`);
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
  const sign = bits >>> 31 === 1 ? "-" : "";
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0 && fraction === 0) return `${sign}0x0p+0f`;
  // 23 bits of fraction, moved up by one, are six hexadecimal digits.
  const digits = (fraction << 1).toString(16).padStart(6, "0").replace(/0+$/, "");
  const power = exponent === 0 ? -126 : exponent - 127;
  return `${sign}0x${exponent === 0 ? 0 : 1}${digits === "" ? "" : `.${digits}`}p${power < 0 ? power : `+${power}`}f`;
}

/** LWC_REQUANT_* of lwc.h, by value. */
const requantForms = [
  "LWC_REQUANT_SHORT",
  "LWC_REQUANT_WINDOW",
  "LWC_REQUANT_FLOAT",
  "LWC_REQUANT_SINGLE",
  "LWC_REQUANT_SPLIT",
];

/** A StructLiteral (ops/kernel.ts) in which addresses stand, as C expressions. */
export interface StructText {
  readonly [field: string]: number | string | readonly number[] | StructText;
}

/** Designated initialisers, one line per field; a nested struct takes one line where it fits. */
export function structLines(fields: StructText, indent: string, owner = ""): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const line = `${indent}${inlineField(name, value, owner)},`;
    if (line.length <= maxColumns || typeof value !== "object" || isList(value)) return [line];
    return [`${indent}.${name} = {`, ...structLines(value, `${indent}    `, name), `${indent}},`];
  });
}

function inlineField(name: string, value: StructText[string], owner: string): string {
  return `.${name} = ${inlineLiteral(name, value, owner)}`;
}

function inlineLiteral(name: string, value: StructText[string], owner: string): string {
  if (typeof value === "number") {
    const form = owner === "requant" && name === "form" ? requantForms[value] : undefined;
    return form ?? intLiteral(value);
  }
  if (typeof value === "string") return value;
  if (isList(value)) return `{${value.map(intLiteral).join(", ")}}`;
  const fields = Object.entries(value).map(([field, inner]) => inlineField(field, inner, name));
  return `{${fields.join(", ")}}`;
}

export type CType = "int8_t" | "int16_t" | "int32_t" | "float";

export function cTypeOf(data: PackedConstant["data"]): CType {
  if (data instanceof Int8Array) return "int8_t";
  if (data instanceof Int16Array) return "int16_t";
  return data instanceof Int32Array ? "int32_t" : "float";
}

/** Columns of an array: how wide a value may be and how many stand in a line. Requantization words come in twos and threes. */
const arrayColumns: Record<CType, { readonly width: number; readonly perLine: number }> = {
  int8_t: { width: 4, perLine: 16 },
  int16_t: { width: 6, perLine: 12 },
  int32_t: { width: 11, perLine: 6 },
  float: { width: 17, perLine: 5 },
};

/** Every int8 as a column, value + 128 is the index: weights are most of what is printed. */
const int8Columns = Array.from({ length: 256 }, (_, i) => ` ${String(i - 128).padStart(4)},`);

/** The elements of an array initialiser, in columns, without the braces. */
export function arrayText(data: PackedConstant["data"]): string {
  const type = cTypeOf(data);
  const { width, perLine } = arrayColumns[type];
  const format = type === "float" ? hexFloatLiteral : intLiteral;
  const lines: string[] = [];
  for (let start = 0; start < data.length; start += perLine) {
    const end = Math.min(data.length, start + perLine);
    lines.push(
      data instanceof Int8Array
        ? int8Line(data, start, end)
        : Array.from(data.subarray(start, end), (value) => ` ${format(value).padStart(width)},`).join(""),
    );
  }
  return lines.map((line) => `   ${line}`).join("\n");
}

function int8Line(data: Int8Array, start: number, end: number): string {
  let line = "";
  for (let i = start; i < end; i++) line += int8Columns[(data[i] ?? 0) + 128] ?? "";
  return line;
}

/** `<head>(<args>)<tail>`, with the arguments broken over lines where they do not fit. */
export function callText(indent: string, head: string, args: readonly string[], tail: string): string {
  const oneLine = `${indent}${head}(${args.join(", ")})${tail}`;
  if (oneLine.length <= maxColumns) return oneLine;
  const inner = `${indent}    `;
  const lines = [`${indent}${head}(`];
  let line = inner;
  args.forEach((arg, i) => {
    const piece = i === args.length - 1 ? `${arg})${tail}` : `${arg},`;
    if (line !== inner && line.length + 1 + piece.length > maxColumns) {
      lines.push(line);
      line = inner;
    }
    line += line === inner ? piece : ` ${piece}`;
  });
  lines.push(line);
  return lines.join("\n");
}
