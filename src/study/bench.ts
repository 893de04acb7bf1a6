/** `residua bench`: how fast this machine trains and applies a U-Net. */
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import type { ExecutableTimings, TensorData } from "../engine/engine.ts";
import { initialState } from "../engine/state.ts";
import type { Plan } from "../networks/plan.ts";
import { createUNet } from "../networks/unet.ts";
import { createEngine, type EngineRequest } from "./engines.ts";
import type { Progress } from "./progress.ts";
import { addOptimiser, RECIPES } from "./segmentation/recipe.ts";

export interface BenchRequest {
  readonly engine: EngineRequest;
  /** Edge of the cubic patch, in voxels; a multiple of 16. */
  readonly patch: number;
  readonly batch: number;
  /** Timed runs; their median is reported. */
  readonly runs: number;
  readonly progress: Progress;
}

export interface BenchResult {
  readonly engine: string;
  readonly precision: string;
  readonly patch: readonly [number, number, number];
  readonly batch: number;
  /** Median over the runs, after one that warms up. */
  readonly trainStepSeconds: number;
  readonly inferenceSeconds: number;
  /** Largest resident memory of the process. */
  readonly peakMemoryMiB: number;
  /** Share of the training steps' time within convolutions and their gradients; null where the engine cannot tell. */
  readonly convolutionShare: number | null;
}

/** Five stages, features 32 to 320, 2 input channels, 2 classes: the network that nnU-Net plans for a 64³ patch. */
function benchPlan(patch: number, batch: number): Plan {
  const size = [patch, patch, patch] as const;
  return {
    preset: "nnunet",
    inputChannels: 2,
    classes: 2,
    spacingMm: [1, 1, 1],
    medianShape: size,
    patchSize: size,
    batchSize: batch,
    strides: [[1, 1, 1], ...Array.from({ length: 4 }, () => [2, 2, 2] as const)],
    kernels: Array.from({ length: 5 }, () => [3, 3, 3] as const),
    features: [32, 64, 128, 256, 320],
    blocksPerStage: [2, 2, 2, 2, 2],
    blocksPerStageDecoder: [2, 2, 2, 2],
    normalisation: ["z-score", "z-score"],
    memoryEstimate: 0,
  };
}

/** Times the training step (SGD, deep supervision, Dice and cross-entropy) and one inference of the same batch. */
export async function runBench(request: BenchRequest): Promise<BenchResult> {
  const { patch, batch, runs, progress } = request;
  const engine = createEngine(request.engine);
  const plan = benchPlan(patch, batch);
  const network = createUNet(plan);
  const recipe = RECIPES.nnunet.nnunet;
  const training = addOptimiser(network.training({ batchSize: batch, batchDice: recipe.batchDice }), recipe);
  const state = initialState(training, randomKey(0));
  const stream = new RandomStream(deriveKey(randomKey(0), "bench"));
  const image = Float32Array.from({ length: batch * 2 * patch ** 3 }, () => stream.normal());
  const task = progress.begin("bench", 2 * (runs + 1));

  const labels: Record<string, TensorData> = {};
  network.supervisionStrides.forEach((stride, resolution) => {
    const voxels = patch ** 3 / (stride[0] * stride[1] * stride[2]);
    labels[`labels${resolution}`] = Int32Array.from({ length: batch * voxels }, () => stream.integer(2));
  });
  const step = await engine.compile(training);
  await step.setState(state);
  const train = () => step.run({ image, ...labels, learningRate: Float32Array.of(0.01) });
  await train();
  task.advance();
  const warm = await step.timings?.();
  const trainStepSeconds = await medianSeconds(runs, task.advance, train);
  const convolutionShare = shareSince(warm, await step.timings?.());
  await step.dispose();

  const inference = network.inference({ batchSize: batch });
  const forward = await engine.compile(inference);
  const names = new Set(inference.nodes.flatMap((node) => (node.kind === "input" ? [node.name] : [])));
  await forward.setState(new Map([...state].filter(([name]) => names.has(name))));
  await forward.run({ image });
  task.advance();
  const inferenceSeconds = await medianSeconds(runs, task.advance, () => forward.run({ image }));
  await forward.dispose();
  task.done();
  return {
    engine: engine.name,
    precision: engine.precision,
    patch: [patch, patch, patch],
    batch,
    trainStepSeconds,
    inferenceSeconds,
    peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    convolutionShare,
  };
}

function shareSince(start: ExecutableTimings | undefined, end: ExecutableTimings | undefined): number | null {
  if (start === undefined || end === undefined) return null;
  const share = (end.convolutionSeconds - start.convolutionSeconds) / (end.totalSeconds - start.totalSeconds);
  return Number(share.toFixed(3));
}

async function medianSeconds(
  runs: number,
  advance: () => void,
  run: () => Promise<unknown>,
): Promise<number> {
  const seconds: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await run();
    seconds.push((performance.now() - start) / 1000);
    advance();
  }
  seconds.sort((a, b) => a - b);
  const middle = (seconds[Math.floor((runs - 1) / 2)] + seconds[Math.floor(runs / 2)]) / 2;
  return Number(middle.toFixed(4));
}
