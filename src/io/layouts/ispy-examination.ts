/**
 * One examination of the I-SPY trials. The trial's own software, VOLSER, gives derived series: `ISPY2: VOLSER: uni-lateral cropped: original DCE`
 * (or `bi-lateral`), SER, PE2, PE6, and the Analysis Mask; some studies have none of them. The times of derived series are those
 * of processing.
 */
import { createDceSeries, type DceSeries } from "../../domain/dce.ts";
import { DataError } from "../../domain/errors.ts";
import type { Grid } from "../../domain/grid.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import { dot } from "../affine.ts";
import { readDceIn } from "../dicom/dce.ts";
import { dceCandidates } from "../dicom/dce-candidates.ts";
import { type DicomFolder, readDicomFolder, readPhase } from "../dicom/folder.ts";
import { commonBreast } from "../dicom/laterality.ts";
import { readAnalysisMask } from "./analysis-mask.ts";
import { readSeriesFolders } from "./series-folders.ts";
import type { LoadedExamination } from "./source-cohort.ts";

export interface IspySeries {
  readonly folder: string;
  /** One of its files. */
  readonly file: string;
  readonly study: string;
  readonly description: string;
  readonly modality: string;
}

const DERIVED = /VOLSER/i;
const ORIGINAL_DCE = /VOLSER.*original DCE/i;
const ANALYSIS_MASK = /Analysis Mask/i;

/**
 * Reads the dynamic series of a visit and its Analysis Mask.
 *
 * @param subject patient and visit.
 * @throws {DataError} `visit-studies` where several studies of the visit may be meant; `series-times-unknown`; as {@link readDceIn} and
 *   {@link readAnalysisMask}.
 */
export async function loadIspy(
  visit: readonly IspySeries[],
  subject: string,
  timesSeconds: readonly number[] | undefined,
): Promise<WithIssues<LoadedExamination>> {
  const { series: folders, issues: chosen } = studyOf(visit, subject);
  const masks = folders.filter(
    ({ description, modality }) => modality === "SEG" && ANALYSIS_MASK.test(description),
  );
  const derived = derivedSeries(folders, masks);
  const { value: series, issues } =
    derived === undefined
      ? await readDceIn(await originals(folders))
      : await readDerived(derived, folders, timesSeconds);
  const fitting = masks.filter(
    ({ description }) => variantOf(description) === variantOf(derived?.description ?? ""),
  );
  const mask = fitting[0] ?? masks[0];
  const source = { layout: "ispy" };
  const told = [...chosen, ...issues];
  if (mask === undefined) return { value: { series, source }, issues: told };
  const { value: segmentation, issues: placed } = await readAnalysisMask(mask.file, series.phases[0].grid);
  const empty: Issue[] = segmentation.data.includes(1)
    ? []
    : [
        {
          code: "segmentation-empty",
          severity: "info",
          subject,
          message: "The Analysis Mask holds no tumour, as it may after chemotherapy.",
        },
      ];
  return { value: { series, segmentation, source }, issues: [...told, ...placed, ...empty] };
}

/** The study of a visit: the only one, or the only one that the trial's software analysed. */
function studyOf(
  visit: readonly IspySeries[],
  subject: string,
): { series: readonly IspySeries[]; issues: Issue[] } {
  const studies = [...new Set(visit.map(({ study }) => study))].map((study) =>
    visit.filter((series) => series.study === study),
  );
  if (studies.length === 1) return { series: studies[0], issues: [] };
  const analysed = studies.filter((series) =>
    series.some(({ description }) => ORIGINAL_DCE.test(description)),
  );
  if (analysed.length !== 1) {
    throw new DataError("visit-studies", {
      found: `${studies.length} studies at one time point, of which ${analysed.length} hold a series "VOLSER … original DCE"`,
      expected: "one study, or one with that series",
      remedy: "Leave the study that is meant in the folder.",
    });
  }
  const issue: Issue = {
    code: "visit-studies",
    severity: "warning",
    subject,
    message: `Of ${studies.length} studies at this time point the one that the trial analysed was taken.`,
  };
  return { series: analysed[0], issues: [issue] };
}

/** Of a crop to one breast and an image of both, where both exist, the one that the mask was drawn on. */
function derivedSeries(folders: readonly IspySeries[], masks: readonly IspySeries[]): IspySeries | undefined {
  const found = folders.filter(({ description }) => ORIGINAL_DCE.test(description));
  const variants = new Set(masks.map(({ description }) => variantOf(description)));
  return found.find(({ description }) => variants.has(variantOf(description))) ?? found[0];
}

/** `uni-lateral cropped` or `bi-lateral`: what stands before the last colon. */
function variantOf(description: string): string {
  return description
    .slice(0, Math.max(0, description.lastIndexOf(":")))
    .trim()
    .toLowerCase();
}

/** What the scanner gave: neither maps nor masks. */
async function originals(folders: readonly IspySeries[]): Promise<DicomFolder> {
  const images = folders.filter(
    ({ description, modality }) => modality !== "SEG" && !DERIVED.test(description),
  );
  const [first, ...others] = images.map(({ folder }) => folder);
  if (first !== undefined) return readSeriesFolders([first, ...others]);
  throw new DataError("dce-missing", {
    found: "no images but maps and masks",
    expected: "a dynamic series",
    remedy: "Download the whole study.",
  });
}

async function readDerived(
  derived: IspySeries,
  folders: readonly IspySeries[],
  timesSeconds: readonly number[] | undefined,
): Promise<WithIssues<DceSeries>> {
  const { series, issues } = await readDicomFolder(derived.folder);
  const [whole] = series;
  if (series.length !== 1) {
    throw new DataError("dce-missing", {
      file: derived.folder,
      found: `${series.length} series`,
      expected: "one, with all phases",
      remedy: "Download the series again.",
    });
  }
  const times = (await scannerTimes(folders, whole.grid, whole.phases.length)) ?? timesSeconds;
  if (times?.length !== whole.phases.length) {
    throw new DataError("series-times-unknown", {
      file: derived.folder,
      found: `${whole.phases.length} phases of a derived series, whose times are those of processing${timesSeconds === undefined ? "" : `, and ${timesSeconds.length} times given`}`,
      expected: "the original series in the same study, or one time per phase",
      remedy: "Download the original series too, or give the protocol's times with --times.",
    });
  }
  const phases = [];
  for (let phase = 0; phase < whole.phases.length; phase++) phases.push(await readPhase(whole, phase));
  const imaged = commonBreast(whole.phases.flat().map(({ imagedBreast }) => imagedBreast));
  return { value: createDceSeries(phases, times, imaged), issues: [...issues, ...whole.issues] };
}

/** Times of the scanner's dynamic series with as many phases and voxels of the same size: one series, or one per phase. */
async function scannerTimes(
  folders: readonly IspySeries[],
  grid: Grid,
  phases: number,
): Promise<readonly number[] | undefined> {
  const others = folders.some(
    ({ description, modality }) => modality !== "SEG" && !DERIVED.test(description),
  );
  if (!others) return undefined;
  const fitting = dceCandidates(await originals(folders)).filter(
    ({ order, timesSeconds }) =>
      order.length === phases && timesSeconds !== undefined && sameVoxels(order[0].part.grid, grid),
  );
  // Two that fit may differ in time, and nothing tells which was analysed.
  return fitting.length === 1 ? fitting[0].timesSeconds : undefined;
}

/** Whether one grid may be a part of the other. */
function sameVoxels(a: Grid, b: Grid): boolean {
  return a.spacingMm.every(
    (mm, axis) =>
      Math.abs(mm - b.spacingMm[axis]) < 0.01 * mm && dot(a.direction[axis], b.direction[axis]) > 0.999,
  );
}
