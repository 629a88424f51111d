/** The op table: the only place that knows every operator. */
import { fail } from "../diagnostics.js";
import type { Attrs, Node } from "../ir/graph.js";
import { add } from "./add.js";
import { argmax } from "./argmax.js";
import { argmaxPool2d } from "./argmax_pool2d.js";
import { avgPool2d } from "./avg_pool2d.js";
import { channelSelect } from "./channel_select.js";
import { concat } from "./concat.js";
import { convTranspose2d } from "./conv_transpose2d.js";
import { conv2d } from "./conv2d.js";
import { div } from "./div.js";
import { extremum } from "./extremum.js";
import { fullyConnected } from "./fully_connected.js";
import { logSoftmax } from "./log_softmax.js";
import { lookup } from "./lookup.js";
import { lookupEach } from "./lookup_each.js";
import { maxPool2d } from "./max_pool2d.js";
import { maxUnpool2d } from "./max_unpool2d.js";
import { mean } from "./mean.js";
import { mul } from "./mul.js";
import type { Op } from "./op.js";
import { pad } from "./pad.js";
import { reduce } from "./reduce.js";
import { reshape } from "./reshape.js";
import { resize } from "./resize.js";
import { shift } from "./shift.js";
import { slice } from "./slice.js";
import { softmax } from "./softmax.js";
import { sum } from "./sum.js";
import { take } from "./take.js";
import { transpose } from "./transpose.js";

/** Erases the attribute type: `reference`, `lower` and the rest take the node's own attributes, which verify checked. */
function erase<A extends Attrs>(op: Op<A>): Op {
  return op as unknown as Op; // sound because opOf pairs an op with nodes of its own kind
}

const ops: readonly Op[] = [
  erase(add),
  erase(argmax),
  erase(argmaxPool2d),
  erase(avgPool2d),
  erase(channelSelect),
  erase(concat),
  erase(conv2d),
  erase(convTranspose2d),
  erase(div),
  erase(extremum),
  erase(fullyConnected),
  erase(logSoftmax),
  erase(lookup),
  erase(lookupEach),
  erase(maxPool2d),
  erase(maxUnpool2d),
  erase(mean),
  erase(mul),
  erase(pad),
  erase(reduce),
  erase(reshape),
  erase(resize),
  erase(shift),
  erase(slice),
  erase(softmax),
  erase(sum),
  erase(take),
  erase(transpose),
];

const byKind: ReadonlyMap<string, Op> = new Map(ops.map((op) => [op.kind, op]));

export function allOps(): readonly Op[] {
  return ops;
}

export function findOp(kind: string): Op | undefined {
  return byKind.get(kind);
}

/** The op of a node whose kind the verifier has checked. */
export function opOf(node: Node): Op {
  const op = byKind.get(node.kind);
  if (!op) {
    fail({ code: "LWC2003", kind: "error", message: `node %${node.id}: unknown operator "${node.kind}"` });
  }
  return op;
}
