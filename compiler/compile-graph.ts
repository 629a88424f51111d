/** The stages after the front end: Graph to Program. Also the entry for graphs in `.lwir` form. */
import { makeNumerics, type Profile } from "./arith/numerics.js";
import { programName } from "./codegen/program-name.js";
import type { Graph } from "./ir/graph.js";
import type { KernelCall, Optimize } from "./ops/kernel.js";
import { runPasses } from "./passes/pipeline.js";
import { checkFit } from "./schedule/check-fit.js";
import { checkPorts } from "./schedule/check-ports.js";
import { callOfBlocks, chooseKernels, orderRows } from "./schedule/choose-kernels.js";
import { chooseHotWeights, flashCyclesOf, hotRegion } from "./schedule/hot-weights.js";
import { orderNodes } from "./schedule/order-nodes.js";
import { type MemoryPlan, planMemory } from "./schedule/plan-memory.js";
import { type RegionRequest, resolveRegions } from "./schedule/regions.js";
import type { ArenaRegion, HotWeights, PassNote, PortOptions, Program } from "./schedule/schedule.js";
import type { CallOfBlocks } from "./schedule/stream-rows.js";
import type { Target } from "./targets.js";
import { version } from "./version.js";

/** Options of the stages after the front end. */
export interface BackEndOptions {
  /** Whose last bit to follow; default "ort". */
  readonly numerics?: Profile;
  /** Default "balanced". */
  readonly optimize?: Optimize;
  /** Where graph inputs and outputs live; default "caller". */
  readonly io?: "caller" | "arena";
  /** Whether the caller hands over the input row by row; default "whole". */
  readonly input?: "whole" | "rows";
  /** Whether the output is handed over row by row; default "whole". */
  readonly output?: "whole" | "rows";
  /** Bytes of arena to stay within, or as few as possible at any price. Default: what `optimize` says. */
  readonly ram?: number | "least";
  /** Memories that the arena may be divided over; one alone says where it lies and how large it may be. */
  readonly regions?: readonly RegionRequest[];
  /** A memory for copies of the constants that are read most, as many of them as fit. */
  readonly hotWeights?: RegionRequest;
  /** The command to print into the banner. */
  readonly command?: string;
  /** SHA-256 of the model file, hex. */
  readonly modelHash?: string;
  /** Called after import and after each pass. */
  readonly onSnapshot?: (pass: string, graph: Graph) => void;
}

/** Optimizes, schedules and places a graph. Throws CompileError with everything that is wrong. */
export function compileGraph(imported: Graph, target: Target, options: BackEndOptions = {}): Program {
  const numerics = makeNumerics(options.numerics ?? "ort");
  const optimize = options.optimize ?? "balanced";
  const ports: PortOptions = {
    io: options.io ?? "caller",
    input: options.input ?? "whole",
    output: options.output ?? "whole",
  };
  const log: PassNote[] = [];

  let graph = imported;
  for (const step of runPasses(imported, { numerics })) {
    graph = step.graph;
    log.push(...step.notes.map((why) => ({ pass: step.pass, why })));
    options.onSnapshot?.(step.pass, step.graph);
  }

  checkPorts(graph, ports);
  const order = orderNodes(graph);
  log.push({ pass: "order-nodes", why: order.why });
  const context = { target, numerics, optimize };
  const chosen = chooseKernels(graph, order, context);
  const name = programName(graph.name);
  if (name !== graph.name)
    log.push({ pass: "program-name", why: `${graph.name} is taken: files and functions are called ${name}` });
  const regions = resolveRegions(options.regions ?? [], target);
  const isLeast = options.ram === "least";
  const ram = options.ram === "least" ? undefined : options.ram;
  const memory = planMemory(chosen, {
    ...context,
    ports,
    regions,
    isLeast,
    callOfBlocks: onceEach((step, limits) => callOfBlocks(graph, step, { ...context, ...limits })),
    ...(ram === undefined ? {} : { ram }),
  });
  const { arena } = memory;
  log.push(
    ...memory.schedule.streams.map(({ first, last, why }) => ({
      pass: "stream-rows",
      why: `steps ${first} to ${last}: ${why}`,
    })),
    ...priceText(memory).map((why) => ({ pass: "plan-memory", why })),
    ...(arena.regions ?? []).map((region) => ({ pass: "divide-arena", why: regionText(region) })),
  );
  const schedule = orderRows(memory.schedule, arena.overlaps);
  const hot = options.hotWeights
    ? chooseHotWeights(schedule, hotRegion(options.hotWeights, target, { regions, arena }), flashCyclesOf(target))
    : undefined;
  if (hot) log.push({ pass: "hot-weights", why: hotText(hot) });
  const program: Program = {
    name,
    graph,
    schedule,
    arena,
    ...(hot ? { hot } : {}),
    target,
    options: {
      numerics: numerics.profile,
      optimize,
      ...ports,
      command: options.command ?? "",
      modelHash: options.modelHash ?? "",
      version,
    },
    log,
  };
  checkFit(program, { regions, ram, excess: memory.excess });
  return program;
}

/** The search for a plan of memory asks for the same kernels over and over. */
function onceEach(find: CallOfBlocks): CallOfBlocks {
  const known = new Map<string, KernelCall | undefined>();
  return (step, limits) => {
    const key = [step.index, limits.mostRows, limits.mostScratch, limits.rowsOverInput].join();
    if (!known.has(key)) known.set(key, find(step, limits));
    return known.get(key);
  };
}

/** Why the plan is not the smallest. */
function priceText({ least, price = 0 }: MemoryPlan): readonly string[] {
  const more = (share: number): string => `${(100 * share).toFixed(1)} %`;
  if (least === undefined) return [];
  return [
    `${least.bytes} bytes are possible, with ${more(least.price)} more modelled cycles than layer by layer; this plan takes ${more(price)} more`,
  ];
}

function hotText({ region, bytes, constants, flashCycles }: HotWeights): string {
  const reads = constants.reduce((sum, constant) => sum + constant.reads, 0);
  const cost = flashCycles === undefined ? "cycles of flash are not known" : `${flashCycles} cycles a word in flash`;
  return `${constants.length} constants in ${region.name}: ${bytes} of ${region.bytes} bytes, ${reads} bytes read at ${region.cycles} cycles a word, ${cost}`;
}

/** What one memory of a divided arena got. */
function regionText({ name, used, bytes, cycles, traffic }: ArenaRegion): string {
  return `${name}: ${used} of ${bytes} bytes; ${traffic} bytes read and written at ${cycles} cycles a word`;
}
