/** Content items of structured reports (PS3.3, C.17.3). */
import type { DicomItem } from "./attributes.ts";
import { type Code, codeItem } from "./codes.ts";

/** How an item relates to the one that holds it (PS3.3, table C.17.3-7); the root has none. */
type Relationship = "CONTAINS" | "HAS CONCEPT MOD" | "HAS OBS CONTEXT" | "HAS ACQ CONTEXT";

export interface ObjectReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly segment?: number;
}

export const REPORT_ITEMS = {
  container: (name: Code, template: string | undefined, items: readonly DicomItem[]): DicomItem => ({
    ...named("CONTAINER", name),
    ContinuityOfContent: "SEPARATE",
    ...(template === undefined
      ? {}
      : { ContentTemplateSequence: [{ MappingResource: "DCMR", TemplateIdentifier: template }] }),
    ContentSequence: items,
  }),
  code: (name: Code, value: Code, items: readonly DicomItem[] = []): DicomItem => ({
    ...named("CODE", name),
    ConceptCodeSequence: [codeItem(value)],
    ...(items.length === 0 ? {} : { ContentSequence: items }),
  }),
  text: (name: Code, value: string): DicomItem => ({ ...named("TEXT", name), TextValue: value }),
  uid: (name: Code, value: string): DicomItem => ({ ...named("UIDREF", name), UID: value }),
  number: (name: Code, value: number, units: Code, items: readonly DicomItem[]): DicomItem => ({
    ...named("NUM", name),
    MeasuredValueSequence: [{ NumericValue: value, MeasurementUnitsCodeSequence: [codeItem(units)] }],
    ...(items.length === 0 ? {} : { ContentSequence: items }),
  }),
  image: (name: Code | undefined, { sopClassUid, sopInstanceUid, segment }: ObjectReference): DicomItem => ({
    ...(name === undefined ? { ValueType: "IMAGE" } : named("IMAGE", name)),
    ReferencedSOPSequence: [
      {
        ReferencedSOPClassUID: sopClassUid,
        ReferencedSOPInstanceUID: sopInstanceUid,
        ...(segment === undefined ? {} : { ReferencedSegmentNumber: segment }),
      },
    ],
  }),
} as const;

/** The items with their relationship to the one that will hold them. */
export function related(relationship: Relationship, ...items: readonly DicomItem[]): DicomItem[] {
  return items.map((item) => ({ ...item, RelationshipType: relationship }));
}

function named(valueType: string, name: Code): DicomItem {
  return { ValueType: valueType, ConceptNameCodeSequence: [codeItem(name)] };
}
