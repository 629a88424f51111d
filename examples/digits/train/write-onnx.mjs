/** The trained network as a float ONNX model, opset 13. */
import proto from "onnx-proto";

const float32 = 1;

/** @returns {Uint8Array} the bytes of the .onnx file */
export function writeOnnx({ convolutions, dense }, size, classes) {
  const nodes = [];
  const initializers = [];

  const constant = (name, dims, { value }) => {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    initializers.push({ name, dataType: float32, dims, rawData: bytes });
    return name;
  };
  const node = (opType, name, inputs, attributes = {}, output = `${name}.out`) => {
    const attribute = Object.entries(attributes).map(([key, at]) =>
      Array.isArray(at) ? { name: key, type: 7, ints: at } : { name: key, type: 2, i: at },
    );
    nodes.push({ opType, name, input: inputs, output: [output], attribute });
    return output;
  };

  let value = "image";
  for (const { shape, weight, bias } of convolutions) {
    const { name, kernel, stride, groups, pad } = shape;
    const parameters = [
      constant(`${name}.weight`, [shape.out, shape.in / groups, kernel, kernel], weight),
      constant(`${name}.bias`, [shape.out], bias),
    ];
    value = node("Conv", name, [value, ...parameters], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group: groups,
    });
    value = node("Relu", `${name}.relu`, [value]);
  }
  value = node("GlobalAveragePool", "pool", [value]);
  value = node("Flatten", "flatten", [value], { axis: 1 });
  const channels = convolutions.at(-1).shape.out;
  const parameters = [
    constant("fc.weight", [classes, channels], dense.weight),
    constant("fc.bias", [classes], dense.bias),
  ];
  node("Gemm", "fc", [value, ...parameters], { transB: 1 }, "logits");

  const { ModelProto } = proto.onnx;
  const graph = {
    name: "digits",
    node: nodes,
    initializer: initializers,
    input: [valueInfo("image", [1, 1, size, size])],
    output: [valueInfo("logits", [1, classes])],
  };
  const model = {
    irVersion: 7,
    producerName: "lwc-example-digits",
    opsetImport: [{ domain: "", version: 13 }],
    graph,
  };
  return ModelProto.encode(ModelProto.fromObject(model)).finish();
}

function valueInfo(name, dims) {
  const shape = { dim: dims.map((dimValue) => ({ dimValue })) };
  return { name, type: { tensorType: { elemType: float32, shape } } };
}
