/** From stored values, or a picture, to the float32 values that one graph input takes. */
import { fail } from "../../diagnostics.js";
import { elementCount, formatShape, type Shape } from "../../ir/shape.js";
import { choose, parseFactors, parseNumbers, parseSize, type SampleInput, type SampleOptions } from "./options.js";
import { crop, type Picture, resize } from "./resize.js";

type Layout = "nchw" | "nhwc";

/** What is done to every sample of an input: value = (stored * scale - mean[c]) / std[c], rounded once to float32. */
export interface Preprocessing {
  readonly input: SampleInput;
  /** Where the input is [1,C,H,W] or [1,H,W,C]. */
  readonly grid?: Grid;
  /** Of one sample in .npy and .bin, for messages. */
  readonly stored: Shape;
  /** Whether a shape is that of one stored sample. Axes of one element may be left out or added. */
  readonly fits: (shape: Shape) => boolean;
  readonly fromPicture: (name: string, picture: Picture) => Float32Array;
  readonly fromStored: (name: string, values: Float64Array, shape: Shape) => Float32Array;
  /** In words, for the report. */
  readonly description: string;
}

export interface Grid {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Of the model: channels last where the last axis is 1 or 3 and the second is neither. */
  readonly layout: Layout;
}

export function preprocessing(input: SampleInput, options: SampleOptions, isPicture: boolean): Preprocessing {
  const grid = gridOf(input.shape);
  const channels = grid?.channels ?? 1;
  const [scale = 1] = parseFactors("--scale", options.scale ?? (isPicture ? "1/255" : "1"), 1);
  const mean = parseNumbers("--mean", options.mean ?? "0", channels);
  const std = parseFactors("--std", options.std ?? "1", channels);
  const layout = choose("--layout", options.layout ?? grid?.layout, ["nchw", "nhwc"]);
  const fitPicture = fitter(options);
  const normalize = (value: number, c: number): number => (value * scale - (mean[c] ?? 0)) / (std[c] ?? 1);

  const fromPicture = (name: string, picture: Picture): Float32Array => {
    if (grid === undefined) return noPicture(input);
    const fitted = fitPicture(picture);
    if (fitted.width !== grid.width || fitted.height !== grid.height) return wrongSize(name, grid, picture, fitted);
    return checked(name, spread(fitted, grid.layout, normalize));
  };
  return {
    input,
    ...(grid === undefined ? {} : { grid }),
    stored: grid === undefined ? withoutBatch(input.shape) : axes(grid, layout),
    fits: (shape) =>
      grid === undefined
        ? sameButOnes(shape, input.shape)
        : pictureSize(shape, grid, layout, fitPicture !== keep) !== undefined,
    fromPicture,
    fromStored: (name, values, shape) => {
      const size = grid && pictureSize(shape, grid, layout, true);
      return size === undefined
        ? checked(
            name,
            Float32Array.from(values, (value) => normalize(value, 0)),
          )
        : fromPicture(name, channelsLast(values, size, layout));
    },
    description: describe(options, scale, mean, std),
  };
}

/** undefined where the input is no grid of values with channels. */
function gridOf(shape: Shape): Grid | undefined {
  const [, a = 0, b = 0, c = 0] = shape;
  if (shape.length !== 4) return undefined;
  const isLast = (c === 1 || c === 3) && a !== 1 && a !== 3;
  return isLast
    ? { channels: c, height: a, width: b, layout: "nhwc" }
    : { channels: a, height: b, width: c, layout: "nchw" };
}

function axes(grid: Size, layout: Layout): Shape {
  const { channels, height, width } = grid;
  return layout === "nchw" ? [channels, height, width] : [height, width, channels];
}

function withoutBatch(shape: Shape): Shape {
  return shape.length > 1 && shape[0] === 1 ? shape.slice(1) : shape;
}

function sameButOnes(a: Shape, b: Shape): boolean {
  const [left, right] = [a, b].map((shape) => shape.filter((dim) => dim !== 1).join());
  return left === right;
}

type Size = Pick<Grid, "channels" | "height" | "width">;

/** How a stored shape is to be read; undefined where it is not one sample. `isFree`: height and width may be any. */
function pictureSize(shape: Shape, grid: Grid, layout: Layout, isFree: boolean): Size | undefined {
  const dims = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  const [a = 0, b = 0, c = 0] = dims;
  const size = readSize(dims.length, [a, b, c], grid.channels, layout);
  const isRight = size?.channels === grid.channels && size.height > 0 && size.width > 0;
  if (isRight && (isFree || (size.height === grid.height && size.width === grid.width))) return size;
  // One row or column that was squeezed away.
  const isSqueezed = grid.channels === 1 && elementCount(shape) > 0 && sameButOnes(shape, axes(grid, layout));
  return isSqueezed ? { channels: 1, height: grid.height, width: grid.width } : undefined;
}

function readSize(
  rank: number,
  [a, b, c]: readonly [number, number, number],
  channels: number,
  layout: Layout,
): Size | undefined {
  if (rank === 2 && channels === 1) return { channels: 1, height: a, width: b };
  if (rank !== 3) return undefined;
  // With one channel both layouts hold the same values: the axis of one element tells.
  const isFirst = channels === 1 ? a === 1 : layout === "nchw";
  return isFirst ? { channels: a, height: b, width: c } : { channels: c, height: a, width: b };
}

function channelsLast(values: Float64Array, size: Size, layout: Layout): Picture {
  const { channels, height, width } = size;
  if (layout === "nhwc" || channels === 1) return { ...size, data: values };
  const data = new Float64Array(values.length);
  const plane = height * width;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < plane; i++) data[i * channels + c] = values[c * plane + i] ?? 0;
  }
  return { channels, height, width, data };
}

function spread(
  { channels, height, width, data }: Picture,
  layout: Layout,
  value: (stored: number, c: number) => number,
): Float32Array {
  const result = new Float32Array(data.length);
  const plane = height * width;
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < channels; c++) {
      const at = i * channels + c;
      result[layout === "nhwc" ? at : c * plane + i] = value(data[at] ?? 0, c);
    }
  }
  return result;
}

const keep = (picture: Picture): Picture => picture;

/** Resizing, then cropping, as far as they are asked for. */
function fitter(options: SampleOptions): (picture: Picture) => Picture {
  if (options.resize === undefined && options.crop === undefined) return keep;
  const size = options.resize === undefined ? undefined : parseSize("--resize", options.resize);
  const cut = options.crop === undefined ? undefined : parseSize("--crop", options.crop);
  return (picture) => {
    const resized = size ? resize(picture, size) : picture;
    if (cut === undefined) return resized;
    const [width, height] = cut.kind === "exact" ? [cut.width, cut.height] : [cut.side, cut.side];
    return width > resized.width || height > resized.height ? resized : crop(resized, width, height);
  };
}

function wrongSize(name: string, grid: Grid, found: Picture, fitted: Picture): never {
  const now = fitted === found ? "" : `, ${fitted.width}x${fitted.height} after --resize and --crop`;
  return fail({
    code: "LWC8112",
    kind: "error",
    message: `${name}: expected ${grid.width}x${grid.height} pixels, found ${found.width}x${found.height}${now}`,
    where: { file: name },
    hint: `--resize ${grid.width}x${grid.height}, or --resize of the shorter side and --crop ${grid.width}x${grid.height}: as in training`,
  });
}

function noPicture(input: SampleInput): never {
  return fail({
    code: "LWC8113",
    kind: "error",
    message: `input "${input.name}" of shape ${formatShape(input.shape)} takes no pictures`,
    hint: "give .npy files, or a raw .bin",
  });
}

function checked(name: string, values: Float32Array): Float32Array {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    fail({
      code: "LWC8114",
      kind: "error",
      message: `${name}: value ${at} is ${values[at]}: expected finite numbers`,
      where: { file: name },
      hint: "remove the sample, or mend what wrote it",
    });
  }
  return values;
}

function describe(options: SampleOptions, scale: number, mean: readonly number[], std: readonly number[]): string {
  const steps = [
    ...(options.resize === undefined ? [] : [`resized to ${options.resize} (bilinear, antialiased)`]),
    ...(options.crop === undefined ? [] : [`cropped to ${options.crop} from the middle`]),
    `(value * ${Number(scale.toPrecision(9))} - [${mean.join(",")}]) / [${std.join(",")}]`,
  ];
  return steps.join(", ");
}
