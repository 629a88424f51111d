/** The methods of calibration, in the order in which `auto` tries them. */
import type { CalibrationMethod } from "./report.js";

export const methods = ["minmax", "percentile", "entropy", "mse"] as const satisfies readonly CalibrationMethod[];
