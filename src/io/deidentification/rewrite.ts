/**
 * Copies of DICOM data sets without identifiers: the Basic Application Level Confidentiality Profile (PS3.15, annex E) with the options
 * Clean Descriptors (of study, series and protocol) and Retain Longitudinal Temporal Information with Modified Dates. Geometry and pixels stay.
 */
import { cleanDescription } from "./clean-text.ts";
import { CONFIDENTIALITY_TABLE, type ConfidentialityAction } from "./confidentiality-table.ts";
import { shiftDates } from "./dates.ts";
import { DEIDENTIFICATION_ATTRIBUTES } from "./declaration.ts";
import { ElementWriter, type RawElement, readRawElements } from "./raw-elements.ts";
import { isSafePrivate } from "./safe-private.ts";

export interface Replacements {
  /** Takes the place of PatientID and PatientName. */
  readonly studyId: string;
  readonly shiftDays: number;
  readonly uid: (uid: string) => string;
  /** A text without the values that identify the patient. */
  readonly text: (text: string) => string;
}

const ACTIONS: ReadonlyMap<number, ConfidentialityAction> = new Map(
  CONFIDENTIALITY_TABLE.map(([tag, , action]) => [tag, action]),
);
/** Implicit encoding states no representation; the table does for the attributes that are changed. */
const REPRESENTATIONS: ReadonlyMap<number, string> = new Map(
  CONFIDENTIALITY_TABLE.map(([tag, vr]) => [tag, vr]),
);

const PATIENT_NAME = 0x00100010;
const PATIENT_ID = 0x00100020;
/** Birth is no part of the longitudinal information that the option retains. */
const BIRTH: ReadonlySet<number> = new Set([0x00100030, 0x00100032, 0x00100033, 0x00100034]);
const DESCRIPTIONS: ReadonlySet<number> = new Set([0x00081030, 0x0008103e, 0x00181030]);
/** Representations that may hold anything, or what nobody knows; removed where the table does not name the attribute. */
const FREE_TEXT: ReadonlySet<string> = new Set(["LT", "PN", "ST", "UC", "UN", "UT"]);
const SEGMENT_LABEL = 0x00620005;
const PIXEL_DATA = 0x7fe00010;

/** Values without meaning by representation (PS3.15, action D); others become empty. */
const DUMMIES: Readonly<Record<string, string>> = {
  AE: "REMOVED",
  AS: "000Y",
  CS: "REMOVED",
  DS: "0",
  IS: "0",
  LO: "Removed",
  LT: "Removed",
  PN: "Removed^",
  SH: "Removed",
  ST: "Removed",
  UC: "Removed",
  UT: "Removed",
};

/**
 * Rewrites a data set in its own encoding, up to and with its pixels; what follows them (signatures, padding) is left out.
 *
 * @param bytes that hold the data set, whole and well-formed.
 * @param start where it begins.
 */
export function rewriteDataSet(
  bytes: Buffer,
  start: number,
  encoding: { readonly explicitVr: boolean; readonly littleEndian: boolean },
  replacements: Replacements,
): Buffer {
  const writer = new ElementWriter(encoding);
  const elements = readRawElements(bytes, start, encoding);
  const kept = rewritten(elements, writer, replacements);
  const top = new Map(kept);
  for (const [tag, vr, value] of DEIDENTIFICATION_ATTRIBUTES) top.set(tag, writer.attribute(tag, vr, value));
  return Buffer.concat([...top].sort(([a], [b]) => a - b).map(([, element]) => element));
}

function rewritten(
  elements: readonly RawElement[],
  writer: ElementWriter,
  replacements: Replacements,
): [number, Buffer][] {
  const creators = new Map(
    elements.flatMap(({ tag, value }) =>
      isPrivateCreator(tag) ? [[tag, value.toString("latin1").trim()] as const] : [],
    ),
  );
  const kept: [number, Buffer][] = [];
  for (const element of elements) {
    const written = rewriteElement(element, creators, writer, replacements);
    if (written !== undefined) kept.push([element.tag, written]);
    if (element.tag === PIXEL_DATA) break;
  }
  return kept;
}

function rewriteElement(
  element: RawElement,
  creators: ReadonlyMap<number, string>,
  writer: ElementWriter,
  replacements: Replacements,
): Buffer | undefined {
  const { tag, items } = element;
  const group = tag >>> 16;
  // Group lengths would be wrong now (PS3.5, 7.2); curves and overlays may show annotations (table E.1-1).
  if ((tag & 0xffff) === 0 || isCurveOrOverlay(group)) return undefined;
  if ((group & 1) === 1) return keepPrivate(element, creators, writer);
  const vr = element.vr === "" ? (REPRESENTATIONS.get(tag) ?? "") : element.vr;
  const action = ACTIONS.get(tag);
  if (items !== undefined) {
    if (action === "X") return undefined;
    const inside = action === "Z" || action === "D" ? [] : items;
    return writer.sequence(
      tag,
      inside.map((item) => rewritten(item, writer, replacements).map(([, bytes]) => bytes)),
    );
  }
  const text = () => element.value.toString("latin1").replace(/[\0 ]+$/, "");
  if (tag === PATIENT_ID || tag === PATIENT_NAME) {
    return writer.text(tag, vr, `${replacements.studyId}${tag === PATIENT_NAME ? "^" : ""}`);
  }
  if (BIRTH.has(tag)) return action === "X" ? undefined : writer.text(tag, vr, "");
  // It must not be empty (PS3.3, C.8.20.2), and table E.1-1 does not name it.
  if (tag === SEGMENT_LABEL) {
    return writer.text(tag, vr, cleanDescription(replacements.text(text())) || "Segment");
  }
  if (DESCRIPTIONS.has(tag)) return writer.text(tag, vr, cleanDescription(replacements.text(text())));
  if (vr === "DA" || vr === "DT") return writer.text(tag, vr, shiftDates(text(), replacements.shiftDays));
  if (vr === "TM") return writer.raw(element);
  if (action === undefined) return FREE_TEXT.has(vr) ? undefined : writer.raw(element);
  return BY_ACTION[action](element, vr, text, writer, replacements);
}

type Rewrite = (
  element: RawElement,
  vr: string,
  text: () => string,
  writer: ElementWriter,
  replacements: Replacements,
) => Buffer | undefined;

const BY_ACTION: Readonly<Record<ConfidentialityAction, Rewrite>> = {
  X: () => undefined,
  F: () => undefined,
  Z: ({ tag }, vr, _text, writer) => writer.text(tag, vr, ""),
  D: ({ tag }, vr, _text, writer) => writer.text(tag, vr, DUMMIES[vr] ?? ""),
  U: ({ tag }, vr, text, writer, { uid }) =>
    writer.text(
      tag,
      vr,
      text()
        .split("\\")
        .map((value) => (value === "" ? "" : uid(value.trim())))
        .join("\\"),
    ),
  T: ({ tag }, vr, text, writer, { shiftDays }) => writer.text(tag, vr, shiftDates(text(), shiftDays)),
};

function keepPrivate(
  element: RawElement,
  creators: ReadonlyMap<number, string>,
  writer: ElementWriter,
): Buffer | undefined {
  const { tag, items } = element;
  const group = tag >>> 16;
  if (isPrivateCreator(tag)) {
    const creator = creators.get(tag) ?? "";
    return isSafePrivate(group, creator, undefined) ? writer.raw(element) : undefined;
  }
  const creator = creators.get(group * 0x10000 + ((tag >>> 8) & 0xff)) ?? "";
  return items === undefined && isSafePrivate(group, creator, tag & 0xff) ? writer.raw(element) : undefined;
}

/** (gggg,0010–00FF) of an odd group (PS3.5, 7.8.1). */
function isPrivateCreator(tag: number): boolean {
  return ((tag >>> 16) & 1) === 1 && (tag & 0xffff) >= 0x10 && (tag & 0xffff) <= 0xff;
}

function isCurveOrOverlay(group: number): boolean {
  return (group >= 0x5000 && group <= 0x50ff) || (group >= 0x6000 && group <= 0x60ff);
}
