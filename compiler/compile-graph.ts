/** The stages after the front end: Graph to Program. Also the entry for graphs in `.lwir` form. */
import { makeNumerics, type Profile } from "./arith/numerics.js";
import { programName } from "./codegen/program-name.js";
import type { Graph } from "./ir/graph.js";
import type { Optimize } from "./ops/kernel.js";
import { runPasses } from "./passes/pipeline.js";
import { blockRows, singleRows } from "./schedule/block-rows.js";
import { checkFit } from "./schedule/check-fit.js";
import { checkPorts } from "./schedule/check-ports.js";
import { chooseKernels, orderRows } from "./schedule/choose-kernels.js";
import { type Backward, computeLiveness } from "./schedule/liveness.js";
import { orderNodes } from "./schedule/order-nodes.js";
import { planArena } from "./schedule/plan-arena.js";
import type { ArenaPlan, PassNote, PortOptions, Program, Schedule } from "./schedule/schedule.js";
import { type StreamOptions, streamRows } from "./schedule/stream-rows.js";
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
  /** Bytes of arena to stay within; the least possible where more cannot be had. Default: what `optimize` says. */
  readonly ram?: number;
  /** The command to print into the banner. */
  readonly command?: string;
  /** SHA-256 of the model file, hex. */
  readonly modelHash?: string;
  /** Called after import and after each pass. */
  readonly onSnapshot?: (pass: string, graph: Graph) => void;
}

/** Share of its instructions that a network may spend on loops around rows where RAM is one goal of two. */
const BALANCED_OVERHEAD = 0.01;

/** How far to go for a small arena: `ram` to the end, `balanced` where it costs next to nothing, else only to fit the target. */
function streamOptions(optimize: Optimize, ports: PortOptions, target: Target, ram: number | undefined): StreamOptions {
  const common = { ports, backward: optimize === "ram" ? ("any" as const) : ("cheap" as const) };
  if (ram !== undefined) return { ...common, budget: ram };
  // Who hands over rows has no room for the whole.
  if (optimize === "ram" || ports.input === "rows" || ports.output === "rows") return common;
  if (optimize === "balanced") return { ...common, overhead: BALANCED_OVERHEAD };
  const largest = Math.max(0, ...target.memory.filter((region) => region.use === "ram").map((region) => region.bytes));
  return { ...common, budget: largest === 0 ? Number.POSITIVE_INFINITY : largest };
}

/** Layers lose time by running backward only where the arena would not fit otherwise, or where RAM is the goal. */
function placeAll(streamed: Schedule, { ports, budget, backward }: StreamOptions): ArenaPlan {
  const plan = (how: Backward | undefined): ArenaPlan =>
    planArena(computeLiveness(streamed, ports, how), streamed.steps.length);
  const arena = plan(backward);
  if (backward !== "cheap" || budget === undefined || arena.bytes <= budget) return arena;
  const tighter = plan("any");
  return tighter.bytes < arena.bytes ? tighter : arena;
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
  const chosen = chooseKernels(graph, order, { target, numerics, optimize });
  const name = programName(graph.name);
  if (name !== graph.name)
    log.push({ pass: "program-name", why: `${graph.name} is taken: files and functions are called ${name}` });
  const goal = streamOptions(optimize, ports, target, options.ram);
  const isFast = optimize === "speed";
  const streamed = streamRows(isFast ? chosen : singleRows(chosen), goal);
  log.push(
    ...streamed.streams.map(({ first, last, why }) => ({
      pass: "stream-rows",
      why: `steps ${first} to ${last}: ${why}`,
    })),
  );
  const single = placeAll(streamed, goal);
  const { schedule: blocked, arena } = isFast
    ? { schedule: streamed, arena: single }
    : blockRows({ chosen, single: streamed, arena: single }, goal, Math.max(single.bytes, options.ram ?? 0));
  const schedule = orderRows(blocked, arena.overlaps);
  const program: Program = {
    name,
    graph,
    schedule,
    arena,
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
  checkFit(program);
  return program;
}
