/** What DICOM files tell about the person in them. */
import type { ElementTree } from "../dicom/elements.ts";
import { type Inspector, textsOf } from "../dicom/file-attributes.ts";
import { CONFIDENTIALITY_TABLE } from "./confidentiality-table.ts";

export interface Harvest {
  /** How many DICOM files there are whose attributes can be read. */
  readonly readable: number;
  /** PatientIDs in the whole files: a damaged one gives no image, so that it may be of anybody. */
  readonly patientIds: ReadonlySet<string>;
  /** Whether all files state that PatientID does not identify (Patient Identity Removed, PS3.3, C.7.1.1). */
  readonly identityRemoved: boolean;
  /** Values of identifying attributes, and the parts of names. */
  readonly identifying: ReadonlySet<string>;
  /** Free text of series and studies, which may hold anything. */
  readonly descriptions: ReadonlySet<string>;
  /** The earliest StudyDate, as DICOM writes it. */
  readonly studyDate: string | undefined;
  /** Numbers of files. */
  readonly burnedIn: number;
  readonly withPrivate: number;
}

const PATIENT_ID = 0x00100020;
const STUDY_DATE = 0x00080020;
const IDENTITY_REMOVED = 0x00120062;
const BURNED_IN_ANNOTATION = 0x00280301;
const RECOGNIZABLE_FEATURES = 0x00280302;
const DESCRIPTIONS: ReadonlySet<number> = new Set([
  0x00081030, // StudyDescription
  0x0008103e, // SeriesDescription
  0x00081090, // ManufacturerModelName
  0x00080070, // Manufacturer
  0x00181030, // ProtocolName
]);
const TEXT_VRS: ReadonlySet<string> = new Set("AE CS DA DT LO LT PN SH ST UC UI UT".split(" "));
/** Tag → representation of the attributes of the table that hold text. */
const IDENTIFYING: ReadonlyMap<number, string> = new Map(
  CONFIDENTIALITY_TABLE.flatMap(([tag, vr, action]) =>
    action !== "T" && TEXT_VRS.has(vr) && !DESCRIPTIONS.has(tag) ? [[tag, vr] as const] : [],
  ),
);
/** What values such as these say is no secret, and their loss would garble messages. */
const COMMON: ReadonlySet<string> = new Set(["YES", "NO", "MR", "NONE", "UNKNOWN", "NULL"]);
const SHORTEST_VALUE = 2;

/** Collects what files tell while they are read for their images; one that cannot be read tells nothing. */
export interface Harvester {
  readonly inspect: Inspector;
  /** What the files that were shown tell together. */
  readonly harvest: () => Harvest;
}

export function createHarvester(): Harvester {
  const found = {
    patientIds: new Set<string>(),
    identifying: new Set<string>(),
    descriptions: new Set<string>(),
    dates: new Set<string>(),
  };
  const counts = { dicom: 0, removed: 0, burnedIn: 0, withPrivate: 0 };
  const inspect: Inspector = ({ tree }, whole) => {
    counts.dicom++;
    collect(tree, found);
    const first = (tag: number) => textsOf(tree, tag)[0];
    const id = first(PATIENT_ID);
    if (id !== undefined && whole) found.patientIds.add(id);
    const date = first(STUDY_DATE);
    if (date !== undefined) found.dates.add(date);
    if (first(IDENTITY_REMOVED) === "YES") counts.removed++;
    if (first(BURNED_IN_ANNOTATION) === "YES" || first(RECOGNIZABLE_FEATURES) === "YES") counts.burnedIn++;
    if ([...tree.elements.keys()].some(isPrivateTag)) counts.withPrivate++;
  };
  const harvest = (): Harvest => ({
    readable: counts.dicom,
    patientIds: found.patientIds,
    identifying: found.identifying,
    descriptions: found.descriptions,
    studyDate: [...found.dates].sort()[0],
    identityRemoved: counts.dicom > 0 && counts.removed === counts.dicom,
    burnedIn: counts.burnedIn,
    withPrivate: counts.withPrivate,
  });
  return { inspect, harvest };
}

/** Private attributes have odd groups (PS3.5, 7.8). */
export function isPrivateTag(tag: number): boolean {
  return ((tag >>> 16) & 1) === 1;
}

interface Found {
  readonly identifying: Set<string>;
  readonly descriptions: Set<string>;
}

function collect(tree: ElementTree, found: Found): void {
  for (const [tag, { items }] of tree.elements) {
    for (const item of items ?? []) collect(item, found);
    if (DESCRIPTIONS.has(tag)) for (const text of textsOf(tree, tag)) found.descriptions.add(text);
    const vr = IDENTIFYING.get(tag);
    if (vr === undefined) continue;
    for (const text of textsOf(tree, tag)) {
      add(found.identifying, text);
      // Names stand in messages and paths in any order of their parts (PS3.5, 6.2.1).
      if (vr === "PN") for (const part of text.split(/[\^=\s,]+/)) add(found.identifying, part);
    }
  }
}

function add(values: Set<string>, value: string): void {
  if (value.length >= SHORTEST_VALUE && !COMMON.has(value.toUpperCase())) values.add(value);
}
