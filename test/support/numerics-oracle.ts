/** The independently verified formulas that the arithmetic is tested against; absent outside the project's own workplace. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const path = [process.env["LWC_NUMERICS"], "../shared/numerics"]
  .flatMap((dir) => (dir ? [resolve(dir, "ortref.js")] : []))
  .find(existsSync);

export const oracleMissing = "skipped: no numerics oracle; set LWC_NUMERICS to its folder";

export interface NumericsOracle {
  requant(acc: number, scale: number, zero: number, type: "u8" | "s8"): number;
  makeAdd(p: object, type: string, arch: string, aIsSpanScalar?: boolean): (a: number, b: number) => number;
  makeMul(p: object, type: string, arch: string): (a: number, b: number) => number;
  softmax(row: readonly number[], sx: number, sy: number, zy: number, type: string): number[];
  avgPool(qs: readonly number[], n: number, sx: number, zx: number, sy: number, zy: number, type: string): number;
  fma32(x: number, y: number, z: number): number;
  sigmoid(x: number): number;
}

export const oracle: NumericsOracle | undefined =
  path === undefined ? undefined : (createRequire(import.meta.url)(path) as NumericsOracle);

if (oracle === undefined) process.stdout.write(`${oracleMissing}\n`);
