/**
 * Pictures as arrays of doubles: resizing as Pillow's BILINEAR does it (antialiased where the picture shrinks), cropping.
 *
 * Along one axis from `n` to `m` pixels: s = n/m, f = max(1, s), centre c_i = (i + 0.5) s. Output i is the weighted mean of the
 * input pixels j from floor(c_i - f + 0.5) to floor(c_i + f + 0.5) - 1 inside the picture, with triangle weights
 * max(0, 1 - |j + 0.5 - c_i| / f), divided by their sum. Rows first, then columns, in double precision: nothing is rounded to
 * whole pixel values in between or at the end, which is where Pillow differs (by less than one level).
 */
import type { TargetSize } from "./options.js";

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [height][width][channels] */
  readonly data: Float64Array;
}

/** To the exact size, or with the shorter side at `side` and the longer at floor(side * longer / shorter), as torchvision. */
export function resize(picture: Picture, size: TargetSize): Picture {
  const { width, height } = resizedTo(picture, size);
  return alongColumns(alongRows(picture, width), height);
}

export function resizedTo(from: { readonly width: number; readonly height: number }, size: TargetSize) {
  if (size.kind === "exact") return { width: size.width, height: size.height };
  const shorter = Math.min(from.width, from.height);
  const longer = Math.floor((size.side * Math.max(from.width, from.height)) / shorter);
  return from.width <= from.height ? { width: size.side, height: longer } : { width: longer, height: size.side };
}

/** The middle; the margin above and to the left is half of what is left over, rounded to even, as torchvision. */
export function crop(picture: Picture, width: number, height: number): Picture {
  const { channels, data } = picture;
  const top = halfToEven(picture.height - height);
  const left = halfToEven(picture.width - width);
  const result = new Float64Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * picture.width + left) * channels;
    result.set(data.subarray(start, start + width * channels), y * width * channels);
  }
  return { width, height, channels, data: result };
}

function halfToEven(rest: number): number {
  const half = Math.floor(rest / 2);
  return rest % 2 === 0 || half % 2 === 0 ? half : half + 1;
}

function alongRows(picture: Picture, width: number): Picture {
  if (width === picture.width) return picture;
  const { height, channels, data } = picture;
  const result = new Float64Array(height * width * channels);
  const taps = weights(picture.width, width);
  for (let y = 0; y < height; y++) {
    const row = y * picture.width * channels;
    for (let x = 0; x < width; x++) {
      const { first, values } = taps[x] ?? none;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < values.length; k++) sum += (values[k] ?? 0) * (data[row + (first + k) * channels + c] ?? 0);
        result[(y * width + x) * channels + c] = sum;
      }
    }
  }
  return { width, height, channels, data: result };
}

function alongColumns(picture: Picture, height: number): Picture {
  if (height === picture.height) return picture;
  const { width, channels, data } = picture;
  const line = width * channels;
  const result = new Float64Array(height * line);
  const taps = weights(picture.height, height);
  for (let y = 0; y < height; y++) {
    const { first, values } = taps[y] ?? none;
    for (let k = 0; k < values.length; k++) {
      const weight = values[k] ?? 0;
      const from = (first + k) * line;
      for (let i = 0; i < line; i++)
        result[y * line + i] = (result[y * line + i] ?? 0) + weight * (data[from + i] ?? 0);
    }
  }
  return { width, height, channels, data: result };
}

/** The input pixels that make one output pixel, and their weights, which add up to 1. */
interface Taps {
  readonly first: number;
  readonly values: Float64Array;
}

const none: Taps = { first: 0, values: new Float64Array(0) };

function weights(from: number, to: number): readonly Taps[] {
  const step = from / to;
  const reach = Math.max(1, step);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * step;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const end = Math.min(from, Math.floor(centre + reach + 0.5));
    const raw = Float64Array.from({ length: end - first }, (_, k) =>
      Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / reach),
    );
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, values: raw.map((value) => value / sum) };
  });
}
