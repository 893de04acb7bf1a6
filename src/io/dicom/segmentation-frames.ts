/** Frames of a segmentation object: what they show and where they lie. */
import { DataError } from "../../domain/errors.ts";
import type { Triple } from "../../domain/grid.ts";
import { cross } from "../affine.ts";
import type { AttributeName } from "./attributes.ts";
import type { DataSet } from "./data-set.ts";
import { required } from "./instance.ts";
import type { SegmentationPixels } from "./segmentation-pixels.ts";

/** Place and content of a frame. */
export interface Frame {
  /** The segment that it shows; undefined in a label map, whose frames show all. */
  readonly segment: number | undefined;
  /** LPS mm, centre of the first pixel. */
  readonly position: Triple;
  /** Unit vectors of the slice normal, along a column (of rising row) and along a row. */
  readonly direction: readonly [Triple, Triple, Triple];
  /** Between rows, then between columns, mm. */
  readonly pixelSpacing: readonly [number, number];
  /** Distance of slices or else their thickness, mm, where stated. */
  readonly thicknessMm: number | undefined;
}

/** @throws {DataError} `dicom-attribute` where a frame does not say where it lies or what it shows. */
export function framesOf(data: DataSet, { count, segmentPerFrame }: SegmentationPixels): Frame[] {
  const shared = data.items("SharedFunctionalGroupsSequence")[0];
  const perFrame = data.items("PerFrameFunctionalGroupsSequence");
  return Array.from({ length: count }, (_, i) => {
    const groups = [perFrame[i], shared].filter((group) => group !== undefined);
    const macro = (name: AttributeName) => functionalGroup(groups, name, data.file);
    const position = required(macro("PlanePositionSequence"), "ImagePositionPatient", 3);
    const cosines = required(macro("PlaneOrientationSequence"), "ImageOrientationPatient", 6);
    const measures = macro("PixelMeasuresSequence");
    const spacing = required(measures, "PixelSpacing", 2);
    const alongRow: Triple = [cosines[0], cosines[1], cosines[2]];
    const alongColumn: Triple = [cosines[3], cosines[4], cosines[5]];
    return {
      segment: segmentPerFrame
        ? required(macro("SegmentIdentificationSequence"), "ReferencedSegmentNumber", 1)[0]
        : undefined,
      position: [position[0], position[1], position[2]],
      direction: [cross(alongRow, alongColumn), alongColumn, alongRow],
      pixelSpacing: [spacing[0], spacing[1]],
      thicknessMm: measures.number("SpacingBetweenSlices") ?? measures.number("SliceThickness"),
    };
  });
}

/** A functional group macro, per frame or shared by all (PS3.3, C.7.6.16). */
function functionalGroup(groups: readonly DataSet[], name: AttributeName, file: string): DataSet {
  for (const group of groups) {
    const item = group.items(name)[0];
    if (item !== undefined) return item;
  }
  throw new DataError("dicom-attribute", {
    file,
    found: `no ${name}`,
    expected: `${name} per frame or shared`,
    remedy: "Export the segmentation again.",
  });
}
