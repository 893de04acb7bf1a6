import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { randomKey } from "../../domain/random.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import type { Graph } from "../../graph/graph.ts";
import { initialState } from "../state.ts";
import { createOnnxEngine } from "./engine.ts";
import { lowerToRun, toOnnxModel } from "./lower-graph.ts";
import { PORTABLE } from "./lowering-call.ts";
import { ModelProtoSchema } from "./onnx_pb.ts";

const IMAGE = [1, 16, 4, 6, 8];

/** A forward pass with the channels of blocked kernels, a strided and a transposed convolution. */
function network(output = "logits"): Graph {
  const b = new GraphBuilder("network");
  const image = b.input("image", IMAGE);
  const down = b.state("down", [32, 16, 3, 3, 3], { kind: "normal", standardDeviation: 0.1 });
  const up = b.state("up", [32, 16, 2, 2, 2], { kind: "normal", standardDeviation: 0.1 });
  const ones = b.state("scale", [32], { kind: "constant", value: 1 });
  const zeros = b.state("shift", [32], { kind: "constant", value: 0 });
  const features = b.leakyRelu(b.instanceNorm(b.conv(image, down, [2, 2, 2], [1, 1, 1]), ones, zeros), 0.01);
  b.output(output, b.upConv(features, up));
  b.output("echo", image);
  return b.finish();
}

const values = Float32Array.from({ length: 16 * 4 * 6 * 8 }, (_, i) => Math.sin(i));

describe("an exported model", () => {
  const graph = network();
  const state = initialState(graph, randomKey(1));
  const bytes = toOnnxModel(graph, state, { plan: "test" });

  it("gives what the engine gives, from its own weights, under the graph's names", async () => {
    const executable = await createOnnxEngine().compile(graph);
    await executable.setState(state);
    const expected = await executable.run({ image: values });
    await executable.dispose();
    const session = await InferenceSession.create(bytes);
    expect([session.inputNames, session.outputNames]).toEqual([["image"], ["logits", "echo"]]);
    const found = await session.run({ image: new Tensor("float32", values, IMAGE) });
    await session.release();
    expect(found.echo.data).toEqual(values);
    const differences = expected.logits.map((value, i) => Math.abs(value - Number(found.logits.data[i])));
    expect(Math.max(...differences)).toBeLessThan(1e-5 * Math.max(...expected.logits.map(Math.abs)));
  });

  it("uses standard operators only and carries its metadata", () => {
    const model = fromBinary(ModelProtoSchema, bytes);
    expect(model.opsetImport.map(({ domain }) => domain)).toEqual([""]);
    expect(model.graph?.node.filter(({ domain }) => domain !== "")).toEqual([]);
    expect(model.metadataProps).toMatchObject([{ key: "plan", value: "test" }]);
  });

  it("is refused where a state has no value or an output the name of an input", () => {
    const incomplete = new Map([...state].filter(([name]) => name !== "up"));
    expect(() => toOnnxModel(graph, incomplete)).toThrow(expect.objectContaining({ code: "engine-state" }));
    expect(() => toOnnxModel(network("image"), state)).toThrow(
      expect.objectContaining({ code: "onnx-names" }),
    );
  });
});

describe("a model to run", () => {
  it("uses operators of the runtime only where the target has them", () => {
    const domains = (target: Parameters<typeof lowerToRun>[1]) =>
      new Set(
        fromBinary(ModelProtoSchema, lowerToRun(network(), target).bytes).opsetImport.map(
          ({ domain }) => domain,
        ),
      );
    expect(domains(PORTABLE)).toEqual(new Set([""]));
    expect(domains({ ...PORTABLE, runtimeOperators: true, channelBlock: 16 })).toEqual(
      new Set(["", "com.microsoft.nchwc"]),
    );
  });
});
