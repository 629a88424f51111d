/** What an ONNX file said: names, attributes as typed values, constants as typed arrays; nothing inferred. */
import { CompileError, type Diagnostic, fail } from "../../diagnostics.js";
import { decodeTensor, type OnnxTensor, type ReadExternal } from "./decode-tensor.js";
import { dtypeName, dtypeOf, type OnnxDType } from "./dtypes.js";
import { type AttributeProto, type ModelProto, parseModel, type ValueInfoProto } from "./proto.js";

export type { OnnxTensor, ReadExternal } from "./decode-tensor.js";

export type OnnxAttribute = number | string | readonly number[] | readonly string[] | OnnxTensor;

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  /** "" is the ONNX domain; "com.microsoft" the other one that lwc knows. */
  readonly domain: string;
  /** "" stands for an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly dtype: OnnxDType | undefined;
  /** As in the file, for messages about types that lwc does not read. */
  readonly dtypeName: string;
  /** A string is a symbolic dimension; undefined when the file gives no shape. */
  readonly dims: readonly (number | string)[] | undefined;
}

export interface OnnxModel {
  readonly name: string;
  /** Version of each operator set, by domain. */
  readonly opsets: ReadonlyMap<string, number>;
  /** In file order. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /** Without those that are initializers too. */
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly warnings: readonly Diagnostic[];
}

/** Range of ai.onnx operator sets that lwc was built for. */
const opsetRange: { readonly min: number; readonly max: number } = { min: 9, max: 22 };

/** Reads a model of `oldestOpset` or later. Throws CompileError with everything that is wrong with the file. */
export function decodeOnnx(bytes: Uint8Array, readExternal?: ReadExternal, oldestOpset = opsetRange.min): OnnxModel {
  const proto = parseModel(bytes);
  const problems: Diagnostic[] = [];
  const collect = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      problems.push(...error.diagnostics);
      return undefined;
    }
  };
  const warnings: Diagnostic[] = [];
  const opsets = collect(() => readOpsets(proto, oldestOpset, warnings)) ?? new Map<string, number>();
  const initializers = new Map<string, OnnxTensor>();
  for (const tensor of proto.graph?.initializer ?? []) {
    const decoded = collect(() => decodeTensor(tensor, readExternal));
    if (decoded && initializers.has(decoded.name)) problems.push(twice("initializer", decoded.name));
    else if (decoded) initializers.set(decoded.name, decoded);
  }
  const inputs = (proto.graph?.input ?? []).map(readValueInfo).filter((info) => !initializers.has(info.name));
  const outputs = (proto.graph?.output ?? []).map(readValueInfo);
  problems.push(...repeated(inputs).map((name) => twice("graph input", name)));
  problems.push(...repeated(outputs).map((name) => twice("graph output", name)));
  const nodes = (proto.graph?.node ?? []).flatMap((node, i): readonly OnnxNode[] => {
    const opType = node.opType ?? "";
    const name = node.name || node.output?.[0] || `${opType}_${i}`;
    const attributes = collect(
      () =>
        new Map(
          (node.attribute ?? []).map(
            (attribute) => [attribute.name ?? "", readAttribute(attribute, opType, name, readExternal)] as const,
          ),
        ),
    );
    if (!attributes) return [];
    return [
      {
        name,
        opType,
        domain: node.domain === "ai.onnx" ? "" : (node.domain ?? ""),
        inputs: node.input ?? [],
        outputs: node.output ?? [],
        attributes,
      },
    ];
  });
  if (problems.length > 0) throw new CompileError(problems);
  return {
    name: proto.graph?.name ?? "",
    opsets,
    nodes,
    initializers,
    inputs,
    outputs,
    warnings,
  };
}

function twice(what: string, name: string): Diagnostic {
  return {
    code: "LWC1013",
    kind: "error",
    message: `${what} "${name}" is listed twice`,
    where: { tensor: name },
    hint: "names are unique in ONNX: export again, or rename one of them",
  };
}

/** Names that occur more than once, once each. */
function repeated(infos: readonly OnnxValueInfo[]): readonly string[] {
  const names = infos.map((info) => info.name);
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
}

function readOpsets(proto: ModelProto, min: number, warnings: Diagnostic[]): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const entry of proto.opsetImport ?? [])
    opsets.set(entry.domain === "ai.onnx" ? "" : (entry.domain ?? ""), Number(entry.version ?? 0));
  const version = opsets.get("") ?? 0;
  const { max } = opsetRange;
  if (version < min) {
    fail({
      code: "LWC1010",
      kind: "unsupported",
      message: `the model uses ONNX opset ${version}, lwc reads ${min} to ${max}`,
      hint: "export with opset_version=13 or later",
    });
  }
  if (version > max) {
    warnings.push({
      code: "LWC1011",
      kind: "warning",
      message: `the model uses ONNX opset ${version}, newer than ${max}: operators may have changed`,
    });
  }
  return opsets;
}

function readValueInfo(info: ValueInfoProto): OnnxValueInfo {
  const type = info.type?.tensorType;
  const code = type?.elemType ?? 0;
  const dims = type?.shape?.dim?.map((dim) =>
    dim.dimParam ? dim.dimParam : dim.dimValue === undefined || dim.dimValue === null ? "?" : Number(dim.dimValue),
  );
  const isTensor = type !== null && type !== undefined;
  return {
    name: info.name ?? "",
    dtype: dtypeOf(code),
    dtypeName: isTensor ? dtypeName(code) : "NOT_A_TENSOR",
    dims,
  };
}

function readAttribute(
  attribute: AttributeProto,
  opType: string,
  node: string,
  readExternal: ReadExternal | undefined,
): OnnxAttribute {
  const type: unknown = attribute.type;
  switch (type) {
    case 1:
      return attribute.f ?? 0;
    case 2:
      return Number(attribute.i ?? 0);
    case 3:
      return decodeText(attribute.s);
    case 4:
      return decodeTensor(attribute.t ?? {}, readExternal);
    case 6:
      return [...(attribute.floats ?? [])];
    case 7:
      return (attribute.ints ?? []).map(Number);
    case 8:
      return (attribute.strings ?? []).map(decodeText);
    default:
      return fail({
        code: "LWC1012",
        kind: "unsupported",
        message: `${opType} "${node}": attribute "${attribute.name ?? ""}" holds a subgraph or another type that lwc does not read`,
        where: { node: `${opType} "${node}"` },
        hint: "export the model without control flow (If, Loop, Scan)",
      });
  }
}

function decodeText(bytes: Uint8Array | null | undefined): string {
  return new TextDecoder().decode(bytes ?? new Uint8Array());
}
