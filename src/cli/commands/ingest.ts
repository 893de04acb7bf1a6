/** `residua ingest`: any source into the native layout. */
import { Command, Option } from "commander";
import { UsageError } from "../../domain/errors.ts";
import { LAYOUTS, type Layout } from "../../io/layouts/detect.ts";
import type { ClinicalRequest } from "../../study/ingestion/clinical.ts";
import { ingest } from "../../study/ingestion/ingest.ts";
import type { SortedBy } from "../../study/ingestion/sources.ts";
import { consoleProgress, print, printIssues, printJson, printNote } from "../console.ts";
import { interruptSignal } from "../interrupt.ts";
import { nameList, secondsList } from "../options.ts";

interface IngestOptions {
  readonly layout: Layout | "auto";
  readonly series?: string;
  readonly times?: readonly number[];
  readonly patient?: string;
  readonly visit?: string;
  readonly sort?: SortedBy;
  readonly visits?: string;
  readonly identities?: string;
  readonly deidentify: boolean;
  readonly keepDicom: boolean;
  readonly clinical?: string;
  readonly id?: string;
  readonly sheet?: string;
  readonly keepColumns?: string[];
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
      "folder of DICOM files in any folders (or a DICOMDIR), of one examination, or of a public collection",
    )
    .argument("<dir>", "cohort folder to write into")
    .addOption(
      new Option("--layout <name>", "layout of the source").choices(["auto", ...LAYOUTS]).default("auto"),
    )
    .option("--patient <id>", "study identifier, where the source is one examination")
    .option("--visit <name>", "its visit: pre, post or another")
    .addOption(
      new Option(
        "--sort <how>",
        "sort DICOM by folders, <patient>/<visit>, or by the PatientID and StudyInstanceUID in its tags (default: by folders where they name patients and visits)",
      ).choices(["folders", "tags"]),
    )
    .option(
      "--visits <table>",
      "sort by tags, and name visits by a table with patient_id, study_date or study_uid, and visit",
    )
    .option(
      "--series <name>",
      "dynamic series, by its description or SeriesInstanceUID, where examinations hold several",
    )
    .option("--times <list>", "seconds of the phases, for series without usable times: 0,90,180", secondsList)
    .option(
      "--identities <file>",
      "local table that leads from study identifiers to patients (default: <dir>.identities.json)",
    )
    .option("--no-deidentify", "keep the folders' names and the descriptions of series as they are")
    .option("--keep-dicom", "also write de-identified DICOM copies to <dir>/dicom/<patient>/<visit>/", false)
    .option(
      "--clinical <table>",
      "CSV, TSV or XLSX of the hospital, written as clinical.csv under study identifiers",
    )
    .option("--id <column>", "its column of hospital numbers or folders' names (default: patient_id)")
    .option("--sheet <name>", "its sheet, where an XLSX file has several")
    .option(
      "--keep-columns <columns>",
      "its columns that identify nobody, kept as they are; separated by commas",
      nameList,
    )
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
Where folders do not name patients and visits, files are sorted by their tags: the studies of a patient that have a
dynamic series are pre and post, or pre, t1, … and post, in the order of their dates. --visits says it otherwise.
Names, dates and unique identifiers are not copied. The folders' names become the study identifiers, unless the
files show that they identify the patient; then an identifier made with the key in the table of identities does.
A clinical table follows: its rows get the study identifiers, columns that identify are left out and named, and dates
are moved as those of the images. To add a table later, run the same ingest again with --clinical.
A DICOM SEG of the dynamic series whose segment means a tumour, by its coded type or its label, becomes the
reference mask, segmentations/<patient>/<visit>.nii.gz; where none or several may be meant, --segment tells.

Examples:
  residua ingest dicom cohort
  residua ingest export cohort --visits visits.csv
  residua ingest /media/cdrom/DICOMDIR cohort
  residua ingest dicom cohort --clinical patients.xlsx --id "Hospital number"
  residua ingest MAMA-MIA cohort --layout mama-mia
  residua ingest ISPY2 cohort --times 0,85,170,255,340,425
  residua ingest ISPY2 cohort --clinical ISPY2-Imaging-Cohort-1-Clinical-Data.xlsx --id Patient_ID
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
      const clinical = clinicalRequest(options);
      const outcome = await ingest({
        source,
        layout,
        ...(times === undefined ? {} : { timesSeconds: times }),
        folder,
        ...(patient === undefined ? {} : { patient }),
        ...(visit === undefined ? {} : { visit }),
        ...(options.sort === undefined ? {} : { sort: options.sort }),
        ...(options.series === undefined ? {} : { series: options.series }),
        ...(options.visits === undefined ? {} : { visits: options.visits }),
        ...(table === undefined ? {} : { identities: table }),
        keepDicom,
        ...(clinical === undefined ? {} : { clinical }),
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

/** @throws {UsageError} `ingest-clinical` where the table is described but not named. */
function clinicalRequest({ clinical, id, sheet, keepColumns }: IngestOptions): ClinicalRequest | undefined {
  if (clinical !== undefined) {
    const named = sheet === undefined ? {} : { sheet };
    return { table: clinical, id: id ?? "patient_id", keep: keepColumns ?? [], ...named };
  }
  const alone = Object.entries({ "--id": id, "--sheet": sheet, "--keep-columns": keepColumns }).find(
    ([, value]) => value !== undefined,
  );
  if (alone === undefined) return undefined;
  throw new UsageError("ingest-clinical", {
    found: `${alone[0]} without --clinical`,
    expected: "the table that it describes",
    remedy: "Name the table with --clinical.",
  });
}
