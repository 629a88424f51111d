/**
 * Classifies the samples by the generated C in QEMU and shows one of them.
 *   node examples/digits/classify.mjs [picture.png] [model.onnx]
 * Needs the built compiler and the toolchain; demo.sh sees to both. Exits with 1 when the network is wrong about the picture.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { PNG } from "pngjs";
import { runInQemu } from "./run-in-qemu.mjs";

const size = 28;
const shades = " .:-=+*#%@";

const labels = JSON.parse(read("samples/labels.json").toString());
const names = Object.keys(labels);
const shown = basename(process.argv[2] ?? "5-1.png");
if (!names.includes(shown)) {
  console.error(`no sample "${shown}": expected one of ${names.join(", ")}`);
  process.exit(2);
}

const pictures = names.map((name) => readPixels(`samples/${name}`));
const { logits, machine } = await runInQemu(
  process.argv[3] === undefined ? read("digits.onnx") : readFileSync(process.argv[3]),
  pictures.map((pixels) => Float32Array.from(pixels, (value) => value / 255)),
);
const answers = logits.map((values) => {
  const probabilities = softmax(values);
  const digit = probabilities.indexOf(Math.max(...probabilities));
  return { digit, probability: probabilities[digit] };
});

const index = names.indexOf(shown);
const { digit, probability } = answers[index];
const isRight = digit === labels[shown];
print(pictures[index], [
  `samples/${shown}`,
  "",
  `class ${digit}  (${(100 * probability).toFixed(1)} %)`,
  `label ${labels[shown]}  ${isRight ? "right" : "WRONG"}`,
]);
const right = answers.filter((answer, i) => answer.digit === labels[names[i]]).length;
console.log(`${right} of ${names.length} right, in QEMU (${machine})`);
process.exitCode = isRight ? 0 : 1;

function read(path) {
  return readFileSync(new URL(path, import.meta.url));
}

/** Grey values of a picture, [28][28]. */
function readPixels(path) {
  const { data } = PNG.sync.read(read(path));
  return Uint8Array.from({ length: size ** 2 }, (_, i) => data[4 * i]);
}

function softmax(values) {
  const max = Math.max(...values);
  const exponentials = Array.from(values, (value) => Math.exp(value - max));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/** The picture as text, two rows of pixels to a line since characters are twice as high as wide; notes beside it. */
function print(pixels, notes) {
  const lines = size / 2;
  const firstNote = Math.floor((lines - notes.length) / 2);
  for (let line = 0; line < lines; line++) {
    const characters = Array.from({ length: size }, (_, x) => {
      const grey = (pixels[2 * line * size + x] + pixels[(2 * line + 1) * size + x]) / 2;
      return shades[Math.round((grey / 255) * (shades.length - 1))];
    });
    console.log(`  |${characters.join("")}|  ${notes[line - firstNote] ?? ""}`.trimEnd());
  }
}
