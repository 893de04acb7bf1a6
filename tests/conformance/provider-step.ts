/** One training step of two convolutions on the provider named by the argument; prints loss and new weights as JSON. */
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import { createOnnxEngine } from "../../src/engine/onnx/engine.ts";
import type { OnnxProvider } from "../../src/engine/onnx/providers.ts";
import { withSgd } from "../../src/engine/optimiser.ts";
import { initialState } from "../../src/engine/state.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";

const b = new GraphBuilder("step");
const spread = { kind: "normal", standardDeviation: 0.3 } as const;
const weight = b.state("weight", [8, 2, 3, 3, 3], spread);
const scale = b.state("scale", [8], { kind: "constant", value: 1 });
const shift = b.state("shift", [8], { kind: "constant", value: 0 });
const y = b.conv(b.input("image", [2, 2, 8, 8, 8]), weight, [2, 2, 2], [1, 1, 1]);
const active = b.leakyRelu(b.instanceNorm(y, scale, shift), 0.01);
const up = b.upConv(active, b.state("up", [8, 3, 2, 2, 2], spread));
b.output("loss", b.scalar(b.mean(b.multiply(up, up))));
const graph = withSgd(b.finish(), { momentum: 0.9, nesterov: true, weightDecay: 0, clipNorm: 12 });

const executable = await createOnnxEngine({ provider: process.argv[2] as OnnxProvider, threads: 1 }).compile(
  graph,
);
await executable.setState(initialState(graph, randomKey(1)));
const stream = new RandomStream(randomKey(2));
const image = Float32Array.from({ length: 2 * 2 * 8 ** 3 }, () => stream.normal());
const { loss } = await executable.run({ image, learningRate: Float32Array.of(0.1) });
const state = await executable.getState();
await executable.dispose();
const shown = { loss, weight: state.get("weight"), up: state.get("up") };
process.stdout.write(
  JSON.stringify(
    Object.fromEntries(Object.entries(shown).map(([name, values]) => [name, [...(values ?? [])]])),
  ),
);
