/** The stages after the front end: Graph to Program. Also the entry for graphs in `.lwir` form. */
import { makeNumerics, type Profile } from "./arith/numerics.js";
import { programName } from "./codegen/program-name.js";
import type { Graph } from "./ir/graph.js";
import type { Optimize } from "./ops/kernel.js";
import { runPasses } from "./passes/pipeline.js";
import { checkFit } from "./schedule/check-fit.js";
import { chooseKernels, orderRows } from "./schedule/choose-kernels.js";
import { computeLiveness } from "./schedule/liveness.js";
import { orderNodes } from "./schedule/order-nodes.js";
import { planArena } from "./schedule/plan-arena.js";
import type { PassNote, Program } from "./schedule/schedule.js";
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
function streamOptions(
  optimize: Optimize,
  io: "caller" | "arena",
  target: Target,
  ram: number | undefined,
): StreamOptions {
  if (ram !== undefined) return { io, budget: ram };
  if (optimize === "ram") return { io };
  if (optimize === "balanced") return { io, overhead: BALANCED_OVERHEAD };
  const largest = Math.max(0, ...target.memory.filter((region) => region.use === "ram").map((region) => region.bytes));
  return { io, budget: largest === 0 ? Number.POSITIVE_INFINITY : largest };
}

/** Optimizes, schedules and places a graph. Throws CompileError with everything that is wrong. */
export function compileGraph(imported: Graph, target: Target, options: BackEndOptions = {}): Program {
  const numerics = makeNumerics(options.numerics ?? "ort");
  const optimize = options.optimize ?? "balanced";
  const io = options.io ?? "caller";
  const log: PassNote[] = [];

  let graph = imported;
  for (const step of runPasses(imported, { numerics })) {
    graph = step.graph;
    log.push(...step.notes.map((why) => ({ pass: step.pass, why })));
    options.onSnapshot?.(step.pass, step.graph);
  }

  const order = orderNodes(graph);
  log.push({ pass: "order-nodes", why: order.why });
  const chosen = chooseKernels(graph, order, { target, numerics, optimize });
  const name = programName(graph.name);
  if (name !== graph.name)
    log.push({ pass: "program-name", why: `${graph.name} is taken: files and functions are called ${name}` });
  const streamed = streamRows(chosen, streamOptions(optimize, io, target, options.ram));
  log.push(
    ...streamed.streams.map(({ first, last, why }) => ({
      pass: "stream-rows",
      why: `steps ${first} to ${last}: ${why}`,
    })),
  );
  const arena = planArena(computeLiveness(streamed, io), streamed.steps.length);
  const schedule = orderRows(streamed, arena.overlaps);
  const program: Program = {
    name,
    graph,
    schedule,
    arena,
    target,
    options: {
      numerics: numerics.profile,
      optimize,
      io,
      command: options.command ?? "",
      modelHash: options.modelHash ?? "",
      version,
    },
    log,
  };
  checkFit(program);
  return program;
}
