/** What an ingest works on one after the other. */
import { ResiduaError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { createHarvester, type Harvest } from "../../io/deidentification/harvest.ts";
import type { DceChoice, DicomDce } from "../../io/dicom/dce.ts";
import { type DicomFolder, readDicomFiles } from "../../io/dicom/folder.ts";

/** Where an examination lies and how it is called there. */
export interface ExaminationSource {
  /** Below which its files lie. */
  readonly folder: string;
  readonly files: readonly string[];
  readonly patient: string;
  readonly visit: string;
  /** Position of the visit among those of the patient, from 1. */
  readonly ordinal: number;
  /** Whether the user has given patient and visit as study identifiers. */
  readonly named: boolean;
}

/** An examination, or a study that may be one. */
export interface Source {
  /** Unique among the sources. */
  readonly id: string;
  /** What must not be shown of it before it is de-identified. */
  readonly hidden: readonly string[];
  /** Says what it is; called once, in the order of the sources. */
  settle(): Promise<Settled>;
}

export type Settled =
  | {
      readonly kind: "examination";
      readonly source: ExaminationSource;
      /** What its files tell about the patient. */
      readonly harvest: Harvest;
      /** What was noticed in giving it a name; holds no identifiers. */
      readonly issues: readonly Issue[];
      /** @throws {DataError} where it cannot be used. */
      read(choice: DceChoice): Promise<DicomDce>;
    }
  | { readonly kind: "left-out"; readonly issues: readonly Issue[] };

/** The heads of files, read once for images and identifiers. */
export interface Heads {
  readonly harvest: Harvest;
  /** Their series, or why there are none. */
  readonly folder: DicomFolder | ResiduaError;
}

/** @param dir that files are named relative to. */
export async function readHeads(dir: string, files: readonly string[]): Promise<Heads> {
  const { inspect, harvest } = createHarvester();
  try {
    const folder = await readDicomFiles(dir, files, inspect);
    return { harvest: harvest(), folder };
  } catch (error) {
    if (!(error instanceof ResiduaError)) throw error;
    return { harvest: harvest(), folder: error };
  }
}
