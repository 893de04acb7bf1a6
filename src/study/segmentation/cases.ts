/** Where segmentation cases come from: examinations of a cohort, or a data set of images with label maps. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { ExaminationRecord } from "../../domain/cohort.ts";
import { choosePhases, type DceSeries } from "../../domain/dce.ts";
import { DataError } from "../../domain/errors.ts";
import type { Issue, WithIssues } from "../../domain/issues.ts";
import { requireSameGrid, type Volume } from "../../domain/volume.ts";
import { type DceChannel, dceInput } from "../../imaging/dce-input.ts";
import { replaceNonFinite } from "../../imaging/non-finite.ts";
import { readDceSeries } from "../../io/dicom/dce.ts";
import { readLabelMap, readVolume } from "../../io/images.ts";
import { readDceSeriesOf, readNativeCohort, readSegmentationOf } from "../../io/layouts/native.ts";
import { readSegmentationDataset } from "../../io/layouts/nnunet-raw.ts";
import type { PreparedSeries } from "../preparation/prepare-series.ts";
import type { LoadedCase } from "./prepare.ts";

export interface SegmentationCase {
  /** Unique in its data set: a case name, or `patient/visit`. */
  readonly id: string;
  /** Cases of one patient stay in one fold. */
  readonly patientId: string;
  /** Visit of an examination; undefined for an image by itself. */
  readonly visit?: string;
  /** All files that the case is read from. */
  readonly files: readonly string[];
  readonly hasReference: boolean;
  /** Where the case was read from DICOM files: their folder. */
  readonly dicomFolder?: string;
  load(): Promise<WithIssues<LoadedCase>>;
}

export interface LabelName {
  readonly name: string;
  /** Value in masks; classes are the positions in the list, background first. */
  readonly value: number;
}

export interface ChannelSource {
  readonly source: "files" | "dce";
  readonly names: readonly string[];
}

export interface SegmentationData {
  readonly name: string;
  readonly cases: readonly SegmentationCase[];
  readonly labels: readonly LabelName[];
  readonly channels: ChannelSource;
  readonly issues: readonly Issue[];
}

/** Labels of a cohort's masks: any value above 0 is tumour. */
export const TUMOUR_LABELS: readonly LabelName[] = [
  { name: "background", value: 0 },
  { name: "tumour", value: 1 },
];

/**
 * Opens a folder as a data set: nnU-Net's raw layout or a cohort in the native layout, whose examinations with a
 * reference segmentation are the cases.
 *
 * @param channels of the network's input, for a cohort.
 * @throws {DataError} `dataset-unknown` where the folder is neither, and as the layouts' readers.
 */
export async function openSegmentationData(
  folder: string,
  channels: readonly DceChannel[],
): Promise<SegmentationData> {
  if (existsSync(path.join(folder, "dataset.json")) || !existsSync(path.join(folder, "images"))) {
    return openRawDataSet(folder);
  }
  const entries = existsSync(path.join(folder, "labels"));
  if (entries) return openRawDataSet(folder);
  const { examinations, issues } = await readNativeCohort(folder);
  return {
    name: path.basename(path.resolve(folder)),
    cases: examinations.map((record) => examinationCase(record, channels)),
    labels: TUMOUR_LABELS,
    channels: { source: "dce", names: channels },
    issues,
  };
}

async function openRawDataSet(folder: string): Promise<SegmentationData> {
  const dataSet = await readSegmentationDataset(folder);
  const labels = Object.entries(dataSet.labels)
    .map(([value, name]) => ({ name, value: Number(value) }))
    .sort((a, b) => a.value - b.value);
  return {
    name: dataSet.name,
    cases: dataSet.cases.map(({ id, channelFiles, labelFile }) =>
      fileCase(id, channelFiles, labels, labelFile),
    ),
    labels,
    channels: { source: "files", names: dataSet.channelNames },
    issues: dataSet.issues,
  };
}

/** A case whose channels are files, with or without a label map. */
export function fileCase(
  id: string,
  channelFiles: readonly string[],
  labels: readonly LabelName[],
  labelFile?: string,
): SegmentationCase {
  return {
    id,
    patientId: id,
    files: labelFile === undefined ? channelFiles : [...channelFiles, labelFile],
    hasReference: labelFile !== undefined,
    async load() {
      const issues: Issue[] = [];
      const volumes: Volume[] = [];
      for (const file of channelFiles) {
        const volume = await readVolume(file);
        const { value, issues: found } = replaceNonFinite(volume, id);
        issues.push(...volume.issues, ...found);
        volumes.push(value);
        requireSameGrid(volumes[0], value, `channel ${volumes.length - 1}`, file);
      }
      const [{ grid }] = volumes;
      const channels = volumes.map(({ data }) => Float32Array.from(data));
      if (labelFile === undefined) return { value: { grid, channels }, issues };
      const mask = await readLabelMap(labelFile);
      requireSameGrid(volumes[0], mask, "the label map", labelFile);
      return { value: { grid, channels, labels: toClasses(mask.data, labels, labelFile) }, issues };
    },
  };
}

/** A series that a case is made of. */
export interface CaseSeries {
  readonly series: DceSeries;
  /** Of the case. */
  readonly id: string;
  /** By which the examinations of a patient are known to belong together; not to be shown. */
  readonly patient: string;
  /** Where it was read from. */
  readonly folder: string;
}

/** Prepares a series as the images that trained a model were prepared; undefined where it is to be taken as it is. */
export type CasePreparer = (input: CaseSeries) => Promise<WithIssues<PreparedSeries | undefined>>;

/**
 * An examination of a cohort; its channels are phases by their role in time, its one class is tumour.
 *
 * @param prepare for examinations without a reference; as they are where left out.
 */
export function examinationCase(
  record: ExaminationRecord,
  channels: readonly DceChannel[],
  prepare?: CasePreparer,
): SegmentationCase {
  const id = `${record.patientId}/${record.visit}`;
  const { segmentationFile } = record;
  return {
    id,
    patientId: record.patientId,
    visit: record.visit,
    files: segmentationFile === undefined ? record.phaseFiles : [...record.phaseFiles, segmentationFile],
    hasReference: segmentationFile !== undefined,
    async load() {
      const read = await readDceSeriesOf(record);
      if (prepare !== undefined) {
        const folder = path.dirname(record.phaseFiles[0]);
        return preparedInput(read, channels, prepare, { id, patient: record.patientId, folder });
      }
      const loaded = networkInput(read.value, channels);
      if (segmentationFile === undefined) return { value: loaded, issues: read.issues };
      const mask = await readSegmentationOf(record, loaded.grid);
      const labels = mask.data.map((value) => (value > 0 ? 1 : 0));
      return { value: { ...loaded, labels }, issues: read.issues };
    },
  };
}

/** An examination in DICOM files, without a reference; its folder's name is the case's. */
export function dicomCase(
  folder: string,
  channels: readonly DceChannel[],
  prepare?: CasePreparer,
): SegmentationCase {
  const id = path.basename(path.resolve(folder));
  return {
    id,
    patientId: id,
    files: [folder],
    hasReference: false,
    dicomFolder: folder,
    async load() {
      const read = await readDceSeries(folder);
      if (prepare === undefined) return { value: networkInput(read.value, channels), issues: read.issues };
      const patient = read.sources[0].patientId ?? id;
      return preparedInput(read, channels, prepare, { id, patient, folder });
    },
  };
}

/** What a network sees of a series. @throws {DataError} as {@link dceInput}. */
export function networkInput(series: DceSeries, channels: readonly DceChannel[]): LoadedCase {
  const finite = series.phases.map((phase) => replaceNonFinite(phase).value);
  const { grid, channels: values } = dceInput({ ...series, phases: finite }, channels);
  return { grid, channels: values, anatomy: finite[choosePhases(series.timesSeconds).pre].data };
}

async function preparedInput(
  { value: series, issues }: WithIssues<DceSeries>,
  channels: readonly DceChannel[],
  prepare: CasePreparer,
  source: Omit<CaseSeries, "series">,
): Promise<WithIssues<LoadedCase>> {
  const { value: prepared, issues: noticed } = await prepare({ ...source, series });
  const loaded = networkInput(prepared?.series ?? series, channels);
  const value = prepared === undefined ? loaded : { ...loaded, prepared };
  return { value, issues: [...issues, ...noticed] };
}

function toClasses(values: Uint8Array, labels: readonly LabelName[], file: string): Uint8Array {
  const classOf = new Int16Array(256).fill(-1);
  labels.forEach(({ value }, index) => {
    classOf[value] = index;
  });
  return values.map((value) => {
    if (classOf[value] >= 0) return classOf[value];
    throw new DataError("label-unknown", {
      file,
      found: `label ${value}`,
      expected: labels.map((label) => `${label.value} (${label.name})`).join(", "),
      remedy: "Add the label to dataset.json or correct the mask.",
    });
  });
}
