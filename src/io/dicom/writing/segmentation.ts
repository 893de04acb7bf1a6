/** Masks → DICOM segmentation objects (PS3.3, A.51 and C.8.20), binary, as dcmqi and highdicom lay them out. */
import { createHash } from "node:crypto";
import { type Grid, type Triple, toWorld } from "../../../domain/grid.ts";
import { type LabelMap, requireSameGrid } from "../../../domain/volume.ts";
import { writeAtomically } from "../../files.ts";
import { SEGMENTATION_STORAGE } from "../instance.ts";
import { namesTumour } from "../segment-meaning.ts";
import type { DicomItem } from "./attributes.ts";
import { CODES, type Code, codeItem } from "./codes.ts";
import { encodeDicomFile, uidFrom } from "./encode.ts";
import { commonModules, type ObjectOrigin, plainText } from "./object.ts";
import { instanceUids } from "./source.ts";

/** One class of a mask. */
export interface WrittenSegment {
  /** Its value in the mask. */
  readonly value: number;
  readonly label: string;
}

export interface SegmentationContent extends ObjectOrigin {
  readonly mask: LabelMap;
  /** Grid of the source image; the mask's, which is proved before anything is written. */
  readonly grid: Grid;
  readonly segments: readonly WrittenSegment[];
}

/** How a report refers to a segmentation that was written. */
export interface WrittenSegmentation {
  readonly file: string;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  /** Segment numbers, tracking identifiers and UIDs in the order of the segments. */
  readonly segments: readonly SegmentReference[];
}

export interface SegmentReference {
  readonly number: number;
  readonly label: string;
  readonly trackingId: string;
  readonly trackingUid: string;
  /** What the segment shows. */
  readonly type: Code;
}

/**
 * Writes a mask as a binary segmentation: one segment per class, numbered from 1 in the given order, one frame per slice in which the
 * class occurs, each with a reference to its slice of the source. A mask without any voxel is written with an empty frame for
 * every slice, since a complete response is a finding.
 *
 * @throws {DataError} `grid-mismatch` where the mask does not lie on the grid of the source.
 */
export async function writeDicomSegmentation(
  file: string,
  content: SegmentationContent,
): Promise<WrittenSegmentation> {
  const { mask, grid, segments, source, algorithm } = content;
  requireSameGrid({ grid, data: mask.data }, mask, "the segmentation", file);
  const digest = createHash("sha256").update(mask.data).digest("hex");
  const common = commonModules(content, {
    modality: "SEG",
    sopClassUid: SEGMENTATION_STORAGE,
    description: `Segmentation by ${algorithm.name}`,
    content: digest,
  });
  const references = segments.map(({ label }, i) => referenceOf(i + 1, label, common.SOPInstanceUID));
  const frames = framesOf(content);
  const [, rows, columns] = grid.shape;
  const dimensions = uidFrom("dimensions", common.SOPInstanceUID);
  await writeAtomically(
    file,
    encodeDicomFile(common, {
      ImageType: ["DERIVED", "PRIMARY"],
      BodyPartExamined: "BREAST",
      FrameOfReferenceUID: source.frameOfReferenceUid,
      PositionReferenceIndicator: source.positionReferenceIndicator,
      ContentLabel: "SEGMENTATION",
      ContentDescription: plainText(`Segmentation by ${algorithm.name}`),
      ContentCreatorName: "Residua^",
      LossyImageCompression: "00",
      ReferencedSeriesSequence: [
        {
          SeriesInstanceUID: source.seriesInstanceUid,
          ReferencedInstanceSequence: instanceUids(
            source.instances.filter((_, slice) => frames.some((frame) => frame.slice === slice)),
          ).map((sopInstanceUid) => ({
            ReferencedSOPClassUID: source.sopClassUid,
            ReferencedSOPInstanceUID: sopInstanceUid,
          })),
        },
      ],
      DimensionOrganizationSequence: [{ DimensionOrganizationUID: dimensions }],
      DimensionIndexSequence: [
        {
          DimensionOrganizationUID: dimensions,
          DimensionIndexPointer: "ReferencedSegmentNumber",
          FunctionalGroupPointer: "SegmentIdentificationSequence",
          DimensionDescriptionLabel: "Segment",
        },
        {
          DimensionOrganizationUID: dimensions,
          DimensionIndexPointer: "ImagePositionPatient",
          FunctionalGroupPointer: "PlanePositionSequence",
          DimensionDescriptionLabel: "Position",
        },
      ],
      SamplesPerPixel: 1,
      PhotometricInterpretation: "MONOCHROME2",
      NumberOfFrames: frames.length,
      Rows: rows,
      Columns: columns,
      BitsAllocated: 1,
      BitsStored: 1,
      HighBit: 0,
      PixelRepresentation: 0,
      SegmentationType: "BINARY",
      SegmentsOverlap: "NO",
      SegmentSequence: references.map((reference) => segmentItem(reference, content)),
      SharedFunctionalGroupsSequence: [geometry(grid)],
      PerFrameFunctionalGroupsSequence: frames.map((frame) => frameGroups(frame, content)),
      PixelData: packed(frames, content),
    }),
  );
  return {
    file,
    sopInstanceUid: common.SOPInstanceUID,
    seriesInstanceUid: String(common.SeriesInstanceUID),
    segments: references,
  };
}

/** A class whose name does not mean a tumour is tissue, without a claim of disease. */
function referenceOf(number: number, label: string, sopInstanceUid: string): SegmentReference {
  const isTumour = namesTumour(label);
  return {
    number,
    label: plainText(label),
    trackingId: plainText(label),
    trackingUid: uidFrom("tracking", sopInstanceUid, String(number)),
    type: isTumour ? CODES.neoplasm : CODES.tissue,
  };
}

/** CIELab of a clear red, scaled to 16 bits (PS3.3, C.10.7.1.1). */
const RED_CIELAB = [34908, 53488, 48573] as const;

function segmentItem(
  { number, label, trackingId, trackingUid, type }: SegmentReference,
  { algorithm }: ObjectOrigin,
): DicomItem {
  const name = plainText(algorithm.name);
  const disease = type === CODES.neoplasm;
  return {
    SegmentNumber: number,
    SegmentLabel: label,
    SegmentAlgorithmType: "AUTOMATIC",
    SegmentAlgorithmName: name,
    SegmentationAlgorithmIdentificationSequence: [
      {
        AlgorithmFamilyCodeSequence: [codeItem(CODES.artificialIntelligence)],
        AlgorithmName: name,
        AlgorithmVersion: plainText(algorithm.version),
      },
    ],
    SegmentedPropertyCategoryCodeSequence: [
      codeItem(disease ? CODES.abnormalStructure : CODES.anatomicalStructure),
    ],
    SegmentedPropertyTypeCodeSequence: [codeItem(type)],
    ...(disease
      ? { AnatomicRegionSequence: [codeItem(CODES.breast)], RecommendedDisplayCIELabValue: RED_CIELAB }
      : {}),
    TrackingID: trackingId,
    TrackingUID: trackingUid,
  };
}

interface SegmentFrame {
  /** From 0. */
  readonly segment: number;
  readonly slice: number;
}

function framesOf({ mask, grid, segments }: SegmentationContent): SegmentFrame[] {
  const size = grid.shape[1] * grid.shape[2];
  const frames: SegmentFrame[] = [];
  const all: SegmentFrame[] = [];
  segments.forEach(({ value }, segment) => {
    for (let slice = 0; slice < grid.shape[0]; slice++) {
      all.push({ segment, slice });
      const found = mask.data.indexOf(value, slice * size);
      if (found >= 0 && found < (slice + 1) * size) frames.push({ segment, slice });
    }
  });
  return frames.length > 0 ? frames : all;
}

function sliceReference({ source }: ObjectOrigin, slice: number): DicomItem {
  const { sopInstanceUid, frame } = source.instances[slice];
  return {
    ReferencedSOPClassUID: source.sopClassUid,
    ReferencedSOPInstanceUID: sopInstanceUid,
    ...(frame === undefined ? {} : { ReferencedFrameNumber: frame }),
  };
}

/** Pixel measures and plane orientation (PS3.3, C.7.6.16.2.1 and .4), shared by all frames. */
function geometry({ spacingMm: [betweenSlices, betweenRows, betweenColumns], direction }: Grid): DicomItem {
  return {
    PixelMeasuresSequence: [
      {
        SliceThickness: betweenSlices,
        SpacingBetweenSlices: betweenSlices,
        PixelSpacing: [betweenRows, betweenColumns],
      },
    ],
    PlaneOrientationSequence: [{ ImageOrientationPatient: [...direction[2], ...direction[1]] }],
  };
}

function frameGroups({ segment, slice }: SegmentFrame, content: SegmentationContent): DicomItem {
  const origin: Triple = toWorld(content.grid, [slice, 0, 0]);
  return {
    DerivationImageSequence: [
      {
        DerivationCodeSequence: [codeItem(CODES.segmentation)],
        SourceImageSequence: [
          {
            ...sliceReference(content, slice),
            SpatialLocationsPreserved: "YES",
            PurposeOfReferenceCodeSequence: [codeItem(CODES.sourceImage)],
          },
        ],
      },
    ],
    FrameContentSequence: [{ DimensionIndexValues: [segment + 1, slice + 1] }],
    PlanePositionSequence: [{ ImagePositionPatient: origin }],
    SegmentIdentificationSequence: [{ ReferencedSegmentNumber: segment + 1 }],
  };
}

/** Bits of all frames one after the other without padding between them, lowest first (PS3.5, 8.1.1). */
function packed(frames: readonly SegmentFrame[], { mask, grid, segments }: SegmentationContent): Uint8Array {
  const size = grid.shape[1] * grid.shape[2];
  const bytes = new Uint8Array(Math.ceil((frames.length * size) / 8));
  let bit = 0;
  for (const { segment, slice } of frames) {
    const { value } = segments[segment];
    for (let voxel = slice * size; voxel < (slice + 1) * size; voxel++, bit++) {
      if (mask.data[voxel] === value) bytes[bit >> 3] |= 1 << (bit & 7);
    }
  }
  return bytes;
}
