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
import type { StudyConfig } from "./schema.ts";

export interface PhantomRequest {
  readonly folder: string;
  readonly train: number;
  readonly test: number;
  readonly size: PhantomSize;
  readonly seed: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** Study file to write beside the cohort. */
  readonly study: string;
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
  await writeAtomically(path.join(folder, "study.yaml"), request.study);
  task.done(`${train} to train, ${test} to test`);
  return rows;
}

/** The study file of a simulated cohort. */
export function phantomStudy(name: string, training: Partial<StudyConfig["training"]>): string {
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
networks: [nnunet]
training: ${JSON.stringify(training)}
models:
  - volume
  - name: volume after chemotherapy
    columns: [post.volume_ml]
  - volume+subtype
  - deep: nnunet
  - name: clinical-radiological
    columns: [grade, nodal_status, subtype, radiological_response]
  - name: combined
    of: [clinical-radiological, deep(nnunet)]
comparison: { reference: volume, primary: rcb-auc, margin: 0.05 }
`;
}
