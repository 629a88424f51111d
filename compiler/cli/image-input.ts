/** PNG and JPEG files as network input. */
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { fail } from "../diagnostics.js";
import { type Graph, type Port, tensorOf } from "../ir/graph.js";
import { toIr } from "../verify/port-values.js";

export interface ImageOptions {
  /** Subtracted from pixel values 0 .. 255: one number, or one per channel separated by commas. */
  readonly mean?: string;
  /** Divides the difference. */
  readonly std?: string;
  /** Order of the channels: "rgb" or "bgr". */
  readonly layout?: string;
}

interface Pixels {
  readonly width: number;
  readonly height: number;
  /** [height][width][4] RGBA */
  readonly data: Uint8Array;
}

export function isImage(path: string): boolean {
  return /\.(png|jpe?g)$/i.test(path);
}

/** Decodes, resizes (nearest pixel) and normalizes; adds what it did to `notes`. */
export function imageInput(
  graph: Graph,
  port: Port,
  path: string,
  bytes: Uint8Array,
  options: ImageOptions,
  notes: string[],
): Int8Array {
  const [, height = 1, width = 1, channels = 1] = tensorOf(graph, port.tensor).shape;
  if (tensorOf(graph, port.tensor).shape.length !== 4 || (channels !== 1 && channels !== 3)) {
    fail({
      code: "LWC7141",
      kind: "error",
      message: `input "${port.name}" is no picture: shape [${port.shape.join(",")}]`,
      hint: "give the input as .npy or .bin",
    });
  }
  const pixels = decode(path, bytes);
  const isFloat = port.dtype === "float32";
  const mean = numbers(options.mean ?? "0", channels);
  const std = numbers(options.std ?? (isFloat ? "255" : "1"), channels);
  const isBgr = options.layout === "bgr";
  const planes = new Float32Array(channels * height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 4 * (Math.floor((y * pixels.height) / height) * pixels.width + Math.floor((x * pixels.width) / width));
      const rgb = [pixels.data[at] ?? 0, pixels.data[at + 1] ?? 0, pixels.data[at + 2] ?? 0];
      const color =
        channels === 1
          ? [Math.round(0.299 * (rgb[0] ?? 0) + 0.587 * (rgb[1] ?? 0) + 0.114 * (rgb[2] ?? 0))]
          : isBgr
            ? rgb.slice().reverse()
            : rgb;
      color.forEach((value, c) => {
        planes[(c * height + y) * width + x] = (value - (mean[c] ?? 0)) / (std[c] ?? 1);
      });
    }
  }
  notes.push(
    `${path}: ${pixels.width}x${pixels.height}, nearest pixel to ${width}x${height}, ${channels === 1 ? "luma" : isBgr ? "BGR" : "RGB"}, (pixel - ${mean.join(",")}) / ${std.join(",")}${isFloat ? "" : port.dtype === "int8" ? ", - 128" : ""}`,
  );
  if (isFloat) return toIr(graph, port, planes);
  return toIr(
    graph,
    port,
    Uint8Array.from(planes, (value) => Math.min(255, Math.max(0, Math.round(value)))),
  );
}

function decode(path: string, bytes: Uint8Array): Pixels {
  try {
    if (/\.png$/i.test(path)) {
      const { width, height, data } = PNG.sync.read(Buffer.from(bytes));
      return { width, height, data };
    }
    return jpeg.decode(bytes, { useTArray: true });
  } catch (error) {
    return fail({
      code: "LWC7142",
      kind: "error",
      message: `cannot decode "${path}": ${error instanceof Error ? error.message : String(error)}`,
      where: { file: path },
    });
  }
}

function numbers(text: string, channels: number): readonly number[] {
  const list = text.split(",").map(Number);
  const all = list.length === 1 ? new Array<number>(channels).fill(list[0] ?? 0) : list;
  if (all.length !== channels || all.some((value) => !Number.isFinite(value))) {
    fail({
      code: "LWC7143",
      kind: "error",
      message: `"${text}": expected one number, or ${channels} separated by commas`,
    });
  }
  return all;
}
