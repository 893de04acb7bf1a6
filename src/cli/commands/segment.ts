/** `residua segment`: applies a trained network. */
import { Command } from "commander";
import { UsageError } from "../../domain/errors.ts";
import { type SegmentRequest, segmentImages } from "../../study/segment.ts";
import { consoleProgress, print, printIssues, printJson } from "../console.ts";
import { addEngineOptions, type EngineOptions, engineRequest } from "../engine-options.ts";
import { interruptSignal } from "../interrupt.ts";
import { finiteNumber, fraction } from "../options.ts";

interface SegmentOptions extends EngineOptions {
  readonly out: string;
  readonly step: number;
  readonly mirror: boolean;
  readonly dicomSeg: boolean;
  readonly dicomSr: boolean;
  readonly dicomSource?: string;
  readonly pe?: number;
  readonly ser?: number;
  readonly prepare: boolean;
  readonly postprocess: boolean;
  readonly json?: boolean;
}

export function segmentCommand(): Command {
  const command = new Command("segment").description(
    "Segment images with a trained model, or with all folds of one",
  );
  return addEngineOptions(command)
    .argument("<model>", "model folder, or a folder of fold-0, fold-1, …")
    .argument(
      "<input...>",
      "images, folders of images, examinations (folders or a DICOMDIR) or cohorts, as the model was trained on",
    )
    .requiredOption("--out <dir>", "folder for the masks")
    .option("--step <share>", "step of the sliding window, as a share of the patch", fraction, 0.5)
    .option("--mirror", "average over mirrored images: eight times the work, a little better", false)
    .option("--dicom-seg", "also write DICOM SEG objects, CASE.seg.dcm, for DICOM images", false)
    .option(
      "--dicom-sr",
      "also write measurement reports, CASE.sr.dcm (SR TID 1500), with --dicom-seg",
      false,
    )
    .option(
      "--dicom-source <dir>",
      "DICOM files that the images were ingested from: of one examination, or <patient>/<visit>/",
    )
    .option(
      "--pe <percent>",
      "least early percent enhancement of the functional tumour volume in --dicom-sr (default: the study's, or 70)",
      finiteNumber,
    )
    .option(
      "--ser <ratio>",
      "least signal enhancement ratio of it (default: the study's, or 0)",
      finiteNumber,
    )
    .option("--no-prepare", "take series as they are, however those that trained the model were prepared")
    .option("--no-postprocess", "keep all components, whatever cross-validation decided")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examinations and cohorts are prepared as those that trained a study's model: registered, corrected, cut to one
breast; masks lie on the images as they were acquired.

Examples:
  residua segment models/hippocampus imagesTs --out predicted
  residua segment results/study/models/nnunet cohort/images/P001/pre --out masks
  residua segment results/study/models/nnunet dicom/P001/pre --out objects --dicom-seg --dicom-sr --pe 80`,
    )
    .action(async (model: string, inputs: string[], options: SegmentOptions) => {
      const { out, json, step, mirror, postprocess, prepare } = options;
      const result = await segmentImages({
        model,
        inputs,
        folder: out,
        step,
        mirror,
        ...dicomOf(options),
        prepare,
        postprocess: postprocess ? "auto" : "off",
        engine: engineRequest(options),
        progress: consoleProgress(),
        signal: interruptSignal(),
      });
      printIssues(result.issues);
      if (json) return printJson(result);
      for (const { file, dicomFiles, volumesMl } of result.cases) {
        const volumes = Object.entries(volumesMl).map(([name, ml]) => `${name} ${ml.toFixed(2)} ml`);
        print(`${file}  ${volumes.join(", ")}`);
        for (const written of dicomFiles ?? []) print(written);
      }
    });
}

function dicomOf(options: SegmentOptions): Pick<SegmentRequest, "dicom"> {
  const { dicomSeg, dicomSr, dicomSource, pe, ser } = options;
  if (!dicomSr && (pe !== undefined || ser !== undefined)) {
    throw new UsageError("segment-thresholds", {
      found: `${pe === undefined ? "--ser" : "--pe"} without --dicom-sr`,
      expected: "thresholds where a functional tumour volume is reported",
    });
  }
  if (!dicomSeg && !dicomSr) return {};
  const source = dicomSource === undefined ? {} : { source: dicomSource };
  const thresholds = {
    ...(pe === undefined ? {} : { pePercent: pe }),
    ...(ser === undefined ? {} : { ser }),
  };
  return { dicom: { output: dicomSr ? "seg-and-sr" : "seg", ...source, thresholds } };
}
