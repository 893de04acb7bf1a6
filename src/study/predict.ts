/** `residua predict`: a trained study applied to a new patient. */
import path from "node:path";
import { z } from "zod";
import type { ClinicalValue } from "../domain/cohort.ts";
import { DataError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { UNKNOWN_OUTCOME } from "../domain/outcome.ts";
import { volumeMl } from "../imaging/shape.ts";
import { readText } from "../io/files.ts";
import { type FittedModel, meanPredictions, predictModel } from "../models/comparators.ts";
import { fromModelJson } from "../models/model-json.ts";
import type { TargetKind } from "../models/target.ts";
import { changeColumns } from "./change-columns.ts";
import { withSubtype } from "./cohort.ts";
import type { DicomOutput } from "./dicom-objects/dicom-result.ts";
import {
  type SegmentedVisit,
  type SegmentedVisits,
  writePredictedObjects,
} from "./dicom-objects/predicted-objects.ts";
import { createEngine, type EngineRequest } from "./engines.ts";
import { openExamination } from "./examination-input.ts";
import { sideOfTable } from "./preparation/breast-choice.ts";
import type { PreparedSeries } from "./preparation/prepare-series.ts";
import { type CarriedVisit, registerVisit } from "./preparation/registration/visits.ts";
import { onAcquiredGrid, seriesPreparer } from "./preparation/series-preparer.ts";
import { type NetworkKind, needsImages, type StudyConfig, studySchema } from "./schema.ts";
import { applyNetworks } from "./segmentation/apply.ts";
import { networkInput } from "./segmentation/cases.ts";
import { readModels } from "./segmentation/model-folder.ts";
import { createPredictor } from "./segmentation/predict-case.ts";
import type { AppliedExamination, AppliedPatient } from "./stages/examinations.ts";
import { imageColumns } from "./stages/image-figures.ts";
import { modelTable } from "./stages/model-table.ts";
import { OUTCOME_MODELS_FILE } from "./stages/outcome.ts";

export interface PredictRequest {
  /** Results folder of a run. */
  readonly results: string;
  /** Examinations: folders, native or DICOM, or a DICOMDIR. */
  readonly pre: string;
  readonly post: string;
  /** Values of clinical columns that the models name. */
  readonly clinical: Readonly<Record<string, ClinicalValue>>;
  /** DICOM objects to write, `pre.seg.dcm`, `post.seg.dcm` and so on; both examinations must then be DICOM. */
  readonly dicom?: { readonly output: DicomOutput; readonly folder: string };
  /** Replaces the study's. */
  readonly inference?: Partial<StudyConfig["inference"]>;
  readonly engine?: EngineRequest;
}

export interface PatientPrediction {
  /** What the numbers are: an RCB score, an RCB class (0 to 3) or the probability of residual disease. */
  readonly target: TargetKind;
  /** Null where the model lacks what it looks at. */
  readonly models: Readonly<Record<string, number | null>>;
  readonly volumesMl: { readonly pre: number | null; readonly post: number | null };
  /** DICOM objects that were written. */
  readonly dicomFiles?: readonly string[];
  readonly issues: readonly Issue[];
}

/**
 * Applies the run's networks, all folds, to both examinations and its fixed outcome models to what they find.
 *
 * @throws {DataError} `results-incomplete` where the run is not finished, and as the readers of examinations.
 */
export async function predictPatient(request: PredictRequest): Promise<PatientPrediction> {
  const { results } = request;
  const config = await readConfiguration(results);
  const { target, fitted } = await readOutcomeModels(results);
  const issues: Issue[] = [];
  const visits = needsImages(config) ? await readVisits(request, config, issues) : [];
  const measured =
    visits.length === 0 ? {} : imageColumns(visits.map(({ visit, own }) => ({ visit, ...own })));
  const clinical = { ...withSubtype(request.clinical, config), ...measured };
  const applied = new Map<NetworkKind, ReadonlyMap<string, AppliedPatient>>();
  const masks = new Map<NetworkKind, SegmentedVisits>();
  for (const kind of config.networks) {
    const { examinations, segmented } = await applyKind(kind, request, visits, config, issues);
    masks.set(kind, segmented);
    applied.set(kind, new Map([["patient", { examinations }]]));
  }
  const patient = {
    id: "patient",
    set: "test",
    clinical,
    outcome: UNKNOWN_OUTCOME,
    examinations: [],
  } as const;
  const { patients } = modelTable({
    cohort: { name: config.name, patients: [patient] },
    folds: new Map(),
    applied,
    seen: new Map(),
    changes: changeColumns(config.models),
  });
  const { versions } = patients[0];
  const models = Object.entries(fitted).map(([name, model]): [string, number | null] => {
    const missing = missingColumns(model, versions[0]);
    if (missing.length > 0) {
      issues.push({
        code: "prediction-missing",
        severity: "warning",
        subject: name,
        message: `No value of ${missing.join(", ")}, which the model looks at. Give it with --value.`,
      });
      return [name, null];
    }
    const parts = versions.map((row) => predictModel(model, [row]));
    issues.push(...parts[0].issues.map((issue) => ({ ...issue, subject: name })));
    return [name, Number(meanPredictions(parts.map(({ predictions }) => predictions))[0].toFixed(6))];
  });
  const predicted = Object.fromEntries(models);
  const objects =
    request.dicom === undefined
      ? {}
      : {
          dicomFiles: await writePredictedObjects({
            ...request.dicom,
            visits: { pre: request.pre, post: request.post },
            segmented: masks,
            target,
            thresholds: config.images.ftv,
            predicted,
          }),
        };
  const [first] = applied.values();
  const volumeOf = (visit: string) =>
    first?.get("patient")?.examinations.find((entry) => entry.visit === visit)?.volumeMl ?? null;
  return {
    target,
    models: predicted,
    volumesMl: { pre: volumeOf("pre"), post: volumeOf("post") },
    ...objects,
    issues,
  };
}

interface Visit {
  readonly visit: string;
  /** On its own grid, where enhancement is measured. */
  readonly own: PreparedSeries;
  /** What networks see: carried onto the grid of the first visit, where the study does that. */
  readonly seen: PreparedSeries;
  /** Carries a mask back to its own grid. */
  readonly back: CarriedVisit["back"];
}

const unmoved: CarriedVisit["back"] = (mask) => mask;

/** Both examinations, prepared as those of the study were. */
async function readVisits(
  { pre, post, clinical }: PredictRequest,
  config: StudyConfig,
  issues: Issue[],
): Promise<readonly Visit[]> {
  const visits: Visit[] = [];
  const { laterality } = config.images;
  const { value: side, issues: unread } = sideOfTable(
    laterality === undefined ? undefined : clinical[laterality],
    "patient",
  );
  issues.push(...unread);
  const prepare = seriesPreparer(config.images, side);
  const kind = config.images.visits;
  for (const [visit, folder] of Object.entries({ pre, post })) {
    const { value: acquired, issues: found } = await openExamination(folder);
    const { value: prepared, issues: noticed } = await prepare(acquired, visit);
    issues.push(...found.map((issue) => ({ ...issue, subject: visit })), ...noticed);
    const [first] = visits;
    if (first === undefined || kind === "none") {
      visits.push({ visit, own: prepared, seen: prepared, back: unmoved });
      continue;
    }
    const { value: placed, issues: told } = await registerVisit(first.own, prepared, kind, visit);
    issues.push(...told);
    const back = "back" in placed ? placed.back : unmoved;
    visits.push({ visit, own: prepared, seen: placed.prepared, back });
  }
  return visits;
}

async function applyKind(
  kind: NetworkKind,
  request: PredictRequest,
  visits: readonly Visit[],
  config: StudyConfig,
  issues: Issue[],
): Promise<{ examinations: AppliedExamination[]; segmented: SegmentedVisits }> {
  const models = await readModels(path.join(request.results, "models", kind));
  const predictor = await createPredictor(models, createEngine(request.engine));
  try {
    const examinations: AppliedExamination[] = [];
    const masks: [string, SegmentedVisit][] = [];
    for (const { visit, own, seen, back } of visits) {
      const input = networkInput(seen.series, config.training.channels);
      const applied = await applyNetworks(predictor, input, visit, {
        ...config.inference,
        ...request.inference,
        folds: [...models.keys()],
        features: config.features,
      });
      const { labels, features } = applied;
      issues.push(...applied.issues);
      examinations.push({
        visit,
        segmentation: "",
        volumeMl: volumeMl(labels),
        agreement: null,
        features,
        maps: {},
      });
      const mask = back(labels);
      masks.push([visit, { mask: onAcquiredGrid(mask, own), measured: { series: own.series, mask } }]);
    }
    const segmented = {
      networks: models.length,
      // Masks hold classes, not the values of the training masks.
      labels: models[0].description.labels.map(({ name }, value) => ({ name, value })),
      masks: Object.fromEntries(masks) as SegmentedVisits["masks"],
    };
    return { examinations, segmented };
  } finally {
    await predictor.dispose();
  }
}

/** Columns that the model needs and the row lacks; missing ones are not imputed for a single patient without saying so. */
function missingColumns(
  model: FittedModel,
  row: Readonly<Record<string, ClinicalValue | undefined>>,
): string[] {
  if (model.kind === "combined") return model.members.flatMap((member) => missingColumns(member, row));
  if (model.kind === "two-part") return missingColumns(model.disease, row);
  const columns =
    model.kind === "column" ? [model.column] : model.encoding.columns.map(({ column }) => column);
  return columns.filter((column) => (row[column] ?? null) === null);
}

async function readConfiguration(results: string): Promise<StudyConfig> {
  const file = path.join(results, "manifest.json");
  const manifest = z.object({ configuration: studySchema }).safeParse(parse(await readText(file), file));
  if (manifest.success) return manifest.data.configuration;
  throw incomplete(file, "no study configuration");
}

async function readOutcomeModels(
  results: string,
): Promise<{ target: TargetKind; fitted: Readonly<Record<string, FittedModel>> }> {
  const file = path.join(results, OUTCOME_MODELS_FILE);
  const read = parse(await readText(file), file, fromModelJson) as {
    target?: TargetKind;
    fitted?: Record<string, FittedModel>;
  };
  if (read.target === undefined || read.fitted === undefined) throw incomplete(file, "no fitted models");
  return { target: read.target, fitted: read.fitted };
}

function parse(text: string, file: string, read: (text: string) => unknown = JSON.parse): unknown {
  try {
    return read(text);
  } catch {
    throw incomplete(file, "no valid JSON");
  }
}

function incomplete(file: string, found: string): DataError {
  return new DataError("results-incomplete", {
    file,
    found,
    expected: "the results of a finished residua run",
    remedy: "Run the study again; it goes on where it stopped.",
  });
}
