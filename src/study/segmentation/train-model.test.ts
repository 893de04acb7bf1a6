/** Training, the model folder, batches and predictors, on a network of two stages and made images. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGrid } from "../../domain/grid.ts";
import { deriveKey, RandomStream, randomKey } from "../../domain/random.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Plan } from "../../networks/plan.ts";
import { createUNet } from "../../networks/unet.ts";
import { VQ_DEFAULTS } from "../../networks/vq.ts";
import { createEngine, nativeProblem } from "../engines.ts";
import { type Progress, SILENT } from "../progress.ts";
import type { NetworkKind } from "../schema.ts";
import { batchSource } from "./batches.ts";
import { type SegmentationCase, TUMOUR_LABELS } from "./cases.ts";
import { readModel, readModels } from "./model-folder.ts";
import { createPredictor, type Predictor } from "./predict-case.ts";
import { cropCase, prepareCase } from "./prepare.ts";
import { PreparedStore } from "./prepared-store.ts";
import { RECIPES } from "./recipe.ts";
import { type TrainModelRequest, trainModel } from "./train-model.ts";

const EDGE = 16;
const PLAN: Plan = {
  preset: "compact",
  encoder: "plain",
  inputChannels: 1,
  classes: 2,
  spacingMm: [1, 1, 1],
  medianShape: [EDGE, EDGE, EDGE],
  patchSize: [8, 8, 8],
  batchSize: 2,
  strides: [
    [1, 1, 1],
    [2, 2, 2],
  ],
  kernels: [
    [3, 3, 3],
    [3, 3, 3],
  ],
  features: [4, 8],
  blocksPerStage: [1, 1],
  blocksPerStageDecoder: [1],
  normalisation: ["z-score"],
  memoryEstimate: 0,
};
const grid = createGrid({
  shape: [EDGE, EDGE, EDGE],
  spacingMm: [1, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});

/** Noise about a level of the case, with a bright cube of 3 voxels in a corner. */
function madeCase(index: number, hasReference = true): SegmentationCase {
  const stream = new RandomStream(randomKey(index));
  const labels = Uint8Array.from({ length: EDGE ** 3 }, (_, i) => {
    const at = [Math.floor(i / EDGE ** 2), Math.floor(i / EDGE) % EDGE, i % EDGE];
    return at.every((x) => x >= 11 && x < 14) ? 1 : 0;
  });
  const channels = [Float32Array.from(labels, (label) => 50 + stream.normal(0, 5) + 60 * label)];
  return {
    id: `case-${index}`,
    patientId: `case-${index}`,
    files: [],
    hasReference,
    load: async () => ({ value: { grid, channels, labels }, issues: [] }),
  };
}

/** The case with other labels. */
function withLabels(index: number, label: (voxel: number) => number): SegmentationCase {
  const made = madeCase(index);
  return {
    ...made,
    async load() {
      const { value, issues } = await made.load();
      return {
        value: { ...value, labels: Uint8Array.from({ length: EDGE ** 3 }, (_, i) => label(i)) },
        issues,
      };
    },
  };
}

const engines: [string, () => Engine][] = [
  ["onnx", () => createEngine({ name: "onnx" })],
  ...(nativeProblem() === null
    ? [["native", () => createEngine({ name: "native" })] as [string, () => Engine]]
    : []),
];

const cases = [madeCase(1), madeCase(2), madeCase(3)];
const STEPS = 8;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "residua-train-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const at = (...parts: string[]) => path.join(root, ...parts);
const weights = (name: string) => readFile(at(name, "weights.safetensors"));

function request(name: string, change: Partial<TrainModelRequest> = {}): TrainModelRequest {
  return {
    folder: at(name),
    kind: "nnunet",
    plan: PLAN,
    recipe: RECIPES.nnunet.compact,
    cases,
    store: new PreparedStore(PLAN),
    labels: TUMOUR_LABELS,
    channels: { source: "files", names: ["t1"] },
    fold: 0,
    steps: STEPS,
    checkpointEvery: 2,
    seed: 3,
    initialKey: deriveKey(randomKey(3), "network"),
    batchKey: deriveKey(randomKey(3), "batches"),
    engine: createEngine(),
    progress: SILENT,
    ...change,
  };
}

/** Progress that calls back after each step. */
function watching(onStep: (done: number) => void): Progress {
  let done = 0;
  return {
    ...SILENT,
    begin: () => ({
      advance(count = 1) {
        done += count;
        onStep(done);
      },
      done() {},
    }),
  };
}

describe("training a model", () => {
  let whole: Awaited<ReturnType<typeof trainModel>>;
  beforeAll(async () => {
    whole = await trainModel(request("whole"));
  });

  it("leaves the model, its curve and no checkpoint", async () => {
    const left = (await readdir(at("whole"))).filter((name) => name !== "weights-best.safetensors");
    expect(left.sort()).toEqual([
      "curve.csv",
      "curve.svg",
      "model.json",
      "training.json",
      "weights.safetensors",
    ]);
    const [head, ...rows] = (await readFile(at("whole/curve.csv"), "utf8")).trim().split("\n");
    expect(head).toBe("step,loss,dice,perplexity,held_out_dice");
    expect(rows.map((row) => row.split(",").slice(0, 3).map(Number))).toEqual(
      whole.curve.map(({ step, loss, dice }) => [step, loss, dice]),
    );
    expect(whole.curve.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(whole.model.description.training).toMatchObject({ steps: STEPS, fold: 0, cases: 3 });
  });

  it("goes on after an interruption to the same weights and the same curve", async () => {
    const controller = new AbortController();
    const interrupted = trainModel(
      request("stopped", {
        signal: controller.signal,
        progress: watching((done) => {
          if (done === 5) controller.abort(new Error("interrupted"));
        }),
      }),
    );
    await expect(interrupted).rejects.toThrow("interrupted");
    expect(await readdir(at("stopped"))).toContain("checkpoint.safetensors");
    const notes: string[] = [];
    const resumed = await trainModel(
      request("stopped", { progress: { ...SILENT, note: (text) => notes.push(text) } }),
    );
    expect(notes).toEqual(["going on from step 5"]);
    expect((await weights("stopped")).equals(await weights("whole"))).toBe(true);
    expect(resumed.curve).toEqual(whole.curve);
    expect((await readdir(at("stopped"))).sort()).toEqual((await readdir(at("whole"))).sort());
  });

  it.each<[string, Partial<TrainModelRequest>]>([
    ["seed", { batchKey: randomKey(9) }],
    ["set of cases", { cases: cases.slice(0, 2) }],
    ["state of the images", { cases: [{ ...cases[0], files: [import.meta.filename] }, cases[1], cases[2]] }],
    ["choice of channels", { channels: { source: "files", names: ["t2"] } }],
  ])("does not go on from a checkpoint of another %s", async (what, change) => {
    const name = `other-${what.replaceAll(" ", "-")}`;
    const controller = new AbortController();
    const stop = watching((done) => {
      if (done === 2) controller.abort(new Error("interrupted"));
    });
    await expect(trainModel(request(name, { signal: controller.signal, progress: stop }))).rejects.toThrow();
    const notes: string[] = [];
    await trainModel(request(name, { ...change, progress: { ...SILENT, note: (text) => notes.push(text) } }));
    expect(notes).toEqual([]);
  });

  describe("with held-out cases", () => {
    const heldOut = [madeCase(7), madeCase(8)];
    const scored = { heldOut, validation: { patches: 4 }, checkpointEvery: 1 } as const;

    it("scores its checkpoints by them, keeps the last and the best, and uses the one that is asked for", async () => {
      const last = await trainModel(request("last", scored));
      const best = await trainModel(request("best", { ...scored, weights: "best" }));
      expect(last.measure).toBe("held-out");
      expect(last.scores.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(best.scores).toEqual(last.scores);
      const highest = Math.max(...last.scores.map(({ dice }) => dice));
      const { usedStep, best: named } = best.model.description.training;
      expect(named).toEqual({
        step: last.scores.find(({ dice }) => dice === highest)?.step,
        dice: highest,
        measure: "held-out",
      });
      expect([usedStep, last.model.description.training.usedStep]).toEqual([named?.step, STEPS]);
      // A training that ends with its best checkpoint has nothing else to keep.
      if (named?.step === STEPS) return;
      const beside = await readFile(at("last/weights-best.safetensors"));
      expect((await weights("best")).equals(beside)).toBe(true);
      expect((await weights("last")).equals(await readFile(at("best/weights-last.safetensors")))).toBe(true);
    });

    it("goes on after an interruption to the same scores and the same best weights", async () => {
      const options = { ...scored, weights: "best" } as const;
      const controller = new AbortController();
      const stop = watching((done) => {
        if (done === 6) controller.abort(new Error("interrupted"));
      });
      const interrupted = request("best-again", { ...options, signal: controller.signal, progress: stop });
      await expect(trainModel(interrupted)).rejects.toThrow("interrupted");
      const resumed = await trainModel(request("best-again", options));
      const { scores } = await trainModel(request("best-whole", options));
      expect(resumed.scores).toEqual(scores);
      expect((await weights("best-again")).equals(await weights("best-whole"))).toBe(true);
    });

    it("ends early after so many checkpoints without improvement, and says so", async () => {
      const notes: string[] = [];
      // Without a learning rate to speak of no checkpoint is better than the first.
      const stopped = await trainModel(
        request("early", {
          ...scored,
          validation: { patches: 4, earlyStop: 2 },
          recipe: { ...RECIPES.nnunet.compact, learningRate: 1e-12 },
          progress: { ...SILENT, note: (text) => notes.push(text) },
        }),
      );
      expect(stopped.curve).toHaveLength(3);
      expect(stopped.model.description.training.steps).toBe(3);
      expect(notes.join()).toMatch(/stopped early after step 3: no better than step 1/);
    });
  });

  it("tells of a divergence that it recovered from, and refuses a second", async () => {
    const notes: string[] = [];
    const engine = createEngine({ name: "onnx" });
    const spoiled = (bad: (run: number) => boolean): typeof engine => ({
      ...engine,
      async compile(graph, options) {
        const executable = await engine.compile(graph, options);
        let runs = 0;
        return {
          graph: executable.graph,
          setState: (values) => executable.setState(values),
          getState: () => executable.getState(),
          dispose: () => executable.dispose(),
          async run(inputs) {
            const outputs = await executable.run(inputs);
            runs += 1;
            return bad(runs) ? { ...outputs, loss: Float32Array.of(Number.NaN) } : outputs;
          },
        };
      },
    });
    const progress = { ...SILENT, note: (text: string) => notes.push(text) };
    const recovered = await trainModel(
      request("recovered", { engine: spoiled((run) => run === 4), progress }),
    );
    expect(recovered.curve).toHaveLength(STEPS);
    expect(recovered.issues.map(({ code }) => code)).toEqual(["training-recovered"]);
    expect(notes.join()).toMatch(/diverged .*after step 3.*back to step 2.*0\.5 of the learning rate/);
    const diverging = trainModel(request("diverged", { engine: spoiled((run) => run >= 4) }));
    await expect(diverging).rejects.toMatchObject({ name: "WorkError", code: "training-diverged" });
    expect(await readdir(at("diverged"))).toContain("checkpoint.safetensors");
  });

  it.each(engines)("gives the same bits after an interruption with the %s engine", async (name, make) => {
    const own = { engine: make(), steps: 4 };
    const straight = await trainModel(request(`${name}-whole`, own));
    const controller = new AbortController();
    const stop = watching((done) => {
      if (done === 3) controller.abort(new Error("interrupted"));
    });
    const interrupted = request(`${name}-stopped`, { ...own, signal: controller.signal, progress: stop });
    await expect(trainModel(interrupted)).rejects.toThrow("interrupted");
    const resumed = await trainModel(request(`${name}-stopped`, own));
    expect(resumed.curve).toEqual(straight.curve);
    expect((await weights(`${name}-stopped`)).equals(await weights(`${name}-whole`))).toBe(true);
  });

  it.each<[string, readonly SegmentationCase[], Partial<Plan>]>([
    ["a single case", [madeCase(1)], {}],
    ["a patch larger than the image", cases, { patchSize: [20, 24, 20] }],
    ["a tumour of one voxel", [withLabels(1, (i) => (i === 2000 ? 1 : 0))], {}],
    ["a case without foreground beside others", [withLabels(1, () => 0), madeCase(2)], {}],
    ["no foreground at all", [withLabels(1, () => 0)], {}],
  ])("does its steps on %s", async (what, members, change) => {
    const plan = { ...PLAN, ...change };
    const name = what.replaceAll(" ", "-");
    const store = new PreparedStore(plan);
    const trained = await trainModel(request(name, { cases: members, plan, store, steps: 2 }));
    expect(trained.curve).toHaveLength(2);
    expect(trained.curve.every(({ loss, dice }) => Number.isFinite(loss) && dice >= 0 && dice <= 1)).toBe(
      true,
    );
  });

  it("gives other weights for another seed, and none without a case that has a reference", async () => {
    await trainModel(request("reseeded", { initialKey: randomKey(8) }));
    expect((await weights("reseeded")).equals(await weights("whole"))).toBe(false);
    const blind = trainModel(request("blind", { cases: [madeCase(1, false)] }));
    await expect(blind).rejects.toMatchObject({ name: "DataError", code: "training-empty" });
  });

  describe("leaves a folder that", () => {
    it("reads back as it was, with what the network needs", () => {
      const { state, description } = whole.model;
      expect(description.plan).toEqual(PLAN);
      expect(description.channels).toEqual({ source: "files", names: ["t1"] });
      const inputs = createUNet(PLAN)
        .inference({ batchSize: 1 })
        .nodes.flatMap((node) => (node.kind === "input" && node.initial !== undefined ? [node.name] : []));
      expect([...state.keys()].sort()).toEqual([...inputs].sort());
    });

    it.each<[string, string, (folder: string) => Promise<unknown>, RegExp]>([
      [
        "model-missing",
        "has no model.json",
        (folder) => rm(path.join(folder, "model.json")),
        /residua train/,
      ],
      [
        "model-invalid",
        "has half of it",
        (folder) => cut(path.join(folder, "model.json"), 200),
        /valid JSON/,
      ],
      [
        "model-invalid",
        "is of another format version",
        (folder) => reversion(folder),
        /formatVersion.*version 1/,
      ],
      ["file-missing", "has no weights", (folder) => rm(path.join(folder, "weights.safetensors")), /weights/],
      [
        "checkpoint-truncated",
        "has half of the weights",
        (folder) => cut(path.join(folder, "weights.safetensors"), 900),
        /weights/,
      ],
    ])("is refused with %s where it %s", async (code, _, damage, words) => {
      const folder = await mkdtemp(at("damaged-"));
      await cp(at("whole"), folder, { recursive: true });
      await damage(folder);
      await expect(readModel(folder)).rejects.toMatchObject({ name: "DataError", code });
      await expect(readModel(folder)).rejects.toThrow(words);
    });

    const cut = async (file: string, bytes: number) =>
      writeFile(file, (await readFile(file)).subarray(0, bytes));
    const reversion = async (folder: string) => {
      const file = path.join(folder, "model.json");
      await writeFile(
        file,
        (await readFile(file, "utf8")).replace('"formatVersion": 1', '"formatVersion": 2'),
      );
    };
  });

  describe.each<[NetworkKind, Partial<TrainModelRequest>, string]>([
    ["attention-unet", { options: { attention: { gatedLevels: [1] } } }, "gate.0.psi.weight"],
    [
      "vq",
      { options: { vq: { ...VQ_DEFAULTS, codes: 8, dimensions: 4, codebook: "gradient" } } },
      "quantiser.shift",
    ],
  ])("of kind %s", (kind, { options = {} }, state) => {
    it("goes on to the same weights, and leaves a model that knows its options and predicts", async () => {
      const own = { kind, options: { vq: VQ_DEFAULTS, attention: { gatedLevels: [1] }, ...options } };
      const trained = await trainModel(request(`${kind}-whole`, own));
      const controller = new AbortController();
      const progress = watching((done) => {
        if (done === 5) controller.abort(new Error("interrupted"));
      });
      const stopped = trainModel(request(`${kind}-stopped`, { ...own, signal: controller.signal, progress }));
      await expect(stopped).rejects.toThrow("interrupted");
      const resumed = await trainModel(request(`${kind}-stopped`, own));
      expect((await weights(`${kind}-stopped`)).equals(await weights(`${kind}-whole`))).toBe(true);
      expect(resumed.curve).toEqual(trained.curve);
      expect(resumed.curve.every(({ perplexity }) => (kind === "vq") === (perplexity !== undefined))).toBe(
        true,
      );

      const model = await readModel(at(`${kind}-whole`));
      expect([...model.state.keys()]).toContain(state);
      const { attention, vq } = model.description;
      expect({ attention, vq }).toEqual({ attention: undefined, vq: undefined, ...options });
      const predictor = await createPredictor([model], createEngine());
      const { value } = await madeCase(4).load();
      const prepared = prepareCase(cropCase(value, "case-4"), PLAN);
      const windows: number[] = [];
      await predictor.predict(prepared, {
        step: 1,
        mirror: false,
        onWindow: ({ bottleneck }) => windows.push(bottleneck.length / (4 * 4 * 4)),
      });
      await predictor.dispose();
      expect(new Set(windows)).toEqual(new Set([predictor.network.bottleneck.channels]));
    });
  });

  describe("in folds gives a predictor that", () => {
    let predictor: Predictor;
    const prepared = madeCase(4)
      .load()
      .then(({ value }) => prepareCase(cropCase(value, "case-4"), PLAN));
    const OPTIONS = { step: 0.5, mirror: false };
    beforeAll(async () => {
      await cp(at("whole"), at("folds/fold-0"), { recursive: true });
      await cp(at("reseeded"), at("folds/fold-1"), { recursive: true });
      predictor = await createPredictor(await readModels(at("folds")), createEngine());
    });
    afterAll(() => predictor.dispose());

    it("averages the logits of the folds that are asked for", async () => {
      const run = async (folds: readonly number[]) =>
        (await predictor.predict(await prepared, { ...OPTIONS, folds })).prediction.probabilities;
      const [a, b, both] = [await run([0]), await run([1]), await run([0, 1])];
      const count = both.length / 2;
      const logit = (p: Float32Array, i: number) => Math.log(p[count + i] / p[i]);
      expect(a).not.toEqual(b);
      for (let i = 0; i < count; i += 97)
        expect(logit(both, i)).toBeCloseTo((logit(a, i) + logit(b, i)) / 2, 3);
      expect((await predictor.predict(await prepared, OPTIONS)).prediction.probabilities).toEqual(both);
    });

    it("refuses models of different plans", async () => {
      const models = await readModels(at("folds"));
      const other = {
        ...models[1],
        description: { ...models[1].description, plan: { ...PLAN, features: [8, 8] } },
      };
      await expect(createPredictor([models[0], other], createEngine())).rejects.toMatchObject({
        code: "models-differ",
      });
    });
  });
});

describe("batches", () => {
  const network = createUNet(PLAN);
  const make = (members: readonly SegmentationCase[], key = randomKey(1)) =>
    batchSource({
      cases: members,
      store: new PreparedStore(PLAN),
      network,
      plan: PLAN,
      recipe: RECIPES.nnunet.compact,
      key,
    });

  it("are the same bits for the same key and step, in whatever order they are asked for", async () => {
    const [one, other] = [make(cases), make(cases)];
    const forward = [await one(0), await one(1), await one(2)];
    const backward = [await other(2), await other(1), await other(0)].reverse();
    expect(backward).toEqual(forward);
  });

  it("differ between steps and keys", async () => {
    const batches = [await make(cases)(0), await make(cases)(1), await make(cases, randomKey(2))(0)];
    expect(new Set(batches.map(({ image }) => image.join())).size).toBe(3);
  });

  it("hold tumour in the forced sample of every step, which few patches hold by chance", async () => {
    const source = make(cases);
    let byChance = 0;
    for (let step = 0; step < 12; step++) {
      const { labels0 } = await source(step);
      const half = labels0.length / 2;
      expect(labels0.slice(half).includes(1)).toBe(true);
      if (labels0.slice(0, half).includes(1)) byChance++;
    }
    expect(byChance).toBeLessThan(12);
  });

  it("draw from the given cases alone", async () => {
    const asked: string[] = [];
    const spied = cases.map((entry) => ({
      ...entry,
      load() {
        asked.push(entry.id);
        return entry.load();
      },
    }));
    const source = make(spied.slice(0, 2));
    for (let step = 0; step < 6; step++) await source(step);
    expect(asked.sort()).toEqual(["case-1", "case-2"]);
  });

  it("are blank outside the voxels that the image is normalised in, whatever augmentation did there", async () => {
    const plan: Plan = { ...PLAN, normalisation: ["z-score-nonzero"] };
    const half = madeCase(5);
    const blank = (voxel: number) => voxel % EDGE < 6 && voxel > EDGE;
    const halved: SegmentationCase = {
      ...half,
      async load() {
        const { value, issues } = await half.load();
        const channels = value.channels.map((data) => data.map((x, i) => (blank(i) ? 0 : x)));
        return { value: { ...value, channels }, issues };
      },
    };
    const store = new PreparedStore(plan);
    const recipe = RECIPES.nnunet.compact;
    const unmasked = {
      async get(member: SegmentationCase) {
        const stored = await store.get(member);
        const { outside: _, ...prepared } = stored.prepared;
        return { ...stored, prepared, trainingLabels: prepared.labels };
      },
    } as PreparedStore;
    const zerosIn = async (from: PreparedStore) => {
      const source = batchSource({ cases: [halved], store: from, network, plan, recipe, key: randomKey(1) });
      let zeros = 0;
      for (let step = 0; step < 20; step++) {
        const { image, labels0 } = await source(step);
        expect(labels0.every((label) => label === 0 || label === 1)).toBe(true);
        zeros += image.filter((value) => value === 0).length;
      }
      return zeros;
    };
    // Noise, gamma and contrast leave something else than 0 there.
    expect(await zerosIn(store)).toBeGreaterThan(1.1 * (await zerosIn(unmasked)));
    const { prepared } = await store.get(halved);
    expect(prepared.outside?.reduce((sum, value) => sum + value, 0)).toBe(
      Array.from({ length: EDGE ** 3 }, (_, i) => i).filter(blank).length,
    );
  });
});
