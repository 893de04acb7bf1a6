/** `residua kinetics`: enhancement maps and functional tumour volume. */
import { Command } from "commander";
import { measureKinetics } from "../../study/kinetics.ts";
import { print, printIssues, printJson } from "../console.ts";
import { finiteNumber } from "../options.ts";

interface KineticsOptions {
  readonly pe: number;
  readonly ser: number;
  readonly region?: string;
  readonly json?: boolean;
}

export function kineticsCommand(): Command {
  return new Command("kinetics")
    .description("Percent enhancement, signal enhancement ratio, subtraction and functional tumour volume")
    .argument("<exam>", "examination: a folder in the native layout, or of DICOM files")
    .argument("<dir>", "folder for pe.nii.gz, ser.nii.gz, subtraction.nii.gz, ftv.nii.gz and kinetics.json")
    .option(
      "--pe <percent>",
      "least early percent enhancement of the functional tumour volume",
      finiteNumber,
      70,
    )
    .option(
      "--ser <ratio>",
      "least signal enhancement ratio of the functional tumour volume",
      finiteNumber,
      0,
    )
    .option("--region <mask>", "mask in which tumour may lie, an image or a DICOM SEG (default: the body)")
    .option("--json", "print kinetics.json")
    .addHelpText(
      "after",
      `
Examples:
  residua kinetics dicom/UCSF-BR-06/dce kinetics/UCSF-BR-06
  residua kinetics cohort/images/P001/pre kinetics/P001 --ser 0.9 --region breast.nii.gz`,
    )
    .action(async (examination: string, folder: string, options: KineticsOptions) => {
      const kinetics = await measureKinetics({
        examination,
        folder,
        peThresholdPercent: options.pe,
        serThreshold: options.ser,
        ...(options.region === undefined ? {} : { region: options.region }),
      });
      printIssues(kinetics.issues);
      if (options.json) return printJson(kinetics);
      print(`phases at ${kinetics.timesSeconds.join(", ")} s`);
      print(`functional tumour volume ${kinetics.ftvMl.toFixed(2)} ml`);
    });
}
