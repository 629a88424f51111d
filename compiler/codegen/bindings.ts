/** The C names and expressions of a program: ports, arena offsets, constants, and the pointer to each tensor. */
import { invariant, must } from "../diagnostics.js";
import { type Port, type Tensor, type TensorId, tensorOf } from "../ir/graph.js";
import { elementCount, rowLength } from "../ir/shape.js";
import { offsetInRegion, type Program } from "../schedule/schedule.js";
import { arenaParts, partAt } from "./arena-names.js";
import { isFreeName, makeNameScope, type NameScope, sanitize } from "./c-names.js";
import {
  type ConstantArray,
  type ConstantPool,
  type ConstantTable,
  collectConstants,
  makeConstantPool,
} from "./constants.js";
import { collectInstances, type Instances } from "./instances.js";
import { rowAddresses } from "./row-address.js";
import { behind } from "./step-text.js";

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
  /** From the start of the part of the arena that it lies in, */
  readonly offset: number;
  /** which has this name. */
  readonly part: string;
  /** The tensor there, or its ring of rows. */
  readonly tensor?: Tensor;
  /** Or the step whose scratch memory it is, */
  readonly scratchOf?: number;
  /** or that keeps something there from row to row. */
  readonly stateOf?: number;
}

/** A table of the offsets of rows in flight. */
export interface RowTable {
  readonly name: string;
  /** The part of the arena that they count in. */
  readonly part: string;
  readonly offsets: readonly number[];
}

export interface Bindings {
  /** Prefix of functions, types and data: "lwc_<name>". */
  readonly prefix: string;
  /** Prefix of macros and enumerators: "LWC_<NAME>". */
  readonly macro: string;
  readonly ports: readonly PortBinding[];
  readonly offsets: readonly Offset[];
  readonly rowTables: ReadonlyMap<TensorId, RowTable>;
  readonly constants: ConstantTable;
  /** Constants of the program, and of those that it is linked with. */
  readonly arrays: readonly ConstantArray[];
  readonly instances: Instances;
  /** Pointer to a tensor inside run(), of its own type. */
  pointer(id: TensorId): string;
  /** Pointer to row `row`, a C expression, of a tensor. */
  rowPointer(id: TensorId, row: string): string;
  /** Pointer to the scratch memory of a step. */
  scratch(step: number): string;
  /** Pointer to what a step keeps from row to row. */
  state(step: number): string;
}

const legalName = /^[A-Za-z][A-Za-z0-9_]*$/;

/** What follows the prefix in names that do not come from a tensor. */
const ownNames = ["run", "begin", "push_row", "finish", "ctx", "arena", "macs", "weights", "at", "feeding"];

function ownNamesOf(program: Program): readonly string[] {
  const { regions } = program.arena;
  return regions ? [...ownNames, "init", ...arenaParts(program).map(({ name }) => name)] : ownNames;
}

/** What programs that are linked have in common. */
export interface LinkBinding {
  /** Names with external linkage. */
  readonly scope: NameScope;
  readonly pool: ConstantPool;
  /** Instances of kernels that several programs call, by key (instances.ts). */
  readonly shared: ReadonlyMap<string, string>;
}

/** Names that a program defines whatever is inside it. */
export function publicNames(program: Program, runtimeNames: ReadonlySet<string>): readonly string[] {
  const prefix = `lwc_${program.name}`;
  const ports = bindPorts(program, prefix, `LWC_${program.name.toUpperCase()}`, runtimeNames);
  return [...ownNamesOf(program), ...ports.map((port) => port.name)].map((name) => `${prefix}_${name}`);
}

/** `runtimeNames`: what runtime-c defines, from runtime-files.ts. */
export function bindProgram(program: Program, runtimeNames: ReadonlySet<string>, link?: LinkBinding): Bindings {
  invariant(legalName.test(program.name), `"${program.name}" is no C identifier prefix`);
  const prefix = `lwc_${program.name}`;
  const macro = `LWC_${program.name.toUpperCase()}`;
  const ports = bindPorts(program, prefix, macro, runtimeNames);
  // Public names come first, so that they never depend on what is inside the model.
  const scope = link?.scope ?? makeNameScope([...runtimeNames, ...publicNames(program, runtimeNames)]);
  const pool = link?.pool ?? makeConstantPool(scope);
  const constants = collectConstants(program, pool);
  const instances = collectInstances(program, prefix, { scope, pool, shared: link?.shared ?? new Map() });
  const addresses = rowAddresses(program);
  const rowTables = new Map(
    Array.from(addresses).flatMap(([id, address]): (readonly [TensorId, RowTable])[] =>
      address.kind === "ring"
        ? []
        : [
            [
              id,
              { name: scope(`${prefix}_${sanitize(id)}_rows`), part: partOf(program, id), offsets: address.offsets },
            ],
          ],
    ),
  );
  const offsets = bindOffsets(program, macro, rowTables);
  const byTensor = new Map(offsets.flatMap((entry) => (entry.tensor ? [[entry.tensor.id, entry] as const] : [])));
  const addressBy = (key: "scratchOf" | "stateOf", step: number): string => {
    const entry = must(
      offsets.find((one) => one[key] === step),
      `${key} step ${step}`,
    );
    return `&${entry.part}[${entry.name}]`;
  };

  const pointer = (id: TensorId): string => {
    const tensor = tensorOf(program.graph, id);
    const place = must(program.arena.places.get(id), `place of %${id}`);
    switch (place.kind) {
      case "arena": {
        const { name, part } = must(byTensor.get(id), `offset of %${id}`);
        return tensor.dtype === "int8" ? `&${part}[${name}]` : `(int32_t *)(void *)&${part}[${name}]`;
      }
      case "input":
        return must(ports[place.index], "input port").name;
      case "output":
        return must(ports[program.graph.inputs.length + place.index], "output port").name;
    }
  };
  const rowPointer = (id: TensorId, row: string): string => {
    const part = program.schedule.parts.get(id);
    if (part) return behind(rowPointer(part.whole, row), part.start);
    const bytes = rowLength(tensorOf(program.graph, id).shape);
    const address = addresses.get(id);
    if (address === undefined) return `${pointer(id)} + (${row} * ${bytes})`;
    if (address.kind === "table") {
      const { name, part } = must(rowTables.get(id), `table of %${id}`);
      return `&${part}[${name}[${address.isFull ? row : `${row} % ${address.offsets.length}`}]]`;
    }
    if (address.rows === 1) return pointer(id);
    const place = address.shift === 0 ? row : `(${row} + ${address.shift})`;
    return `${pointer(id)} + ((${place} % ${address.rows}) * ${bytes})`;
  };
  return {
    prefix,
    macro,
    ports,
    offsets,
    constants,
    arrays: pool.arrays,
    instances,
    rowTables,
    pointer,
    rowPointer,
    scratch: (step) => addressBy("scratchOf", step),
    state: (step) => addressBy("stateOf", step),
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
  const scope = makeNameScope([...ownNamesOf(program), ...kernels.map((name) => name.slice(prefix.length + 1))]);
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

/** Name of the part of the arena that a tensor lies in. */
function partOf(program: Program, id: TensorId): string {
  const place = must(program.arena.places.get(id), `place of %${id}`);
  invariant(place.kind === "arena", `%${id} is not in the arena`);
  return partAt(program, place.offset).name;
}

/** One enumerator per tensor and per scratch, in the order of their addresses and steps; tables stand for themselves. */
function bindOffsets(program: Program, macro: string, rowTables: ReadonlyMap<TensorId, RowTable>): readonly Offset[] {
  const scope = makeNameScope();
  const slots = program.arena.slots.toSorted(
    (a, b) => a.offset - b.offset || a.firstStep - b.firstStep || a.lastStep - b.lastStep,
  );
  const at = (offset: number): Pick<Offset, "offset" | "part"> => ({
    offset: offsetInRegion(program.arena, offset),
    part: partAt(program, offset).name,
  });
  const scratch = (step: number): Offset => ({
    name: scope(`${macro}_AT_SCRATCH_${step}`),
    ...at(must(program.arena.scratch.get(step), "scratch offset")),
    scratchOf: step,
  });
  const state = (step: number): Offset => ({
    name: scope(`${macro}_AT_STATE_${step}`),
    ...at(must(program.arena.state.get(step), "state offset")),
    stateOf: step,
  });
  return slots.flatMap((slot): Offset[] => {
    if (slot.scratchOf !== undefined) return [scratch(slot.scratchOf)];
    const named = slot.tensors.filter((id) => !rowTables.has(id));
    const tensors = named.map((id): Offset => {
      const place = must(program.arena.places.get(id), `place of %${id}`);
      invariant(place.kind === "arena", `%${id} is in a slot but not in the arena`);
      return {
        name: scope(`${macro}_AT_${sanitize(id).toUpperCase()}`),
        ...at(place.rowOffsets ? Math.min(...place.rowOffsets) : place.offset),
        tensor: tensorOf(program.graph, id),
      };
    });
    const { pool } = slot;
    return pool
      ? [...tensors, ...Array.from(pool.state.keys(), state), ...Array.from(pool.scratch.keys(), scratch)]
      : tensors;
  });
}
