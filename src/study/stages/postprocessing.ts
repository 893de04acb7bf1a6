/** The stage in which cross-validation decides whether only the largest component of a network's predictions is kept. */
import path from "node:path";
import { readLabelMap } from "../../io/images.ts";
import { readSegmentationOf } from "../../io/layouts/native.ts";
import type { NetworkKind } from "../schema.ts";
import { TUMOUR_LABELS } from "../segmentation/cases.ts";
import { writePostprocessing } from "../segmentation/model-folder.ts";
import {
  type CaseScores,
  decidePostprocessing,
  decisionIssues,
  NO_POSTPROCESSING,
  type Postprocessing,
  scoreCase,
} from "../segmentation/postprocessing.ts";
import type { Predictor } from "../segmentation/predict-case.ts";
import { type FinishedStage, runStage } from "../stage.ts";
import { applyStage } from "./examinations.ts";
import type { NetworkStages } from "./network.ts";

export interface PostprocessingRequest {
  readonly stages: NetworkStages;
  readonly kind: NetworkKind;
  readonly predictor: Predictor;
  readonly modelHashes: readonly string[];
  /** Of the training patients. */
  readonly foldOf: ReadonlyMap<string, number>;
}

/**
 * Segments the training patients as they are predicted, each by the network that has not seen it, compares, decides. Where nothing is to be
 * kept from the predictions, the segmentations stay as they are; else they are made again with what was decided.
 */
export async function postprocessingStage(
  request: PostprocessingRequest,
): Promise<FinishedStage<Postprocessing>> {
  const { stages, kind, predictor, modelHashes, foldOf } = request;
  const { run, config, cohort, hashes } = stages;
  const { step, mirror } = config.inference;
  const raw = predictor.withPostprocessing(NO_POSTPROCESSING);
  const patients = cohort.patients.filter(({ id, examinations }) => {
    return foldOf.has(id) && examinations.some(({ segmentationFile }) => segmentationFile !== undefined);
  });
  const files = patients.flatMap(({ examinations }) =>
    examinations.flatMap(({ phaseFiles, segmentationFile = [] }) => phaseFiles.concat(segmentationFile)),
  );
  return runStage(run, {
    name: `postprocessing/${kind}`,
    inputs: { models: modelHashes, folds: [...foldOf], step, mirror, images: await hashes.ofAll(files) },
    async make() {
      const scores: CaseScores[] = [];
      for (const patient of patients) {
        run.signal?.throwIfAborted();
        const folds = [foldOf.get(patient.id) ?? 0];
        const applied = await applyStage({
          run,
          config,
          hashes,
          kind,
          predictor: raw,
          modelHashes,
          patient,
          folds,
        });
        for (const { visit, segmentation, agreement } of applied.value.examinations) {
          const record = patient.examinations.find((examination) => examination.visit === visit);
          if (agreement === null || record === undefined) continue;
          const predicted = await readLabelMap(path.join(run.folder, segmentation));
          const reference = await readSegmentationOf(record, predicted.grid);
          const tumour = reference.data.map((value) => (value > 0 ? 1 : 0));
          scores.push(scoreCase(predicted, tumour, TUMOUR_LABELS.length));
        }
      }
      const decided = decidePostprocessing(scores);
      const folder = path.join("models", kind);
      await writePostprocessing(path.join(run.folder, folder), decided);
      const names = TUMOUR_LABELS.map(({ name }) => name);
      return {
        value: decided,
        outputs: [path.join(folder, "postprocessing.json")],
        issues: decisionIssues(decided, names, kind),
      };
    },
  });
}
