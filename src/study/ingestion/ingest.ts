/** `residua ingest` of the layouts of public collections, and of the native one. */
import path from "node:path";
import { DataError, UsageError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import { dicomFolderOf } from "../../io/dicom/folder.ts";
import { detectLayout, type Layout } from "../../io/layouts/detect.ts";
import { writeExamination } from "../../io/layouts/native.ts";
import type { SourceCohort } from "../../io/layouts/source-cohort.ts";
import { writeCsv } from "../../io/tables/write.ts";
import { eachCase } from "../segmentation/each-case.ts";
import type { ClinicalRequest } from "./clinical.ts";
import {
  type IngestedExamination,
  type IngestOutcome,
  type IngestRequest,
  ingestDicom,
} from "./ingest-dicom.ts";
import type { SortedBy } from "./sources.ts";

export interface LayoutRequest extends IngestRequest {
  readonly layout: Layout | "auto";
  /** A clinical table, to be keyed by study identifiers; for DICOM and for I-SPY. */
  readonly clinical?: ClinicalRequest;
  /** Times of the phases, in seconds after the first, for series without usable ones. */
  readonly timesSeconds?: readonly number[];
}

export interface LayoutOutcome extends Omit<IngestOutcome, "layout" | "sortedBy"> {
  readonly layout: Layout;
  /** Of DICOM, how files were sorted into examinations. */
  readonly sortedBy?: SortedBy;
  /** What told the layout: the user, or a sign in the source. */
  readonly why: string;
}

type Reader = (request: LayoutRequest) => Promise<SourceCohort>;

/** Loaded when called: readers of tables take longer to load than a hundred slices to read. */
const READERS: Readonly<Record<Exclude<Layout, "dicom">, Reader>> = {
  native: async ({ source }) => (await import("../../io/layouts/native-source.ts")).readNativeSource(source),
  "mama-mia": async ({ source, timesSeconds }) =>
    (await import("../../io/layouts/mama-mia.ts")).readMamaMia(source, timesSeconds),
  ispy: async ({ source, timesSeconds }) =>
    (await import("../../io/layouts/ispy.ts")).readIspy(source, timesSeconds),
  duke: async ({ source }) => (await import("../../io/layouts/duke.ts")).readDuke(source),
};

/**
 * Reads a source of any layout into the native one, with the clinical table where the layout has one.
 *
 * @throws {DataError} `ingest-none` where no examination could be read; as {@link detectLayout} and the readers.
 * @throws {UsageError} `ingest-name` where a patient or visit is given for a layout that names them.
 */
export async function ingest(request: LayoutRequest): Promise<LayoutOutcome> {
  const named = request.patient !== undefined || request.visit !== undefined;
  const { layout, why } =
    request.layout !== "auto"
      ? { layout: request.layout, why: "as given" }
      : named
        ? ({ layout: "dicom", why: "patient and visit are given" } as const)
        : dicomFolderOf(request.source) !== request.source
          ? ({ layout: "dicom", why: "the source is a DICOMDIR" } as const)
          : await detectLayout(request.source);
  request.progress.note(`layout ${layout}: ${why}`);
  if (layout === "dicom") return { ...(await ingestHospital(request)), layout, why };
  refuseDicomOptions(request, layout);
  if (named) {
    throw new UsageError("ingest-name", {
      found: `a patient or a visit for the layout ${layout}`,
      expected: "neither: the layout names them",
    });
  }
  const { clinical } = request;
  const hospital = clinical === undefined ? undefined : await (await tables()).readHospitalTable(clinical);
  const outcome = await write(request, await READERS[layout](request));
  if (hospital === undefined) return { layout, why, ...outcome };
  const issues = await (await tables()).writeClinical(request.folder, hospital, "off", new Map());
  return { layout, why, ...outcome, issues: [...outcome.issues, ...issues] };
}

function tables(): Promise<typeof import("./clinical.ts")> {
  return import("./clinical.ts");
}

/** DICOM, and the clinical table where one is given. */
async function ingestHospital(request: LayoutRequest): Promise<IngestOutcome> {
  if (request.clinical === undefined) return ingestDicom(request);
  const { readHospitalTable, writeClinical } = await tables();
  const table = await readHospitalTable(request.clinical);
  const revealing = new Map<string, ((text: string) => boolean)[]>();
  const outcome = await ingestDicom(request, ({ patient, dicom }) => {
    if (dicom === undefined) return;
    const holds = (text: string) => dicom.replacements.text(text) !== text;
    revealing.set(patient, [...(revealing.get(patient) ?? []), holds]);
  });
  const issues = await writeClinical(request.folder, table, outcome.identities ?? "off", revealing);
  return { ...outcome, issues: [...outcome.issues, ...issues] };
}

async function write(
  { source, folder, uncompressed = false, progress, signal }: LayoutRequest,
  { examinations, clinical, issues: listed }: SourceCohort,
): Promise<Pick<LayoutOutcome, "examinations" | "identities" | "issues">> {
  const written: IngestedExamination[] = [];
  const noticed: Issue[] = [...listed];
  const items = examinations.map((examination) => ({
    ...examination,
    id: `${examination.patientId}/${examination.visit}`,
  }));
  const each = { name: "ingest", progress, ...(signal === undefined ? {} : { signal }) };
  const { issues } = await eachCase(items, each, async ({ id, patientId, visit, load }) => {
    const { value, issues: found } = await load();
    const { series, segmentation, source: origin } = value;
    await writeExamination(folder, patientId, visit, series, {
      source: origin,
      issues: found,
      uncompressed,
      ...(segmentation === undefined ? {} : { segmentation }),
    });
    noticed.push(...found.map((issue) => ({ ...issue, subject: id })));
    const { timesSeconds } = series;
    written.push({ patient: patientId, visit, phases: series.phases.length, timesSeconds, reused: false });
  });
  if (written.length === 0) {
    throw new DataError("ingest-none", {
      file: source,
      found: `none of ${examinations.length} examinations could be read: ${issues[0]?.message ?? "there are none"}`,
    });
  }
  if (clinical !== undefined)
    await writeCsv(path.join(folder, "clinical.csv"), clinical.columns, clinical.rows);
  return { examinations: written, identities: null, issues: [...noticed, ...issues] };
}

/** Layouts that leave the clinical table to the user: the archive has those of I-SPY elsewhere. */
const WITHOUT_TABLE: ReadonlySet<Layout> = new Set(["dicom", "ispy"]);

/** Collections name patients by study identifiers already; there is nothing to hide, and no table of it. */
function refuseDicomOptions(
  { identities, keepDicom, clinical, segments, visits, sort, series }: LayoutRequest,
  layout: Layout,
): void {
  if (segments !== undefined) {
    throw new UsageError("ingest-segment", {
      found: `--segment for the layout ${layout}`,
      expected: "it with the layout dicom only: the layout says which masks it has",
    });
  }
  const [named] = Object.entries({ "--visits": visits, "--sort": sort, "--series": series }).filter(
    ([, value]) => value !== undefined,
  );
  if (named !== undefined) {
    throw new UsageError("ingest-visits", {
      found: `${named[0]} for the layout ${layout}`,
      expected: "it with the layout dicom only: the layout says which visit is which",
    });
  }
  const asked = [
    keepDicom === true ? "--keep-dicom" : undefined,
    identities !== undefined && identities !== "off" ? "--identities" : undefined,
    clinical !== undefined && !WITHOUT_TABLE.has(layout) ? "--clinical" : undefined,
  ].find((option) => option !== undefined);
  if (asked === undefined) return;
  throw new UsageError("ingest-deidentify", {
    found: `${asked} for the layout ${layout}`,
    expected:
      asked === "--clinical" ? "it with the layouts dicom and ispy only" : "it with the layout dicom only",
    remedy:
      "Collections carry study identifiers, which are kept. For a hospital's own files give --layout dicom.",
  });
}
