/**
 * Segmentation data sets in nnU-Net's raw layout (nnU-Net v2, documentation/dataset_format.md), in the older layout of the
 * Medical Segmentation Decathlon, and as bare `images` and `labels` folders.
 */
import { join } from "node:path";
import { z } from "zod";
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { readText } from "../files.ts";
import { filesIn, isFolder } from "../folders.ts";
import { readLabelMap } from "../images.ts";

export interface SegmentationCase {
  readonly id: string;
  /** One file per channel, in the order of the channels. */
  readonly channelFiles: readonly string[];
  readonly labelFile: string;
}

export interface SegmentationDataset {
  readonly name: string;
  readonly channelNames: readonly string[];
  /** Label names by value; 0 is background. */
  readonly labels: Readonly<Record<number, string>>;
  /** In the order of their identifiers. */
  readonly cases: readonly SegmentationCase[];
  readonly issues: readonly Issue[];
}

const namesByIndex = z.record(z.string().regex(/^\d+$/), z.string());
const descriptionSchema = z.looseObject({
  name: z.string().optional(),
  channel_names: namesByIndex.optional(),
  /** The Decathlon's name of channel_names. */
  modality: namesByIndex.optional(),
  /** `{"tumour": 1}` in nnU-Net, `{"1": "tumour"}` in the Decathlon. */
  labels: z.record(z.string(), z.union([z.number().int().nonnegative(), z.string(), z.array(z.number())])),
  numTraining: z.number().int().optional(),
  file_ending: z.string().optional(),
});

interface Description {
  readonly name: string;
  readonly channelNames: readonly string[];
  readonly labels: Readonly<Record<number, string>> | undefined;
  readonly ending: string;
  readonly expectedCases: number | undefined;
  readonly imagesDir: string;
  readonly labelsDir: string;
}

/**
 * Lists the cases of a data set. A case that misses a channel or its label map is left out with an issue.
 *
 * @throws {DataError} `dataset-layout` (neither layout), `dataset-description` (a wrong dataset.json),
 *   `dataset-regions` (region-based labels), `dataset-empty` (no usable case),
 *   `dataset-labels` (label values with gaps and no dataset.json).
 */
export async function readSegmentationDataset(dir: string): Promise<SegmentationDataset> {
  const description = await describe(dir);
  const { imagesDir, labelsDir, ending, channelNames } = description;
  const issues: Issue[] = [];
  const cases: SegmentationCase[] = [];
  const channelFiles = groupChannels(await filesIn(imagesDir), ending, channelNames.length);
  const labelFiles = new Set((await filesIn(labelsDir)).filter((name) => name.endsWith(ending)));
  for (const [id, channels] of channelFiles) {
    const missing = channelNames.flatMap((channel, i) => (channels[i] === undefined ? [channel] : []));
    const labelFile = `${id}${ending}`;
    if (missing.length > 0) {
      issues.push(leftOut("dataset-channel-missing", id, `it has no image of ${missing.join(", ")}`));
    } else if (!labelFiles.has(labelFile)) {
      issues.push(leftOut("dataset-label-missing", id, `it has no label map ${labelFile}`));
    } else {
      cases.push({
        id,
        channelFiles: channels.map((name) => join(imagesDir, name ?? "")),
        labelFile: join(labelsDir, labelFile),
      });
    }
    labelFiles.delete(labelFile);
  }
  for (const name of labelFiles) {
    issues.push(
      leftOut("dataset-image-missing", name.slice(0, -ending.length), "it has a label map but no image"),
    );
  }
  if (cases.length === 0) {
    throw new DataError("dataset-empty", {
      file: dir,
      found: `no case with an image and a label map in *${ending}`,
      expected: `${channelNames.length} image files CASE_0000${ending} … and one label map CASE${ending} per case`,
      remedy: "Check the names, and file_ending in dataset.json.",
    });
  }
  const expected = description.expectedCases;
  if (expected !== undefined && expected !== cases.length) {
    issues.push({
      code: "dataset-count",
      severity: "warning",
      message: `dataset.json announces ${expected} training cases; ${cases.length} are complete and were used.`,
      file: join(dir, "dataset.json"),
    });
  }
  return {
    name: description.name,
    channelNames,
    labels: description.labels ?? (await labelsThatOccur(cases)),
    cases,
    issues,
  };
}

async function describe(dir: string): Promise<Description> {
  if (!(await isFolder(dir))) {
    throw new DataError("file-missing", {
      file: dir,
      found: "no such folder",
      expected: "a data set",
      remedy: "Check the path.",
    });
  }
  const hasDescription = (await filesIn(dir)).includes("dataset.json");
  if (hasDescription && (await isFolder(join(dir, "imagesTr")))) return describedBy(dir);
  if (!hasDescription && (await isFolder(join(dir, "images"))) && (await isFolder(join(dir, "labels")))) {
    return bareFolders(dir);
  }
  throw new DataError("dataset-layout", {
    file: dir,
    found: hasDescription ? "dataset.json without imagesTr" : "no dataset.json",
    expected: "dataset.json with imagesTr and labelsTr, or the folders images and labels",
    remedy: "Arrange the data set in nnU-Net's raw layout.",
  });
}

async function describedBy(dir: string): Promise<Description> {
  const file = join(dir, "dataset.json");
  let parsed: z.infer<typeof descriptionSchema>;
  try {
    parsed = descriptionSchema.parse(JSON.parse(await readText(file)));
  } catch (error) {
    throw descriptionError(
      file,
      error instanceof z.ZodError
        ? error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")
        : (error as Error).message,
      error,
    );
  }
  const channels = parsed.channel_names ?? parsed.modality;
  if (channels === undefined || Object.keys(channels).length === 0) {
    throw descriptionError(file, "no channel_names");
  }
  const channelNames = Object.keys(channels).map((_, i) => channels[i]);
  if (channelNames.includes(undefined as never))
    throw descriptionError(file, "channel_names not numbered from 0");
  return {
    name: parsed.name ?? dir.split(/[\\/]/).filter(Boolean).at(-1) ?? dir,
    channelNames,
    labels: labelsByValue(parsed.labels, file),
    ending: parsed.file_ending ?? ".nii.gz",
    expectedCases: parsed.numTraining,
    imagesDir: join(dir, "imagesTr"),
    labelsDir: join(dir, "labelsTr"),
  };
}

async function bareFolders(dir: string): Promise<Description> {
  const names = await filesIn(join(dir, "images"));
  const ending = [".nii.gz", ".nii", ".nrrd"].find((candidate) =>
    names.some((name) => name.endsWith(candidate)),
  );
  const channels = new Set(names.map((name) => /_(\d{4})\.[a-z.]+$/.exec(name)?.[1] ?? "0000"));
  return {
    name: dir.split(/[\\/]/).filter(Boolean).at(-1) ?? dir,
    channelNames: Array.from({ length: channels.size }, (_, i) => `channel ${i}`),
    labels: undefined,
    ending: ending ?? ".nii.gz",
    expectedCases: undefined,
    imagesDir: join(dir, "images"),
    labelsDir: join(dir, "labels"),
  };
}

/** Image files per case and channel; with one channel its suffix `_0000` may be left out, as the Decathlon does. */
function groupChannels(
  names: readonly string[],
  ending: string,
  channels: number,
): Map<string, (string | undefined)[]> {
  const cases = new Map<string, (string | undefined)[]>();
  for (const name of names) {
    if (!name.endsWith(ending)) continue;
    const stem = name.slice(0, -ending.length);
    const suffixed = /^(.+)_(\d{4})$/.exec(stem);
    const [id, channel] = suffixed === null ? [stem, 0] : [suffixed[1], Number(suffixed[2])];
    const files = cases.get(id) ?? Array.from({ length: channels }, () => undefined);
    if (channel < channels) files[channel] = name;
    cases.set(id, files);
  }
  return cases;
}

function labelsByValue(
  labels: z.infer<typeof descriptionSchema>["labels"],
  file: string,
): Record<number, string> {
  const result: Record<number, string> = {};
  for (const [key, value] of Object.entries(labels)) {
    if (Array.isArray(value)) {
      throw new DataError("dataset-regions", {
        file,
        found: `the label "${key}" as a region of labels ${value.join(", ")}`,
        expected: "one value per label",
        remedy: "Give the labels as classes that exclude each other.",
      });
    }
    const [at, name] = typeof value === "number" ? [value, key] : [Number(key), value];
    if (!(Number.isInteger(at) && at >= 0 && at <= 255) || result[at] !== undefined) {
      throw descriptionError(file, `the label "${key}": ${JSON.stringify(value)}`);
    }
    result[at] = name;
  }
  const values = Object.keys(result).map(Number);
  if (!values.every((value, i) => value === i)) {
    throw descriptionError(file, `label values ${values.join(", ")}, not consecutive from 0`);
  }
  return result;
}

/** Without a dataset.json the classes are the values that occur in the label maps. */
async function labelsThatOccur(cases: readonly SegmentationCase[]): Promise<Record<number, string>> {
  const seen = new Uint8Array(256);
  for (const { labelFile } of cases) {
    for (const value of (await readLabelMap(labelFile)).data) seen[value] = 1;
  }
  seen[0] = 1;
  const count = seen.lastIndexOf(1) + 1;
  if (seen.subarray(0, count).includes(0)) {
    const values = [...seen.keys()].filter((value) => seen[value] === 1);
    throw new DataError("dataset-labels", {
      found: `label maps with the values ${values.join(", ")}`,
      expected: "consecutive labels from 0",
      remedy: "Renumber the labels, or describe them in dataset.json.",
    });
  }
  return Object.fromEntries(
    Array.from({ length: count }, (_, value) => [value, value === 0 ? "background" : `label ${value}`]),
  );
}

function leftOut(code: string, id: string, why: string): Issue {
  return {
    code,
    severity: "error",
    message: `Case ${id} was left out: ${why}. Add the file or remove the case.`,
    subject: id,
  };
}

function descriptionError(file: string, found: string, cause?: unknown): DataError {
  return new DataError(
    "dataset-description",
    {
      file,
      found,
      expected: "channel_names, labels (consecutive from 0, background first) and numTraining as in nnU-Net",
      remedy: "Correct dataset.json.",
    },
    { cause },
  );
}
