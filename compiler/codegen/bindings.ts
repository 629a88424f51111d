/** The C names and expressions of a program: ports, arena offsets, constants, and the pointer to each tensor. */
import { invariant, must } from "../diagnostics.js";
import { type Port, type Tensor, type TensorId, tensorOf } from "../ir/graph.js";
import { elementCount } from "../ir/shape.js";
import type { Program, Slot } from "../schedule/schedule.js";
import { isFreeName, makeNameScope, type NameScope, sanitize } from "./c-names.js";
import { type ConstantTable, collectConstants } from "./constants.js";
import { collectInstances, type Instances } from "./instances.js";

export interface PortBinding {
  readonly port: Port;
  readonly tensor: Tensor;
  readonly direction: "input" | "output";
  /** Name of the parameter of run(), or of the accessor behind the model's prefix. */
  readonly name: string;
  /** Prefix of its macros. */
  readonly macro: string;
  readonly cType: "int8_t" | "int32_t";
  readonly bytes: number;
  /** True where the bytes lie in the arena: an accessor instead of a parameter. */
  readonly inArena: boolean;
  /** True where the caller hands over or gets the rows one by one: neither accessor nor parameter. */
  readonly byRows: boolean;
}

/** A name for a place in the arena. */
export interface Offset {
  readonly name: string;
  readonly offset: number;
  readonly slot: Slot;
  /** The tensor there; absent for scratch. */
  readonly tensor?: Tensor;
}

export interface Bindings {
  /** Prefix of functions, types and data: "lwc_<name>". */
  readonly prefix: string;
  /** Prefix of macros and enumerators: "LWC_<NAME>". */
  readonly macro: string;
  readonly ports: readonly PortBinding[];
  readonly offsets: readonly Offset[];
  readonly constants: ConstantTable;
  readonly instances: Instances;
  /** Pointer to a tensor inside run(), of its own type. */
  pointer(id: TensorId): string;
  /** Pointer to the scratch memory of a step. */
  scratch(step: number): string;
}

const legalName = /^[A-Za-z][A-Za-z0-9_]*$/;

/** What follows the prefix in names that do not come from a tensor. */
const ownNames = ["run", "begin", "push_row", "finish", "ctx", "arena", "macs", "weights", "at", "feeding"];

/** `runtimeNames`: what runtime-c defines, from runtime-files.ts. */
export function bindProgram(program: Program, runtimeNames: ReadonlySet<string>): Bindings {
  invariant(legalName.test(program.name), `"${program.name}" is no C identifier prefix`);
  const prefix = `lwc_${program.name}`;
  const macro = `LWC_${program.name.toUpperCase()}`;
  const ports = bindPorts(program, prefix, macro, runtimeNames);
  // Public names come first, so that they never depend on what is inside the model.
  const publicNames = [...ownNames, ...ports.map((port) => port.name)].map((name) => `${prefix}_${name}`);
  const scope = makeNameScope([...runtimeNames, ...publicNames]);
  const constants = collectConstants(program, prefix, scope);
  const instances = collectInstances(program, prefix, scope);
  const offsets = bindOffsets(program, macro);
  const byTensor = new Map(offsets.flatMap((entry) => (entry.tensor ? [[entry.tensor.id, entry] as const] : [])));
  const byStep = new Map(
    offsets.flatMap((entry) => (entry.slot.scratchOf === undefined ? [] : [[entry.slot.scratchOf, entry] as const])),
  );

  const pointer = (id: TensorId): string => {
    const tensor = tensorOf(program.graph, id);
    const place = must(program.arena.places.get(id), `place of %${id}`);
    switch (place.kind) {
      case "arena": {
        const { name } = must(byTensor.get(id), `offset of %${id}`);
        return tensor.dtype === "int8" ? `&arena[${name}]` : `(int32_t *)(void *)&arena[${name}]`;
      }
      case "input":
        return must(ports[place.index], "input port").name;
      case "output":
        return must(ports[program.graph.inputs.length + place.index], "output port").name;
    }
  };
  return {
    prefix,
    macro,
    ports,
    offsets,
    constants,
    instances,
    pointer,
    scratch: (step) => `&arena[${must(byStep.get(step), `scratch of step ${step}`).name}]`,
  };
}

function bindPorts(
  program: Program,
  prefix: string,
  macro: string,
  runtimeNames: ReadonlySet<string>,
): readonly PortBinding[] {
  // A model called "mean" with a port called "s8" must not define lwc_mean_s8.
  const kernels = [...runtimeNames].filter((name) => name.startsWith(`${prefix}_`));
  const scope = makeNameScope([...ownNames, ...kernels.map((name) => name.slice(prefix.length + 1))]);
  const bind =
    (direction: PortBinding["direction"]) =>
    (port: Port): PortBinding => {
      const tensor = tensorOf(program.graph, port.tensor);
      const name = portName(port.name, direction, scope);
      const width = tensor.dtype === "int8" ? 1 : 4;
      return {
        port,
        tensor,
        direction,
        name,
        macro: `${macro}_${name.toUpperCase()}`,
        cType: tensor.dtype === "int8" ? "int8_t" : "int32_t",
        bytes: elementCount(tensor.shape) * width,
        inArena: program.arena.places.get(port.tensor)?.kind === "arena",
        byRows: program.options[direction] === "rows",
      };
    };
  return [...program.graph.inputs.map(bind("input")), ...program.graph.outputs.map(bind("output"))];
}

function portName(text: string, direction: PortBinding["direction"], scope: NameScope): string {
  const name = sanitize(text);
  // Macros of a port "at_x" could be the enumerator of a tensor "x_bytes".
  const free = isFreeName(name) && !name.startsWith("at_");
  return scope(free ? name : `${direction === "input" ? "in" : "out"}_${name}`);
}

/** One enumerator per tensor and per scratch, in the order of their addresses and steps. */
function bindOffsets(program: Program, macro: string): readonly Offset[] {
  const scope = makeNameScope();
  const slots = program.arena.slots.toSorted(
    (a, b) => a.offset - b.offset || a.firstStep - b.firstStep || a.lastStep - b.lastStep,
  );
  return slots.flatMap((slot): Offset[] => {
    if (slot.scratchOf !== undefined) {
      const name = scope(`${macro}_AT_SCRATCH_${slot.scratchOf}`);
      return [{ name, offset: must(program.arena.scratch.get(slot.scratchOf), "scratch offset"), slot }];
    }
    return slot.tensors.map((id) => {
      const place = must(program.arena.places.get(id), `place of %${id}`);
      invariant(place.kind === "arena", `%${id} is in a slot but not in the arena`);
      return {
        name: scope(`${macro}_AT_${sanitize(id).toUpperCase()}`),
        offset: place.offset,
        slot,
        tensor: tensorOf(program.graph, id),
      };
    });
  });
}
