/** Small graphs built directly, without nodes: enough for what looks at ports only. */
import { type Graph, makeTensorId, type Port, type Tensor } from "../../compiler/ir/graph.js";
import { makeScale, makeZeroPoint, type Storage } from "../../compiler/ir/quant.js";

export interface PortSpec {
  readonly name: string;
  readonly dtype: Port["dtype"];
  /** In the model's layout; stored as NHWC where the rank is 4. */
  readonly shape: readonly number[];
  readonly scale?: number;
  readonly zeroPoint?: number;
  readonly storage?: Storage;
}

export function portsOnly(inputs: readonly PortSpec[], outputs: readonly PortSpec[]): Graph {
  const tensors = new Map([...inputs, ...outputs].map((spec) => [makeTensorId(spec.name), tensorFor(spec)]));
  return { name: "ports", tensors, nodes: [], inputs: inputs.map(portFor), outputs: outputs.map(portFor) };
}

function tensorFor(spec: PortSpec): Tensor {
  const [n = 1, c = 1, h = 1, w = 1] = spec.shape;
  return {
    id: makeTensorId(spec.name),
    dtype: spec.dtype === "int32" || spec.dtype === "int64" ? "int32" : "int8",
    shape: spec.shape.length === 4 ? [n, h, w, c] : spec.shape,
    quant: {
      scales: [makeScale(spec.scale ?? 0.5, spec.name)],
      zeroPoint: makeZeroPoint(spec.zeroPoint ?? 0, spec.name),
      storage: spec.storage ?? "int8",
    },
    source: spec.name,
  };
}

function portFor(spec: PortSpec): Port {
  const perm = spec.shape.length === 4 ? [0, 3, 1, 2] : spec.shape.map((_, axis) => axis);
  return { tensor: makeTensorId(spec.name), name: spec.name, dtype: spec.dtype, shape: spec.shape, perm };
}
