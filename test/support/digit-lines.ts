/** Text lines of the handwritten digits of examples/digits, upright and upside down: labelled samples that the repository holds itself. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { PNG } from "pngjs";
import type { Sample } from "../../compiler/quantize/samples.js";

const folder = resolve(import.meta.dirname, "../../examples/digits/calibration");
/** Digits that are no digit upside down. */
const digits = [2, 3, 4, 5, 7];
const size = 28;
const width = 192;

/**
 * Lines of five digits, dark on light: [1,3,height,192], pixel / 127.5 - 1, the text over the whole height. Label 0: upright, 1: turned
 * by 180 degrees.
 */
export function digitLines(
  input: string,
  height: number,
  count: number,
): readonly (Sample & { readonly label: number })[] {
  return Array.from({ length: count }, (_, n) => {
    const chosen = Array.from({ length: 5 }, (_, i) => picture(digits[(n * 7 + i * 3) % 5]!, 1 + ((n + 2 * i) % 10)));
    const label = n % 2;
    const values = new Float32Array(3 * height * width);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = label === 0 ? y * width + x : (height - 1 - y) * width + (width - 1 - x);
        const value = 1 - inkAt(chosen, x, Math.floor((y * size) / height)) / 127.5;
        for (let c = 0; c < 3; c++) values[c * height * width + at] = value;
      }
    }
    return { name: `line ${n}`, inputs: new Map([[input, values]]), label };
  });
}

/** Ink in [0, 255] in a row of the digits: each digit takes a fifth of the width, enlarged to the nearest pixel. */
function inkAt(line: readonly Uint8Array[], x: number, row: number): number {
  const step = width / line.length;
  const digit = line[Math.floor(x / step)]!;
  const column = Math.floor(((x % step) * size) / step);
  return digit[row * size + column]!;
}

const decoded = new Map<string, Uint8Array>();

function picture(digit: number, index: number): Uint8Array {
  const name = `${digit}-${index}.png`;
  let gray = decoded.get(name);
  if (gray === undefined) {
    const { data } = PNG.sync.read(readFileSync(join(folder, name)));
    gray = Uint8Array.from({ length: size * size }, (_, i) => data[4 * i]!);
    decoded.set(name, gray);
  }
  return gray;
}
