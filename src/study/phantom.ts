/** `residua phantom`: a simulated cohort on disk, in the native layout, with its study file. */
import { existsSync } from "node:fs";
import path from "node:path";
import { UsageError } from "../domain/errors.ts";
import { randomKey } from "../domain/random.ts";
import { type SimulatedPatient, simulateCohort } from "../imaging/phantom/cohort.ts";
import type { PhantomSize } from "../imaging/phantom/protocols.ts";
import { writeAtomically } from "../io/files.ts";
import { writeExamination } from "../io/layouts/native.ts";
import { writeCsv } from "../io/tables/write.ts";
import type { Progress } from "./progress.ts";
import { NETWORK_KINDS, type StudyConfig } from "./schema.ts";

export interface PhantomRequest {
  readonly folder: string;
  readonly train: number;
  readonly test: number;
  readonly size: PhantomSize;
  readonly seed: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** Name of the study that is written beside the cohort. */
  readonly name: string;
}

/**
 * Simulates patients one at a time and writes them; the table comes last, so that a cohort with a table is whole.
 *
 * @returns the clinical rows written.
 * @throws {UsageError} `phantom-empty` for no patient to train on; `phantom-exists` where a cohort is already there.
 */
export async function writePhantom(
  request: PhantomRequest,
): Promise<readonly SimulatedPatient["clinical"][]> {
  const { folder, train, test, size, seed, progress, signal } = request;
  if (train < 1) {
    throw new UsageError("phantom-empty", { found: `${train} training patients`, expected: "at least one" });
  }
  if (existsSync(path.join(folder, "study.yaml"))) {
    throw new UsageError("phantom-exists", {
      file: folder,
      found: "a cohort with a study file",
      expected: "a new folder",
      remedy: "Choose another folder, or remove this one.",
    });
  }
  const task = progress.begin("simulate patients", train + test);
  const rows: SimulatedPatient["clinical"][] = [];
  for (const patient of simulateCohort(randomKey(seed), { train, test, size })) {
    signal?.throwIfAborted();
    for (const { visit, dce, mask } of patient.visits) {
      await writeExamination(folder, patient.id, visit, dce, {
        segmentation: mask,
        source: { simulated: true, centre: patient.centre, vendor: patient.vendor },
      });
    }
    rows.push(patient.clinical);
    task.advance(1, patient.id);
  }
  await writeCsv(path.join(folder, "clinical.csv"), Object.keys(rows[0]), rows);
  await writeAtomically(path.join(folder, "study.yaml"), studyText(request.name, size));
  task.done(`${train} to train, ${test} to test`);
  return rows;
}

/**
 * Training that suits each size on 2 cores: at the coarser spacing of `small` one patch holds the whole breast, so that a study
 * takes minutes; `full` takes the study file's defaults.
 */
const TRAINING: Readonly<Record<PhantomSize, Partial<StudyConfig["training"]>>> = {
  small: { steps: 200, folds: 3, spacingMm: [2.4, 2.3, 2.3] },
  full: {},
};

/** Simulated patients of `small` move by less than a voxel, and registration takes longer than all else. */
const IMAGES: Readonly<Record<PhantomSize, Partial<StudyConfig["images"]>>> = {
  small: { registration: "none" },
  full: {},
};

/** The study file of a simulated cohort. */
function studyText(name: string, size: PhantomSize): string {
  return `# A study on a simulated cohort. docs/study-file.md explains every key.
name: ${name}
simulated: true
cohort:
  path: .
  table: clinical.csv
  id: patient_id
  split: { column: set, train: train, test: test }
outcome: { rcb: rcb_score }
subtype: { column: subtype }
networks: [${NETWORK_KINDS.join(", ")}]
images: ${JSON.stringify(IMAGES[size])}
training: ${JSON.stringify(TRAINING[size])}
models:
  - volume
  - name: volume after chemotherapy
    columns: [post.volume_ml]
  - volume+subtype
  - ftv
${NETWORK_KINDS.map((kind) => `  - deep: ${kind}`).join("\n")}
  - name: clinical-radiological
    columns: [grade, nodal_status, subtype, radiological_response]
  - name: combined
    of: [clinical-radiological, deep(nnunet)]
comparison: { reference: volume, primary: rcb-auc, margin: 0.05 }
`;
}
