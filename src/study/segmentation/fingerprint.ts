/** Fingerprint and plan of a data set. */
import { ResiduaError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import {
  type CaseFingerprint,
  type Fingerprint,
  fingerprintCase,
  joinFingerprints,
} from "../../networks/fingerprint.ts";
import type { Progress } from "../progress.ts";
import type { SegmentationCase } from "./cases.ts";
import { cropCase } from "./prepare.ts";

export interface DataFingerprint {
  readonly fingerprint: Fingerprint;
  /** Cases that could be read; the others are among the issues. */
  readonly usable: readonly SegmentationCase[];
  readonly issues: readonly Issue[];
}

/** Reads every case once. A case that cannot be used becomes an issue; the others go on. */
export async function fingerprintCases(
  cases: readonly SegmentationCase[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<DataFingerprint> {
  const task = progress.begin("fingerprint", cases.length);
  const fingerprints: CaseFingerprint[] = [];
  const usable: SegmentationCase[] = [];
  const issues: Issue[] = [];
  for (const segmentationCase of cases) {
    signal?.throwIfAborted();
    try {
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
      issues.push(...found);
    } catch (error) {
      if (!(error instanceof ResiduaError)) throw error;
      issues.push({
        code: error.code,
        severity: "error",
        subject: segmentationCase.id,
        message: `${error.message} The case was left out.`,
      });
    }
    task.advance();
  }
  task.done(`${usable.length} cases`);
  return { fingerprint: joinFingerprints(fingerprints), usable, issues };
}
