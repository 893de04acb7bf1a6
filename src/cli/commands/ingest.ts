/** `residua ingest`: any source into the native layout. */
import { Command, Option } from "commander";
import { UsageError } from "../../domain/errors.ts";
import { LAYOUTS, type Layout } from "../../io/layouts/detect.ts";
import { ingest } from "../../study/ingestion/ingest.ts";
import { consoleProgress, print, printIssues, printJson, printNote } from "../console.ts";
import { interruptSignal } from "../interrupt.ts";
import { secondsList } from "../options.ts";

interface IngestOptions {
  readonly layout: Layout | "auto";
  readonly times?: readonly number[];
  readonly patient?: string;
  readonly visit?: string;
  readonly identities?: string;
  readonly deidentify: boolean;
  readonly keepDicom: boolean;
  readonly segment?: readonly string[];
  readonly uncompressed?: boolean;
  readonly json?: boolean;
}

export function ingestCommand(): Command {
  return new Command("ingest")
    .description(
      "Read examinations of any layout, sort DICOM into phases, and write them in the native layout",
    )
    .argument(
      "<source>",
      "folder with <patient>/<visit>/ folders of DICOM files, of one examination (or its DICOMDIR), or of a public collection",
    )
    .argument("<dir>", "cohort folder to write into")
    .addOption(
      new Option("--layout <name>", "layout of the source").choices(["auto", ...LAYOUTS]).default("auto"),
    )
    .option("--patient <id>", "study identifier, where the source is one examination")
    .option("--visit <name>", "its visit: pre, post or another")
    .option("--times <list>", "seconds of the phases, for series without usable times: 0,90,180", secondsList)
    .option(
      "--identities <file>",
      "local table that leads from study identifiers to patients (default: <dir>.identities.json)",
    )
    .option("--no-deidentify", "keep the folders' names and the descriptions of series as they are")
    .option("--keep-dicom", "also write de-identified DICOM copies to <dir>/dicom/<patient>/<visit>/", false)
    .option(
      "--segment <label>",
      "segment of a DICOM SEG that is the tumour; may be repeated (default: the one that means it)",
      (label: string, former: readonly string[] = []) => [...former, label],
    )
    .option("--uncompressed", "write .nii files: half the time, twice the space")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Run again, it goes on where it stopped: an examination made from the same files is kept.
Names, dates and unique identifiers are not copied. The folders' names become the study identifiers, unless the
files show that they identify the patient; then an identifier made with the key in the table of identities does.
A DICOM SEG of the dynamic series whose segment means a tumour, by its coded type or its label, becomes the
reference mask, segmentations/<patient>/<visit>.nii.gz; where none or several may be meant, --segment tells.

Examples:
  residua ingest dicom cohort
  residua ingest MAMA-MIA cohort --layout mama-mia
  residua ingest ISPY2 cohort --times 0,85,170,255,340,425
  residua ingest dicom/dce-before cohort --patient P001 --visit pre
  residua ingest dicom cohort --segment "index lesion" --segment "satellite"`,
    )
    .action(async (source: string, folder: string, options: IngestOptions) => {
      const { layout, times, patient, visit, identities, deidentify, keepDicom, uncompressed, json } =
        options;
      const { segment: segments } = options;
      if (!deidentify && (identities !== undefined || keepDicom)) {
        throw new UsageError("ingest-deidentify", {
          found: `${keepDicom ? "--keep-dicom" : "--identities"} together with --no-deidentify`,
          expected: "one of them",
        });
      }
      const table = deidentify ? identities : "off";
      const outcome = await ingest({
        source,
        layout,
        ...(times === undefined ? {} : { timesSeconds: times }),
        folder,
        ...(patient === undefined ? {} : { patient }),
        ...(visit === undefined ? {} : { visit }),
        ...(table === undefined ? {} : { identities: table }),
        keepDicom,
        ...(segments === undefined ? {} : { segments }),
        ...(uncompressed === undefined ? {} : { uncompressed }),
        progress: consoleProgress(),
        signal: interruptSignal(),
      });
      printIssues(outcome.issues);
      if (outcome.identities !== null) {
        printNote(`Table of identities, not to be passed on: ${outcome.identities}`);
      }
      if (json) return printJson(outcome);
      print(`layout ${outcome.layout}: ${outcome.why}`);
      for (const examination of outcome.examinations) {
        print(
          `${examination.patient}/${examination.visit}: ${examination.phases} phases at ${examination.timesSeconds.join(", ")} s${examination.reused ? " (already there)" : ""}`,
        );
      }
    });
}
