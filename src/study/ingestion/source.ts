/** What an ingest works on one after the other. */
import type { Issue } from "../../domain/issues.ts";
import type { DicomDce } from "../../io/dicom/dce.ts";

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
      /** What was noticed in giving it a name; holds no identifiers. */
      readonly issues: readonly Issue[];
      /** @throws {DataError} where it cannot be used. */
      read(): Promise<DicomDce>;
    }
  | { readonly kind: "left-out"; readonly issues: readonly Issue[] };
