/** Collects the tensors and nodes of the graph under construction, and keeps their names legal and unique. */
import { dequantize } from "../../arith/unary.js";
import { fail, must } from "../../diagnostics.js";
import {
  type Attrs,
  makeNodeId,
  makeTensorId,
  type Node,
  type Origin,
  type Tensor,
  type TensorId,
} from "../../ir/graph.js";
import { type Quant, scaleOf } from "../../ir/quant.js";
import { elementCount, type Shape } from "../../ir/shape.js";
import { isFreeTranspose, memoryShape, samePerm, transposeAxes } from "./layout.js";
import type { TensorValue } from "./values.js";

/** Names longer than this are cut: a C identifier grows from them. */
const maxIdLength = 64;

/** Offsets in the generated code are 32 bits wide. */
const maxElements = 2 ** 31 - 1;

export class Assembler {
  readonly tensors = new Map<TensorId, Tensor>();
  readonly nodes: Node[] = [];
  private readonly taken = new Set<string>();
  private readonly nodeIds = new Set<string>();

  tensorId(wish: string): TensorId {
    const id = unique(legalName(wish), (name) => this.taken.has(name));
    this.taken.add(id);
    return makeTensorId(id);
  }

  constant(wish: string, dtype: "int8" | "int32", shape: Shape, data: Int8Array | Int32Array, quant?: Quant): TensorId {
    const id = this.tensorId(wish);
    this.tensors.set(id, { id, dtype, shape, data, source: wish, ...(quant ? { quant } : {}) });
    return id;
  }

  activation(wish: string, shape: Shape, quant: Quant): TensorId {
    if (elementCount(shape) > maxElements) {
      fail({
        code: "LWC1340",
        kind: "unsupported",
        message: `activation "${wish}" would be [${shape.join(",")}]: ${elementCount(shape)} values`,
        where: { tensor: wish },
        hint: "no microcontroller holds it: check the pads and shapes of the model",
      });
    }
    const id = this.tensorId(wish);
    this.tensors.set(id, { id, dtype: "int8", shape, quant, source: wish });
    return id;
  }

  /** Adds a node that writes a new int8 activation. */
  node(
    kind: string,
    inputs: readonly TensorId[],
    attrs: Attrs,
    output: { readonly name: string; readonly shape: Shape; readonly quant: Quant; readonly origin: Origin },
  ): TensorId {
    const id = this.activation(output.name, output.shape, output.quant);
    this.push(kind, inputs, attrs, id, output.origin);
    return id;
  }

  push(kind: string, inputs: readonly TensorId[], attrs: Attrs, output: TensorId, origin: Origin): void {
    const id = unique(legalName(output), (name) => this.nodeIds.has(name));
    this.nodeIds.add(id);
    this.nodes.push({ id: makeNodeId(id), kind, inputs, output, attrs, origin });
  }

  tensor(id: TensorId): Tensor {
    return must(this.tensors.get(id), `tensor %${id}`);
  }

  quantOf(value: TensorValue): Quant {
    return must(this.tensor(value.id).quant, `quantization of %${value.id}`);
  }

  /** The real numbers that the 256 values of an activation stand for, entry i for i - 128. */
  realValues(value: TensorValue): Float32Array {
    const quant = this.quantOf(value);
    return Float32Array.from({ length: 256 }, (_, i) => dequantize(i - 128, scaleOf(quant), quant.zeroPoint));
  }

  /** The value with its axes in the wanted order; inserts a transpose, or a reshape where only axes of length 1 move. */
  toLayout(value: TensorValue, perm: readonly number[], origin: Origin): TensorValue {
    if (samePerm(value.perm, perm)) return value;
    const axes = transposeAxes(value.perm, perm);
    const shape = memoryShape(value.dims, perm);
    const free = isFreeTranspose(this.tensor(value.id).shape, axes);
    const attrs: Attrs = free ? { shape } : { perm: axes };
    const id = this.node(free ? "reshape" : "transpose", [value.id], attrs, {
      name: `${value.id}_${free ? "view" : "moved"}`,
      shape,
      quant: this.quantOf(value),
      origin,
    });
    return { ...value, id, perm };
  }
}

/** Letters, digits, underscores and dots; starts with a letter or underscore. */
function legalName(wish: string): string {
  const safe = wish.replace(/[^A-Za-z0-9_.]+/g, "_").slice(0, maxIdLength);
  return /^[A-Za-z_]/.test(safe) ? safe : `t${safe}`;
}

function unique(wish: string, isTaken: (id: string) => boolean): string {
  if (!isTaken(wish)) return wish;
  for (let i = 2; ; i++) {
    const candidate = `${wish.slice(0, maxIdLength - 6)}_${i}`;
    if (!isTaken(candidate)) return candidate;
  }
}
