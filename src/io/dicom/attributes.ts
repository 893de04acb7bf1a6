/** The DICOM attributes that Residua reads, with their value representations (PS3.6, chapter 6). */

/** Value representations of these attributes. */
type Vr =
  | "CS"
  | "DA"
  | "DS"
  | "DT"
  | "FD"
  | "IS"
  | "LO"
  | "OD"
  | "OF"
  | "OW"
  | "SH"
  | "SQ"
  | "TM"
  | "UI"
  | "UL"
  | "US";

interface Attribute {
  /** Group and element, as 0xGGGGEEEE. */
  readonly tag: number;
  readonly vr: Vr;
}

export const ATTRIBUTES = {
  TransferSyntaxUID: { tag: 0x00020010, vr: "UI" },
  DirectoryRecordSequence: { tag: 0x00041220, vr: "SQ" },
  ReferencedFileID: { tag: 0x00041500, vr: "CS" },
  SpecificCharacterSet: { tag: 0x00080005, vr: "CS" },
  ImageType: { tag: 0x00080008, vr: "CS" },
  SOPClassUID: { tag: 0x00080016, vr: "UI" },
  SOPInstanceUID: { tag: 0x00080018, vr: "UI" },
  StudyDate: { tag: 0x00080020, vr: "DA" },
  AcquisitionDate: { tag: 0x00080022, vr: "DA" },
  ContentDate: { tag: 0x00080023, vr: "DA" },
  AcquisitionDateTime: { tag: 0x0008002a, vr: "DT" },
  AcquisitionTime: { tag: 0x00080032, vr: "TM" },
  ContentTime: { tag: 0x00080033, vr: "TM" },
  Modality: { tag: 0x00080060, vr: "CS" },
  Manufacturer: { tag: 0x00080070, vr: "LO" },
  CodeValue: { tag: 0x00080100, vr: "SH" },
  CodingSchemeDesignator: { tag: 0x00080102, vr: "SH" },
  StudyDescription: { tag: 0x00081030, vr: "LO" },
  SeriesDescription: { tag: 0x0008103e, vr: "LO" },
  ReferencedSeriesSequence: { tag: 0x00081115, vr: "SQ" },
  AnatomicRegionSequence: { tag: 0x00082218, vr: "SQ" },
  AnatomicRegionModifierSequence: { tag: 0x00082220, vr: "SQ" },
  PrimaryAnatomicStructureSequence: { tag: 0x00082228, vr: "SQ" },
  PrimaryAnatomicStructureModifierSequence: { tag: 0x00082230, vr: "SQ" },
  FrameType: { tag: 0x00089007, vr: "CS" },
  PatientID: { tag: 0x00100020, vr: "LO" },
  ClinicalTrialTimePointID: { tag: 0x00120050, vr: "LO" },
  ScanningSequence: { tag: 0x00180020, vr: "CS" },
  SliceThickness: { tag: 0x00180050, vr: "DS" },
  RepetitionTime: { tag: 0x00180080, vr: "DS" },
  EchoTime: { tag: 0x00180081, vr: "DS" },
  SpacingBetweenSlices: { tag: 0x00180088, vr: "DS" },
  TriggerTime: { tag: 0x00181060, vr: "DS" },
  FlipAngle: { tag: 0x00181314, vr: "DS" },
  EchoPlanarPulseSequence: { tag: 0x00189018, vr: "CS" },
  FrameAcquisitionDateTime: { tag: 0x00189074, vr: "DT" },
  EffectiveEchoTime: { tag: 0x00189082, vr: "FD" },
  MRTimingAndRelatedParametersSequence: { tag: 0x00189112, vr: "SQ" },
  MREchoSequence: { tag: 0x00189114, vr: "SQ" },
  CardiacSynchronizationSequence: { tag: 0x00189118, vr: "SQ" },
  FrameReferenceDateTime: { tag: 0x00189151, vr: "DT" },
  MRImageFrameTypeSequence: { tag: 0x00189226, vr: "SQ" },
  StudyInstanceUID: { tag: 0x0020000d, vr: "UI" },
  SeriesInstanceUID: { tag: 0x0020000e, vr: "UI" },
  SeriesNumber: { tag: 0x00200011, vr: "IS" },
  AcquisitionNumber: { tag: 0x00200012, vr: "IS" },
  InstanceNumber: { tag: 0x00200013, vr: "IS" },
  ImagePositionPatient: { tag: 0x00200032, vr: "DS" },
  ImageOrientationPatient: { tag: 0x00200037, vr: "DS" },
  FrameOfReferenceUID: { tag: 0x00200052, vr: "UI" },
  Laterality: { tag: 0x00200060, vr: "CS" },
  ImageLaterality: { tag: 0x00200062, vr: "CS" },
  TemporalPositionIdentifier: { tag: 0x00200100, vr: "IS" },
  FrameAnatomySequence: { tag: 0x00209071, vr: "SQ" },
  FrameLaterality: { tag: 0x00209072, vr: "CS" },
  FrameContentSequence: { tag: 0x00209111, vr: "SQ" },
  PlanePositionSequence: { tag: 0x00209113, vr: "SQ" },
  PlaneOrientationSequence: { tag: 0x00209116, vr: "SQ" },
  TemporalPositionIndex: { tag: 0x00209128, vr: "UL" },
  NominalCardiacTriggerDelayTime: { tag: 0x00209153, vr: "FD" },
  FrameAcquisitionNumber: { tag: 0x00209156, vr: "US" },
  TemporalPositionTimeOffset: { tag: 0x0020930d, vr: "FD" },
  TemporalPositionSequence: { tag: 0x00209310, vr: "SQ" },
  SamplesPerPixel: { tag: 0x00280002, vr: "US" },
  PhotometricInterpretation: { tag: 0x00280004, vr: "CS" },
  NumberOfFrames: { tag: 0x00280008, vr: "IS" },
  Rows: { tag: 0x00280010, vr: "US" },
  Columns: { tag: 0x00280011, vr: "US" },
  PixelSpacing: { tag: 0x00280030, vr: "DS" },
  BitsAllocated: { tag: 0x00280100, vr: "US" },
  BitsStored: { tag: 0x00280101, vr: "US" },
  HighBit: { tag: 0x00280102, vr: "US" },
  PixelRepresentation: { tag: 0x00280103, vr: "US" },
  RescaleIntercept: { tag: 0x00281052, vr: "DS" },
  RescaleSlope: { tag: 0x00281053, vr: "DS" },
  LossyImageCompression: { tag: 0x00282110, vr: "CS" },
  ModalityLUTSequence: { tag: 0x00283000, vr: "SQ" },
  PixelMeasuresSequence: { tag: 0x00289110, vr: "SQ" },
  PixelValueTransformationSequence: { tag: 0x00289145, vr: "SQ" },
  SegmentationType: { tag: 0x00620001, vr: "CS" },
  SegmentSequence: { tag: 0x00620002, vr: "SQ" },
  SegmentNumber: { tag: 0x00620004, vr: "US" },
  SegmentLabel: { tag: 0x00620005, vr: "LO" },
  SegmentAlgorithmType: { tag: 0x00620008, vr: "CS" },
  SegmentIdentificationSequence: { tag: 0x0062000a, vr: "SQ" },
  ReferencedSegmentNumber: { tag: 0x0062000b, vr: "US" },
  MaximumFractionalValue: { tag: 0x0062000e, vr: "US" },
  SegmentedPropertyTypeCodeSequence: { tag: 0x0062000f, vr: "SQ" },
  SharedFunctionalGroupsSequence: { tag: 0x52009229, vr: "SQ" },
  PerFrameFunctionalGroupsSequence: { tag: 0x52009230, vr: "SQ" },
  FloatPixelData: { tag: 0x7fe00008, vr: "OF" },
  DoubleFloatPixelData: { tag: 0x7fe00009, vr: "OD" },
  PixelData: { tag: 0x7fe00010, vr: "OW" },
} as const satisfies Readonly<Record<string, Attribute>>;

export type AttributeName = keyof typeof ATTRIBUTES;

const SEQUENCE_TAGS: ReadonlySet<number> = new Set(
  Object.values<Attribute>(ATTRIBUTES).flatMap(({ tag, vr }) => (vr === "SQ" ? [tag] : [])),
);

/** Whether implicit encoding, which states no representation, has a sequence here. */
export function isSequenceTag(tag: number): boolean {
  return SEQUENCE_TAGS.has(tag);
}

/** `(gggg,eeee)`, as the standard writes tags. */
export function tagName(tag: number): string {
  const hex = tag.toString(16).padStart(8, "0").toUpperCase();
  return `(${hex.slice(0, 4)},${hex.slice(4)})`;
}
