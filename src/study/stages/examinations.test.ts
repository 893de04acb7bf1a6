import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDceSeries } from "../../domain/dce.ts";
import { WorkError } from "../../domain/errors.ts";
import { createGrid } from "../../domain/grid.ts";
import { UNKNOWN_OUTCOME } from "../../domain/outcome.ts";
import { writeExamination } from "../../io/layouts/native.ts";
import { FileHashes } from "../file-hashes.ts";
import { SILENT } from "../progress.ts";
import { NO_POSTPROCESSING } from "../segmentation/postprocessing.ts";
import type { Predictor } from "../segmentation/predict-case.ts";
import { parseStudy } from "../study-file.ts";
import { type ApplyRequest, applyStage } from "./examinations.ts";

const grid = createGrid({
  shape: [4, 4, 4],
  spacingMm: [1, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});

describe("applying networks to a patient", () => {
  let folder: string;
  let request: Omit<ApplyRequest, "predictor">;
  const controller = new AbortController();
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "residua-apply-"));
    const phase = (value: number) => ({ grid, data: new Float32Array(64).fill(value) });
    const series = createDceSeries([phase(1), phase(2), phase(3)], [0, 90, 300]);
    const { config } = parseStudy("name: S\noutcome: { rcb: s }\nmodels: [volume]\n", "study.yaml");
    request = {
      run: { folder, seed: 1, progress: SILENT, signal: controller.signal },
      config,
      hashes: new FileHashes(),
      kind: "nnunet",
      modelHashes: ["a", "b"],
      patient: {
        id: "P1",
        set: "test",
        clinical: {},
        outcome: UNKNOWN_OUTCOME,
        examinations: [await writeExamination(folder, "P1", "pre", series)],
      },
      folds: [0, 1],
    };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const failing = (fail: () => never): Predictor =>
    ({
      description: { plan: { spacingMm: [1, 1, 1], normalisation: ["z-score", "z-score"] } },
      network: { extraOutputs: { training: [], inference: [] } },
      postprocessing: NO_POSTPROCESSING,
      infer: async () => fail(),
      dispose: async () => {},
    }) as unknown as Predictor;

  it("leaves out an examination on which a network fails, with an issue", async () => {
    const predictor = failing(() => {
      throw new WorkError("prediction-not-finite", { found: "a logit of NaN" });
    });
    const { value, issues } = await applyStage({ ...request, predictor });
    expect(value.examinations).toEqual([]);
    expect(issues).toMatchObject([{ code: "prediction-not-finite", severity: "error", subject: "P1/pre" }]);
  });

  it("is not finished where it is interrupted, so that the next run makes it", async () => {
    const predictor = failing(() => {
      controller.abort(new WorkError("interrupted", { found: "the work was interrupted" }));
      throw controller.signal.reason;
    });
    await expect(applyStage({ ...request, predictor })).rejects.toMatchObject({ code: "interrupted" });
    expect(existsSync(path.join(folder, "stages"))).toBe(false);
  });
});
