/** Folders as downloads of The Cancer Imaging Archive have them, and series in them. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Grid } from "../../src/domain/grid.ts";
import { type SliceTags, writePhase } from "./dicom-file.ts";
import { type Examination, timesSeconds } from "./same-cohort.ts";

/** What the NBIA Data Retriever writes beside a collection. */
export function writeManifest(dir: string, name: string): string {
  const manifest = path.join(dir, name);
  mkdirSync(manifest, { recursive: true });
  writeFileSync(
    path.join(manifest, "LICENSE"),
    "License Information. The collection is distributed under CC BY 4.0.\n",
  );
  writeFileSync(
    path.join(manifest, "metadata.csv"),
    "Series UID,Collection,Subject ID,Study Description,Series Description,File Location\n",
  );
  return manifest;
}

/** HHMMSS, `seconds` after ten o'clock. */
export function clock(seconds: number): string {
  return new Date(36_000_000 + seconds * 1000).toISOString().slice(11, 19).replaceAll(":", "");
}

type Study = Pick<SliceTags, "patientId" | "study" | "studyDescription" | "timePoint">;

/** The scanner's series, one per phase or all phases in one. */
export function writeOriginals(
  studyFolder: string,
  { series }: Pick<Examination, "series">,
  study: Study,
  describe: (phase: number) => string,
  whole = false,
): void {
  for (const [i, phase] of series.phases.entries()) {
    const number = whole ? 0 : i;
    const description = describe(i);
    const folder = `${7 + number}.000000-${description.replaceAll("/", "")}-${40_000 + number}`;
    writePhase(path.join(studyFolder, folder), `${i + 1}`, phase.grid, phase.data, {
      ...study,
      seriesUid: `${study.study}.7.${number}`,
      seriesDescription: description,
      imageType: "ORIGINAL\\PRIMARY",
      acquisitionTime: clock(timesSeconds[i]),
      ...(whole ? { temporalPosition: i + 1 } : {}),
    });
  }
}

/** A series that is none of the dynamic ones: a map of VOLSER, another contrast. */
export function writeOther(
  studyFolder: string,
  grid: Grid,
  data: ArrayLike<number>,
  study: Study,
  description: string,
  imageType: string,
): void {
  const number = 41_000 + description.length;
  writePhase(
    path.join(studyFolder, `${number}.000000-${description.replaceAll(/[:/]/g, "")}-1`),
    "1",
    grid,
    data,
    {
      ...study,
      seriesUid: `${study.study}.8.${number}`,
      seriesDescription: description,
      imageType,
      acquisitionTime: "120000",
    },
  );
}
