/** Examinations that hold several dynamic series, of which the user names one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import type { Grid } from "../../src/domain/grid.ts";
import { readDceSeriesOf, readNativeCohort } from "../../src/io/layouts/native.ts";
import { writePhase } from "../layouts/dicom-file.ts";
import { residua } from "./command-line.ts";

const root = mkdtempSync(path.join(tmpdir(), "several-series-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const source = path.join(root, "dicom");
/** Value of all voxels of the first phase. */
const SERIES = { "dyn fast": 100, "dyn high res": 300 } as const;
for (const [i, [seriesDescription, value]] of Object.entries(SERIES).entries()) {
  const spacing = 1 + i;
  const grid: Grid = {
    shape: [4, 6, 5],
    spacingMm: [2, spacing, spacing],
    direction: [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ],
    origin: [0, 0, 0],
  };
  for (const phase of [0, 1, 2]) {
    writePhase(source, `${i}-${phase}`, grid, new Int16Array(4 * 6 * 5).fill(value + phase), {
      patientId: "A",
      study: "1.2.3",
      studyDescription: "MRI",
      seriesUid: `1.2.3.${i + 1}`,
      seriesDescription,
      imageType: "ORIGINAL\\PRIMARY",
      acquisitionTime: `100${phase}00`,
      temporalPosition: phase + 1,
    });
  }
}

const ingest = (cohort: string, ...more: string[]) =>
  residua("ingest", source, path.join(root, cohort), "--patient", "P1", "--visit", "pre", "--json", ...more);

it("are refused until the series is named, and the refusal says how", async () => {
  const { code, err } = await ingest("refused");
  expect([code, err]).toEqual([3, expect.stringMatching(/several dynamic series.*--series/s)]);
});

it.each([
  ["its description", "dyn high res", 300],
  ["its SeriesInstanceUID", "1.2.3.1", 100],
])("are read where %s names one", async (_, name, value) => {
  const cohort = path.join(root, "named");
  expect((await ingest("named", "--series", name)).code).toBe(0);
  const { examinations } = await readNativeCohort(cohort);
  const { value: series } = await readDceSeriesOf(examinations[0]);
  expect(series.phases.map(({ data }) => data[0])).toEqual([value, value + 1, value + 2]);
});
