/** The constant arrays of a program: one C name per distinct (type, bytes), and which array each kernel argument is. */
import { must } from "../diagnostics.js";
import type { TensorId } from "../ir/graph.js";
import type { PackedConstant } from "../ops/kernel.js";
import { sameBytes } from "../schedule/program-sizes.js";
import type { Program, Step } from "../schedule/schedule.js";
import { cTypeOf } from "./c-literal.js";
import { type NameScope, sanitize } from "./c-names.js";

/** An array of <name>_weights.c. */
export interface ConstantArray {
  readonly name: string;
  readonly data: PackedConstant["data"];
  readonly align: number;
  readonly comment: string;
  /** Tensor that the first step to read it writes. */
  readonly owner: TensorId;
  /** Indices of the steps that read it. */
  readonly steps: readonly number[];
}

export interface ConstantTable {
  readonly arrays: readonly ConstantArray[];
  /** C names of the constants of a step, in the order of its call. */
  namesOf(step: Step): readonly string[];
  /** C name of the row that stands for rows outside the input, where the step has one in flash. */
  paddingOf(step: Step): string | undefined;
}

interface OpenArray {
  name: string;
  data: PackedConstant["data"];
  align: number;
  comment: string;
  owner: TensorId;
  steps: number[];
}

export function collectConstants(program: Program, prefix: string, scope: NameScope): ConstantTable {
  const arrays: OpenArray[] = [];
  const buckets = new Map<string, OpenArray[]>();
  const byStep = new Map<number, readonly string[]>();
  const paddings = new Map<number, string>();

  const intern = (constant: PackedConstant, step: Step): string => {
    const { data, align, comment } = constant;
    const key = bucketKey(data);
    const bucket = buckets.get(key) ?? [];
    const same = bucket.find((array) => sameBytes(array.data, data));
    if (same) {
      same.align = Math.max(same.align, align);
      if (!same.steps.includes(step.index)) same.steps.push(step.index);
      return same.name;
    }
    const owner = step.node.output;
    const name = scope(`${prefix}_${sanitize(owner)}_${sanitize(constant.name)}`);
    const array: OpenArray = { name, data, align, comment, owner, steps: [step.index] };
    arrays.push(array);
    buckets.set(key, [...bucket, array]);
    return name;
  };

  for (const step of program.schedule.steps) {
    const { call } = step;
    if (!call) continue;
    const names = call.constants.map((constant) => intern(constant, step));
    byStep.set(step.index, names);
    if (call.padding) paddings.set(step.index, intern(call.padding, step));
  }
  return {
    arrays,
    namesOf: (step) => must(byStep.get(step.index), `constants of step ${step.index}`),
    paddingOf: (step) => paddings.get(step.index),
  };
}

/** Type, length and a hash (FNV-1a) of the bytes. */
function bucketKey(data: PackedConstant["data"]): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${cTypeOf(data)}:${data.length}:${hash}`;
}
