/** Writes ONNX models: nodes and constants are added one by one, then the bytes are made. */
import { create, toBinary } from "@bufbuild/protobuf";
import type { DType, Shape } from "../../graph/primitives.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";

/** The version of the operator set that the lowerings are written for. */
const OPSET = 18;
/** IR version 8 is the one of ONNX 1.13, with which operator set 18 came. */
const IR_VERSION = 8n;
/** Operators that only ONNX Runtime has. */
export const RUNTIME_DOMAIN = "com.microsoft";
/** Operators on ONNX Runtime's blocked image layout. */
export const BLOCKED_DOMAIN = "com.microsoft.nchwc";

/** TensorProto.DataType of the standard. */
export const ELEMENT_TYPE = { f32: 1, i32: 6, i64: 7 } as const;
/** AttributeProto.AttributeType of the standard. */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** A whole number, a list of whole numbers, a float or a string. */
export type OnnxAttribute = number | readonly number[] | { readonly float: number } | string;

export class OnnxModelWriter {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers = new Map<string, TensorProto>();
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #domains = new Set<string>();
  #counter = 0;

  /** Adds a node with one output and returns the output's name. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain = "",
  ): string {
    const output = `__t${this.#counter++}`;
    this.nodeNamed(output, opType, inputs, attributes, domain);
    return output;
  }

  /** Adds a node whose output has a given name. */
  nodeNamed(
    output: string,
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain = "",
  ): void {
    if (domain !== "") this.#domains.add(domain);
    const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
    const node = {
      opType,
      input: [...inputs],
      output: [output],
      name: `${opType}_${output}`,
      attribute,
      domain,
    };
    this.#nodes.push(create(NodeProtoSchema, node));
  }

  /** A constant list of whole numbers (int64); equal lists are one tensor. */
  integers(values: readonly number[], shape: Shape = [values.length]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant(`i64[${shape}] ${values.join()}`, shape, ELEMENT_TYPE.i64, bytes);
  }

  /** A constant tensor of f32. */
  floats(values: readonly number[], shape: Shape): string {
    const bytes = new Uint8Array(Float32Array.from(values).buffer);
    return this.#constant(
      `f32[${shape}] ${Buffer.from(bytes).toString("hex")}`,
      shape,
      ELEMENT_TYPE.f32,
      bytes,
    );
  }

  /** A constant tensor of i32. */
  labels(values: readonly number[], shape: Shape): string {
    const bytes = new Uint8Array(Int32Array.from(values).buffer);
    return this.#constant(`i32[${shape}] ${values.join()}`, shape, ELEMENT_TYPE.i32, bytes);
  }

  /** A named tensor of f32 that is part of the model. */
  initializer(name: string, shape: Shape, values: Float32Array): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#initializers.set(`name ${name}`, tensorProto(name, shape, ELEMENT_TYPE.f32, bytes));
  }

  input(name: string, shape: Shape, dtype: DType): void {
    this.#inputs.push(valueInfo(name, shape, dtype));
  }

  output(name: string, shape: Shape, dtype: DType): void {
    this.#outputs.push(valueInfo(name, shape, dtype));
  }

  /** The bytes of the model. */
  finish(name: string, metadata: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> {
    const runtimeDomains = [...this.#domains].map((domain) => ({ domain, version: 1n }));
    const model = create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: "residua",
      opsetImport: [{ domain: "", version: BigInt(OPSET) }, ...runtimeDomains],
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: {
        name,
        node: this.#nodes,
        initializer: [...this.#initializers.values()],
        input: this.#inputs,
        output: this.#outputs,
      },
    });
    return toBinary(ModelProtoSchema, model);
  }

  #constant(key: string, shape: Shape, dataType: number, rawData: Uint8Array<ArrayBuffer>): string {
    const known = this.#initializers.get(key);
    if (known !== undefined) return known.name;
    const name = `__c${this.#counter++}`;
    this.#initializers.set(key, tensorProto(name, shape, dataType, rawData));
    return name;
  }
}

function tensorProto(name: string, shape: Shape, dataType: number, bytes: Uint8Array): TensorProto {
  const rawData = new Uint8Array(bytes);
  return create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType, rawData });
}

function valueInfo(name: string, shape: Shape, dtype: DType): ValueInfoProto {
  const dim = shape.map((size) => ({ value: { case: "dimValue" as const, value: BigInt(size) } }));
  const value = { elemType: ELEMENT_TYPE[dtype], shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: "tensorType", value } } });
}

function attributeProto(name: string, value: OnnxAttribute): AttributeProto {
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, type: ATTRIBUTE_TYPE.int, i: BigInt(value) });
  if (typeof value === "string") {
    const s = new TextEncoder().encode(value);
    return create(AttributeProtoSchema, { name, type: ATTRIBUTE_TYPE.string, s });
  }
  if ("float" in value)
    return create(AttributeProtoSchema, { name, type: ATTRIBUTE_TYPE.float, f: value.float });
  return create(AttributeProtoSchema, { name, type: ATTRIBUTE_TYPE.ints, ints: value.map(BigInt) });
}
