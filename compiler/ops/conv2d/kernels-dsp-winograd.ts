/** Winograd convolution for cores with the DSP extension: fewer multiplications for more flash. */
import { padChannels } from "../../arith/requant-pairs.js";
import type { Target } from "../../targets.js";
import type { Candidate } from "../choose-kernel.js";
import { type ConvLayer, foldZeroPoint, geometryName, quantWords, rowsDrive } from "./layer.js";
import { roundUp } from "./pack.js";
import { packWinograd, winogradBytes, winogradFits } from "./pack-winograd.js";

/** Tiles of a block. */
const TILES = 4;
/** Of the flash inside the chip, what the transformed weights of one layer may take. */
const FLASH_SHARE = 1 / 8;
/** Flash of a bare core, which has no memory of its own. */
const ASSUMED_FLASH = 1 << 20;

/** Bytes that a layer's transformed weights may have on a target. */
export function winogradBudget(target: Target): number {
  const inside = target.memory.filter(({ use, external }) => use === "flash" && external !== true);
  const flash = inside.reduce((sum, region) => sum + region.bytes, 0);
  return FLASH_SHARE * (target.memory.length === 0 ? ASSUMED_FLASH : flash);
}

function tilesOf({ g }: ConvLayer): number {
  return Math.ceil(g.outW / 2);
}

const winograd: Candidate<ConvLayer> = {
  kernel: "lwc_conv2d_winograd_s8_dsp",
  takesTable: true,
  fits(layer, { optimize, mostRows = 2, target }) {
    const { g, weights } = layer;
    const isWindow = g.kernelH === 3 && g.kernelW === 3 && g.dilationH === 1 && g.dilationW === 1;
    return (
      optimize === "speed" &&
      mostRows >= 2 &&
      isWindow &&
      g.groups === 1 &&
      g.strideH === 1 &&
      g.strideW === 1 &&
      g.outH % 2 === 0 &&
      tilesOf(layer) >= TILES &&
      g.inC % 8 === 0 &&
      weights.zeroPoint === 0 &&
      winogradBytes(weights) <= winogradBudget(target) &&
      winogradFits(weights)
    );
  },
  work(layer, asked) {
    const { g } = layer;
    const tiles = roundUp(tilesOf(layer), TILES);
    const outputs = 2 * tiles * g.outH * g.outC;
    return {
      macs: (outputs * 16 * g.inC) / 4,
      outputs,
      inputs: (asked.inputs * 2 * tiles * 16) / (g.outW * 36),
      calls: g.outH / 2,
    };
  },
  call(plain, { target }) {
    const layer = foldZeroPoint(plain);
    const { g, plan, zeroPoint, weights } = layer;
    const channels = roundUp(g.outC, 2);
    return {
      kernel: "lwc_conv2d_winograd_s8_dsp",
      header: "lwc_conv2d_winograd_s8_dsp.h",
      geometry: geometryName("conv", g),
      params: {
        type: "lwc_conv2d_winograd_dsp_params",
        fields: {
          in_w: g.inW,
          in_c: g.inC,
          out_w: g.outW,
          out_c: g.outC,
          out_pitch: g.outC,
          pad_left: g.padLeft,
          in_zero_point: zeroPoint,
          requant: { ...plan.fields },
        },
      },
      drive: { ...rowsDrive(layer), block: 2 },
      constants: [packWinograd(weights), quantWords({ ...layer, plan: padChannels(plan, channels) })],
      scratchBytes: 16 * (g.inC / 2) * TILES * 4 + 16 * 2 * TILES * 4,
      why: `Winograd F(2x2, 3x3), exact in integers: ${winogradBytes(weights)} bytes of weights, within ${winogradBudget(target)} for a layer; ${plan.why}`,
    };
  },
};

export const dspWinograds: readonly Candidate<ConvLayer>[] = [winograd];
