/** NumPy's .npy format, versions 1 to 3, C order: what users and golden vectors bring as input. */
import { fail } from "../diagnostics.js";

export type NpyData = Int8Array | Uint8Array | Int32Array | BigInt64Array | Float32Array;

export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: NpyData;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

type Reader = (buffer: ArrayBuffer) => NpyData;

/** By dtype string. Only little-endian and one-byte types. */
const readers = new Map<string, Reader>([
  ["|i1", (buffer) => new Int8Array(buffer)],
  ["|u1", (buffer) => new Uint8Array(buffer)],
  ["<i4", (buffer) => new Int32Array(buffer)],
  ["<i8", (buffer) => new BigInt64Array(buffer)],
  ["<f4", (buffer) => new Float32Array(buffer)],
]);

export interface NpyHeader {
  /** dtype string: "<f4". */
  readonly descr: string;
  readonly shape: readonly number[];
  /** Byte at which the values begin. */
  readonly dataStart: number;
}

/** The header, from the first bytes of a file; `bytes` may end anywhere behind it. C order only. */
export function parseNpyHeader(bytes: Uint8Array, file: string): NpyHeader {
  if (!magic.every((byte, i) => bytes[i] === byte) || bytes.length < 12) {
    return bad(file, "expected the magic string of a .npy file");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = view.getUint8(6);
  const headerStart = major === 1 ? 10 : 12;
  const headerBytes = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = new TextDecoder("utf-8").decode(bytes.subarray(headerStart, headerStart + headerBytes));

  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const dims = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || dims === undefined) {
    return bad(file, "expected descr, fortran_order and shape in the header");
  }
  if (order === "True") return bad(file, "expected C order, found Fortran order");
  const shape = dims.split(",").flatMap((dim) => (dim.trim() === "" ? [] : [Number(dim)]));
  if (!shape.every((dim) => Number.isInteger(dim) && dim >= 0)) return bad(file, `expected a shape, found (${dims})`);
  return { descr, shape, dataStart: headerStart + headerBytes };
}

export function parseNpy(bytes: Uint8Array, file: string): NpyArray {
  const { descr, shape, dataStart } = parseNpyHeader(bytes, file);
  const read = readers.get(descr);
  if (read === undefined)
    return bad(file, `expected dtype int8, uint8, int32, int64 or float32 (little-endian), found "${descr}"`);
  const count = shape.reduce((product, dim) => product * dim, 1);
  const payload = Uint8Array.from(bytes.subarray(dataStart));
  const width = Number(descr.slice(-1));
  if (payload.length !== count * width) {
    return bad(
      file,
      `expected ${count * width} bytes of data for shape (${shape.join(", ")}), found ${payload.length}`,
    );
  }
  return { shape, data: read(payload.buffer) };
}

function bad(file: string, message: string): never {
  return fail({
    code: "LWC6101",
    kind: "error",
    message: `${file}: ${message}`,
    where: { file },
    hint: "save it with numpy.save",
  });
}
