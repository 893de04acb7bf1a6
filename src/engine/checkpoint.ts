/**
 * Named tensors and metadata as bytes, in the safetensors format (Hugging Face, https://github.com/huggingface/safetensors):
 * an unsigned 64-bit little-endian length, a JSON header of that length, then the raw little-endian values.
 */
import { DataError, UsageError } from "../domain/errors.ts";
import type { Graph, InputNode } from "../graph/graph.ts";
import type { Shape } from "../graph/primitives.ts";
import type { StateMap } from "./engine.ts";

/** Of our use of the format; it stands in the header. */
const FORMAT = "residua-checkpoint";
const VERSION = 1;
/** The limit that the format's own reader sets. */
const MAX_HEADER_BYTES = 100_000_000;

export interface CheckpointContents {
  readonly state: Map<string, Float32Array>;
  /** The shape of each tensor. */
  readonly shapes: Map<string, Shape>;
  /** What `encodeCheckpoint` was given. */
  readonly metadata: unknown;
}

/**
 * @param state tensors by name
 * @param shapes of the tensors
 * @param metadata any JSON value; it comes back as it is
 * @throws {UsageError} `checkpoint-shape` where a tensor has no shape or not as many values
 */
export function encodeCheckpoint(
  state: StateMap,
  shapes: ReadonlyMap<string, Shape>,
  metadata: unknown,
): Uint8Array {
  const header: Record<string, unknown> = {
    __metadata__: { format: FORMAT, version: String(VERSION), metadata: JSON.stringify(metadata) },
  };
  let end = 0;
  for (const [name, values] of state) {
    const shape = shapes.get(name);
    if (shape === undefined || elements(shape) !== values.length) {
      throw new UsageError("checkpoint-shape", {
        found: `${values.length} values for ${name} of shape [${shape?.join(", ") ?? "unknown"}]`,
        expected: "a shape that has as many elements",
      });
    }
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + 4 * values.length] };
    end += 4 * values.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // Padded with spaces, so that the values are aligned for direct views.
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + end);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8, 8 + headerBytes);
  bytes.set(json, 8);
  let at = 8 + headerBytes;
  for (const values of state.values()) {
    for (let i = 0; i < values.length; i++, at += 4) view.setFloat32(at, values[i], true);
  }
  return bytes;
}

/**
 * @param file name for messages
 * @throws {DataError} `checkpoint-truncated`, `checkpoint-foreign` (another format, or tensors other than F32) or
 *   `checkpoint-version`
 */
export function decodeCheckpoint(bytes: Uint8Array, file?: string): CheckpointContents {
  const where = file === undefined ? {} : { file };
  const foreign = (found: string): never => {
    throw new DataError("checkpoint-foreign", {
      found,
      expected: "a checkpoint that Residua wrote",
      remedy: "Give the file that `residua train` made.",
      ...where,
    });
  };
  const truncated = (missing: number): never => {
    throw new DataError("checkpoint-truncated", {
      found: `${bytes.length} bytes, ${missing} too few`,
      expected: "a whole checkpoint",
      remedy: "Copy the file again, or train again from the checkpoint before it.",
      ...where,
    });
  };
  if (bytes.length < 8) return truncated(8 - bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const declared = view.getBigUint64(0, true);
  if (declared > BigInt(MAX_HEADER_BYTES)) return foreign("bytes that are not in the safetensors format");
  const dataStart = 8 + Number(declared);
  // A foreign file can declare any length: only what begins as a header is called truncated.
  if (bytes.length > 8 && bytes[8] !== 0x7b) return foreign("bytes that are not in the safetensors format");
  if (bytes.length < dataStart) return truncated(dataStart - bytes.length);

  const header = parseHeader(bytes.subarray(8, dataStart));
  if (header === undefined) return foreign("a safetensors header that cannot be read");
  if (header.marks?.format !== FORMAT) return foreign("a safetensors file of other software");
  if (header.marks.version !== String(VERSION)) {
    throw new DataError("checkpoint-version", {
      found: `a checkpoint of version ${header.marks.version}`,
      expected: `version ${VERSION}`,
      remedy: "Train again, or use the version of Residua that wrote it.",
      ...where,
    });
  }
  const state = new Map<string, Float32Array>();
  const shapes = new Map<string, Shape>();
  const end = Math.max(0, ...header.tensors.map(({ stop }) => stop));
  if (bytes.length < dataStart + end) return truncated(dataStart + end - bytes.length);
  for (const { name, shape, dtype, start, stop } of header.tensors) {
    if (dtype !== "F32") return foreign(`tensor ${name} of type ${dtype}`);
    const values = new Float32Array(elements(shape));
    if (stop - start !== values.byteLength)
      return foreign(`tensor ${name} with ${stop - start} bytes for [${shape}]`);
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(dataStart + start + 4 * i, true);
    state.set(name, values);
    shapes.set(name, shape);
  }
  return { state, shapes, metadata: JSON.parse(header.marks.metadata ?? "null") };
}

/** The shape of each state of a graph: what `encodeCheckpoint` wants. */
export function stateShapes(graph: Graph): Map<string, Shape> {
  return new Map(stateNodes(graph).map(({ name, shape }) => [name, shape]));
}

/**
 * The tensors of a state that a graph needs: of a training checkpoint, those of the inference graph.
 *
 * @throws {UsageError} `checkpoint-state` where one is missing
 */
export function stateFor(graph: Graph, state: StateMap): Map<string, Float32Array> {
  return new Map(
    stateNodes(graph).map(({ name }) => {
      const values = state.get(name);
      if (values === undefined) {
        throw new UsageError("checkpoint-state", {
          found: `a checkpoint without ${name}, which graph ${graph.name} needs`,
          expected: "a checkpoint of the same network",
        });
      }
      return [name, values];
    }),
  );
}

function stateNodes(graph: Graph): InputNode[] {
  return graph.nodes.filter((node) => node.kind === "input").filter(({ initial }) => initial !== undefined);
}

interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly stop: number;
}

interface Header {
  readonly marks: { readonly [mark: string]: string } | undefined;
  readonly tensors: readonly TensorEntry[];
}

/** `undefined` where the bytes are not a safetensors header. */
function parseHeader(bytes: Uint8Array): Header | undefined {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const { __metadata__: marks, ...entries } = json as Record<string, unknown>;
  const tensors: TensorEntry[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
    const numbers = (value: unknown): value is number[] =>
      Array.isArray(value) && value.every((n) => Number.isInteger(n) && n >= 0);
    if (typeof dtype !== "string" || !numbers(shape) || !numbers(offsets) || offsets.length !== 2) {
      return undefined;
    }
    tensors.push({ name, dtype, shape, start: offsets[0], stop: offsets[1] });
  }
  return { marks: marks as Header["marks"], tensors };
}

function elements(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}
