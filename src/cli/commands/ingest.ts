/** `residua ingest`: DICOM into the native layout. */
import { Command, Option } from "commander";
import { ingestDicom } from "../../study/ingest.ts";
import { consoleProgress, print, printIssues, printJson } from "../console.ts";
import { interruptSignal } from "../interrupt.ts";

interface IngestOptions {
  readonly patient?: string;
  readonly visit?: string;
  readonly uncompressed?: boolean;
  readonly json?: boolean;
}

export function ingestCommand(): Command {
  return new Command("ingest")
    .description("Sort DICOM examinations into phases and write them in the native layout")
    .argument(
      "<source>",
      "folder with <patient>/<visit>/ folders of DICOM files, or of one examination (or its DICOMDIR)",
    )
    .argument("<dir>", "cohort folder to write into")
    .addOption(
      new Option("--layout <name>", "layout of the source").choices(["auto", "dicom"]).default("auto"),
    )
    .option("--patient <id>", "study identifier, where the source is one examination")
    .option("--visit <name>", "its visit: pre, post or another")
    .option("--uncompressed", "write .nii files: half the time, twice the space")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Run again, it goes on where it stopped: an examination made from the same files is kept.
Names, dates and unique identifiers are not copied. The folders' names become the study identifiers.

Examples:
  residua ingest dicom cohort
  residua ingest dicom/dce-before cohort --patient P001 --visit pre`,
    )
    .action(async (source: string, folder: string, { patient, visit, uncompressed, json }: IngestOptions) => {
      const outcome = await ingestDicom({
        source,
        folder,
        ...(patient === undefined ? {} : { patient }),
        ...(visit === undefined ? {} : { visit }),
        ...(uncompressed === undefined ? {} : { uncompressed }),
        progress: consoleProgress(),
        signal: interruptSignal(),
      });
      printIssues(outcome.issues);
      if (json) return printJson(outcome);
      for (const examination of outcome.examinations) {
        print(
          `${examination.patient}/${examination.visit}: ${examination.phases} phases at ${examination.timesSeconds.join(", ")} s${examination.reused ? " (already there)" : ""}`,
        );
      }
    });
}
