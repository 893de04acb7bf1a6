/** What `residua predict` found, as DICOM objects. */
import path from "node:path";
import type { DceSeries } from "../../domain/dce.ts";
import { DataError } from "../../domain/errors.ts";
import type { LabelMap } from "../../domain/volume.ts";
import type { FtvThresholds } from "../../imaging/enhancement.ts";
import type { Quantity } from "../../io/dicom/writing/measurement-report.ts";
import type { TargetKind } from "../../models/target.ts";
import { findExamination } from "../examination-input.ts";
import type { NetworkKind } from "../schema.ts";
import type { LabelName } from "../segmentation/cases.ts";
import {
  type DicomOutput,
  dicomSourceMissing,
  networkAlgorithm,
  segmentsOf,
  writeDicomResult,
} from "./dicom-result.ts";

/** The examinations of a prediction. */
export const VISITS = ["pre", "post"] as const;
type Visit = (typeof VISITS)[number];

export interface SegmentedVisit {
  /** On the grid of the images as they were acquired. */
  readonly mask: LabelMap;
  /** The series as it was prepared, with the mask on its grid. */
  readonly measured: { readonly series: DceSeries; readonly mask: LabelMap };
}

/** What all folds of one network found together. */
export interface SegmentedVisits {
  readonly networks: number;
  /** Values are those of the masks. */
  readonly labels: readonly LabelName[];
  readonly masks: Readonly<Record<Visit, SegmentedVisit>>;
}

export interface PredictedObjects {
  readonly output: DicomOutput;
  /** Where `pre.seg.dcm`, `post.seg.dcm` and so on go. */
  readonly folder: string;
  /** Examinations as the user names them. */
  readonly visits: Readonly<Record<Visit, string>>;
  /** By network; the first one's masks are written. */
  readonly segmented: ReadonlyMap<NetworkKind, SegmentedVisits>;
  readonly target: TargetKind;
  /** Of the functional tumour volume. */
  readonly thresholds: FtvThresholds;
  /** By model. */
  readonly predicted: Readonly<Record<string, number | null>>;
}

/** How a prediction is reported, by what the models predict. */
const PREDICTED_QUANTITIES: Readonly<Record<TargetKind, Quantity>> = {
  "rcb-score": "rcbScore",
  "rcb-class": "rcbClass",
  "residual-disease": "residualDisease",
};

/**
 * Writes the masks of both examinations; the predictions stand in the report of the one after chemotherapy.
 *
 * @returns the files.
 * @throws {DataError} `dicom-without-network` where the study has no network, `dicom-source-missing` for examinations that are not DICOM,
 *   and as {@link findExamination} and {@link writeDicomResult}.
 */
export async function writePredictedObjects(objects: PredictedObjects): Promise<string[]> {
  const [first] = objects.segmented;
  if (first === undefined) {
    throw new DataError("dicom-without-network", {
      found: "a study without networks",
      expected: "a network whose segmentation can be written",
    });
  }
  const [kind, { networks, labels, masks }] = first;
  const quantity = PREDICTED_QUANTITIES[objects.target];
  const predictions = Object.entries(objects.predicted).flatMap(([model, value]) =>
    value === null ? [] : [{ model, values: { [quantity]: value } }],
  );
  const files: string[] = [];
  for (const visit of VISITS) {
    const input = await findExamination(objects.visits[visit]);
    if (input.kind === "native") throw dicomSourceMissing(visit);
    const written = await writeDicomResult({
      source: input.folder,
      target: path.join(objects.folder, visit),
      output: objects.output,
      ...masks[visit],
      segments: segmentsOf(labels),
      algorithm: networkAlgorithm(kind, networks),
      thresholds: objects.thresholds,
      predictions: visit === "post" ? predictions : [],
    });
    files.push(...written);
  }
  return files;
}
