/** PNG and JPEG files as pixel values 0 .. 255. Alpha and EXIF orientation are ignored; 16-bit PNG is cut to 8 bits. */
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { fail } from "../../diagnostics.js";
import type { Picture } from "./resize.js";

export interface RgbaPixels {
  readonly width: number;
  readonly height: number;
  /** [height][width][4] */
  readonly data: Uint8Array;
}

export function decodeRgba(path: string, bytes: Uint8Array): RgbaPixels {
  try {
    const { width, height, data } = isPng(bytes)
      ? PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      : jpeg.decode(bytes, { useTArray: true });
    return { width, height, data };
  } catch (error) {
    return fail({
      code: "LWC8120",
      kind: "error",
      message: `cannot read picture "${path}": ${error instanceof Error ? error.message : String(error)}`,
      where: { file: path },
      hint: "PNG and JPEG are read: remove the file, or save it again",
    });
  }
}

/** By its content: files with the wrong ending are common in data sets. */
function isPng(bytes: Uint8Array): boolean {
  return [0x89, 0x50, 0x4e, 0x47].every((byte, i) => bytes[i] === byte);
}

/** Three channels as RGB or BGR, or one of luma, rounded as Pillow's "L": (19595 R + 38470 G + 7471 B + 32768) / 65536. */
export function toPicture({ width, height, data }: RgbaPixels, channels: 1 | 3, order: "rgb" | "bgr"): Picture {
  const values = new Float64Array(width * height * channels);
  const [red, blue] = order === "rgb" ? [0, 2] : [2, 0];
  for (let from = 0, to = 0; from < 4 * width * height; from += 4, to += channels) {
    const r = data[from] ?? 0;
    const g = data[from + 1] ?? 0;
    const b = data[from + 2] ?? 0;
    if (channels === 1) {
      values[to] = (19595 * r + 38470 * g + 7471 * b + 0x8000) >>> 16;
    } else {
      values[to + red] = r;
      values[to + 1] = g;
      values[to + blue] = b;
    }
  }
  return { width, height, channels, data: values };
}
