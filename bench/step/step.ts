/**
 * Time of a training step, of an inference, or of a whole volume in sliding windows with a 3D U-Net; `step.py` is the same in PyTorch. See
 * README.md.
 */
import { parseArgs } from "node:util";
import type { Triple } from "../../src/domain/grid.ts";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import type { Engine, Executable } from "../../src/engine/engine.ts";
import { withSgd } from "../../src/engine/optimiser.ts";
import { predictSlidingWindow } from "../../src/engine/sliding-window.ts";
import { initialState } from "../../src/engine/state.ts";
import { createUNet } from "../../src/networks/unet.ts";
import { createEngine } from "../../src/study/engines.ts";

const { values } = parseArgs({
  options: {
    features: { type: "string", default: "16,32,64,128" },
    patch: { type: "string", default: "40,56,40" },
    volume: { type: "string", default: "160,256,256" },
    batch: { type: "string", default: "2" },
    channels: { type: "string", default: "1" },
    classes: { type: "string", default: "3" },
    steps: { type: "string", default: "8" },
    threads: { type: "string", default: "2" },
    engine: { type: "string" },
    precision: { type: "string" },
    mode: { type: "string", default: "train" },
  },
});
const numbers = (text: string) => text.split(",").map(Number);
const features = numbers(values.features);
const [depth, height, width] = numbers(values.patch);
const batch = Number(values.batch);
const channels = Number(values.channels);
const classes = Number(values.classes);
const network = createUNet({
  inputChannels: channels,
  classes,
  patchSize: [depth, height, width],
  strides: features.map((_, i) => (i === 0 ? [1, 1, 1] : [2, 2, 2])),
  kernels: features.map(() => [3, 3, 3]),
  features,
  blocksPerStage: features.map(() => 2),
  blocksPerStageDecoder: features.slice(1).map(() => 2),
});
const graph =
  values.mode === "train"
    ? withSgd(network.training({ batchSize: batch, batchDice: true }), {
        momentum: 0.99,
        nesterov: true,
        weightDecay: 3e-5,
        clipNorm: 12,
      })
    : network.inference({ batchSize: batch });
const stream = new RandomStream(randomKey(1));
const engine = createEngine({
  ...(values.engine === undefined ? {} : { name: values.engine as Engine["name"] }),
  ...(values.precision === undefined ? {} : { precision: values.precision as Engine["precision"] }),
});
const plannedMiB = Math.round(
  (await engine.plannedBytes(graph, { threads: Number(values.threads) })) / 2 ** 20,
);
const executable = await engine.compile(graph, { threads: Number(values.threads) });
await executable.setState(initialState(graph, randomKey(2)));
const once = values.mode === "volume" ? wholeVolume(executable) : oneBatch(executable);

// The first runs warm up; of a volume, whose windows are many, none needs to.
const warmUps = values.mode === "volume" ? 0 : 2;
const seconds: number[] = [];
let value = Number.NaN;
let processor = process.cpuUsage();
let warm = await executable.timings?.();
for (let step = 0; step < Number(values.steps) + warmUps; step++) {
  if (step === warmUps) {
    processor = process.cpuUsage();
    warm = await executable.timings?.();
  }
  const start = performance.now();
  value = await once();
  if (step >= warmUps) seconds.push((performance.now() - start) / 1000);
}
const { user, system } = process.cpuUsage(processor);
const end = await executable.timings?.();
await executable.dispose();
seconds.sort((a, b) => a - b);
const report = {
  engine: `${engine.name} ${engine.precision}`,
  medianSeconds: seconds[seconds.length >> 1],
  leastSeconds: seconds[0],
  processorSeconds: (user + system) / 1e6 / seconds.length,
  value,
  convolutionShare:
    warm === undefined || end === undefined
      ? null
      : (end.convolutionSeconds - warm.convolutionSeconds) / (end.totalSeconds - warm.totalSeconds),
  plannedMiB,
  peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
};
process.stdout.write(`${JSON.stringify(report)}\n`);

function oneBatch(executable: Executable): () => Promise<number> {
  const inputs: Record<string, Float32Array | Int32Array> =
    values.mode === "train" ? { learningRate: Float32Array.of(0.01) } : {};
  for (const node of graph.nodes) {
    if (node.kind !== "input" || node.initial !== undefined || node.name in inputs) continue;
    const length = node.shape.reduce((product, size) => product * size, 1);
    if (node.dtype === "i32") inputs[node.name] = Int32Array.from({ length }, () => stream.integer(classes));
    else inputs[node.name] = Float32Array.from({ length }, () => stream.normal());
  }
  return async () => {
    const outputs = await executable.run(inputs);
    return (outputs.loss ?? outputs.logits)[0];
  };
}

/** Windows of the patch's size, half a patch apart, Gaussian weights, labels at the end. */
function wholeVolume(executable: Executable): () => Promise<number> {
  const shape = numbers(values.volume) as unknown as Triple;
  const voxels = shape[0] * shape[1] * shape[2];
  const images = Array.from({ length: channels }, () =>
    Float32Array.from({ length: voxels }, () => stream.normal()),
  );
  return async () => {
    const image = { channels: images, shape };
    const { labels } = await predictSlidingWindow({ image, executables: [executable], stepShare: 0.5 });
    return labels.reduce((sum, label) => sum + label, 0) / voxels;
  };
}
