/** Fingerprint and plan of a data set. */
import { DataError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import {
  type CaseFingerprint,
  type Fingerprint,
  fingerprintCase,
  joinFingerprints,
} from "../../networks/fingerprint.ts";
import type { Progress } from "../progress.ts";
import type { SegmentationCase } from "./cases.ts";
import { eachCase } from "./each-case.ts";
import { cropCase } from "./prepare.ts";

export interface DataFingerprint {
  readonly fingerprint: Fingerprint;
  /** Cases that could be read; the others are among the issues. */
  readonly usable: readonly SegmentationCase[];
  readonly issues: readonly Issue[];
}

/**
 * Reads every case once. A case that cannot be used becomes an issue; the others go on.
 *
 * @throws {DataError} `training-empty` where no case can be used.
 */
export async function fingerprintCases(
  cases: readonly SegmentationCase[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<DataFingerprint> {
  const fingerprints: CaseFingerprint[] = [];
  const usable: SegmentationCase[] = [];
  const noticed: Issue[] = [];
  const { issues } = await eachCase(
    cases,
    { name: "fingerprint", progress, ...(signal === undefined ? {} : { signal }) },
    async (segmentationCase) => {
      const { value: loaded, issues: found } = await segmentationCase.load();
      const cropped = cropCase(loaded, segmentationCase.id);
      const labels = cropped.labels ?? new Uint8Array(cropped.channels[0].length);
      fingerprints.push(
        fingerprintCase(
          { channels: cropped.channels, labels, shape: cropped.grid.shape },
          loaded.grid.spacingMm,
          loaded.grid.shape,
        ),
      );
      usable.push(segmentationCase);
      noticed.push(...found);
    },
  );
  if (usable.length === 0) {
    const [first] = issues;
    throw new DataError("training-empty", {
      found:
        first === undefined
          ? "no case with a reference segmentation"
          : `none of ${cases.length} cases could be used: ${first.subject}: ${first.message}`,
      expected: "at least one image with a segmentation on its grid",
      remedy: "Add masks to the segmentations folder, or correct those that are there.",
    });
  }
  return { fingerprint: joinFingerprints(fingerprints), usable, issues: [...noticed, ...issues] };
}
