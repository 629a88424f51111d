/**
 * The constant arrays of a program, or of several that are linked: one C name per distinct (type, bytes), and which array each
 * kernel argument is.
 */
import { must } from "../diagnostics.js";
import { tensorOf } from "../ir/graph.js";
import type { PackedConstant } from "../ops/kernel.js";
import { sameData } from "../schedule/program-sizes.js";
import type { Program, Step } from "../schedule/schedule.js";
import { cTypeOf } from "./c-literal.js";
import { type NameScope, sanitize } from "./c-names.js";

/** An array of <name>_weights.c. */
export interface ConstantArray {
  readonly name: string;
  readonly data: PackedConstant["data"];
  readonly align: number;
  readonly comment: string;
  /** The model's name of what the first step to read it writes. */
  readonly source: string;
  /** The steps that read it, by program. */
  readonly users: readonly ConstantUser[];
}

export interface ConstantUser {
  readonly program: string;
  readonly steps: readonly number[];
}

/** Arrays of one file. */
export interface ConstantPool {
  readonly arrays: readonly ConstantArray[];
  /** The C name of a constant of a step. */
  intern(constant: PackedConstant, step: Step, program: Program): string;
}

export interface ConstantTable {
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
  source: string;
  users: { program: string; steps: number[] }[];
}

export function makeConstantPool(scope: NameScope): ConstantPool {
  const arrays: OpenArray[] = [];
  const buckets = new Map<string, OpenArray[]>();
  const arrayOf = (constant: PackedConstant, { output }: Step, program: Program): OpenArray => {
    const { data, align, comment } = constant;
    const key = bucketKey(data);
    const bucket = buckets.get(key) ?? [];
    const same = bucket.find((array) => sameData(array.data, data));
    if (same) return same;
    const name = scope(`lwc_${program.name}_${sanitize(output)}_${sanitize(constant.name)}`);
    const source = tensorOf(program.graph, output).source || output;
    const array: OpenArray = { name, data, align, comment, source, users: [] };
    arrays.push(array);
    buckets.set(key, [...bucket, array]);
    return array;
  };
  return {
    arrays,
    intern(constant, step, program) {
      const array = arrayOf(constant, step, program);
      array.align = Math.max(array.align, constant.align);
      const user = array.users.find((one) => one.program === program.name);
      if (!user) array.users.push({ program: program.name, steps: [step.index] });
      else if (!user.steps.includes(step.index)) user.steps.push(step.index);
      return array.name;
    },
  };
}

export function collectConstants(program: Program, pool: ConstantPool): ConstantTable {
  const byStep = new Map<number, readonly string[]>();
  const paddings = new Map<number, string>();
  for (const step of program.schedule.steps) {
    const { call } = step;
    if (!call) continue;
    const names = call.constants.map((constant) => pool.intern(constant, step, program));
    byStep.set(step.index, names);
    if (call.table) pool.intern(call.table.constant, step, program);
    if (call.padding) paddings.set(step.index, pool.intern(call.padding, step, program));
  }
  return {
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
