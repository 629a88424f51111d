/**
 * The arena of a replay: garbage at first, each region with canaries in front of it and behind it, so that what leaves its region
 * is seen.
 */
import { invariant } from "../diagnostics.js";
import { type ArenaPlan, regionAt } from "../schedule/schedule.js";

export interface ArenaMemory {
  readonly buffer: ArrayBuffer;
  /** Byte of the buffer at an offset of the arena. */
  at(offset: number): number;
  /** Fills the bytes between two offsets of one region with garbage that differs from call to call. */
  poison(from: number, to: number): void;
  poisonBytes(bytes: Int8Array): void;
  /** Fails where a canary has changed. */
  checkCanaries(step: number): void;
}

/** Bytes on each side of a region: a multiple of every alignment. */
const CANARY_BYTES = 64;
const CANARY = 0x5a;

export function makeArenaMemory(plan: ArenaPlan): ArenaMemory {
  const regions = plan.regions ?? [
    { name: "the arena", start: 0, used: Math.ceil(plan.bytes / plan.align) * plan.align },
  ];
  const size = regions.reduce((sum, { used }) => sum + used + CANARY_BYTES, CANARY_BYTES);
  const buffer = new ArrayBuffer(size);
  const bytes = new Int8Array(buffer).fill(CANARY);
  const poisonBytes = makePoison();
  const before = (offset: number): number => {
    const region = regionAt(plan, offset);
    return CANARY_BYTES * (1 + (region ? (plan.regions?.indexOf(region) ?? 0) : 0));
  };
  const at = (offset: number): number => offset + before(offset);
  const poison = (from: number, to: number): void => poisonBytes(bytes.subarray(at(from), to + before(from)));
  for (const { start, used } of regions) if (used > 0) poison(start, start + used);
  return {
    buffer,
    at,
    poison,
    poisonBytes,
    checkCanaries(step) {
      regions.forEach(({ name, start, used }, i) => {
        const from = start + CANARY_BYTES * i;
        const isWhole = (canary: number): boolean =>
          bytes.subarray(canary, canary + CANARY_BYTES).every((byte) => byte === CANARY);
        invariant(isWhole(from) && isWhole(from + CANARY_BYTES + used), `step ${step} wrote outside of ${name}`);
      });
    },
  };
}

/** Fills memory with bytes that differ from call to call: xorshift32, Marsaglia 2003. */
function makePoison(): (bytes: Int8Array) => void {
  let state = 0x9e3779b9 | 0;
  return (bytes) => {
    for (let i = 0; i < bytes.length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      bytes[i] = state;
    }
  };
}
