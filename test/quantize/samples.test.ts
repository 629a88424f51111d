/** Samples from files in a temporary folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSamples, openSplit } from "../../compiler/cli/samples/open-samples.js";
import type { SampleOptions } from "../../compiler/cli/samples/options.js";
import { CompileError } from "../../compiler/diagnostics.js";
import type { Sample, SampleSource } from "../../compiler/quantize/samples.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lwc-samples-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const image = { name: "image", shape: [1, 3, 2, 4] };
const base: SampleOptions = { inputs: [image], paths: [] };

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

function npy(descr: string, shape: readonly number[], data: ArrayBufferView): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.map((dim) => `${dim},`).join(" ")}), }`;
  const header = `${text.padEnd(117)}\n`;
  const start = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8];
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat([Buffer.from(start), Buffer.from(header, "latin1"), bytes]);
}

/** A picture whose pixel (x, y) has red 10x, green 20y, blue `blue`. */
function png(width: number, height: number, blue = 7): Uint8Array {
  const picture = new PNG({ width, height });
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) picture.data.set([10 * x, 20 * y, blue, 255], 4 * (y * width + x));
  }
  return PNG.sync.write(picture);
}

async function all(source: SampleSource): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for await (const sample of source) samples.push(sample);
  expect(samples).toHaveLength(source.count);
  return samples;
}

const open = async (options: Partial<SampleOptions>): Promise<readonly Sample[]> =>
  all(await openSamples({ ...base, paths: [folder], ...options }));

const valuesOf = (sample: Sample | undefined, input = "image"): readonly number[] =>
  Array.from(sample?.inputs.get(input) ?? []);

async function problem(options: Partial<SampleOptions>) {
  try {
    await open(options);
  } catch (error) {
    if (error instanceof CompileError) return error.diagnostics[0];
    throw error;
  }
  return undefined;
}

test("pictures: planes of red, green, blue from 0 to 1; channels, mean and std as asked for", async () => {
  write("a.png", png(4, 2));
  const red = [0, 10, 20, 30, 0, 10, 20, 30];
  const green = [0, 0, 0, 0, 20, 20, 20, 20];
  const blue = new Array(8).fill(7);
  const [plain] = await open({});
  expect(valuesOf(plain)).toEqual([...red, ...green, ...blue].map((v) => Math.fround(v / 255)));
  const [bgr] = await open({ channels: "bgr", scale: "1", mean: "1,2,3", std: "2,4,8" });
  const normal = (plane: readonly number[], mean: number, std: number): number[] =>
    plane.map((v) => Math.fround((v - mean) / std));
  expect(valuesOf(bgr)).toEqual([...normal(blue, 1, 2), ...normal(green, 2, 4), ...normal(red, 3, 8)]);
});

test("a model with channels last gets them last, one with a single channel gets luma", async () => {
  write("a.png", png(4, 2));
  const [last] = await open({ inputs: [{ name: "image", shape: [1, 2, 4, 3] }], scale: "1" });
  expect(valuesOf(last).slice(0, 6)).toEqual([0, 0, 7, 10, 0, 7]);
  const [luma] = await open({ inputs: [{ name: "image", shape: [1, 1, 2, 4] }], scale: "1" });
  // (19595 * 30 + 38470 * 20 + 7471 * 7 + 32768) / 65536 = 22.0...
  expect(valuesOf(luma).at(-1)).toBe(22);
});

test("JPEG files are read by what they hold, whatever their ending", async () => {
  const data = Buffer.alloc(4 * 8 * 8, 128);
  write("grey.png", jpeg.encode({ data, width: 8, height: 8 }, 95).data);
  const [sample] = await open({ inputs: [{ name: "image", shape: [1, 3, 8, 8] }], scale: "1" });
  for (const value of valuesOf(sample)) expect(Math.abs(value - 128)).toBeLessThanOrEqual(2);
});

test("order, names, sub-folders, hidden and other files", async () => {
  for (const name of ["b/2.png", "a/10.png", "a/9.png", "c.png"]) write(name, png(4, 2));
  write("labels.json", "{}");
  write(".hidden.png", "no picture");
  const names = (await open({})).map(({ name }) => name);
  expect(names).toEqual(["a/10.png", "a/9.png", "b/2.png", "c.png"]);
});

const ramp = (count: number, length: number): Float32Array =>
  Float32Array.from({ length: count * length }, (_, i) => Math.floor(i / length) * 1000 + (i % length));

test("a stacked .npy, one file per sample, and several stacks are the same samples", async () => {
  const data = ramp(5, 24);
  const stack = write("stack/all.npy", npy("<f4", [5, 3, 2, 4], data));
  write("parts/a.npy", npy("<f4", [2, 3, 2, 4], data.subarray(0, 48)));
  write("parts/b.npy", npy("<f4", [1, 3, 2, 4], data.subarray(48, 72)));
  write("parts/c.npy", npy("<f4", [3, 2, 4], data.subarray(72, 96)));
  write("parts/d.npy", npy("<f8", [3, 2, 4], Float64Array.from(data.subarray(96))));
  const one = await open({ paths: [stack] });
  expect(one.map((sample) => valuesOf(sample))).toEqual(
    [0, 1, 2, 3, 4].map((i) => Array.from(data.subarray(24 * i, 24 * i + 24))),
  );
  expect(one.map(({ name }) => name)).toEqual([0, 1, 2, 3, 4].map((i) => `all.npy#${i}`));
  const parts = await open({ paths: [join(folder, "parts")] });
  expect(parts.map((sample) => valuesOf(sample))).toEqual(one.map((sample) => valuesOf(sample)));
  expect(parts.map(({ name }) => name)).toEqual(["a.npy#0", "a.npy#1", "b.npy", "c.npy", "d.npy"]);
});

test("samples with channels last go into a model with channels first, bytes as they are unless scaled", async () => {
  const pixels = Uint8Array.from({ length: 48 }, (_, i) => i);
  const path = write("u8.npy", npy("|u1", [2, 2, 4, 3], pixels));
  const [first, second] = await open({ paths: [path], layout: "nhwc" });
  expect(valuesOf(first).slice(0, 8)).toEqual([0, 3, 6, 9, 12, 15, 18, 21]);
  expect(valuesOf(second)[8]).toBe(25);
  const [scaled] = await open({ paths: [path], layout: "nhwc", scale: "1/4", mean: "0.5,0,0", std: "1,1,2" });
  expect(valuesOf(scaled).slice(0, 2)).toEqual([-0.5, 0.25]);
  expect(valuesOf(scaled)[16]).toBe(0.25);
});

test("raw files: floats, bytes, signed bytes", async () => {
  const floats = ramp(3, 24);
  const path = write("all.bin", new Uint8Array(floats.buffer));
  expect((await open({ paths: [path] })).map((sample) => valuesOf(sample)[1])).toEqual([1, 1001, 2001]);
  const bytes = write(
    "u8.bin",
    Uint8Array.from({ length: 48 }, (_, i) => 200 + (i % 50)),
  );
  expect(valuesOf((await open({ paths: [bytes], dtype: "uint8" }))[1])[0]).toBe(224);
  const [signed] = await open({ paths: [bytes], dtype: "int8", scale: "0.5", mean: "1" });
  expect(valuesOf(signed)[0]).toBe((200 - 256) / 2 - 1);
});

test("inputs that are no pictures, with axes of one element left out", async () => {
  const vector = { name: "features", shape: [1, 1, 6, 4] };
  const data = ramp(3, 24);
  for (const shape of [
    [3, 6, 4],
    [3, 1, 6, 4],
    [3, 6, 4, 1],
    [3, 1, 1, 6, 4],
  ]) {
    const path = write("x.npy", npy("<f4", shape, data));
    const samples = await open({ inputs: [vector], paths: [path] });
    expect(samples.map((sample) => valuesOf(sample, "features")[3])).toEqual([3, 1003, 2003]);
  }
  const flat = write("flat.npy", npy("<i2", [2, 5], Int16Array.from([1, 2, 3, 4, 5, -6, 7, 8, 9, 10])));
  const [, second] = await open({ inputs: [{ name: "x", shape: [1, 5] }], paths: [flat], scale: "2" });
  expect(valuesOf(second, "x")).toEqual([-12, 14, 16, 18, 20]);
});

test("several inputs, each with its own samples", async () => {
  const a = { name: "a", shape: [1, 2] };
  const b = { name: "b", shape: [1, 3] };
  const pathA = write("a.npy", npy("<f4", [2, 2], ramp(2, 2)));
  const pathB = write("b.npy", npy("<f4", [2, 3], ramp(2, 3)));
  const [, second] = await open({ inputs: [a, b], paths: [`b=${pathB}`, `a=${pathA}`] });
  expect(valuesOf(second, "a")).toEqual([1000, 1001]);
  expect(valuesOf(second, "b")).toEqual([1000, 1001, 1002]);
  expect((await problem({ inputs: [a, b], paths: [pathA] }))?.code).toBe("LWC8107");
  const short = write("short.npy", npy("<f4", [1, 3], ramp(1, 3)));
  expect((await problem({ inputs: [a, b], paths: [`a=${pathA}`, `b=${short}`] }))?.message).toBe(
    'input "a" has 2 samples, input "b" has 1',
  );
});

const pattern = Float32Array.from({ length: 35 }, (_, i) => {
  const [x, y] = [i % 7, Math.floor(i / 7)];
  return (x * x * 7 + y * 31 + x * y * 5) % 256;
});

/** Recorded with Pillow 13.0.0: Image.fromarray(pattern, "F").resize((w, h), Image.BILINEAR), to three digits. */
test.each([
  [
    "3x2",
    [
      [44.286, 108.743, 150.961],
      [114.857, 149.406, 123.091],
    ],
  ],
  [
    "2x5",
    [
      [27.349, 146.512],
      [66.256, 146.023],
      [105.163, 121.721],
      [126.209, 109.326],
      [165.116, 162.419],
    ],
  ],
  [
    "7x3",
    [
      [13.286, 22.429, 45.571, 82.714, 133.857, 199, 168.429],
      [62, 79, 110, 155, 157.111, 87.889, 118],
      [110.714, 135.571, 174.429, 227.286, 38.143, 119, 213.857],
    ],
  ],
  [
    "9x8",
    [
      [0, 4.667, 16.333, 35.778, 63, 101.111, 147, 200.667, 252],
      [13.562, 19.688, 33.056, 54.201, 83.125, 122.938, 170.528, 188.562, 166.688],
      [32.938, 41.146, 56.944, 80.521, 111.875, 154.118, 195.25, 165.938, 60.812],
      [52.312, 62.604, 80.833, 106.84, 140.625, 185.299, 139.972, 95.312, 98.938],
      [71.688, 84.062, 104.722, 133.16, 169.375, 154.257, 93.583, 78.021, 137.062],
      [91.062, 105.521, 128.611, 159.479, 198.125, 60.993, 56.083, 114.062, 175.188],
      [110.438, 126.979, 152.5, 185.799, 226.875, 79.729, 82.583, 150.104, 213.312],
      [124, 142, 169.222, 204.222, 247, 101.556, 106.111, 175.333, 240],
    ],
  ],
])("resizing to %s is Pillow's bilinear", async (resize, expected) => {
  const path = write("x.npy", npy("<f4", [5, 7], pattern));
  const [width = 0, height = 0] = resize.split("x").map(Number);
  const [sample] = await open({ inputs: [{ name: "image", shape: [1, 1, height, width] }], paths: [path], resize });
  const found = valuesOf(sample);
  expected.flat().forEach((value, i) => {
    expect(Math.abs((found[i] ?? Number.NaN) - value)).toBeLessThan(0.0016);
  });
  expect(found).toHaveLength(expected.flat().length);
});

test("resizing keeps a constant picture constant", async () => {
  const side = fc.integer({ min: 1, max: 40 });
  await fc.assert(
    fc.asyncProperty(side, side, side, side, async (w, h, width, height) => {
      const path = write("x.npy", npy("<f4", [h, w], new Float32Array(w * h).fill(201)));
      const input = { name: "image", shape: [1, 1, height, width] };
      const [sample] = await open({ inputs: [input], paths: [path], resize: `${width}x${height}` });
      for (const value of valuesOf(sample)) expect(value).toBeCloseTo(201, 4);
    }),
    { numRuns: 30 },
  );
});

test("the shorter side, then the middle: as torchvision's Resize and CenterCrop", async () => {
  // 9 x 5: the shorter side to 4, the longer to floor(4 * 9 / 5) = 7; the crop leaves out 3 columns: round(1.5) = 2 on the left.
  const ramp7 = Float32Array.from({ length: 45 }, (_, i) => i % 9);
  const path = write("x.npy", npy("<f4", [5, 9], ramp7));
  const [resized] = await open({ inputs: [{ name: "image", shape: [1, 1, 4, 7] }], paths: [path], resize: "4" });
  const [cropped] = await open({
    inputs: [{ name: "image", shape: [1, 1, 4, 4] }],
    paths: [path],
    resize: "4",
    crop: "4",
  });
  expect(valuesOf(cropped)).toEqual([0, 1, 2, 3].flatMap((y) => valuesOf(resized).slice(7 * y + 2, 7 * y + 6)));
});

test("labels: an array, by name, with classes, by folder", async () => {
  for (const name of ["cat/1.png", "cat/2.png", "ant/3.png"]) write(name, png(4, 2));
  const labelsWith = async (json: unknown): Promise<readonly (number | undefined)[]> =>
    (await open({ labels: write("labels.json", JSON.stringify(json)) })).map(({ label }) => label);
  expect(await labelsWith([5, 6, 7])).toEqual([5, 6, 7]);
  expect(await labelsWith({ labels: [5, 6, 7] })).toEqual([5, 6, 7]);
  expect(await labelsWith({ "cat/1.png": 1, "2.png": 2, "3.png": 0, "gone.png": 9 })).toEqual([0, 1, 2]);
  expect(
    await labelsWith({ labels: { "1.png": "cat", "2.png": "cat", "3.png": "ant" }, classes: ["ant", "cat"] }),
  ).toEqual([0, 1, 1]);
  expect((await open({ labels: "folders" })).map(({ label }) => label)).toEqual([0, 1, 1]);
  expect((await open({})).map(({ label }) => label)).toEqual([undefined, undefined, undefined]);
});

test("skip, limit, shuffle and hold back: the same every time, nothing twice, nothing lost", async () => {
  const count = 40;
  const path = write("x.npy", npy("<f4", [count, 3, 2, 4], ramp(count, 24)));
  const labels = write("labels.json", JSON.stringify(Array.from({ length: count }, (_, i) => i)));
  const paths = [path];
  const labelsOf = (samples: readonly Sample[]): readonly number[] => samples.map(({ label }) => label ?? -1);
  expect(labelsOf(await open({ paths, labels, skip: "3", limit: "4" }))).toEqual([3, 4, 5, 6]);
  const shuffled = await open({ paths, labels, shuffleSeed: "5" });
  expect(labelsOf(shuffled)).not.toEqual(labelsOf(await open({ paths, labels })));
  expect(labelsOf(shuffled).toSorted((a, b) => a - b)).toEqual(labelsOf(await open({ paths, labels })));
  expect(labelsOf(shuffled).every((label, i) => valuesOf(shuffled[i])[0] === 1000 * label)).toBe(true);

  const split = await openSplit({ ...base, paths, labels, holdBack: "0.25", skip: "4" });
  const again = await openSplit({ ...base, paths, labels, holdBack: "1/4", skip: "4" });
  const held = split.heldBack === undefined ? [] : labelsOf(await all(split.heldBack));
  const kept = labelsOf(await all(split.calibration));
  expect(held).toHaveLength(9);
  expect([...held, ...kept].sort((a, b) => a - b)).toEqual(Array.from({ length: 36 }, (_, i) => i + 4));
  expect(labelsOf(await all(again.calibration))).toEqual(kept);
  // Neither the end of the list nor every fourth sample.
  expect(held).not.toEqual(held.map((_, i) => 31 + i));
  expect(new Set(held.map((label) => label % 4)).size).toBeGreaterThan(1);
  expect((await openSplit({ ...base, paths })).heldBack).toBeUndefined();
  expect(split.notes).toEqual(["image: .npy, (value * 1 - [0,0,0]) / [1,1,1]"]);
});

test("a source may be iterated again, and twice at once", async () => {
  const path = write("x.npy", npy("<f4", [4, 3, 2, 4], ramp(4, 24)));
  const source = await openSamples({ ...base, paths: [path] });
  const [one, two] = await Promise.all([all(source), all(source)]);
  expect(one).toEqual(two);
  expect(await all(source)).toEqual(one);
});

test("values are read when their sample is due, one ahead: what changes on disk later is seen", async () => {
  const data = ramp(4, 24);
  const path = write("x.npy", npy("<f4", [4, 3, 2, 4], data));
  const first: number[] = [];
  for await (const sample of await openSamples({ ...base, paths: [path] })) {
    first.push(valuesOf(sample)[0] ?? Number.NaN);
    if (first.length === 1)
      write(
        "x.npy",
        npy(
          "<f4",
          [4, 3, 2, 4],
          data.map((value) => value + 5),
        ),
      );
  }
  expect(first[0]).toBe(0);
  expect(first.slice(2)).toEqual([2005, 3005]);
});

test("what is wrong with files is said, with what was expected and found", async () => {
  expect(await problem({})).toMatchObject({ code: "LWC8103", message: expect.stringContaining("is empty") });
  write("notes.txt", "");
  expect(await problem({})).toMatchObject({ code: "LWC8103", message: expect.stringContaining("found .txt") });
  expect(await problem({ paths: [join(folder, "gone")] })).toMatchObject({ code: "LWC8102" });

  write("a.png", png(8, 6));
  expect(await problem({})).toMatchObject({
    code: "LWC8112",
    message: "a.png: expected 4x2 pixels, found 8x6",
    hint: expect.stringContaining("--resize 4x2"),
  });
  expect(await problem({ resize: "3x2" })).toMatchObject({
    message: "a.png: expected 4x2 pixels, found 8x6, 3x2 after --resize and --crop",
  });
  expect(await problem({ inputs: [{ name: "x", shape: [1, 5] }] })).toMatchObject({ code: "LWC8113" });
  expect(await problem({ inputs: [{ name: "x", shape: [1, 8, 2, 4] }] })).toMatchObject({ code: "LWC8113" });

  write("b.png", "no picture at all");
  expect(await problem({ skip: "1" })).toMatchObject({
    code: "LWC8120",
    message: expect.stringContaining("b.png"),
  });
  write("c.npy", npy("<f4", [3, 2, 4], ramp(1, 24)));
  expect(await problem({})).toMatchObject({ code: "LWC8104", message: expect.stringContaining(".npy, .png") });
});

test("what is wrong with arrays", async () => {
  const wrong = write("wrong.npy", npy("<f4", [5, 2, 4, 3], ramp(5, 24)));
  expect(await problem({ paths: [wrong] })).toMatchObject({
    code: "LWC8110",
    message: expect.stringMatching(/expected one sample of \[3,2,4\].*found shape \[5,2,4,3\]/),
    hint: expect.stringContaining("nhwc"),
  });
  const complex = write("complex.npy", npy("<c8", [3, 2, 4], new Float64Array(24)));
  expect(await problem({ paths: [complex] })).toMatchObject({ code: "LWC8121" });
  const cut = write("cut.npy", npy("<f4", [2, 3, 2, 4], ramp(1, 24)));
  expect(await problem({ paths: [cut] })).toMatchObject({
    code: "LWC8122",
    message: expect.stringContaining("expected 192 bytes"),
  });
  const odd = write("odd.bin", new Uint8Array(100));
  expect(await problem({ paths: [odd] })).toMatchObject({
    code: "LWC8111",
    message: expect.stringContaining("expected a multiple of 96 bytes"),
  });
  const none = write("none.npy", npy("<f4", [0, 3, 2, 4], new Float32Array(0)));
  expect(await problem({ paths: [none] })).toMatchObject({ code: "LWC8103" });
  const data = ramp(2, 24);
  data[30] = Number.NaN;
  const nan = write("nan.npy", npy("<f4", [2, 3, 2, 4], data));
  expect(await problem({ paths: [nan] })).toMatchObject({
    code: "LWC8114",
    message: "nan.npy#1: value 6 is NaN: expected finite numbers",
  });
  data[30] = Number.POSITIVE_INFINITY;
  const infinite = write("inf.npy", npy("<f4", [2, 3, 2, 4], data));
  expect((await problem({ paths: [infinite] }))?.message).toContain("value 6 is Infinity");
});

test("what is wrong with labels and options", async () => {
  for (const name of ["1.png", "2.png"]) write(name, png(4, 2));
  const codeOf = async (options: Partial<SampleOptions>): Promise<string | undefined> => (await problem(options))?.code;
  const withLabels = async (text: string): Promise<unknown> => problem({ labels: write("labels.json", text) });
  expect(await withLabels("[1]")).toMatchObject({
    code: "LWC8131",
    message: expect.stringContaining("expected 2 labels, one for each sample, found 1"),
  });
  expect(await withLabels('{"1.png": 3}')).toMatchObject({
    code: "LWC8132",
    message: expect.stringContaining("no label for 1 of 2 samples: 2.png"),
  });
  expect(await withLabels("[1, -2]")).toMatchObject({ code: "LWC8134" });
  expect(await withLabels('["cat", "dog"]')).toMatchObject({ code: "LWC8134" });
  expect(await withLabels("nonsense")).toMatchObject({ code: "LWC8130" });
  expect(await withLabels("3")).toMatchObject({ code: "LWC8130" });
  expect(await codeOf({ labels: "folders" })).toBe("LWC8133");
  expect(await codeOf({ skip: "2" })).toBe("LWC8105");
  const options: readonly Partial<SampleOptions>[] = [
    { mean: "1,2" },
    { std: "1,0,1" },
    { scale: "0" },
    { scale: "1/2/3" },
    { resize: "0x4" },
    { resize: "99999" },
    { crop: "4 x 2" },
    { layout: "chw" },
    { channels: "grb" },
    { limit: "-1" },
    { shuffleSeed: "x" },
  ];
  for (const wrong of options) expect(await codeOf(wrong), JSON.stringify(wrong)).toBe("LWC8101");
  await expect(openSplit({ ...base, paths: [folder], holdBack: "1.5" })).rejects.toThrow("LWC8101");
  await expect(openSplit({ ...base, paths: [folder], holdBack: "0.9" })).rejects.toThrow("LWC8106");
});
