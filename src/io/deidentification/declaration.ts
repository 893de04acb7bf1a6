/** What a de-identified object says of itself (PS3.3, C.12.1.1.3; codes of CID 7050). */

/** A value, or the items of a code sequence. */
export type DeclaredValue = string | readonly (readonly DeclaredAttribute[])[];
export type DeclaredAttribute = readonly [tag: number, vr: string, value: DeclaredValue];

const method = (value: string, meaning: string): readonly DeclaredAttribute[] => [
  [0x00080100, "SH", value],
  [0x00080102, "SH", "DCM"],
  [0x00080104, "LO", meaning],
];

export const DEIDENTIFICATION_ATTRIBUTES: readonly DeclaredAttribute[] = [
  [0x00120062, "CS", "YES"], // PatientIdentityRemoved
  [0x00120063, "LO", "Residua: PS3.15 E.1-1 (2026c), keyed UIDs, dates moved by days"], // DeidentificationMethod
  [
    0x00120064, // DeidentificationMethodCodeSequence
    "SQ",
    [
      method("113100", "Basic Application Confidentiality Profile"),
      method("113105", "Clean Descriptors Option"),
      method("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ],
  ],
  [0x00280303, "CS", "MODIFIED"], // LongitudinalTemporalInformationModified
];
