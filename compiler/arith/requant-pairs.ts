/** Requantization words for kernels that compute two output channels in one sum of 16-bit halves: 256 * b + a. */
import type { RequantPlan } from "./requant-layer.js";

const scratchF32 = new Float32Array(1);
const scratchI32 = new Int32Array(scratchF32.buffer);

/**
 * Rewrites the words of each odd channel for a sum that is 256 times its accumulator and that started together with the sum of
 * the channel before it: bias 256 * b + a. The result is the same to the bit:
 *  SHORT   ((256 * x * mult >> 32) + 256 * add) >> (shift + 8) is floor((x * mult + add * 2^32) / 2^(32 + shift)) as before
 *  FLOAT   256 * x is exact in float32 where x is, and a scale / 256 is exact unless it is subnormal
 *  WINDOW, SINGLE  the kernel divides the sum by 256, exactly
 */
export function scaleOddChannels(plan: RequantPlan): RequantPlan {
  const words = plan.words.slice();
  const size = plan.wordsPerChannel;
  for (let at = size; at + size <= words.length; at += 2 * size) {
    words[at] = (Math.imul(words[at] ?? 0, 256) + (words[at - size] ?? 0)) | 0;
    if (plan.form === "float") {
      scratchI32[0] = words[at + 1] ?? 0;
      scratchF32[0] = (scratchF32[0] ?? 0) / 256;
      words[at + 1] = scratchI32[0] ?? 0;
    } else if (plan.form === "short") {
      words[at + 2] = (words[at + 2] ?? 0) * 256;
    }
  }
  return { ...plan, words };
}

/** Whether scaleOddChannels keeps every word in its range. */
export function canScaleOddChannels(plan: RequantPlan): boolean {
  if (plan.reach >= 2 ** 23 || plan.fields.shift + 8 > 31) return false;
  const size = plan.wordsPerChannel;
  for (let at = size; at + size <= plan.words.length; at += 2 * size) {
    if (plan.form === "short" && Math.abs(plan.words[at + 2] ?? 0) >= 2 ** 22) return false;
    if (plan.form === "float") {
      scratchI32[0] = plan.words[at + 1] ?? 0;
      if ((scratchF32[0] ?? 0) < 2 ** -100) return false;
    }
  }
  return true;
}

/** The plan with channels of zeros up to `channels`. */
export function padChannels(plan: RequantPlan, channels: number): RequantPlan {
  const words = new Int32Array(channels * plan.wordsPerChannel);
  words.set(plan.words);
  return { ...plan, words };
}
