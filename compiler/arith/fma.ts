/** Fused multiply-add in float32: x*y + z rounded once. */

const bytes = new DataView(new ArrayBuffer(8));

/**
 * Correctly rounded for float32 arguments. The product is exact in a double; the sum is rounded to odd in the last bit, so
 * that rounding to float32 afterwards is the only rounding (Boldo and Melquiond 2008).
 */
export function fma32(x: number, y: number, z: number): number {
  const product = x * y;
  const sum = product + z;
  const back = sum - product;
  const error = product - (sum - back) + (z - back);
  if (error === 0 || !Number.isFinite(sum)) return Math.fround(sum);
  bytes.setFloat64(0, sum);
  const bits = bytes.getBigUint64(0);
  if ((bits & 1n) === 0n) bytes.setBigUint64(0, bits + (error > 0 === sum > 0 ? 1n : -1n));
  return Math.fround(bytes.getFloat64(0));
}
