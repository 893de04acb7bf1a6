/** The reference mask of an examination, from the DICOM segmentations that stand beside its images. */
import { ResiduaError } from "../../domain/errors.ts";
import { voxelCount } from "../../domain/grid.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import type { LabelMap } from "../../domain/volume.ts";
import { volumeMl } from "../../imaging/shape.ts";
import type { DicomDce } from "../../io/dicom/dce.ts";
import { meansTumour, type SegmentDescription } from "../../io/dicom/segment-meaning.ts";
import { describeSegmentation, type SegmentationHead } from "../../io/dicom/segmentation.ts";
import { readMask } from "../masks/mask-file.ts";

export interface ReferenceChoice {
  /** Labels of the segments that are meant; by default the one that means a tumour and that a person drew or corrected. */
  readonly labels: readonly string[];
  /** A label as it may be shown. */
  readonly shown: (label: string) => string;
}

interface Candidate extends SegmentDescription {
  readonly file: string;
}

/**
 * Chooses the segments that are the tumour and brings them onto the grid of the series. Where none or several may be meant, no mask is made and
 * an issue says why; nothing is guessed (docs/decisions/0019).
 *
 * @returns undefined where there is no reference.
 */
export async function referenceMask(
  dce: DicomDce,
  choice: ReferenceChoice,
): Promise<WithIssues<LabelMap | undefined>> {
  const issues: Issue[] = [];
  const candidates: Candidate[] = [];
  let elsewhere = 0;
  for (const file of dce.segmentations) {
    try {
      const head = await describeSegmentation(file);
      if (!belongsTo(head, dce)) elsewhere++;
      else candidates.push(...head.segments.map((segment) => ({ ...segment, file })));
    } catch (error) {
      issues.push(unusable(error));
    }
  }
  if (elsewhere > 0) {
    const message = `${elsewhere} segmentations are of other images than the dynamic series and were left out.`;
    issues.push({ code: "reference-elsewhere", severity: "info", message });
  }
  const { value: chosen, issues: noticed } = choose(candidates, choice);
  issues.push(...noticed);
  if (chosen.length === 0) return { value: undefined, issues };
  try {
    const { value, issues: found } = await readChosen(chosen, dce);
    const names = chosen.map((segment) => nameOf(segment, choice)).join(", ");
    const message = `The reference mask of ${volumeMl(value).toFixed(3)} ml is the DICOM segment ${names}.`;
    return { value, issues: [...issues, ...found, { code: "reference-mask", severity: "info", message }] };
  } catch (error) {
    return { value: undefined, issues: [...issues, unusable(error)] };
  }
}

/** A segmentation of the series says so, or lies in its frame of reference, as those do that were drawn on a derived image. */
function belongsTo({ seriesUids, source }: SegmentationHead, { sources }: DicomDce): boolean {
  return sources.some(
    ({ seriesInstanceUid, frameOfReferenceUid }) =>
      seriesUids.includes(seriesInstanceUid) ||
      (frameOfReferenceUid !== undefined && frameOfReferenceUid === source.frameOfReferenceUid),
  );
}

function choose(candidates: readonly Candidate[], choice: ReferenceChoice): WithIssues<readonly Candidate[]> {
  if (candidates.length === 0) return { value: [], issues: [] };
  if (choice.labels.length > 0) return chooseNamed(candidates, choice);
  const tumours = candidates.filter(meansTumour);
  const drawn = tumours.filter(({ automatic }) => !automatic);
  const list = (segments: readonly Candidate[]) =>
    segments.map((segment) => nameOf(segment, choice)).join(", ");
  const named = "Name what is meant with --segment.";
  if (drawn.length === 1) return { value: drawn, issues: [] };
  if (drawn.length > 1) {
    return none(
      "reference-ambiguous",
      "warning",
      `${drawn.length} segments may be the tumour: ${list(drawn)}. No reference mask was made. ${named}`,
    );
  }
  if (tumours.length > 0) {
    return none(
      "reference-automatic",
      "warning",
      `An algorithm drew what may be the tumour (${list(tumours)}), which is no reference. ${named}`,
    );
  }
  return none(
    "reference-none",
    "info",
    `None of the segments is a tumour by its coded type or label: ${list(candidates)}. ${named}`,
  );
}

function chooseNamed(
  candidates: readonly Candidate[],
  { labels, shown }: ReferenceChoice,
): WithIssues<readonly Candidate[]> {
  const same = (a: string, b: string) => a.trim().toLowerCase() === b.trim().toLowerCase();
  const chosen: Candidate[] = [];
  for (const label of labels) {
    const fitting = candidates.filter((candidate) => same(candidate.label, label));
    if (fitting.length === 1) {
      chosen.push(...fitting);
      continue;
    }
    const have = candidates.map((candidate) => nameOf(candidate, { shown })).join(", ");
    return fitting.length === 0
      ? none(
          "reference-missing",
          "warning",
          `There is no segment of a label that was asked for, only ${have}.`,
        )
      : none(
          "reference-ambiguous",
          "warning",
          `${fitting.length} segments have a label that was asked for; one was expected. No reference mask was made.`,
        );
  }
  return { value: chosen, issues: [] };
}

/** All chosen segments together. */
async function readChosen(chosen: readonly Candidate[], dce: DicomDce): Promise<WithIssues<LabelMap>> {
  const [{ grid }] = dce.value.phases;
  const issues: Issue[] = [];
  const data = new Uint8Array(voxelCount(grid));
  for (const file of new Set(chosen.map((segment) => segment.file))) {
    const segments = chosen.filter((segment) => segment.file === file).map(({ number }) => number);
    const mask = await readMask(file, { grid, segments });
    const inside = mask.of("any").data;
    for (let i = 0; i < data.length; i++) data[i] |= inside[i];
    issues.push(...mask.issues);
  }
  return { value: { grid, data }, issues };
}

function nameOf({ label, number }: Candidate, { shown }: Pick<ReferenceChoice, "shown">): string {
  const name = shown(label);
  return name === "" ? `number ${number}` : `"${name}"`;
}

function none(code: string, severity: Issue["severity"], message: string): WithIssues<readonly Candidate[]> {
  return { value: [], issues: [{ code, severity, message }] };
}

function unusable(error: unknown): Issue {
  if (!(error instanceof ResiduaError)) throw error;
  return { code: error.code, severity: "error", message: `${error.message} It gave no reference mask.` };
}
