/** `residua ingest`: any source into the native layout. */
import { Command, Option } from "commander";
import { LAYOUTS, type Layout } from "../../io/layouts/detect.ts";
import { ingest } from "../../study/ingest-layout.ts";
import { consoleProgress, print, printIssues, printJson } from "../console.ts";
import { interruptSignal } from "../interrupt.ts";
import { secondsList } from "../options.ts";

interface IngestOptions {
  readonly layout: Layout | "auto";
  readonly times?: readonly number[];
  readonly patient?: string;
  readonly visit?: string;
  readonly json?: boolean;
}

export function ingestCommand(): Command {
  return new Command("ingest")
    .description(
      "Read examinations of any layout, sort DICOM into phases, and write them in the native layout",
    )
    .argument(
      "<source>",
      "folder with <patient>/<visit>/ folders of DICOM files, of one examination, or of a public collection",
    )
    .argument("<dir>", "cohort folder to write into")
    .addOption(
      new Option("--layout <name>", "layout of the source").choices(["auto", ...LAYOUTS]).default("auto"),
    )
    .option("--patient <id>", "study identifier, where the source is one examination")
    .option("--visit <name>", "its visit: pre, post or another")
    .option("--times <list>", "seconds of the phases, for series without usable times: 0,90,180", secondsList)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Names, dates and unique identifiers are not copied. The folders' names become the study identifiers.

Examples:
  residua ingest dicom cohort
  residua ingest MAMA-MIA cohort --layout mama-mia
  residua ingest ISPY2 cohort --times 0,85,170,255,340,425
  residua ingest dicom/dce-before cohort --patient P001 --visit pre`,
    )
    .action(
      async (source: string, folder: string, { layout, times, patient, visit, json }: IngestOptions) => {
        const outcome = await ingest({
          source,
          layout,
          ...(times === undefined ? {} : { timesSeconds: times }),
          folder,
          ...(patient === undefined ? {} : { patient }),
          ...(visit === undefined ? {} : { visit }),
          progress: consoleProgress(),
          signal: interruptSignal(),
        });
        printIssues(outcome.issues);
        if (json) return printJson(outcome);
        print(`layout ${outcome.layout}: ${outcome.why}`);
        for (const examination of outcome.examinations) {
          print(
            `${examination.patient}/${examination.visit}: ${examination.phases} phases at ${examination.timesSeconds.join(", ")} s`,
          );
        }
      },
    );
}
