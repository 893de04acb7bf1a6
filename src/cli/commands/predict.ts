/** `residua predict`: a trained study applied to a new patient. */
import { Command, InvalidArgumentError } from "commander";
import type { ClinicalValue } from "../../domain/cohort.ts";
import { UsageError } from "../../domain/errors.ts";
import { type PredictRequest, predictPatient } from "../../study/predict.ts";
import { print, printIssues, printJson } from "../console.ts";
import { addEngineOptions, type EngineOptions, engineRequest } from "../engine-options.ts";
import { fraction } from "../options.ts";

type Clinical = Record<string, ClinicalValue>;

interface PredictOptions extends EngineOptions {
  readonly value: Clinical;
  readonly step?: number;
  readonly mirror?: boolean;
  readonly postprocess: boolean;
  readonly out?: string;
  readonly dicomSeg: boolean;
  readonly dicomSr: boolean;
  readonly json?: boolean;
}

export function predictCommand(): Command {
  const command = new Command("predict").description(
    "Predict the residual cancer burden of a new patient by a finished study",
  );
  return addEngineOptions(command)
    .argument("<results>", "results folder of a run")
    .argument(
      "<pre>",
      "examination before chemotherapy: a folder in the native layout or of DICOM files, or their DICOMDIR",
    )
    .argument("<post>", "examination after chemotherapy")
    .option(
      "--value <column=value>",
      "value of a clinical column that a model names; may be repeated",
      readValue,
      {},
    )
    .option("--out <dir>", "folder for the DICOM objects")
    .option("--dicom-seg", "write the segmentations as DICOM SEG objects, for DICOM examinations", false)
    .option("--dicom-sr", "write measurements and predictions as SR TID 1500, with --dicom-seg", false)
    .option("--step <share>", "step of the sliding window instead of the study's", fraction)
    .option("--mirror", "average over mirrored images, whatever the study did: eight times the work")
    .option("--no-postprocess", "keep all components, whatever cross-validation decided")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  residua predict results/study exam/pre exam/post
  residua predict results/study exam/pre exam/post --value grade=3 --value subtype=TN --json
  residua predict results/study dicom/P001/pre dicom/P001/post --out objects --dicom-sr`,
    )
    .action(async (results: string, pre: string, post: string, options: PredictOptions) => {
      const inference = {
        ...(options.step === undefined ? {} : { step: options.step }),
        ...(options.mirror === true ? { mirror: true } : {}),
        ...(options.postprocess ? {} : { postprocess: "off" as const }),
      };
      const prediction = await predictPatient({
        results,
        pre,
        post,
        clinical: options.value,
        inference,
        engine: engineRequest(options),
        ...dicomOf(options),
      });
      printIssues(prediction.issues);
      if (options.json) return printJson(prediction);
      for (const [name, value] of Object.entries(prediction.models)) {
        print(`${name.padEnd(28)} ${prediction.target} ${value === null ? "–" : value.toFixed(2)}`);
      }
      const { pre: before, post: after } = prediction.volumesMl;
      if (before !== null && after !== null)
        print(`tumour volume ${before.toFixed(2)} ml before, ${after.toFixed(2)} ml after`);
      for (const file of prediction.dicomFiles ?? []) print(file);
    });
}

function readValue(text: string, former: Clinical): Clinical {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError(`"${text}" is not column=value.`);
  const value = text.slice(at + 1).trim();
  const number = Number(value);
  return { ...former, [text.slice(0, at)]: value === "" ? null : Number.isNaN(number) ? value : number };
}

function dicomOf({ out, dicomSeg, dicomSr }: PredictOptions): Pick<PredictRequest, "dicom"> {
  const wanted = dicomSeg || dicomSr;
  if (wanted === (out !== undefined)) {
    return wanted && out !== undefined
      ? { dicom: { output: dicomSr ? "seg-and-sr" : "seg", folder: out } }
      : {};
  }
  throw new UsageError("predict-objects", {
    found: wanted ? "DICOM objects to write without a folder" : "a folder without anything to write there",
    expected: "--out together with --dicom-seg or --dicom-sr",
  });
}
