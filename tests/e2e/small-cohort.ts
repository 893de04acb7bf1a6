/** The simulated cohort in small: each image cut to a box around its tumour, which one patch of a network covers. */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { createDceSeries } from "../../src/domain/dce.ts";
import type { Triple } from "../../src/domain/grid.ts";
import { type Box, crop, maskBox } from "../../src/imaging/cropping.ts";
import {
  readDceSeriesOf,
  readNativeCohort,
  readSegmentationOf,
  writeExamination,
} from "../../src/io/layouts/native.ts";

const SIZE: Triple = [24, 32, 32];

/** Cuts every examination of a cohort in the native layout, in its place. */
export async function cutToTumours(folder: string): Promise<void> {
  const { examinations } = await readNativeCohort(folder);
  const boxes = new Map<string, Box>();
  const preFirst = [...examinations].sort((a, b) => b.visit.localeCompare(a.visit));
  for (const record of preFirst) {
    const { patientId, visit } = record;
    const { value: series } = await readDceSeriesOf(record);
    const { grid } = series.phases[0];
    const mask = await readSegmentationOf(record, grid);
    // After chemotherapy there may be no tumour left: the box is then where it was before.
    const box =
      boxes.get(patientId) ?? boxAround(maskBox(mask) ?? { start: [0, 0, 0], size: grid.shape }, grid.shape);
    boxes.set(patientId, box);
    const phases = series.phases.map((phase) => crop(phase, box));
    await writeExamination(folder, patientId, visit, createDceSeries(phases, series.timesSeconds), {
      segmentation: crop(mask, box),
    });
  }
}

function boxAround({ start, size }: Box, shape: Triple): Box {
  const first = (axis: number) => {
    const centre = start[axis] + Math.floor(size[axis] / 2);
    return Math.max(0, Math.min(centre - SIZE[axis] / 2, shape[axis] - SIZE[axis]));
  };
  return { start: [first(0), first(1), first(2)], size: SIZE };
}

/** Changes the rows of a CSV file without quoted cells, each an object of text by column. */
export async function editCsv(
  file: string,
  edit: (rows: Record<string, string>[]) => Record<string, string>[],
): Promise<void> {
  const [head, ...lines] = (await readFile(file, "utf8")).trim().split("\n");
  const columns = head.split(",");
  const rows = lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(columns.map((column, i) => [column, cells[i]]));
  });
  const text = edit(rows).map((row) => columns.map((column) => row[column]).join(","));
  await writeFile(file, `${[head, ...text].join("\n")}\n`);
}

/** A study file for a cohort with small networks, few trees and few resamples. */
export function smallStudy(options: {
  readonly steps: number;
  readonly networks?: string;
  readonly models?: string;
}): string {
  return `name: Small study
cohort: { split: { column: set, train: train, test: test } }
outcome: { rcb: rcb_score }
subtype: { column: subtype }
networks: ${options.networks ?? "[nnunet]"}
images: { registration: none }
training: { steps: ${options.steps}, folds: 2, checkpointEvery: 1 }
inference: { step: 1 }
forest: { trees: 10, minLeaf: 2 }
models: ${
    options.models ??
    `
  - volume
  - { name: volume after, columns: [post.volume_ml] }
  - volume+subtype
  - deep: nnunet
  - { name: clinical, columns: [grade, nodal_status, subtype, radiological_response] }
  - { name: combined, of: [clinical, deep(nnunet)] }`
  }
comparison: { reference: volume, primary: rcb-auc, resamples: 100 }
`;
}

export const inCohort = (folder: string, patient: string, visit: string, file: string) =>
  path.join(folder, "images", patient, visit, file);
