import { expect, test } from "vitest";
import { quantizeHtml } from "../../compiler/cli/report/quantize-html.js";
import { adviceOf, type Measured } from "../../compiler/quantize/advice.js";
import type { LayerDamage, QuantizeReport } from "../../compiler/quantize/report.js";

const quality = { samples: 200, agreement: 0.99, sqnr: 30 };
const fine: Measured = {
  calibrationSamples: 200,
  float: { samples: 200 },
  int8: quality,
  heldBack: true,
  layers: [],
  method: "mse",
  parameters: [],
  tried: [{ method: "mse", equalized: false, biasCorrected: true, quality, chosen: true }],
};
const layer = (tensor: string, opType: string, loss: number): LayerDamage => ({
  tensor,
  node: `${opType} "${tensor}"`,
  opType,
  sqnr: 20,
  cosine: 0.99,
  loss,
});
const weights = (scales: readonly number[]) => ({
  tensor: "w",
  kind: "weights" as const,
  layer: "dw",
  scales,
  zeroPoint: 0,
  min: -1,
  max: 1,
  overridden: false,
});

test("nothing to say of a good result", () => {
  expect(adviceOf(fine)).toEqual([]);
});

test("few samples, none held back, many other answers: each with its number", () => {
  const advice = adviceOf({ ...fine, calibrationSamples: 20, heldBack: false, int8: { ...quality, agreement: 0.8 } });
  expect(advice.map(({ about }) => about)).toEqual(["measurement", "calibration", "the whole network"]);
  expect(advice[1]?.finding).toBe("20 calibration samples");
  expect(advice[2]?.finding).toMatch(/^20\.0 %/);
});

test("at most five layers, those that lose 3 dB or more and have less than 40 left, with a cure for their kind", () => {
  const layers = [
    layer("dw", "Conv", 9),
    layer("sum", "Add", 5),
    layer("prob", "Softmax", 4),
    layer("x", "Input", 4),
    layer("c", "Conv", 3),
    layer("d", "Conv", 2.9),
    { ...layer("e", "Conv", 15), sqnr: 45 },
  ];
  const advice = adviceOf({ ...fine, layers, parameters: [weights([0.1, 0.1, 4])] });
  expect(advice.map(({ tensor }) => tensor)).toEqual(["dw", "sum", "prob", "c"]);
  expect(advice[0]?.finding).toBe("loses 9.0 dB, 20.0 dB are left");
  expect(advice[0]?.tryThis).toMatch(/40-fold.*--equalize on/);
  expect(advice[1]?.tryThis).toMatch(/one range/);
  expect(advice[2]?.tryThis).toMatch(/logits/);
  expect(advice[3]?.tryThis).toMatch(/"c": \{"method": "minmax"\}/);
  const many = Array.from({ length: 9 }, (_, i) => layer(`l${i}`, "Conv", 10 - i / 2));
  expect(adviceOf({ ...fine, layers: many })).toHaveLength(5);
});

test("channels that were equalized are not to be equalized", () => {
  const tried = [{ ...fine.tried[0]!, equalized: true }];
  const [advice] = adviceOf({ ...fine, tried, layers: [layer("dw", "Conv", 9)], parameters: [weights([0.1, 0.1, 4])] });
  expect(advice?.tryThis).not.toMatch(/equalize/);
});

test("the page shows what was measured, and nothing of a model can end its text", () => {
  const measured = { ...fine, float: { samples: 200, top1: 0.75 }, int8: { ...quality, top1: 0.76 } };
  const layers = [layer("</code><script>", "Conv", 9)];
  const report: QuantizeReport = {
    ...measured,
    layers,
    advice: adviceOf({ ...measured, layers }),
    model: "model.onnx",
    command: "lwc quantize model.onnx",
    hashes: { float: "a".repeat(64), int8: "b".repeat(64) },
    sizes: { float: 4000, int8: 1000 },
    warnings: [],
  };
  const html = quantizeHtml(report);
  expect(html).toContain('<td>Top-1</td><td class="n">75.00 %</td><td class="n">76.00 %</td><td class="n">+1.00</td>');
  expect(html).toContain("loses 9.0 dB, 20.0 dB are left");
  expect(html).toContain("<code>lwc quantize model.onnx</code>");
  expect(html).not.toContain("<script>");
});
