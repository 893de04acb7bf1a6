/** Checkpoints of a training: scores, best and last, early stop, interruption, divergence, and odd training sets. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import type { Plan } from "../../src/networks/plan.ts";
import { createEngine, nativeProblem } from "../../src/study/engines.ts";
import { SILENT } from "../../src/study/progress.ts";
import type { SegmentationCase } from "../../src/study/segmentation/cases.ts";
import { PreparedStore } from "../../src/study/segmentation/prepared-store.ts";
import { RECIPES } from "../../src/study/segmentation/recipe.ts";
import { type TrainModelRequest, trainModel } from "../../src/study/segmentation/train-model.ts";
import { cases, EDGE, madeCase, PLAN, STEPS, trainingOn, watching } from "./made-training.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "residua-train-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const at = (...parts: string[]) => path.join(root, ...parts);
const weights = (name: string) => readFile(at(name, "weights.safetensors"));
const request = (name: string, change: Partial<TrainModelRequest> = {}) => trainingOn(at(name), change);

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

describe("a training", () => {
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
});
