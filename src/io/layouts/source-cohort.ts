/** What every layout of images comes to: examinations that can be read one by one, and the clinical table beside them. */
import type { DceSeries } from "../../domain/dce.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import type { LabelMap } from "../../domain/volume.ts";
import type { Table } from "../tables/table.ts";

export interface SourceExamination {
  readonly patientId: string;
  readonly visit: string;
  /** @throws {DataError} where the examination cannot be used; the others go on. */
  load(): Promise<WithIssues<LoadedExamination>>;
}

export interface LoadedExamination {
  readonly series: DceSeries;
  readonly segmentation?: LabelMap;
  /** What may be said of the source: no names, dates or unique identifiers. */
  readonly source: Readonly<Record<string, unknown>>;
}

export interface SourceCohort {
  readonly examinations: readonly SourceExamination[];
  /** With a column `patient_id` whose values are those of the examinations. */
  readonly clinical?: Table;
  readonly issues: readonly Issue[];
}
