/**
 * Divides the arena over several memories of a target. Blocks that are read and written most per byte come first and get the
 * fastest memory that has room for them beside those before; what a block adds is known by packing it with them. Then a block that
 * no memory has room for, or else the one that the core waits for longest, is moved to the front and all begins again. The
 * cheapest of the divisions that hold everything is taken, and each block moves to a faster memory that still has room for it.
 *
 * Cost: words that an inference reads and writes in a memory times the cycles that the core waits for a word there.
 */
import { must } from "../diagnostics.js";
import { alignBytes } from "./arena-align.js";
import { aliveBytes, type Block, type Liveness } from "./liveness.js";
import { packBlocks, planWith } from "./plan-arena.js";
import { type Region, WORD } from "./regions.js";
import type { ArenaPlan, ArenaRegion } from "./schedule.js";

export interface Division {
  readonly arena: ArenaPlan;
  /** Bytes that no region has room for; they then lie behind the last one. 0: the plan is good. */
  readonly excess: number;
}

/** Orders that are tried to see whether a block fits beside others. */
const FIT_ROUNDS = 40;

/** Times that the division begins again. */
const MAX_STARTS = 24;

/** `traffic`: bytes read and written in each block of `liveness`. `regions`: the fastest first. */
export function divideArena(
  liveness: Liveness,
  stepCount: number,
  traffic: readonly number[],
  regions: readonly Region[],
): Division {
  const pieces = liveness.blocks.flatMap((block, i): readonly Piece[] =>
    block.caller ? [] : [{ block, traffic: must(traffic[i], "traffic") }],
  );
  const problem: Problem = { pieces, liveness, stepCount, regions };
  const found = [false, true].flatMap((slowFirst) => assign(problem, slowFirst));
  const best = found.reduce((a, b) => (isBetter(b, a) ? b : a));
  return { arena: layOut(problem, improve(problem, best)), excess: best.excess };
}

/** Modelled cycles that the core waits for the words of a divided arena in an inference. */
export function waitCycles(regions: readonly ArenaRegion[]): number {
  return regions.reduce((sum, { traffic, cycles }) => sum + (traffic / WORD) * cycles, 0);
}

interface Piece {
  readonly block: Block;
  readonly traffic: number;
}

interface Problem {
  readonly pieces: readonly Piece[];
  readonly liveness: Liveness;
  readonly stepCount: number;
  readonly regions: readonly Region[];
}

interface Assignment {
  /** By region; one more holds what fits nowhere. */
  readonly parts: readonly (readonly Piece[])[];
  readonly cost: number;
  readonly excess: number;
}

function isBetter(a: Assignment, b: Assignment): boolean {
  return a.excess < b.excess || (a.excess === b.excess && a.cost < b.cost);
}

/** The divisions that were tried. */
function assign(problem: Problem, slowFirst: boolean): readonly Assignment[] {
  const byDensity = problem.pieces.toSorted((a, b) => density(b) - density(a) || order(problem, a) - order(problem, b));
  const promoted: Piece[] = [];
  const tried: Assignment[] = [];
  for (let start = 0; start < MAX_STARTS; start++) {
    const rest = byDensity.filter((piece) => !promoted.includes(piece));
    const { assignment, homeless } = fill(problem, promoted, rest, slowFirst);
    tried.push(assignment);
    const next = [...homeless, ...waitingFor(problem, assignment)].find((piece) => !promoted.includes(piece));
    if (next === undefined) break;
    promoted.unshift(next);
  }
  return tried;
}

/** Pieces that lie in slower memories than the fastest, the costliest first. */
function waitingFor({ regions }: Problem, { parts }: Assignment): readonly Piece[] {
  const fastest = Math.min(...regions.map(({ cycles }) => cycles));
  return regions
    .flatMap(({ cycles }, i) => (parts[i] ?? []).map((piece) => ({ piece, waits: (cycles - fastest) * piece.traffic })))
    .filter(({ waits }) => waits > 0)
    .sort((a, b) => b.waits - a.waits)
    .map(({ piece }) => piece);
}

function density({ block, traffic }: Piece): number {
  return traffic / Math.max(1, block.bytes);
}

function order({ pieces }: Problem, piece: Piece): number {
  return pieces.indexOf(piece);
}

/** Pieces in turn, each in the first region with room for it; the promoted ones in the slowest first where `slowFirst`. */
function fill(
  problem: Problem,
  promoted: readonly Piece[],
  rest: readonly Piece[],
  slowFirst: boolean,
): { readonly assignment: Assignment; readonly homeless: readonly Piece[] } {
  const { regions } = problem;
  const parts: Piece[][] = [...regions.map(() => []), []];
  const homeless = parts[regions.length] ?? [];
  const upwards = regions.map((_, i) => i);
  const put = (piece: Piece, candidates: readonly number[]): void => {
    const home = candidates.find((i) => fits(problem, [...(parts[i] ?? []), piece], must(regions[i], "region").bytes));
    (home === undefined ? homeless : must(parts[home], "part")).push(piece);
  };
  for (const piece of promoted) put(piece, slowFirst ? upwards.toReversed() : upwards);
  for (const piece of rest) put(piece, upwards);
  return { assignment: { parts, cost: costOf(problem, parts), excess: packed(problem, homeless).bytes }, homeless };
}

function costOf({ regions }: Problem, parts: readonly (readonly Piece[])[]): number {
  return regions.reduce(
    (sum, { cycles }, i) => sum + cycles * (parts[i] ?? []).reduce((bytes, { traffic }) => bytes + traffic, 0),
    0,
  );
}

/** Moves pieces to faster regions while one has room, those that gain most first. */
function improve(problem: Problem, assignment: Assignment): Assignment {
  const { regions } = problem;
  const parts = assignment.parts.map((part) => [...part]);
  for (let moved = true; moved; ) {
    moved = false;
    for (let from = regions.length - 1; from > 0; from--) {
      for (const piece of must(parts[from], "part").toSorted((a, b) => b.traffic - a.traffic)) {
        const to = regions.findIndex(
          (region, i) => i < from && fits(problem, [...(parts[i] ?? []), piece], region.bytes),
        );
        const [fast, slow] = [regions[to], must(regions[from], "region")];
        const left = must(parts[from], "part").filter((one) => one !== piece);
        // The planner may need more for less: what is left has to fit as well.
        if (fast === undefined || fast.cycles >= slow.cycles || !fits(problem, left, slow.bytes)) continue;
        parts[from] = left;
        parts[to]?.push(piece);
        moved = true;
      }
    }
  }
  return { ...assignment, parts, cost: costOf(problem, parts) };
}

/** What a part of the pieces is to the planner. In the order of all blocks, so that a part has one layout. */
function livenessOf({ liveness }: Problem, part: readonly Piece[]): Liveness {
  const own = new Set(part.map(({ block }) => block));
  return {
    blocks: liveness.blocks.filter((block) => own.has(block)),
    overlaps: liveness.overlaps.filter(({ input, output }) => own.has(input) && own.has(output)),
  };
}

function peakOf(problem: Problem, part: readonly Piece[]): readonly number[] {
  return aliveBytes(livenessOf(problem, part), problem.stepCount);
}

function fits(problem: Problem, part: readonly Piece[], bytes: number): boolean {
  if (Math.max(0, ...peakOf(problem, part)) > bytes) return false;
  return packBlocks(livenessOf(problem, part), { enough: bytes, rounds: FIT_ROUNDS }).bytes <= bytes;
}

function packed(problem: Problem, part: readonly Piece[]): ReturnType<typeof packBlocks> {
  return packBlocks(livenessOf(problem, part), { enough: Math.max(0, ...peakOf(problem, part)) });
}

/** Each part in as few bytes as it can, one behind the other. */
function layOut(problem: Problem, { parts }: Assignment): ArenaPlan {
  const { liveness, stepCount, regions } = problem;
  const offsets = new Map<Block, number>();
  let start = 0;
  const used = parts.flatMap((part, i): readonly ArenaRegion[] => {
    if (part.length === 0) return [];
    const own = livenessOf(problem, part).blocks;
    const layout = packed(problem, part);
    own.forEach((block, k) => {
      offsets.set(block, start + must(layout.offsets[k], "offset"));
    });
    const alive = peakOf(problem, part);
    const busiest = Math.max(0, ...alive);
    const bytes = alignBytes(layout.bytes);
    const region: ArenaRegion = {
      ...(regions[i] ?? { name: "none", bytes: 0, cycles: 0 }),
      start,
      used: bytes,
      // As planWith() says: what is alive counts the best overlap alone.
      lowerBound: Math.min(busiest, bytes),
      peakStep: Math.max(0, alive.indexOf(busiest)),
      traffic: part.reduce((sum, { traffic }) => sum + traffic, 0),
    };
    start += region.used;
    return [region];
  });
  const inArena = liveness.blocks.filter((block) => block.caller === undefined);
  const plan = planWith(
    liveness,
    stepCount,
    inArena.map((block) => must(offsets.get(block), "offset")),
  );
  return used.length === 0 ? plan : { ...plan, regions: used };
}
