/** Training, the model folder and predictors, on a network of two stages and made images. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomKey } from "../../src/domain/random.ts";
import { createUNet } from "../../src/networks/unet.ts";
import { VQ_DEFAULTS } from "../../src/networks/vq.ts";
import { createEngine } from "../../src/study/engines.ts";
import { SILENT } from "../../src/study/progress.ts";
import type { NetworkKind } from "../../src/study/schema.ts";
import { readModel, readModels } from "../../src/study/segmentation/model-folder.ts";
import { createPredictor, type Predictor } from "../../src/study/segmentation/predict-case.ts";
import { cropCase, prepareCase } from "../../src/study/segmentation/prepare.ts";
import { type TrainModelRequest, trainModel } from "../../src/study/segmentation/train-model.ts";
import { cases, madeCase, PLAN, STEPS, trainingOn, watching } from "./made-training.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "residua-train-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const at = (...parts: string[]) => path.join(root, ...parts);
const weights = (name: string) => readFile(at(name, "weights.safetensors"));
const request = (name: string, change: Partial<TrainModelRequest> = {}) => trainingOn(at(name), change);

describe("training a model", () => {
  let whole: Awaited<ReturnType<typeof trainModel>>;
  beforeAll(async () => {
    whole = await trainModel(request("whole"));
  }, 60_000);

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
