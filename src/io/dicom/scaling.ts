/** From stored values to the scanner's. */
import type { DataSet } from "./data-set.ts";
import type { FrameGroups } from "./functional-groups.ts";

export interface Scaling {
  readonly slope: number;
  readonly intercept: number;
}

const PHILIPS_BLOCK = "Philips MR Imaging DD 001";
const PHILIPS_FRAMES = "Philips MR Imaging DD 005";
const PHILIPS_GROUP = 0x2005;
const SCALE_SLOPE = 0x0e;
const FRAME_SEQUENCE = 0x0f;

/**
 * The rescale of a frame (PS3.3, C.11.1 and C.7.6.16.2.9). Philips rescales to values for display, whose scale differs from image to
 * image; divided by RescaleSlope times the private ScaleSlope (2005,xx0E) they are comparable between phases (Chenevert et
 * al. 2014, Transl Oncol 7:65). Mappings to real-world values are not applied.
 */
export function scalingOf(data: DataSet, group: FrameGroups): Scaling {
  const item = group.find("PixelValueTransformationSequence", "RescaleSlope");
  const slope = item?.number("RescaleSlope") ?? 1;
  const intercept = item?.number("RescaleIntercept") ?? data.number("RescaleIntercept") ?? 0;
  const scaleSlope = philipsScaleSlope(data, group);
  if (scaleSlope === undefined) return { slope, intercept };
  return { slope: 1 / scaleSlope, intercept: intercept / (slope * scaleSlope) };
}

function philipsScaleSlope(data: DataSet, group: FrameGroups): number | undefined {
  const perFrame = group.items.flatMap((item) =>
    item.privateItems(PHILIPS_GROUP, PHILIPS_FRAMES, FRAME_SEQUENCE),
  );
  for (const holder of [...perFrame, data]) {
    const bytes = holder.privateElement(PHILIPS_GROUP, PHILIPS_BLOCK, SCALE_SLOPE)?.bytes;
    // FL, which implicit encoding does not say.
    if (bytes === undefined || bytes.length !== 4) continue;
    const value = new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, holder.littleEndian);
    if (Number.isFinite(value) && value > 0) return value;
  }
  return undefined;
}
