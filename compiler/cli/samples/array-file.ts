/** .npy and raw .bin files as samples: the header is read once, values only of the sample that is asked for. */
import { type FileHandle, open } from "node:fs/promises";
import { fail } from "../../diagnostics.js";
import { elementCount, formatShape, type Shape } from "../../ir/shape.js";
import { parseNpyHeader } from "../../verify/npy.js";

/** An array [n, ...shape] on disk, or one of `shape` alone: then `count` is 1. */
export interface ArrayFile {
  readonly path: string;
  readonly count: number;
  /** Of one sample, as stored. */
  readonly shape: Shape;
  readonly dtype: ArrayDtype;
  readonly dataStart: number;
}

interface ArrayDtype {
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
}

const float32: ArrayDtype = { bytes: 4, read: (view, offset) => view.getFloat32(offset, true) };
const uint8: ArrayDtype = { bytes: 1, read: (view, offset) => view.getUint8(offset) };
const int8: ArrayDtype = { bytes: 1, read: (view, offset) => view.getInt8(offset) };

const rawDtypes = { float32, uint8, int8 } as const;
export type RawDtype = keyof typeof rawDtypes;

/** By NumPy's dtype string, little-endian. */
const npyDtypes = new Map<string, ArrayDtype>([
  ["<f4", float32],
  ["<f8", { bytes: 8, read: (view, offset) => view.getFloat64(offset, true) }],
  ["|u1", uint8],
  ["|i1", int8],
  ["<i2", { bytes: 2, read: (view, offset) => view.getInt16(offset, true) }],
  ["<u2", { bytes: 2, read: (view, offset) => view.getUint16(offset, true) }],
  ["<i4", { bytes: 4, read: (view, offset) => view.getInt32(offset, true) }],
  ["<i8", { bytes: 8, read: (view, offset) => Number(view.getBigInt64(offset, true)) }],
]);

/** NumPy writes headers of 128 bytes; those of structured types are longer, and not read here. */
const headerLimit = 4096;

/**
 * `fits` says whether a shape is that of one sample. A file whose shape fits as it is holds one sample; one whose shape fits
 * without its first axis holds a stack. `expected` describes the shape for the message where neither does.
 */
export async function openNpy(path: string, fits: (shape: Shape) => boolean, expected: string): Promise<ArrayFile> {
  const [head, size] = await withFile(path, async (file) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerLimit), 0, headerLimit, 0);
    return [buffer.subarray(0, bytesRead), (await file.stat()).size] as const;
  });
  const { descr, shape, dataStart } = parseNpyHeader(head, path);
  const dtype = npyDtypes.get(descr);
  if (dtype === undefined) {
    return fail({
      code: "LWC8121",
      kind: "error",
      message: `${path}: expected values of type ${[...npyDtypes.keys()].join(", ")}, found "${descr}"`,
      where: { file: path },
      hint: 'save it as array.astype("float32")',
    });
  }
  const found = size - dataStart;
  if (found !== elementCount(shape) * dtype.bytes) {
    fail({
      code: "LWC8122",
      kind: "error",
      message: `${path}: expected ${elementCount(shape) * dtype.bytes} bytes of values for shape ${formatShape(shape)}, found ${found}`,
      where: { file: path },
      hint: "the file is truncated or damaged: save it again",
    });
  }
  if (fits(shape)) return { path, count: 1, shape, dtype, dataStart };
  if (fits(shape.slice(1))) return { path, count: shape[0] ?? 0, shape: shape.slice(1), dtype, dataStart };
  return fail({
    code: "LWC8110",
    kind: "error",
    message: `${path}: expected one sample of ${expected}, or a stack of them, found shape ${formatShape(shape)}`,
    where: { file: path },
    hint: "--layout nhwc where the channels come last; --resize where height and width differ",
  });
}

/** Samples of `shape`, one after the other. */
export async function openRaw(path: string, shape: Shape, type: RawDtype): Promise<ArrayFile> {
  const size = await withFile(path, async (file) => (await file.stat()).size);
  const dtype = rawDtypes[type];
  const each = elementCount(shape) * dtype.bytes;
  if (size === 0 || size % each !== 0) {
    fail({
      code: "LWC8111",
      kind: "error",
      message: `${path}: expected a multiple of ${each} bytes (${type} ${formatShape(shape)}), found ${size}`,
      where: { file: path },
      hint: "--dtype uint8 or int8 where values are bytes",
    });
  }
  return { path, count: size / each, shape, dtype, dataStart: 0 };
}

/** Values of sample `index` as stored. */
export async function readArray(file: ArrayFile, index: number): Promise<Float64Array> {
  const elements = elementCount(file.shape);
  const length = elements * file.dtype.bytes;
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await withFile(file.path, (handle) =>
    handle.read(bytes, 0, length, file.dataStart + index * length),
  );
  if (bytesRead !== length) {
    fail({
      code: "LWC8122",
      kind: "error",
      message: `${file.path}: expected ${length} bytes of values for sample ${index}, found ${bytesRead}`,
      where: { file: file.path },
      hint: "the file changed while it was read",
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  return Float64Array.from({ length: elements }, (_, i) => file.dtype.read(view, i * file.dtype.bytes));
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path).catch((error: unknown) => unreadable(path, error));
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

export function unreadable(path: string, error: unknown): never {
  return fail({
    code: "LWC8102",
    kind: "error",
    message: `cannot read samples "${path}": ${error instanceof Error ? error.message : String(error)}`,
    where: { file: path },
  });
}
