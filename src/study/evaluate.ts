/** `residua evaluate`: predicted masks against reference masks. */
import { existsSync } from "node:fs";
import path from "node:path";
import { DataError, ResiduaError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";
import type { LabelMap } from "../domain/volume.ts";
import { compareMasks } from "../imaging/segmentation-metrics.ts";
import { filesBelow, isFolder } from "../io/folders.ts";
import { isSegmentationFile, type Mask, maskOfLabels } from "./masks/mask-file.ts";
import { readMaskPair } from "./masks/mask-pair.ts";
import type { Progress } from "./progress.ts";
import { eachCase } from "./segmentation/each-case.ts";

/** Agreement of one label; `null` is undefined (an empty mask). */
export interface LabelAgreement {
  readonly dice: number | null;
  /** 95th percentile of the surface distances, in mm. */
  readonly hd95Mm: number | null;
  /** Normalised surface Dice at the tolerance. */
  readonly nsd: number | null;
  /** Predicted minus reference, in ml. */
  readonly volumeErrorMl: number | null;
}

export interface CaseAgreement {
  readonly case: string;
  /** By label value. */
  readonly labels: Readonly<Record<string, LabelAgreement>>;
}

export interface Evaluation {
  readonly cases: readonly CaseAgreement[];
  /** Over the cases where a figure is defined. */
  readonly mean: Readonly<Record<string, LabelAgreement>>;
  readonly toleranceMm: number;
  readonly issues: readonly Issue[];
}

/** Distance at which surfaces still agree in `nsd`, in mm. */
export const DEFAULT_TOLERANCE_MM = 2;

const IMAGE_FILE = /\.(nii|nii\.gz|nrrd)$/i;
const DICOM_FILE = /(\.seg)?\.dcm$/i;

/**
 * Compares two mask files, or the files of the same name in two folders: images, or DICOM segmentations, whose labels are the numbers of their
 * segments. A case that cannot be compared becomes an issue.
 *
 * @throws {DataError} `file-missing`; `masks-unusable` where no pair could be compared; `masks-unpaired` where no file of one folder has its counterpart in the other.
 */
export async function evaluateMasks(
  predicted: string,
  reference: string,
  toleranceMm: number,
  progress: Progress,
): Promise<Evaluation> {
  const issues: Issue[] = [];
  const pairs = await pairFiles(predicted, reference, issues);
  const cases: CaseAgreement[] = [];
  const { issues: failed } = await eachCase(pairs, { name: "evaluate", progress }, async (pair) => {
    const { predicted: found, reference: wanted } = await readMaskPair(pair.predicted, pair.reference);
    cases.push({ case: pair.id, labels: agreementOf(found, wanted, toleranceMm) });
    issues.push(...[...found.issues, ...wanted.issues].map((issue) => ({ ...issue, subject: pair.id })));
  });
  issues.push(...failed);
  if (cases.length === 0) {
    throw new DataError("masks-unusable", {
      file: predicted,
      found: `none of ${pairs.length} masks could be compared: ${failed[0]?.message ?? ""}`,
    });
  }
  return { cases, mean: meanAgreement(cases), toleranceMm, issues };
}

/** Agreement of every label that occurs in either mask. */
export function compareLabels(
  predicted: LabelMap,
  reference: LabelMap,
  toleranceMm: number,
): Record<string, LabelAgreement> {
  return agreementOf(maskOfLabels(predicted), maskOfLabels(reference), toleranceMm);
}

/** Labels are compared one by one, since those of a segmentation may overlap. */
function agreementOf(predicted: Mask, reference: Mask, toleranceMm: number): Record<string, LabelAgreement> {
  const labels = [...new Set([...predicted.labels, ...reference.labels])].sort((a, b) => a - b);
  return Object.fromEntries(
    labels.map((label) => {
      const [found, wanted] = [predicted.of(label), reference.of(label)];
      const { dice, hd95Mm, nsd, volumeErrorMl } = compareMasks(found, wanted, 1, { toleranceMm });
      return [String(label), { dice, hd95Mm, nsd, volumeErrorMl }];
    }),
  );
}

interface FilePair {
  readonly id: string;
  readonly predicted: string;
  readonly reference: string;
}

async function pairFiles(predicted: string, reference: string, issues: Issue[]): Promise<FilePair[]> {
  for (const place of [predicted, reference]) {
    if (!existsSync(place)) {
      throw new DataError("file-missing", { file: place, found: "no such file or folder" });
    }
  }
  if (!(await isFolder(predicted)) && !(await isFolder(reference))) {
    return [{ id: caseName(path.basename(reference)), predicted, reference }];
  }
  const found = await masksByName(predicted, issues);
  const wanted = await masksByName(reference, issues);
  for (const [name, file] of wanted) {
    if (!found.has(name)) issues.push(unpaired(name, file, "no prediction"));
  }
  for (const [name, file] of found) if (!wanted.has(name)) issues.push(unpaired(name, file, "no reference"));
  const pairs = [...wanted].flatMap(([name, file]) => {
    const match = found.get(name);
    return match === undefined ? [] : [{ id: name, predicted: match, reference: file }];
  });
  if (pairs.length === 0) {
    throw new DataError("masks-unpaired", {
      file: predicted,
      found: `${found.size} masks, none named as one of the ${wanted.size} in ${reference}`,
      expected: "files of the same names in both folders",
    });
  }
  return pairs;
}

/** Where a folder holds a case as an image and as a segmentation, as `residua segment` writes them, the image is taken. */
async function masksByName(folder: string, issues: Issue[]): Promise<Map<string, string>> {
  const files = (await filesBelow(folder)).sort();
  const masks = new Map<string, string>();
  const add = (file: string) => {
    const name = caseName(path.relative(folder, file));
    const other = masks.get(name);
    if (other === undefined) masks.set(name, file);
    else issues.push(repeated(name, file, other));
  };
  for (const file of files) if (IMAGE_FILE.test(file)) add(file);
  for (const file of files) if (DICOM_FILE.test(file) && (await mayBeSegmentation(file))) add(file);
  return masks;
}

/** Reports and images lie beside segmentations; of a damaged file reading it will tell. */
async function mayBeSegmentation(file: string): Promise<boolean> {
  try {
    return await isSegmentationFile(file);
  } catch (error) {
    if (error instanceof ResiduaError) return true;
    throw error;
  }
}

function caseName(file: string): string {
  return file.replace(IMAGE_FILE, "").replace(DICOM_FILE, "").replaceAll(path.sep, "/");
}

function repeated(name: string, file: string, other: string): Issue {
  return {
    code: "mask-twice",
    severity: "info",
    subject: name,
    file,
    message: `There are two masks of this name; ${path.basename(other)} was taken.`,
  };
}

function unpaired(name: string, file: string, what: string): Issue {
  return {
    code: "mask-unpaired",
    severity: "warning",
    subject: name,
    file,
    message: `There is ${what} of this name, where one is expected; the mask was left out.`,
  };
}

function meanAgreement(cases: readonly CaseAgreement[]): Record<string, LabelAgreement> {
  const labels = [...new Set(cases.flatMap((entry) => Object.keys(entry.labels)))].sort(
    (a, b) => Number(a) - Number(b),
  );
  return Object.fromEntries(
    labels.map((label) => {
      const mean = (measure: keyof LabelAgreement): number | null => {
        const values = cases.flatMap((entry) => entry.labels[label]?.[measure] ?? []);
        return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
      };
      return [
        label,
        {
          dice: mean("dice"),
          hd95Mm: mean("hd95Mm"),
          nsd: mean("nsd"),
          volumeErrorMl: mean("volumeErrorMl"),
        },
      ];
    }),
  );
}
