/** Where a requantization steps from one output value to the next. */
import type { Requantize } from "./requant.js";
import type { RequantChannel, RequantLayer } from "./requant-layer.js";

/** Smallest accumulator for each output value k in (min, max] that is reachable, as [k, accumulator] flattened. */
export function thresholds(requantize: Requantize, layer: RequantLayer, channel: RequantChannel): Float64Array {
  const low = requantize(channel.accMin);
  const high = requantize(channel.accMax);
  const out = new Float64Array(2 * (high - low));
  for (let k = low + 1, i = 0; k <= high; k++) {
    let at = Math.min(
      channel.accMax,
      Math.max(channel.accMin + 1, Math.ceil((k - layer.zeroPoint - 0.5) / channel.scale)),
    );
    if (requantize(at) >= k) {
      let step = 1;
      while (at - step > channel.accMin && requantize(at - step) >= k) step *= 2;
      at = bisect(requantize, Math.max(channel.accMin, at - step), at, k);
    } else {
      let step = 1;
      while (at + step < channel.accMax && requantize(at + step) < k) step *= 2;
      at = bisect(requantize, at, Math.min(channel.accMax, at + step), k);
    }
    out[i++] = k;
    out[i++] = at;
  }
  return out;
}

/** Smallest accumulator in (below, reached] with value >= k, given value(below) < k <= value(reached). */
function bisect(requantize: Requantize, below: number, reached: number, k: number): number {
  let lo = below;
  let hi = reached;
  while (hi - lo > 1) {
    const middle = Math.floor((lo + hi) / 2);
    if (requantize(middle) >= k) hi = middle;
    else lo = middle;
  }
  return hi;
}
