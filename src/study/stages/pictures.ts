/** Pictures for the report: slices through the tumour with the outlines of reference and prediction. */
import path from "node:path";
import type { Cohort, ExaminationRecord } from "../../domain/cohort.ts";
import { choosePhases } from "../../domain/dce.ts";
import type { LabelMap } from "../../domain/volume.ts";
import { subtraction } from "../../imaging/kinetics.ts";
import { replaceNonFinite } from "../../imaging/non-finite.ts";
import { type Colour, slicePicture } from "../../imaging/slice-picture.ts";
import { readLabelMap } from "../../io/images.ts";
import { readDceSeriesOf, readSegmentationOf } from "../../io/layouts/native.ts";
import type { Picture } from "../../report/report-input.ts";
import { attentionPicture } from "./attention-picture.ts";
import type { AppliedExamination, AppliedPatient } from "./examinations.ts";

/** Sky blue for the reference, vermilion for the prediction (Okabe & Ito 2008), told apart by all colour vision. */
const REFERENCE: Colour = [86, 180, 233];
const PREDICTION: Colour = [230, 96, 0];
/** Millimetres of a picture's pixel: small images are enlarged. */
const PIXEL_MM = 0.5;

interface Candidate {
  readonly record: ExaminationRecord;
  readonly segmentation: string;
  readonly dice: number;
  readonly maps: AppliedExamination["maps"];
}

/**
 * The best, the median and the worst segmentation of the test set (without one, of the training set) at each visit, on the
 * slice where the two masks together are largest, of the early phase less the one before contrast; for an Attention U-Net also with its attention.
 */
export async function segmentationPictures(
  runFolder: string,
  cohort: Cohort,
  applied: ReadonlyMap<string, AppliedPatient>,
): Promise<Picture[]> {
  const set = cohort.patients.some((patient) => patient.set === "test") ? "test" : "train";
  const pictures: Picture[] = [];
  for (const visit of ["pre", "post"]) {
    const candidates = cohort.patients
      .filter((patient) => patient.set === set)
      .flatMap(({ id, examinations }): Candidate[] => {
        const record = examinations.find((entry) => entry.visit === visit);
        const found = applied.get(id)?.examinations.find((entry) => entry.visit === visit);
        const dice = found?.agreement?.dice ?? null;
        if (record === undefined || found === undefined || dice === null) return [];
        return [{ record, segmentation: found.segmentation, maps: found.maps, dice }];
      })
      .sort((a, b) => b.dice - a.dice);
    for (const [name, candidate] of chooseExamples(candidates)) {
      pictures.push(...(await drawPictures(runFolder, name, visit, candidate)));
    }
  }
  return pictures;
}

function chooseExamples(sorted: readonly Candidate[]): [string, Candidate][] {
  if (sorted.length === 0) return [];
  const positions: [string, number][] = [
    ["best", 0],
    ["median", Math.floor((sorted.length - 1) / 2)],
    ["worst", sorted.length - 1],
  ];
  const seen = new Set<number>();
  return positions.flatMap(([name, at]): [string, Candidate][] => {
    if (seen.has(at)) return [];
    seen.add(at);
    return [[name, sorted[at]]];
  });
}

/** The slice with its outlines, and for an Attention U-Net the same slice with its attention. */
async function drawPictures(
  runFolder: string,
  name: string,
  visit: string,
  { record, segmentation, dice, maps }: Candidate,
): Promise<Picture[]> {
  const { value: series } = await readDceSeriesOf(record);
  const { pre, early } = choosePhases(series.timesSeconds);
  const [before, after] = [pre, early].map((phase) => replaceNonFinite(series.phases[phase]).value);
  const difference = subtraction(after, before);
  const predicted = await readLabelMap(path.join(runFolder, segmentation));
  const reference = await readSegmentationOf(record, difference.grid);
  const slice = largestSlice([predicted, reference]);
  const raster = slicePicture(difference, 0, slice, {
    pixelMm: PIXEL_MM,
    outlines: [
      { mask: reference, colour: REFERENCE },
      { mask: predicted, colour: PREDICTION },
    ],
  });
  const subject = `${visit === "pre" ? "Before" : "After"} chemotherapy, ${name} of the set`;
  return [
    {
      caption: `${subject}, Dice ${dice.toFixed(2)}. Early phase less pre-contrast; reference blue, prediction orange.`,
      raster,
    },
    ...(await attentionPicture({ runFolder, maps, image: difference, slice, pixelMm: PIXEL_MM, subject })),
  ];
}

/** The slice with the most voxels in any of the masks; the middle one where all are empty. */
function largestSlice(masks: readonly LabelMap[]): number {
  const [slices, rows, columns] = masks[0].grid.shape;
  const area = new Float64Array(slices);
  for (const { data } of masks) {
    for (let i = 0; i < data.length; i++) if (data[i] > 0) area[Math.floor(i / (rows * columns))]++;
  }
  const largest = area.indexOf(Math.max(...area));
  return area[largest] > 0 ? largest : Math.floor(slices / 2);
}
