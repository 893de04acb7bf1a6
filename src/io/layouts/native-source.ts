/** A cohort in the native layout as a source of another one. */
import path from "node:path";
import { DataError } from "../../domain/errors.ts";
import { readTable } from "../tables/read.ts";
import { readDceSeriesOf, readNativeCohort, readSegmentationOf } from "./native.ts";
import type { SourceCohort, SourceExamination } from "./source-cohort.ts";

/**
 * Reads a cohort that is in the native layout already, with its clinical table where it has one.
 *
 * @throws {DataError} as {@link readNativeCohort} and {@link readTable}.
 */
export async function readNativeSource(dir: string): Promise<SourceCohort> {
  const { examinations, issues } = await readNativeCohort(dir);
  const records = examinations.map(
    (record): SourceExamination => ({
      patientId: record.patientId,
      visit: record.visit,
      async load() {
        const { value: series, issues: found } = await readDceSeriesOf(record);
        const source = { layout: "native" };
        if (record.segmentationFile === undefined) return { value: { series, source }, issues: found };
        const segmentation = await readSegmentationOf(record, series.phases[0].grid);
        return { value: { series, source, segmentation }, issues: found };
      },
    }),
  );
  const clinical = await readTable(path.join(dir, "clinical.csv"), { textColumns: ["patient_id"] }).catch(
    (error: unknown) => {
      if (error instanceof DataError && error.code === "file-missing") return undefined;
      throw error;
    },
  );
  return { examinations: records, issues, ...(clinical === undefined ? {} : { clinical }) };
}
