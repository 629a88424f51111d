/** The quantized network as an ONNX model, opset 13, with QuantizeLinear and DequantizeLinear around float operators (QDQ). */
import proto from "onnx-proto";

const types = { float32: 1, int8: 3, int32: 6 };

/** @returns {Uint8Array} the bytes of the .onnx file */
export function writeOnnx({ input, layers, pooled, fc }, size, classes) {
  const file = makeFile();
  let value = file.qdq("image", "image", input);
  for (const layer of layers) {
    const { name, kernel, stride, groups, pad } = layer;
    const shape = [layer.out, layer.in / groups, kernel, kernel];
    value = file.node("Conv", name, [value, ...file.parameters(layer, shape)], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group: groups,
    });
    value = file.qdq(`${name}.relu`, file.node("Relu", `${name}.relu`, [value]), layer.output);
  }
  value = file.qdq("pool", file.node("GlobalAveragePool", "pool", [value]), pooled);
  value = file.qdq("flatten", file.node("Flatten", "flatten", [value], { axis: 1 }), pooled);
  const shape = [classes, layers.at(-1).out];
  value = file.node("Gemm", "fc", [value, ...file.parameters(fc, shape)], { transB: 1 });
  file.qdq("fc", value, fc.output, "logits");
  return file.encode([1, 1, size, size], [1, classes]);
}

function makeFile() {
  const nodes = [];
  const initializers = [];

  function constant(name, type, dims, values) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    initializers.push({ name, dataType: types[type], dims, rawData: bytes });
    return name;
  }

  function node(opType, name, inputs, attributes = {}, output = `${name}.out`) {
    const attribute = Object.entries(attributes).map(([key, at]) =>
      Array.isArray(at) ? { name: key, type: 7, ints: at } : { name: key, type: 2, i: at },
    );
    nodes.push({ opType, name, input: inputs, output: [output], attribute });
    return output;
  }

  /** Rounds `value` to int8 and goes on in float. */
  function qdq(name, value, { scale, zeroPoint }, output = `${name}.dq.out`) {
    const quant = [
      constant(`${name}.scale`, "float32", [], Float32Array.of(scale)),
      constant(`${name}.zero_point`, "int8", [], Int8Array.of(zeroPoint)),
    ];
    const quantized = node("QuantizeLinear", `${name}.q`, [value, ...quant]);
    return node("DequantizeLinear", `${name}.dq`, [quantized, ...quant], {}, output);
  }

  /** Weight and bias of a layer, dequantized. */
  function parameters({ name, weights, scales, biases, biasScales }, shape) {
    const channels = [scales.length];
    const weight = [
      constant(`${name}.weight`, "int8", shape, weights),
      constant(`${name}.weight.scale`, "float32", channels, scales),
      constant(`${name}.weight.zero_point`, "int8", channels, new Int8Array(scales.length)),
    ];
    const bias = [
      constant(`${name}.bias`, "int32", channels, biases),
      constant(`${name}.bias.scale`, "float32", channels, biasScales),
      constant(`${name}.bias.zero_point`, "int32", channels, new Int32Array(scales.length)),
    ];
    return [
      node("DequantizeLinear", `${name}.weight.dq`, weight, { axis: 0 }),
      node("DequantizeLinear", `${name}.bias.dq`, bias, { axis: 0 }),
    ];
  }

  function encode(inputDims, outputDims) {
    const { ModelProto } = proto.onnx;
    const graph = {
      name: "digits",
      node: nodes,
      initializer: initializers,
      input: [valueInfo("image", inputDims)],
      output: [valueInfo("logits", outputDims)],
    };
    const model = {
      irVersion: 7,
      producerName: "lwc-example-digits",
      opsetImport: [{ domain: "", version: 13 }],
      graph,
    };
    return ModelProto.encode(ModelProto.fromObject(model)).finish();
  }

  return { node, qdq, parameters, encode };
}

function valueInfo(name, dims) {
  const shape = { dim: dims.map((dimValue) => ({ dimValue })) };
  return { name, type: { tensorType: { elemType: types.float32, shape } } };
}
