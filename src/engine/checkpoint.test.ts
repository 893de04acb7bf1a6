import { describe, expect, it } from "vitest";
import golden from "../../tests/golden/networks/safetensors.json" with { type: "json" };
import { GraphBuilder } from "../graph/builder.ts";
import { decodeCheckpoint, encodeCheckpoint, stateFor, stateShapes } from "./checkpoint.ts";

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const state = new Map(
  Object.entries(golden.tensors).map(([name, { values }]) => [name, Float32Array.from(values)]),
);
const shapes = new Map(Object.entries(golden.tensors).map(([name, { shape }]) => [name, shape]));

describe("a checkpoint", () => {
  it("is read from what the safetensors library wrote", () => {
    const read = decodeCheckpoint(bytesOf(golden.file));
    expect(Object.fromEntries(read.state)).toEqual(Object.fromEntries(state));
    expect(Object.fromEntries(read.shapes)).toEqual(Object.fromEntries(shapes));
    expect(read.metadata).toEqual(golden.metadata);
  });

  it("comes back as it was, at any alignment", () => {
    const metadata = { plan: { patchSize: [40, 56, 40] }, ünïcode: "é", nothing: null };
    const bytes = encodeCheckpoint(state, shapes, metadata);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const read = decodeCheckpoint(shifted.subarray(3));
    expect([...read.state]).toEqual([...state]);
    expect(read.metadata).toEqual(metadata);
  });

  it("cut anywhere is refused", () => {
    const bytes = encodeCheckpoint(state, shapes, {});
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeCheckpoint(bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: "checkpoint-truncated" }),
      );
    }
  });

  it("is refused where it is not ours, with the file named", () => {
    const foreign = expect.objectContaining({ code: "checkpoint-foreign" });
    expect(() => decodeCheckpoint(bytesOf(golden.foreignFile))).toThrow(foreign);
    expect(() => decodeCheckpoint(new Uint8Array(100).fill(0xff), "x.bin")).toThrow(/^x\.bin: /);
    expect(() =>
      decodeCheckpoint(new TextEncoder().encode("PK\u0003\u0004 a zip file, not a model")),
    ).toThrow(foreign);
    const broken = encodeCheckpoint(state, shapes, {});
    broken[9] = 0;
    expect(() => decodeCheckpoint(broken)).toThrow(foreign);
  });

  it("of another version is refused", () => {
    const text = Buffer.from(encodeCheckpoint(state, shapes, {})).toString("latin1");
    const later = Buffer.from(text.replace('"version":"1"', '"version":"2"'), "latin1");
    expect(() => decodeCheckpoint(later)).toThrow(expect.objectContaining({ code: "checkpoint-version" }));
  });

  it("is not made of tensors whose shape does not fit", () => {
    expect(() => encodeCheckpoint(state, new Map([["scalar", [2]]]), {})).toThrow(
      expect.objectContaining({ code: "checkpoint-shape" }),
    );
  });

  it("gives an inference graph its part of a training state, and says what is missing", () => {
    const builder = new GraphBuilder("inference");
    const weight = builder.state("encoder.0.weight", [2, 3], { kind: "constant", value: 0 });
    builder.output("sum", builder.add(weight, builder.input("x", [2, 3])));
    const graph = builder.finish();
    expect([...stateShapes(graph)]).toEqual([["encoder.0.weight", [2, 3]]]);
    expect([...stateFor(graph, state)]).toEqual([["encoder.0.weight", state.get("encoder.0.weight")]]);
    expect(() => stateFor(graph, new Map())).toThrow(/without encoder\.0\.weight.*graph inference/);
  });
});
