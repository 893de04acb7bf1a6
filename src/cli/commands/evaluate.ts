/** `residua evaluate`: predicted masks against reference masks. */
import { Command } from "commander";
import { DEFAULT_TOLERANCE_MM, evaluateMasks, type LabelAgreement } from "../../study/evaluate.ts";
import { consoleProgress, print, printIssues, printJson } from "../console.ts";
import { finiteNumber } from "../options.ts";

export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description("Dice, HD95, normalised surface Dice and volume error, per case and mean")
    .argument("<predicted>", "mask file (NIfTI, NRRD or DICOM SEG), or folder of masks")
    .argument("<reference>", "mask file, or folder with files of the same names")
    .option("--tolerance <mm>", "distance at which surfaces still agree", finiteNumber, DEFAULT_TOLERANCE_MM)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  residua evaluate predicted labelsTs
  residua evaluate predicted/case.nii.gz labelsTs/case.nii.gz --json
  residua evaluate objects/pre.seg.dcm reader.nii.gz

The labels of a DICOM SEG are the numbers of its segments; overlapping segments are each compared by themselves.
One on another grid than the image that it is compared with is resampled onto it, and reported.`,
    )
    .action(async (predicted: string, reference: string, options: { tolerance: number; json?: boolean }) => {
      const evaluation = await evaluateMasks(predicted, reference, options.tolerance, consoleProgress());
      printIssues(evaluation.issues);
      if (options.json) return printJson(evaluation);
      for (const entry of evaluation.cases) {
        for (const [label, agreement] of Object.entries(entry.labels)) {
          print(`${entry.case.padEnd(24)} label ${label}  ${describe(agreement)}`);
        }
      }
      for (const [label, agreement] of Object.entries(evaluation.mean)) {
        print(`${"mean".padEnd(24)} label ${label}  ${describe(agreement)}`);
      }
    });
}

function describe({ dice, hd95Mm, nsd, volumeErrorMl }: LabelAgreement): string {
  const show = (value: number | null, digits: number) => (value === null ? "–" : value.toFixed(digits));
  return `Dice ${show(dice, 3)}  HD95 ${show(hd95Mm, 1)} mm  NSD ${show(nsd, 3)}  volume error ${show(volumeErrorMl, 2)} ml`;
}
