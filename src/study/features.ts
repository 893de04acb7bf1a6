/** `residua features`: bottleneck features of images by a trained network. */
import path from "node:path";
import type { ClinicalValue } from "../domain/cohort.ts";
import { DataError, UsageError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import { volumeMl } from "../imaging/shape.ts";
import { writeNifti } from "../io/nifti/write.ts";
import { writeCsv } from "../io/tables/write.ts";
import { createEngine, type EngineRequest } from "./engines.ts";
import { onAcquiredGrid } from "./preparation/series-preparer.ts";
import type { Progress } from "./progress.ts";
import { type Applied, applyNetworks } from "./segmentation/apply.ts";
import type { DeepFeatures, FeatureOptions } from "./segmentation/deep-features.ts";
import { eachCase } from "./segmentation/each-case.ts";
import { inputCases } from "./segmentation/input-cases.ts";
import { readModels } from "./segmentation/model-folder.ts";
import { mapOnImage, mapOutputs } from "./segmentation/network-maps.ts";
import { createPredictor, type InferenceOptions, type Predictor } from "./segmentation/predict-case.ts";
import type { LoadedCase } from "./segmentation/prepare.ts";
import { changeOf } from "./stages/features.ts";

export interface FeaturesRequest extends InferenceOptions {
  readonly model: string;
  readonly inputs: readonly string[];
  readonly file: string;
  readonly features: FeatureOptions;
  /** Folder for attention and code maps on the images' own grids; by default none are written. */
  readonly mapsFolder?: string;
  /** Whether series are prepared as those that trained the model; by default they are. */
  readonly prepare?: boolean;
  readonly engine?: EngineRequest;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface FeaturesOutcome {
  readonly rows: number;
  /** Features, without the columns that name them. */
  readonly columns: number;
  readonly maps: readonly string[];
  readonly issues: readonly Issue[];
}

interface Examined {
  readonly id: string;
  readonly patientId: string;
  /** Empty for an image by itself. */
  readonly visit: string;
  readonly volumeMl: number;
  readonly features: DeepFeatures;
}

/**
 * Writes one row per image and network: case, patient_id, visit, fold, volume_ml and the pooled activations; for patients with visits `pre`
 * and `post` also rows of visit `change`. An image that cannot be used becomes an issue; the others go on.
 *
 * @throws {DataError} `features-none` where no image can be used, and where the model cannot be read.
 * @throws {UsageError} `maps-none` where maps are asked for that the network has not.
 */
export async function writeFeatureTable(request: FeaturesRequest): Promise<FeaturesOutcome> {
  const { progress, signal, step, mirror, mapsFolder } = request;
  const models = await readModels(request.model);
  const { description } = models[0];
  const { value: cases, issues: found } = await inputCases(request.inputs, description, {
    prepare: request.prepare ?? true,
    ...(signal === undefined ? {} : { signal }),
  });
  const predictor = await createPredictor(models, createEngine(request.engine));
  if (mapsFolder !== undefined) requireMaps(predictor);
  const noticed: Issue[] = [...found];
  const examined: Examined[] = [];
  const maps: string[] = [];
  const each = { name: "features", progress, ...(signal === undefined ? {} : { signal }) };
  const { issues } = await eachCase(cases, each, async ({ id, patientId, visit = "", load }) => {
    const { value: loaded, issues: imperfect } = await load();
    const applied = await applyNetworks(predictor, loaded, id, {
      step,
      mirror,
      folds: [...models.keys()],
      features: request.features,
      maps: mapsFolder !== undefined,
      ...(signal === undefined ? {} : { signal }),
    });
    if (mapsFolder !== undefined) maps.push(...(await writeMaps(mapsFolder, id, applied, loaded)));
    noticed.push(...imperfect, ...applied.issues);
    examined.push({ id, patientId, visit, volumeMl: volumeMl(applied.labels), features: applied.features });
  }).finally(() => predictor.dispose());
  if (examined.length === 0) {
    throw new DataError("features-none", {
      found: `none of ${cases.length} images could be used: ${issues[0]?.message ?? ""}`,
    });
  }
  const { columns } = examined[0].features;
  const rows = [...examined, ...changes(examined)].flatMap(rowsOf);
  await writeCsv(request.file, ["case", "patient_id", "visit", "fold", "volume_ml", ...columns], rows);
  return { rows: rows.length, columns: columns.length, maps, issues: [...noticed, ...issues] };
}

function requireMaps({ network, description }: Predictor): void {
  if (mapOutputs(network).length > 0) return;
  throw new UsageError("maps-none", {
    found: `a network of kind ${description.network}`,
    expected: "attention-unet, which has attention maps, or vq, which has code maps",
    remedy: "Leave out --maps.",
  });
}

async function writeMaps(
  folder: string,
  id: string,
  { prepared, maps }: Applied,
  { prepared: series }: LoadedCase,
): Promise<string[]> {
  const files: string[] = [];
  for (const map of maps) {
    const file = path.join(folder, `${id}.${map.name}.nii.gz`);
    const whole = mapOnImage(prepared, map);
    await writeNifti(file, series === undefined ? whole : onAcquiredGrid(whole, series));
    files.push(file);
  }
  return files;
}

function changes(examined: readonly Examined[]): Examined[] {
  const patients = [...new Set(examined.map(({ patientId }) => patientId))];
  return patients.flatMap((patientId) =>
    changeOf(examined.filter((entry) => entry.patientId === patientId)).map((change) => ({
      ...change,
      id: `${patientId}/change`,
      patientId,
    })),
  );
}

function rowsOf({ id, patientId, visit, volumeMl: ml, features }: Examined): Record<string, ClinicalValue>[] {
  return features.rows.map((values, fold) => ({
    case: id,
    patient_id: patientId,
    visit: visit === "" ? null : visit,
    fold,
    volume_ml: ml,
    ...Object.fromEntries(features.columns.map((column, i): [string, ClinicalValue] => [column, values[i]])),
  }));
}
