/** Coded concepts (PS3.16) that Residua writes. */
import type { DicomItem } from "./attributes.ts";

export interface Code {
  readonly value: string;
  /** Coding scheme designator (PS3.16, table 8-1); `99…` are private (8.2). */
  readonly scheme: "SCT" | "DCM" | "UCUM" | "RFC5646" | "99RESIDUA";
  readonly meaning: string;
}

const code = (scheme: Code["scheme"], value: string, meaning: string): Code => ({ scheme, value, meaning });

/** The item of a code sequence (PS3.3, 8.8). */
export function codeItem({ value, scheme, meaning }: Code): DicomItem {
  return { CodeValue: value, CodingSchemeDesignator: scheme, CodeMeaning: meaning };
}

export const CODES = {
  // Anatomy and findings: CID 7150, 7151, 7159.
  abnormalStructure: code("SCT", "49755003", "Morphologically Abnormal Structure"),
  anatomicalStructure: code("SCT", "91723000", "Anatomical Structure"),
  tissue: code("SCT", "85756007", "Tissue"),
  neoplasm: code("SCT", "108369006", "Neoplasm"),
  breast: code("SCT", "76752008", "Breast"),
  // How an image or a segment came to be: CID 7162, 7202, 7203.
  artificialIntelligence: code("DCM", "123110", "Artificial Intelligence"),
  segmentation: code("DCM", "113076", "Segmentation"),
  sourceImage: code("DCM", "121322", "Source image for image processing operation"),
  // Measurement report: TID 1500, 1204, 1002, 1004, 1411, 1419, 4019, 300.
  report: code("DCM", "126000", "Imaging Measurement Report"),
  language: code("DCM", "121049", "Language of Content Item and Descendants"),
  english: code("RFC5646", "en-US", "English (United States)"),
  observerType: code("DCM", "121005", "Observer Type"),
  device: code("DCM", "121007", "Device"),
  deviceUid: code("DCM", "121012", "Device Observer UID"),
  deviceName: code("DCM", "121013", "Device Observer Name"),
  deviceManufacturer: code("DCM", "121014", "Device Observer Manufacturer"),
  deviceModel: code("DCM", "121015", "Device Observer Model Name"),
  procedureReported: code("DCM", "121058", "Procedure reported"),
  breastMri: code("SCT", "241615005", "MRI of breast"),
  imageLibrary: code("DCM", "111028", "Image Library"),
  imageLibraryGroup: code("DCM", "126200", "Image Library Group"),
  modality: code("DCM", "121139", "Modality"),
  magneticResonance: code("DCM", "MR", "Magnetic Resonance"),
  measurements: code("DCM", "126010", "Imaging Measurements"),
  measurementGroup: code("DCM", "125007", "Measurement Group"),
  trackingIdentifier: code("DCM", "112039", "Tracking Identifier"),
  trackingUid: code("DCM", "112040", "Tracking Unique Identifier"),
  finding: code("DCM", "121071", "Finding"),
  findingSite: code("SCT", "363698007", "Finding Site"),
  referencedSegment: code("DCM", "121191", "Referenced Segment"),
  sourceSeries: code("DCM", "121232", "Source series for segmentation"),
  measurementMethod: code("SCT", "370129005", "Measurement Method"),
  algorithmName: code("DCM", "111001", "Algorithm Name"),
  algorithmParameters: code("DCM", "111002", "Algorithm Parameters"),
  algorithmVersion: code("DCM", "111003", "Algorithm Version"),
  // Quantities: CID 7470, 7472; those without a standard code are private.
  volume: code("SCT", "118565006", "Volume"),
  sumOfVoxels: code("DCM", "126030", "Sum of segmented voxel method for volume"),
  longAxis: code("SCT", "103339001", "Long Axis"),
  functionalTumourVolume: code("99RESIDUA", "FTV", "Functional tumour volume"),
  enhancementThresholds: code(
    "99RESIDUA",
    "PE-SER",
    "Percent enhancement and signal enhancement ratio thresholds",
  ),
  predictedRcb: code("99RESIDUA", "RCB", "Predicted residual cancer burden index"),
  predictedRcbClass: code("99RESIDUA", "RCB-CLASS", "Predicted residual cancer burden class"),
  residualDisease: code("99RESIDUA", "P-RESIDUAL", "Predicted probability of residual disease"),
  millilitre: code("UCUM", "mL", "milliliter"),
  millimetre: code("UCUM", "mm", "millimeter"),
  noUnits: code("UCUM", "1", "no units"),
} as const satisfies Readonly<Record<string, Code>>;
