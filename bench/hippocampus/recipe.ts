/** One training recipe on real MR: the first 112 cases of `hippocampus-mr` train, the other 28 test. See README.md. */
import { parseArgs } from "node:util";
import { deriveKey, randomKey } from "../../src/domain/random.ts";
import { stateFor } from "../../src/engine/checkpoint.ts";
import { withAdamW, withSgd } from "../../src/engine/optimiser.ts";
import { polynomialSchedule } from "../../src/engine/schedule.ts";
import { predictSlidingWindow } from "../../src/engine/sliding-window.ts";
import { initialState } from "../../src/engine/state.ts";
import { startOfTraining, train } from "../../src/engine/trainer.ts";
import { compareMasks } from "../../src/imaging/segmentation-metrics.ts";
import { planNetwork } from "../../src/networks/plan.ts";
import { createEngine } from "../../src/study/engines.ts";
import { SILENT } from "../../src/study/progress.ts";
import { NETWORK_KINDS } from "../../src/study/schema.ts";
import { batchSource } from "../../src/study/segmentation/batches.ts";
import { openSegmentationData, type SegmentationCase } from "../../src/study/segmentation/cases.ts";
import { fingerprintCases } from "../../src/study/segmentation/fingerprint.ts";
import { createNetwork } from "../../src/study/segmentation/networks.ts";
import { restoreLabels } from "../../src/study/segmentation/prepare.ts";
import { PreparedStore } from "../../src/study/segmentation/prepared-store.ts";

const TRAINING_CASES = 112;

const { values } = parseArgs({
  options: {
    data: { type: "string", default: "../shared/data/hippocampus-mr" },
    network: { type: "string", default: "nnunet" },
    steps: { type: "string", default: "1000" },
    optimiser: { type: "string", default: "adamw" },
    rate: { type: "string", default: "1e-3" },
    momentum: { type: "string", default: "0.99" },
    "weight-decay": { type: "string", default: "1e-2" },
    warmup: { type: "string", default: "20" },
    features: { type: "string", default: "16" },
    batch: { type: "string", default: "2" },
    patch: { type: "string" },
    seed: { type: "string", default: "0" },
    // Cases at the end of the training cases that are kept out of the training and evaluated in place of the test cases.
    validate: { type: "string", default: "0" },
  },
});
const steps = Number(values.steps);
const batchSize = Number(values.batch);
const weightDecay = Number(values["weight-decay"]);
const key = randomKey(Number(values.seed));

const data = await openSegmentationData(values.data, []);
const cases = [...data.cases].sort((a, b) => (a.id < b.id ? -1 : 1));
const validated = Number(values.validate);
const trainingCases = cases.slice(0, TRAINING_CASES - validated);
const evaluatedCases =
  validated > 0 ? cases.slice(TRAINING_CASES - validated, TRAINING_CASES) : cases.slice(TRAINING_CASES);
const { fingerprint } = await fingerprintCases(trainingCases, SILENT);
const planned = planNetwork(fingerprint, {
  preset: "compact",
  classes: data.labels.length,
  overrides: { baseFeatures: Number(values.features) },
});
const [depth, height, width] = values.patch?.split(",").map(Number) ?? planned.patchSize;
const plan = { ...planned, patchSize: [depth, height, width] as const };
const kind = NETWORK_KINDS.find((name) => name === values.network);
if (kind === undefined) throw new RangeError(`--network: one of ${NETWORK_KINDS.join(", ")}`);
const network = createNetwork(kind, plan);
const store = new PreparedStore(plan);
const engine = createEngine();

const forward = network.training({ batchSize, batchDice: true });
const graph =
  values.optimiser === "sgd"
    ? withSgd(forward, { momentum: Number(values.momentum), nesterov: true, weightDecay, clipNorm: 12 })
    : withAdamW(forward, { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay, clipNorm: 12 });
const executable = await engine.compile(graph);
const losses: number[] = [];
const before = process.cpuUsage();
const result = await train({
  executable,
  batches: batchSource({
    cases: trainingCases,
    store,
    network,
    plan: { ...plan, batchSize },
    recipe: { augmentation: "nnunet" },
    key: deriveKey(key, "batches"),
  }),
  steps,
  schedule: polynomialSchedule({
    initialRate: Number(values.rate),
    steps,
    warmupSteps: Number(values.warmup),
  }),
  from: startOfTraining(initialState(graph, deriveKey(key, "network"))),
  checkpointEvery: steps,
  onStep({ step, loss, outputs }) {
    losses.push(loss);
    if (step % 50 !== 0) return;
    const mean = losses.slice(-50).reduce((sum, each) => sum + each, 0) / 50;
    const perplexity =
      outputs.perplexity === undefined ? "" : `, perplexity ${outputs.perplexity[0].toFixed(1)}`;
    process.stderr.write(`${step}/${steps} loss ${mean.toFixed(4)}${perplexity}\n`);
  },
});
const used = process.cpuUsage(before);
await executable.dispose();

const average = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length;

const inference = await engine.compile(network.inference({ batchSize: 1 }));
await inference.setState(stateFor(inference.graph, result.checkpoint.state));
const dice = await evaluate([]);
const diceMirrored = await evaluate([0, 1, 2]);
await inference.dispose();
const report = {
  ...values,
  patch: plan.patchSize.join(","),
  dice,
  diceMirrored,
  trainingSeconds: Math.round(result.seconds),
  processorSeconds: Math.round((used.user + used.system) / 1e6),
  starvedShare: Number(result.starvedShare.toFixed(3)),
  finalLoss: Number(average(losses.slice(-50)).toFixed(4)),
};
process.stdout.write(`${JSON.stringify(report)}\n`);

/** Mean Dice of each label over the evaluated cases. */
async function evaluate(mirrorAxes: readonly number[]): Promise<Record<string, number>> {
  const perLabel = new Map(data.labels.slice(1).map(({ name }) => [name, [] as number[]]));
  for (const each of evaluatedCases) {
    const dice = await diceOf(each, mirrorAxes);
    for (const [name, scores] of perLabel) scores.push(dice.get(name) ?? 0);
  }
  return Object.fromEntries(
    [...perLabel].map(([name, scores]) => [name, Number(average(scores).toFixed(4))]),
  );
}

async function diceOf(each: SegmentationCase, mirrorAxes: readonly number[]): Promise<Map<string, number>> {
  const { prepared } = await store.get(each);
  const { value: original } = await each.load();
  const { probabilities } = await predictSlidingWindow({
    image: { channels: prepared.channels, shape: prepared.grid.shape },
    executables: [inference],
    mirrorAxes,
  });
  const predicted = restoreLabels(prepared, probabilities, plan.classes);
  const reference = { grid: original.grid, data: original.labels ?? new Uint8Array() };
  return new Map(
    data.labels.slice(1).map(({ name }, i) => [name, compareMasks(predicted, reference, i + 1).dice ?? 0]),
  );
}
