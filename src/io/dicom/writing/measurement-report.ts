/** Measurements → DICOM structured report, TID 1500 "Measurement Report" (PS3.16, annex A), as dcmqi lays it out. */
import { writeAtomically } from "../../files.ts";
import { SEGMENTATION_STORAGE } from "../instance.ts";
import type { DicomItem } from "./attributes.ts";
import { CODES, type Code } from "./codes.ts";
import { encodeDicomFile, uidFrom } from "./encode.ts";
import { commonModules, type ObjectOrigin, plainText } from "./object.ts";
import { REPORT_ITEMS, related } from "./report-items.ts";
import type { SegmentReference, WrittenSegmentation } from "./segmentation.ts";
import { instanceUids } from "./source.ts";

/** Enhanced SR (PS3.3, A.35.2), what dcmqi writes for TID 1500. */
const ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22";

/** The quantities that Residua reports, with their concept, UCUM unit and method. */
const QUANTITIES = {
  volumeMl: { name: CODES.volume, units: CODES.millilitre, method: CODES.sumOfVoxels },
  ftvMl: {
    name: CODES.functionalTumourVolume,
    units: CODES.millilitre,
    method: CODES.enhancementThresholds,
  },
  longestDiameterMm: { name: CODES.longAxis, units: CODES.millimetre, method: undefined },
  rcbScore: { name: CODES.predictedRcb, units: CODES.noUnits, method: undefined },
  rcbClass: { name: CODES.predictedRcbClass, units: CODES.noUnits, method: undefined },
  residualDisease: { name: CODES.residualDisease, units: CODES.noUnits, method: undefined },
} as const satisfies Readonly<
  Record<string, { readonly name: Code; readonly units: Code; readonly method: Code | undefined }>
>;

export type Quantity = keyof typeof QUANTITIES;
/** Values by quantity; units are in the names. */
export type Quantities = { readonly [Q in Quantity]?: number };

/** What was predicted of the patient, not measured in a region. */
export interface PredictedQuantities {
  /** The outcome model, by which predictions are told apart. */
  readonly model: string;
  readonly values: Quantities;
}

export interface MeasurementReport extends ObjectOrigin {
  readonly segmentation: WrittenSegmentation;
  /** Measurements per segment, in the order of the segmentation's segments. */
  readonly measurements: readonly Quantities[];
  readonly predictions: readonly PredictedQuantities[];
  /** What quantities were measured with, e.g. thresholds: one text per parameter. */
  readonly parameters?: { readonly [Q in Quantity]?: readonly string[] };
}

/**
 * Writes a measurement report: one volumetric group (TID 1411) per segment, which refers to the segment and to the series that was
 * segmented, and one group without a region (TID 1501) per model that predicted.
 */
export async function writeMeasurementReport(file: string, report: MeasurementReport): Promise<void> {
  const { source, segmentation } = report;
  const common = commonModules(report, {
    modality: "SR",
    sopClassUid: ENHANCED_SR,
    description: `Measurements by ${report.algorithm.name}`,
    content: JSON.stringify([
      segmentation.sopInstanceUid,
      report.measurements,
      report.predictions,
      report.parameters,
    ]),
  });
  await writeAtomically(
    file,
    encodeDicomFile(common, {
      ReferencedPerformedProcedureStepSequence: [],
      CompletionFlag: "COMPLETE",
      VerificationFlag: "UNVERIFIED",
      PerformedProcedureCodeSequence: [],
      CodingSchemeIdentificationSequence: [
        {
          CodingSchemeDesignator: "99RESIDUA",
          CodingSchemeName: "Residua",
          CodingSchemeResponsibleOrganization: "Residua",
        },
      ],
      CurrentRequestedProcedureEvidenceSequence: [
        {
          StudyInstanceUID: source.studyInstanceUid,
          ReferencedSeriesSequence: [
            evidence(source.seriesInstanceUid, source.sopClassUid, instanceUids(source.instances)),
            evidence(segmentation.seriesInstanceUid, SEGMENTATION_STORAGE, [segmentation.sopInstanceUid]),
          ],
        },
      ],
      ...content(report, common.SOPInstanceUID),
    }),
  );
}

function evidence(series: string, sopClassUid: string, instances: readonly string[]): DicomItem {
  return {
    SeriesInstanceUID: series,
    ReferencedSOPSequence: instances.map((sopInstanceUid) => ({
      ReferencedSOPClassUID: sopClassUid,
      ReferencedSOPInstanceUID: sopInstanceUid,
    })),
  };
}

const { container, code, text, uid, number, image } = REPORT_ITEMS;

/** TID 1500 with its observation context (TID 1001, 1002, 1004: a device) and image library (TID 1600). */
function content(report: MeasurementReport, sopInstanceUid: string): DicomItem {
  const { source, algorithm } = report;
  return container(CODES.report, "1500", [
    ...related("HAS CONCEPT MOD", code(CODES.language, CODES.english)),
    ...related(
      "HAS OBS CONTEXT",
      code(CODES.observerType, CODES.device),
      uid(CODES.deviceUid, uidFrom("device", algorithm.name, algorithm.version)),
      text(CODES.deviceName, "Residua"),
      text(CODES.deviceManufacturer, "Residua"),
      text(CODES.deviceModel, plainText(algorithm.name)),
    ),
    ...related("HAS CONCEPT MOD", code(CODES.procedureReported, CODES.breastMri)),
    ...related(
      "CONTAINS",
      container(CODES.imageLibrary, "1600", [
        ...related(
          "CONTAINS",
          container(CODES.imageLibraryGroup, undefined, [
            ...related("HAS ACQ CONTEXT", code(CODES.modality, CODES.magneticResonance)),
            ...instanceUids(source.instances).flatMap((sopInstanceUid) =>
              related("CONTAINS", image(undefined, { sopClassUid: source.sopClassUid, sopInstanceUid })),
            ),
          ]),
        ),
      ]),
      container(
        CODES.measurements,
        undefined,
        related(
          "CONTAINS",
          ...report.measurements.map((values, i) =>
            volumetricGroup(report, report.segmentation.segments[i], values),
          ),
          ...report.predictions.map((prediction) => predictionGroup(report, prediction, sopInstanceUid)),
        ),
      ),
    ),
  ]);
}

/** TID 1411 "Volumetric ROI Measurements and Qualitative Evaluations". */
function volumetricGroup(
  report: MeasurementReport,
  segment: SegmentReference,
  values: Quantities,
): DicomItem {
  const { segmentation, source } = report;
  return container(CODES.measurementGroup, "1411", [
    ...related(
      "HAS OBS CONTEXT",
      text(CODES.trackingIdentifier, segment.trackingId),
      uid(CODES.trackingUid, segment.trackingUid),
    ),
    ...related(
      "CONTAINS",
      code(CODES.finding, segment.type),
      image(CODES.referencedSegment, {
        sopClassUid: SEGMENTATION_STORAGE,
        sopInstanceUid: segmentation.sopInstanceUid,
        segment: segment.number,
      }),
      uid(CODES.sourceSeries, source.seriesInstanceUid),
    ),
    ...related("HAS CONCEPT MOD", ...algorithmItems(report), code(CODES.findingSite, CODES.breast)),
    ...quantityItems(report, values),
  ]);
}

/** TID 1501 "Measurement and Qualitative Evaluation Group": of the patient's disease, so that it refers to no region. */
function predictionGroup(
  report: MeasurementReport,
  { model, values }: PredictedQuantities,
  sopInstanceUid: string,
): DicomItem {
  return container(CODES.measurementGroup, "1501", [
    ...related(
      "HAS OBS CONTEXT",
      text(CODES.trackingIdentifier, plainText(model)),
      uid(CODES.trackingUid, uidFrom("prediction", sopInstanceUid, model)),
    ),
    ...related("CONTAINS", code(CODES.finding, CODES.neoplasm)),
    ...related(
      "HAS CONCEPT MOD",
      text(CODES.algorithmName, plainText(model)),
      text(CODES.algorithmVersion, plainText(report.algorithm.version)),
      code(CODES.findingSite, CODES.breast),
    ),
    ...quantityItems(report, values),
  ]);
}

/** TID 4019 "Algorithm Identification". */
function algorithmItems({ algorithm }: ObjectOrigin): DicomItem[] {
  return [
    text(CODES.algorithmName, plainText(algorithm.name)),
    text(CODES.algorithmVersion, plainText(algorithm.version)),
  ];
}

/** TID 300 "Measurement", with the algorithm of the single measurement (TID 4019) where it has parameters. */
function quantityItems({ algorithm, parameters = {} }: MeasurementReport, values: Quantities): DicomItem[] {
  return (Object.keys(QUANTITIES) as Quantity[]).flatMap((quantity) => {
    const value = values[quantity];
    if (value === undefined) return [];
    const { name, units, method } = QUANTITIES[quantity];
    const stated = parameters[quantity] ?? [];
    const own = [
      text(CODES.algorithmName, name.meaning),
      text(CODES.algorithmVersion, plainText(algorithm.version)),
      ...stated.map((parameter) => text(CODES.algorithmParameters, plainText(parameter))),
    ];
    const modifiers = related(
      "HAS CONCEPT MOD",
      ...(method === undefined ? [] : [code(CODES.measurementMethod, method)]),
      ...(stated.length === 0 ? [] : own),
    );
    return related("CONTAINS", number(name, value, units, modifiers));
  });
}
