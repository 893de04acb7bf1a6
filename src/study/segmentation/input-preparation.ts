/** Preparing the images that a model is applied to as those that trained it were. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import type { SideEvidence } from "../../imaging/breast-side.ts";
import { readExaminationFile } from "../../io/layouts/examination-file.ts";
import { readTable } from "../../io/tables/read.ts";
import { sideOfTable } from "../preparation/breast-choice.ts";
import { describePreparation, type SeriesPreparer, seriesPreparer } from "../preparation/series-preparer.ts";
import type { ImagesConfig } from "../schema.ts";
import type { CasePreparer } from "./cases.ts";

export interface InputPreparation {
  /** Whether series are prepared at all. */
  readonly prepare: boolean;
  readonly signal?: AbortSignal;
}

export interface InputPreparer {
  readonly prepare: CasePreparer;
  /** Takes the tumours' sides from the clinical table of a cohort, where it has them. */
  readonly useTable: (cohort: string) => Promise<readonly Issue[]>;
}

/** The columns of a cohort's own table. */
const TABLE = { file: "clinical.csv", id: "patient_id" } as const;

const VISITS_NOT_CARRIED: Issue = {
  code: "images-visits-not-carried",
  severity: "info",
  message:
    "The model's study carried later visits onto the grid of the first one. Here each examination stays on its own grid, unless the study itself prepared it; residua predict, which sees both visits, carries them.",
};

/**
 * @param images what was done to the model's training images.
 * @returns undefined where nothing is to be done; an issue says so where that is not as the model was trained.
 */
export function inputPreparer(
  images: ImagesConfig | undefined,
  { prepare: wanted, signal }: InputPreparation,
): WithIssues<InputPreparer | undefined> {
  if (images === undefined) {
    return nothing(
      "The model does not record how its training images were prepared. The images are taken as they are; a study's own are prepared by residua predict.",
      "model-images-unknown",
    );
  }
  const carried = images.visits === "none" ? [] : [VISITS_NOT_CARRIED];
  if (images.registration === "none" && images.breast === "whole" && !images.biasField) {
    return { value: undefined, issues: carried };
  }
  if (!wanted) {
    return nothing(
      "The images are taken as they are, unlike those that trained the model.",
      "images-not-prepared",
    );
  }
  const sides = new Map<string, SideEvidence>();
  const preparers = new Map<string, SeriesPreparer>();
  const prepare: CasePreparer = async ({ series, id, patient, folder }) => {
    if (await isPrepared(folder)) {
      const message = "A study prepared these images already; they are taken as they are.";
      return {
        value: undefined,
        issues: [{ code: "images-prepared", severity: "info", message, subject: id }],
      };
    }
    const preparer = preparers.get(patient) ?? seriesPreparer(images, sides.get(patient));
    preparers.set(patient, preparer);
    const { value, issues } = await preparer(series, id, signal);
    const message = `The images were ${describePreparation(value, images)}, as those that trained the model.`;
    return {
      value,
      issues: [...issues, { code: "images-prepared", severity: "info", message, subject: id }],
    };
  };
  const useTable = async (cohort: string) => {
    const { value, issues } = await sidesInTable(cohort, images);
    for (const [patient, side] of value) sides.set(patient, side);
    return issues;
  };
  return { value: { prepare, useTable }, issues: carried };
}

function nothing(message: string, code: string): WithIssues<undefined> {
  return { value: undefined, issues: [{ code, severity: "info", message }] };
}

/** Whether a study wrote the examination as what it had prepared. */
async function isPrepared(folder: string): Promise<boolean> {
  const file = path.join(folder, "examination.json");
  return existsSync(file) && (await readExaminationFile(file)).source.prepared !== undefined;
}

async function sidesInTable(
  cohort: string,
  { breast, laterality }: ImagesConfig,
): Promise<WithIssues<ReadonlyMap<string, SideEvidence>>> {
  const sides = new Map<string, SideEvidence>();
  const file = path.join(cohort, TABLE.file);
  if (breast === "whole" || laterality === undefined || !existsSync(file))
    return { value: sides, issues: [] };
  const { rows, issues } = await readTable(file, { textColumns: [TABLE.id] });
  const unread: Issue[] = [];
  for (const row of rows) {
    const patient = String(row[TABLE.id] ?? "");
    const { value: side, issues: found } = sideOfTable(row[laterality], patient);
    unread.push(...found);
    if (side !== undefined) sides.set(patient, side);
  }
  return { value: sides, issues: [...issues, ...unread] };
}
