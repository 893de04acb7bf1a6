/** `residua kinetics`: enhancement maps and functional tumour volume. */
import { Command, Option } from "commander";
import { measureKinetics } from "../../study/kinetics.ts";
import { print, printIssues, printJson } from "../console.ts";
import { interruptSignal } from "../interrupt.ts";
import { finiteNumber, wholeNumber } from "../options.ts";

interface KineticsOptions {
  readonly pe: number;
  readonly ser: number;
  readonly neighbours: number;
  readonly component: number;
  readonly region: string;
  readonly registration: "none" | "rigid" | "deformable";
  readonly json?: boolean;
}

export function kineticsCommand(): Command {
  return new Command("kinetics")
    .description("Percent enhancement, signal enhancement ratio, subtraction and functional tumour volume")
    .argument("<exam>", "examination: a folder in the native layout, or of DICOM files, or their DICOMDIR")
    .argument("<dir>", "folder for pe, ser, subtraction and ftv (.nii.gz), mip-*.png and kinetics.json")
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
    .option("--neighbours <count>", "least number of 26 neighbours that enhance too", wholeNumber(0), 4)
    .option("--component <ml>", "connected parts below this volume are left out", finiteNumber, 0)
    .option(
      "--region <region>",
      "where tumour may lie: breast (before the chest wall), body, or the file of a mask, an image or a DICOM SEG",
      "breast",
    )
    .addOption(
      new Option("--registration <kind>", "take out motion between phases first")
        .choices(["none", "rigid", "deformable"])
        .default("none"),
    )
    .option("--json", "print kinetics.json")
    .addHelpText(
      "after",
      `
Examples:
  residua kinetics dicom/UCSF-BR-06/dce kinetics/UCSF-BR-06
  residua kinetics cohort/images/P001/pre kinetics/P001 --ser 0.9 --region breast.nii.gz
  residua kinetics cohort/images/P001/pre kinetics/P001 --registration deformable`,
    )
    .action(async (examination: string, folder: string, options: KineticsOptions) => {
      const { pe, ser, neighbours, component, region, registration } = options;
      const kinetics = await measureKinetics({
        examination,
        folder,
        thresholds: { pePercent: pe, ser, minimumNeighbours: neighbours, minimumComponentMl: component },
        region,
        ...(registration === "none" ? {} : { registration }),
        signal: interruptSignal(),
      });
      printIssues(kinetics.issues);
      if (options.json) return printJson(kinetics);
      print(`phases at ${kinetics.timesSeconds.join(", ")} s`);
      print(`functional tumour volume ${kinetics.ftvMl.toFixed(2)} ml`);
      if (kinetics.longestDiameterMm !== null) {
        print(`longest diameter ${kinetics.longestDiameterMm.toFixed(1)} mm`);
      }
      if (kinetics.backgroundEnhancementPercent !== null) {
        print(`background enhancement ${kinetics.backgroundEnhancementPercent.toFixed(0)} %`);
      }
    });
}
