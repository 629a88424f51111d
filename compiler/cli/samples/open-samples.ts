/** Samples from disk: files are listed and checked first, values read when a sample is asked for. */
import { readFile } from "node:fs/promises";
import { fail, must } from "../../diagnostics.js";
import { formatShape } from "../../ir/shape.js";
import type { Sample, SampleSource } from "../../quantize/samples.js";
import { type ArrayFile, openNpy, openRaw, readArray, unreadable } from "./array-file.js";
import { readLabels } from "./labels.js";
import { listFiles, type SampleFiles } from "./list-files.js";
import { choose, type SampleInput, type SampleOptions } from "./options.js";
import { decodeRgba, toPicture } from "./picture-file.js";
import { selectSamples, splitSamples } from "./select.js";
import { type Preprocessing, preprocessing } from "./to-tensor.js";

export interface SampleSplit {
  readonly calibration: SampleSource;
  /** Absent without --hold-back. */
  readonly heldBack?: SampleSource;
  /** What is done to samples, one line for each input. */
  readonly notes: readonly string[];
}

/** All samples that the options select, held back or not. Throws CompileError for what is wrong with files or options. */
export async function openSamples(options: SampleOptions): Promise<SampleSource> {
  const { columns, labels } = await openAll(options);
  return sourceOf(columns, labels, selectSamples(countOf(columns), options));
}

/** The samples to calibrate on and those to measure on. */
export async function openSplit(options: SampleOptions): Promise<SampleSplit> {
  const { columns, labels } = await openAll(options);
  const { calibration, heldBack } = splitSamples(selectSamples(countOf(columns), options), options);
  return {
    calibration: sourceOf(columns, labels, calibration),
    ...(heldBack.length === 0 ? {} : { heldBack: sourceOf(columns, labels, heldBack) }),
    notes: columns.map(({ input, description }) => `${input}: ${description}`),
  };
}

/** The samples of one graph input. */
interface Column {
  readonly input: string;
  readonly names: readonly string[];
  readonly read: (index: number) => Promise<Float32Array>;
  readonly description: string;
}

async function openAll(options: SampleOptions) {
  const pairs = pathPerInput(options);
  const columns: Column[] = [];
  for (const { input, path } of pairs) columns.push(await openColumn(input, path, options));
  const [first, ...others] = columns;
  const other = others.find(({ names }) => names.length !== first?.names.length);
  if (first && other) {
    fail({
      code: "LWC8115",
      kind: "error",
      message: `input "${first.input}" has ${first.names.length} samples, input "${other.input}" has ${other.names.length}`,
      hint: "samples of several inputs belong together in their order",
    });
  }
  const names = first?.names ?? [];
  return { columns, labels: options.labels === undefined ? undefined : await readLabels(options.labels, names) };
}

function countOf(columns: readonly Column[]): number {
  return columns[0]?.names.length ?? 0;
}

function pathPerInput({
  inputs,
  paths,
}: SampleOptions): readonly { readonly input: SampleInput; readonly path: string }[] {
  const named = paths.map((path) => {
    const input = inputs.find(({ name }) => path.startsWith(`${name}=`));
    return input ? { input, path: path.slice(input.name.length + 1) } : { input: undefined, path };
  });
  const [only] = inputs;
  if (inputs.length === 1 && only && named.length === 1) {
    return named.map(({ path }) => ({ input: only, path }));
  }
  const found = inputs.map((input) => named.filter((one) => one.input === input));
  if (named.length !== inputs.length || found.some((list) => list.length !== 1)) {
    fail({
      code: "LWC8107",
      kind: "error",
      message: `expected samples for each of ${inputs.length} inputs (${inputs.map(({ name }) => name).join(", ")}), found ${paths.join(", ") || "none"}`,
      hint: `--calibration ${inputs.length === 1 ? "folder" : `${inputs[0]?.name ?? "input"}=folder, once for each`}`,
    });
  }
  return inputs.map((input, i) => ({ input, path: found[i]?.[0]?.path ?? "" }));
}

async function openColumn(input: SampleInput, path: string, options: SampleOptions): Promise<Column> {
  const files = await listFiles(path);
  const steps = preprocessing(input, options, files.kind === "picture");
  if (files.kind === "picture") return pictureColumn(files, steps, options);
  const arrays: ArrayFile[] = [];
  const dtype = choose("--dtype", options.dtype, ["float32", "uint8", "int8"]);
  for (const name of files.names) {
    const file = files.pathOf(name);
    arrays.push(
      files.kind === "raw"
        ? await openRaw(file, steps.stored, dtype)
        : await openNpy(file, steps.fits, formatShape(steps.stored)),
    );
  }
  return arrayColumn(files, arrays, steps);
}

function pictureColumn(files: SampleFiles, steps: Preprocessing, options: SampleOptions): Column {
  const order = choose("--channels", options.channels, ["rgb", "bgr"]);
  const channels = steps.grid?.channels;
  if (channels !== 1 && channels !== 3) {
    return fail({
      code: "LWC8113",
      kind: "error",
      message: `input "${steps.input.name}" of shape ${formatShape(steps.input.shape)} takes no pictures: expected 1 or 3 channels`,
      hint: "give .npy files, or a raw .bin",
    });
  }
  return {
    input: steps.input.name,
    names: files.names,
    read: async (index) => {
      const name = must(files.names[index], "sample");
      const path = files.pathOf(name);
      const bytes = await readFile(path).catch((error: unknown) => unreadable(path, error));
      return steps.fromPicture(name, toPicture(decodeRgba(path, bytes), channels, order));
    },
    description: `pictures, ${channels === 1 ? "luma" : order.toUpperCase()}, ${steps.description}`,
  };
}

function arrayColumn(files: SampleFiles, arrays: readonly ArrayFile[], steps: Preprocessing): Column {
  const places = arrays.flatMap((file, i) =>
    Array.from({ length: file.count }, (_, index) => {
      const name = files.names[i] ?? "";
      return { file, index, name: file.count === 1 ? name : `${name}#${index}` };
    }),
  );
  if (places.length === 0) {
    fail({
      code: "LWC8103",
      kind: "error",
      message: `${arrays.map(({ path }) => path).join(", ")}: expected samples, found a stack of none`,
      hint: "a stack of samples has their number as its first axis",
    });
  }
  return {
    input: steps.input.name,
    names: places.map(({ name }) => name),
    read: async (index) => {
      const { file, index: inFile, name } = must(places[index], "sample");
      return steps.fromStored(name, await readArray(file, inFile), file.shape);
    },
    description: `${files.kind === "npy" ? ".npy" : "raw"}, ${steps.description}`,
  };
}

/** Reads one sample ahead of the one that is being used: decoding overlaps with inference. */
function sourceOf(
  columns: readonly Column[],
  labels: readonly number[] | undefined,
  selected: readonly number[],
): SampleSource {
  const read = async (index: number): Promise<Sample> => {
    const values = await Promise.all(columns.map(async (column) => [column.input, await column.read(index)] as const));
    const label = labels?.[index];
    return {
      name: columns[0]?.names[index] ?? "",
      inputs: new Map(values),
      ...(label === undefined ? {} : { label }),
    };
  };
  const start = (index: number | undefined): Promise<Sample> | undefined => {
    const sample = index === undefined ? undefined : read(index);
    // A failure belongs to the turn of its sample; until then nobody waits for it.
    sample?.catch(() => undefined);
    return sample;
  };
  return {
    count: selected.length,
    async *[Symbol.asyncIterator]() {
      let next = start(selected[0]);
      for (let i = 1; next !== undefined; i++) {
        const sample: Sample = await next;
        next = start(selected[i]);
        yield sample;
      }
    },
  };
}
