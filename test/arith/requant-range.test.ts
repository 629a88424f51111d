/** A plan holds on the whole reachable range of a channel, ends included: checked on every accumulator, not on thresholds alone. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeNumerics, type Profile } from "../../compiler/arith/numerics.js";
import { makeRequantize } from "../../compiler/arith/requant.js";
import type { RequantChannel, RequantLayer, RequantPlan } from "../../compiler/arith/requant-layer.js";
import { applyRequant, planRequant } from "../../compiler/arith/requant-plan.js";

/** Accumulators of channel c in [from, to] where the plan differs from the reference. */
function differences(plan: RequantPlan, layer: RequantLayer, profile: Profile, c: number, from: number, to: number) {
  const { zeroPoint, min, max } = layer;
  const requantize = makeRequantize(makeNumerics(profile), { scale: layer.channels[c]!.scale, zeroPoint, min, max });
  const wrong: number[] = [];
  for (let acc = from; acc <= to; acc++) if (applyRequant(plan, c, acc) !== requantize(acc)) wrong.push(acc);
  return wrong;
}

interface Core {
  readonly fpu: boolean;
  readonly smull?: boolean;
}

function everywhere(layer: RequantLayer, profile: Profile, core: Core): readonly number[] {
  const plan = planRequant(layer, makeNumerics(profile), core);
  return layer.channels.flatMap(({ accMin, accMax }, c) => differences(plan, layer, profile, c, accMin, accMax));
}

/** Cortex-M4F, M3, M0. */
const cores = fc.constantFrom<Core>({ fpu: true }, { fpu: false }, { fpu: false, smull: false });

/** Narrow ranges, which end between two clamps. */
const narrow: fc.Arbitrary<RequantChannel> = fc
  .record({
    mantissa: fc.integer({ min: 2 ** 23, max: 2 ** 24 - 1 }),
    exponent: fc.integer({ min: -11, max: -2 }),
    steps: fc.double({ min: 0, max: 12, noNaN: true }),
    below: fc.double({ min: 0, max: 1, noNaN: true }),
    bias: fc.integer({ min: -5000, max: 5000 }),
  })
  .map(({ mantissa, exponent, steps, below, bias }) => {
    const scale = (mantissa / 2 ** 23) * 2 ** exponent;
    const span = Math.ceil(steps / scale);
    const accMin = -Math.floor(below * span);
    return { scale, bias, accMin, accMax: accMin + span };
  });

const limits = fc.constantFrom({ min: -128, max: 127 }, { min: -100, max: 90 }, { min: 0, max: 127 });
const narrowLayer = fc
  .record({
    channels: fc.array(narrow, { minLength: 1, maxLength: 3 }),
    zeroPoint: fc.integer({ min: -128, max: 127 }),
    limits,
  })
  .map(({ channels, zeroPoint, limits: { min, max } }): RequantLayer => ({ channels, zeroPoint, min, max }));

describe("the ends of the reachable range", () => {
  // The thresholds in between leave the next one below accMin, or above accMax, free to move by one accumulator.
  test.each([
    { scale: 0.2866668701171875, accMin: -26, accMax: 3, zeroPoint: -82 },
    { scale: 0.35484421253204346, accMin: -69, accMax: 19, zeroPoint: 84 },
  ])("are held by a short form, scale $scale", ({ scale, accMin, accMax, zeroPoint }) => {
    const layer = { channels: [{ scale, bias: 0, accMin, accMax }], zeroPoint, min: -128, max: 127 };
    for (const profile of ["ort", "fast"] as const) expect(everywhere(layer, profile, { fpu: true })).toEqual([]);
  });

  test("are held by every form", () => {
    fc.assert(
      fc.property(narrowLayer, fc.constantFrom<Profile>("ort", "fast"), cores, (layer, profile, core) => {
        expect(everywhere(layer, profile, core)).toEqual([]);
      }),
      { numRuns: 2500 },
    );
  });
});

describe("channels with one output value", () => {
  const busy = { scale: Math.fround(0.0871234), bias: 7, accMin: -3000, accMax: 3000 };

  test("do not cost the layer its short form, whatever their scale", () => {
    const dead = { scale: 0.75, bias: 0, accMin: 0, accMax: 0 };
    const layer = { channels: [busy, dead], zeroPoint: -5, min: -128, max: 127 };
    expect(planRequant(layer, makeNumerics("ort"), { fpu: true }).form).toBe("short");
    expect(everywhere(layer, "ort", { fpu: true })).toEqual([]);
  });

  test("do not cost the layer its window form", () => {
    // Many scales, so that no short form fits them all.
    const channels = Array.from({ length: 64 }, (_, c) => ({
      scale: Math.fround(0.0003 * (1 + c / 64)),
      bias: 0,
      accMin: -700000,
      accMax: 700000,
    }));
    const dead = { scale: 2 ** -60, bias: 3, accMin: -9000, accMax: 9000 };
    const layer = { channels: [...channels, dead], zeroPoint: -128, min: -128, max: 127 };
    const plan = planRequant(layer, makeNumerics("ort"), { fpu: false });
    expect(plan.form).toBe("window");
    expect(differences(plan, layer, "ort", 64, -9000, 9000)).toEqual([]);
  });

  test("keep the shift of single rounding within 64 bits", () => {
    const channels = Array.from({ length: 64 }, (_, c) => ({
      scale: Math.fround(2 ** -13 * (1 + c / 64)),
      bias: 0,
      accMin: -(2 ** 22),
      accMax: 2 ** 22,
    }));
    const dead = { scale: 2 ** -60, bias: 3, accMin: -9000, accMax: 9000 };
    const layer = { channels: [...channels, { ...busy, scale: 0.9 }, dead], zeroPoint: 4, min: -128, max: 127 };
    const plan = planRequant(layer, makeNumerics("fast"), { fpu: false });
    expect(plan.form).toBe("single");
    for (let c = 0; c < layer.channels.length; c++) {
      expect(plan.words[3 * c + 2]).toBeGreaterThanOrEqual(1);
      expect(plan.words[3 * c + 2]).toBeLessThanOrEqual(63);
    }
    expect(differences(plan, layer, "fast", 65, -9000, 9000)).toEqual([]);
  });
});

test("the window form serves accumulators beyond 2^24 where they saturate", () => {
  const channels = Array.from({ length: 64 }, (_, c) => ({
    scale: Math.fround(0.0003 * (1 + c / 64)),
    bias: 0,
    accMin: -(2 ** 25),
    accMax: 2 ** 25,
  }));
  const layer = { channels, zeroPoint: 127, min: -128, max: 127 };
  const plan = planRequant(layer, makeNumerics("ort"), { fpu: false });
  expect(plan.form).toBe("window");
  for (const c of [0, 31, 63]) {
    for (const edge of [-(2 ** 25), -(2 ** 24), 2 ** 24 - 2000, 2 ** 25 - 2000])
      expect(differences(plan, layer, "ort", c, edge, edge + 2000)).toEqual([]);
  }
});
