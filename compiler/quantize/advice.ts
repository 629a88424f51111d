/** Which layers to keep an eye on, and what to try: rules over what was measured, each with its number. */
import type { Advice, LayerDamage, QuantizeReport } from "./report.js";

/** What the rules look at. */
export type Measured = Pick<
  QuantizeReport,
  "calibrationSamples" | "float" | "int8" | "heldBack" | "layers" | "method" | "parameters" | "tried"
>;

/** dB that a layer has to lose to be named. */
const notableLoss = 3;
/** dB left from which on a layer is as good as 8 bits get: they resolve some 50. */
const goodEnough = 40;
/** Layers that are named. */
const mostLayers = 5;
/** Fewer samples than this leave ranges to chance. */
const enoughSamples = 100;
/** Share of samples with another answer than float's from which on ranges alone are not the cause, as a rule. */
const manyDisagreements = 0.1;
/** Largest over median range of a layer's channels from which on equalization is worth a try. */
const unequalChannels = 16;

/** Most important first; none where nothing stands out. */
export function adviceOf(measured: Measured): readonly Advice[] {
  const { calibrationSamples, int8, heldBack, layers } = measured;
  const advice: Advice[] = [];
  if (!heldBack) {
    advice.push({
      about: "measurement",
      finding: "measured on the samples that the ranges come from",
      tryThis: "keep some apart: --hold-back 0.2, or --test other/samples",
    });
  }
  if (calibrationSamples < enoughSamples) {
    advice.push({
      about: "calibration",
      finding: `${calibrationSamples} calibration samples`,
      tryThis: `calibrate on ${enoughSamples} to 1,000 samples of what the network will see`,
    });
  }
  const notable = layers.filter(
    ({ loss, sqnr, opType }) => loss >= notableLoss && sqnr < goodEnough && opType !== "Input",
  );
  for (const layer of notable.slice(0, mostLayers)) advice.push(layerAdvice(layer, measured));
  if (1 - int8.agreement > manyDisagreements) {
    advice.push({
      about: "the whole network",
      finding: `${(100 * (1 - int8.agreement)).toFixed(1)} % of the samples get another answer than in float`,
      tryThis:
        "train a few epochs more with quantization simulated (quantization-aware training), and export in QDQ form",
    });
  }
  return advice;
}

function layerAdvice(layer: LayerDamage, measured: Measured): Advice {
  const { node, loss, sqnr } = layer;
  return {
    about: node,
    tensor: layer.tensor,
    finding: `loses ${loss.toFixed(1)} dB, ${sqnr.toFixed(1)} dB are left`,
    tryThis: cureOf(layer, measured),
  };
}

function cureOf({ tensor, opType }: LayerDamage, { parameters, method, tried }: Measured): string {
  const spread = channelSpread(tensor, parameters);
  const isEqualized = tried.some((one) => one.chosen && one.equalized);
  if (spread > unequalChannels && !isEqualized)
    return `its channels differ ${Math.round(spread)}-fold in range: --equalize on, or BatchNormalization behind it in training`;
  if (opType === "Softmax") return "let the model end in logits, and take the softmax where it is needed";
  if (opType === "Add" || opType === "Sum" || opType === "Concat")
    return "its inputs differ in range: give them one range in --overrides, or clip the larger with Relu6 in training";
  const other = method === "minmax" ? "mse" : "minmax";
  return `--overrides with {${JSON.stringify(tensor)}: {"method": "${other}"}}; a Relu6 behind it in training bounds its range`;
}

/** Largest over median scale of the output channels of the layer that computes `tensor`; 1 where there are none. */
function channelSpread(tensor: string, parameters: Measured["parameters"]): number {
  const weights = parameters.find((one) => one.kind === "weights" && one.layer === tensor);
  const scales = (weights?.scales ?? []).toSorted((a, b) => a - b);
  const median = scales[scales.length >> 1];
  const largest = scales.at(-1);
  return median === undefined || largest === undefined || median === 0 ? 1 : largest / median;
}
