/** What the folds of one training say together: whether keeping the largest component helps. */
import type { Issue } from "../../domain/issues.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Progress } from "../progress.ts";
import type { SegmentationCase } from "./cases.ts";
import { eachCase } from "./each-case.ts";
import { type SegmentationModel, writePostprocessing } from "./model-folder.ts";
import { type CaseScores, decidePostprocessing, decisionIssues, scoreCase } from "./postprocessing.ts";
import { createPredictor } from "./predict-case.ts";
import { cropCase, prepareCase } from "./prepare.ts";

export interface CrossValidationRequest {
  /** Of the folds; `postprocessing.json` is written there. */
  readonly folder: string;
  /** One per fold. */
  readonly models: readonly SegmentationModel[];
  readonly cases: readonly SegmentationCase[];
  /** Per case. */
  readonly foldOf: ArrayLike<number>;
  readonly engine: Engine;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** Segments each case by the fold that has not seen it, decides, writes it down. @returns what was decided, as issues */
export async function crossValidate(request: CrossValidationRequest): Promise<Issue[]> {
  const { folder, models, cases, foldOf, engine, progress, signal } = request;
  const { description } = models[0];
  const classes = description.labels.length;
  const scores: CaseScores[] = [];
  const predictor = await createPredictor(models, engine);
  const foldById = new Map(cases.map(({ id }, i) => [id, foldOf[i]]));
  const each = { name: "cross-validate", progress, ...(signal === undefined ? {} : { signal }) };
  const { issues } = await eachCase(cases, each, async ({ id, load }) => {
    const { value: loaded } = await load();
    if (loaded.labels === undefined) return;
    const { labels } = await predictor.predict(prepareCase(cropCase(loaded, id), description.plan), {
      step: 0.5,
      mirror: false,
      postprocess: "off",
      folds: [foldById.get(id) ?? 0],
      ...(signal === undefined ? {} : { signal }),
    });
    scores.push(scoreCase(labels, loaded.labels, classes));
  }).finally(() => predictor.dispose());
  const decided = decidePostprocessing(scores);
  await writePostprocessing(folder, decided);
  const names = description.labels.map(({ name }) => name);
  return [...issues, ...decisionIssues(decided, names, description.network)];
}
