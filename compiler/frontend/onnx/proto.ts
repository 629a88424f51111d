/** The only importer of onnx-proto: bytes to protobuf messages, with its loose types kept behind this file. */
import proto from "onnx-proto";
import { fail } from "../../diagnostics.js";

export type ModelProto = proto.onnx.ModelProto;
export type TensorProto = proto.onnx.ITensorProto;
export type AttributeProto = proto.onnx.IAttributeProto;
export type ValueInfoProto = proto.onnx.IValueInfoProto;

export function parseModel(bytes: Uint8Array): ModelProto {
  if (bytes.length === 0) {
    fail({
      code: "LWC1001",
      kind: "error",
      message: "the model file is empty",
      hint: "check how the file was written or downloaded",
    });
  }
  let model: ModelProto;
  try {
    model = proto.onnx.ModelProto.decode(bytes);
  } catch (error) {
    return fail({
      code: "LWC1002",
      kind: "error",
      message: `the file is no ONNX model, or it is truncated: ${error instanceof Error ? error.message : String(error)}`,
      hint: "expected the binary protobuf that torch.onnx.export writes",
    });
  }
  // Protobuf reads nearly any short byte string as an empty message.
  if (!model.graph || Number(model.irVersion) === 0 || model.graph.output?.length === 0) {
    fail({
      code: "LWC1003",
      kind: "error",
      message: "the file holds no ONNX graph",
      hint: "expected the binary protobuf that torch.onnx.export writes",
    });
  }
  return model;
}

export type ModelFields = proto.onnx.IModelProto;
export type NodeFields = proto.onnx.INodeProto;

/** Protobuf bytes of a model: fields in the order of their numbers, so the same model gives the same bytes. */
export function encodeModel(model: ModelFields): Uint8Array {
  return proto.onnx.ModelProto.encode(model).finish();
}
