/** The stage that applies the networks: segmentation, its agreement with the reference, volume and deep features per visit. */
import path from "node:path";
import type { ExaminationRecord, Patient } from "../../domain/cohort.ts";
import { ResiduaError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { requireSameGrid } from "../../domain/volume.ts";
import { volumeMl } from "../../imaging/shape.ts";
import { readSegmentationOf } from "../../io/layouts/native.ts";
import { writeNifti } from "../../io/nifti/write.ts";
import { compareLabels, DEFAULT_TOLERANCE_MM, type LabelAgreement } from "../evaluate.ts";
import type { FileHashes } from "../file-hashes.ts";
import type { NetworkKind, StudyConfig } from "../schema.ts";
import { applyNetworks } from "../segmentation/apply.ts";
import { examinationCase } from "../segmentation/cases.ts";
import type { DeepFeatures } from "../segmentation/deep-features.ts";
import { coarseMap } from "../segmentation/network-maps.ts";
import { type Perturbation, perturbationsOf } from "../segmentation/perturbation.ts";
import type { Predictor } from "../segmentation/predict-case.ts";
import { type FinishedStage, type RunContext, runStage } from "../stage.ts";

export interface AppliedExamination {
  readonly visit: string;
  /** Relative to the run folder. */
  readonly segmentation: string;
  readonly volumeMl: number;
  /** Against the reference mask; null where there is none. */
  readonly agreement: (LabelAgreement & { readonly referenceMl: number }) | null;
  /** One row per network applied, all of the same columns. */
  readonly features: DeepFeatures;
  /** Attention and code maps, by name; files relative to the run folder. */
  readonly maps: Readonly<Record<string, string>>;
}

export interface AppliedPatient {
  readonly examinations: readonly AppliedExamination[];
}

export interface ApplyRequest {
  readonly run: RunContext;
  readonly config: StudyConfig;
  readonly hashes: FileHashes;
  readonly kind: NetworkKind;
  readonly predictor: Predictor;
  /** Identifies the networks. */
  readonly modelHashes: readonly string[];
  readonly patient: Patient;
  /** The networks that have not seen the patient. */
  readonly folds: readonly number[];
}

/** An examination that cannot be read becomes an issue; the patient's others and all other patients go on. */
export async function applyStage(request: ApplyRequest): Promise<FinishedStage<AppliedPatient>> {
  const { run, config, hashes, kind, patient, folds, modelHashes } = request;
  const postprocessing = config.inference.postprocess === "off" ? [] : request.predictor.postprocessing.steps;
  const { stability: _, ...features } = config.features;
  const files = patient.examinations.flatMap(({ phaseFiles, segmentationFile }) => [
    ...phaseFiles,
    ...(segmentationFile === undefined ? [] : [segmentationFile]),
  ]);
  return runStage(run, {
    name: `apply/${kind}/${patient.id}`,
    inputs: {
      folds,
      models: folds.map((fold) => modelHashes[fold]),
      // Codes have the numbers of the first network.
      codebook: kind === "vq" ? modelHashes[0] : null,
      inference: { step: config.inference.step, mirror: config.inference.mirror },
      ...(postprocessing.length > 0 ? { postprocessing } : {}),
      features,
      perturbations: perturbationsFor(request),
      images: await hashes.ofAll(files),
      times: patient.examinations.map(({ timesSeconds }) => timesSeconds),
    },
    async make() {
      const issues: Issue[] = [];
      const examinations: AppliedExamination[] = [];
      for (const record of patient.examinations) {
        try {
          examinations.push(await applyToExamination(request, record, issues));
        } catch (error) {
          // An interruption says nothing about the examination.
          run.signal?.throwIfAborted();
          if (!(error instanceof ResiduaError)) throw error;
          issues.push(issueOf(error, record, "The examination was left out."));
        }
      }
      return {
        value: { examinations },
        outputs: examinations.flatMap(({ segmentation, maps }) => [segmentation, ...Object.values(maps)]),
        issues,
      };
    },
  });
}

/** Only training patients are perturbed: nothing is chosen on others. */
function perturbationsFor({ config, patient }: ApplyRequest): Perturbation[] {
  const { stability } = config.features;
  return stability === undefined || patient.set !== "train" ? [] : perturbationsOf(stability);
}

async function applyToExamination(
  request: ApplyRequest,
  record: ExaminationRecord,
  issues: Issue[],
): Promise<AppliedExamination> {
  const { run, config, kind, predictor, folds } = request;
  const { patientId, visit } = record;
  const { segmentationFile, ...images } = record;
  const input = examinationCase(images, config.training.channels);
  const { value: loaded, issues: found } = await input.load();
  issues.push(...found);
  const applied = await applyNetworks(predictor, loaded, input.id, {
    ...config.inference,
    folds,
    features: config.features,
    perturbations: perturbationsFor(request),
    maps: config.features.maps,
    ...(run.signal === undefined ? {} : { signal: run.signal }),
  });
  const { labels, features } = applied;
  issues.push(...applied.issues);
  const segmentation = path.join("segmentations", kind, patientId, `${visit}.nii.gz`);
  await writeNifti(path.join(run.folder, segmentation), labels);
  const maps: Record<string, string> = {};
  for (const map of applied.maps) {
    maps[map.name] = path.join("maps", kind, patientId, `${visit}.${map.name}.nii.gz`);
    await writeNifti(path.join(run.folder, maps[map.name]), coarseMap(map));
  }
  return {
    visit,
    segmentation,
    volumeMl: volumeMl(labels),
    agreement: await agreementWithReference(record, labels, issues),
    features,
    maps,
  };
}

async function agreementWithReference(
  record: ExaminationRecord,
  predicted: Parameters<typeof compareLabels>[0],
  issues: Issue[],
): Promise<AppliedExamination["agreement"]> {
  if (record.segmentationFile === undefined) return null;
  try {
    const mask = await readSegmentationOf(record, predicted.grid);
    requireSameGrid(predicted, mask, "the reference mask", record.segmentationFile);
    const tumour = { grid: mask.grid, data: mask.data.map((value) => (value > 0 ? 1 : 0)) };
    const [agreement] = Object.values(compareLabels(predicted, tumour, DEFAULT_TOLERANCE_MM));
    const referenceMl = volumeMl(tumour);
    return { ...(agreement ?? NOTHING_TO_COMPARE), referenceMl };
  } catch (error) {
    if (!(error instanceof ResiduaError)) throw error;
    issues.push(issueOf(error, record, "The segmentation was not compared with it."));
    return null;
  }
}

/** Both masks are empty: the volume agrees, overlap is undefined. */
const NOTHING_TO_COMPARE: LabelAgreement = { dice: null, hd95Mm: null, nsd: null, volumeErrorMl: 0 };

function issueOf(error: ResiduaError, { patientId, visit }: ExaminationRecord, consequence: string): Issue {
  return {
    code: error.code,
    severity: "error",
    subject: `${patientId}/${visit}`,
    message: `${error.message} ${consequence}`,
  };
}
