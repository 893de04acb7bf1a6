/** One examination of a simulated patient: phases, reference mask and the truth behind them. */
import { choosePhases, createDceSeries, type DceSeries } from "../../domain/dce.ts";
import { createGrid, type Grid, type Triple, voxelVolumeMm3 } from "../../domain/grid.ts";
import { deriveKey, type RandomKey, RandomStream } from "../../domain/random.ts";
import { createVolume, type LabelMap, type Volume } from "../../domain/volume.ts";
import { acquire } from "./acquisition.ts";
import { buildAnatomy } from "./anatomy.ts";
import type { PatientBiology } from "./biology.ts";
import { drawBreastShape } from "./breast-shape.ts";
import { clamp, drawLogNormal } from "./draws.ts";
import { addLesions } from "./lesion-voxels.ts";
import { type Lesion, type PhantomVisit, planLesions } from "./lesions.ts";
import { type DisplacementField, drawMotion, moveImage, type PhaseMotion } from "./motion.ts";
import { ANATOMY, KINETICS, MOTION } from "./parameters.ts";
import { FIELD_MM, type PhantomSize, type Protocol } from "./protocols.ts";
import { drawRepositioning, type Repositioning, repositioningField } from "./repositioning.ts";
import type { Axes } from "./tissues.ts";
import { drawVeins } from "./vessels.ts";

interface VisitTruth {
  /** Breast coordinates in mm of the voxels along each axis (s to superior, r to posterior, c to lateral). */
  readonly axes: Axes;
  readonly lesions: readonly Lesion[];
  /** Phase in whose frame the mask and the lesions lie. */
  readonly referencePhase: number;
  /** Movement of each phase against it; `null` for the reference phase. */
  readonly motion: readonly (PhaseMotion | null)[];
  /** How the breast lies in the field, as a displacement in mm per voxel; `null` where the axes tell it all. */
  readonly position: DisplacementField | null;
  /** 1 in the breast. */
  readonly breast: LabelMap;
  /** Volume of the visible tumour as drawn, before voxels, mm³. */
  readonly tumourVolumeMm3: number;
  /** Volume of the mask, mm³. */
  readonly maskVolumeMm3: number;
}

export interface SimulatedVisit {
  readonly visit: PhantomVisit;
  /** Stored values of each phase. */
  readonly dce: DceSeries<Volume<Int16Array>>;
  /** 1 where at least half of the voxel is visible tumour. */
  readonly mask: LabelMap;
  readonly truth: VisitTruth;
}

export interface VisitOptions {
  readonly protocol: Protocol;
  readonly size: PhantomSize;
  readonly side: "left" | "right";
  /** Factor on the movement between phases; default 1. */
  readonly motion?: number;
  /** Factor on the shift, turn and change of shape at the second visit; by default it is only shifted by a few millimetres. */
  readonly repositioning?: number;
}

/** Distance in mm from the midline to the centre of the field of view. */
const LATERAL_MM = 82;

/**
 * Simulates one visit.
 *
 * @param key the patient's key: both visits share the breast, and differ in position, treatment and noise.
 */
export function simulateVisit(
  key: RandomKey,
  biology: PatientBiology,
  visit: PhantomVisit,
  options: VisitOptions,
): SimulatedVisit {
  const { protocol, size } = options;
  const breastKey = deriveKey(key, "breast");
  const visitKey = deriveKey(key, "visit", visit);
  const constitution = new RandomStream(deriveKey(breastKey, "constitution"));
  const shape = drawBreastShape(biology.pre.longestDiameterMm, constitution);
  const { mean, sd, least, most } = ANATOMY.density;
  const density = clamp(constitution.normal(mean, sd), least, most);
  const glandKtrans = drawLogNormal(constitution, KINETICS.glandKtrans);
  const veins = drawVeins(shape, new RandomStream(deriveKey(breastKey, "veins")));
  const treated = visit === "post";

  const repositioned =
    treated && options.repositioning !== undefined
      ? drawRepositioning(visitKey, options.repositioning)
      : undefined;
  const { grid, axes } = placeField(visitKey, options, repositioned);
  const position = repositioned === undefined ? null : repositioningField(repositioned, axes);
  const placed = (image: Float32Array) => (position === null ? image : moveImage(image, position, axes));
  const voxelMm = Math.cbrt(voxelVolumeMm3(grid));
  const anatomy = buildAnatomy(breastKey, {
    shape,
    axes,
    voxelMm,
    density: density + (treated ? ANATOMY.densityAfter : 0),
    veins,
  });
  const lesions = planLesions(deriveKey(key, "lesions"), biology, shape, visit);
  const { voxels, tumourShare } = addLesions({ ...anatomy, axes, voxelMm }, lesions);
  const mask = atLeastHalf(placed(tumourShare));

  const referencePhase = choosePhases(protocol.timesSeconds).early;
  const motion = drawMotion(visitKey, protocol.timesSeconds.length, referencePhase, options.motion);
  const scene = {
    axes,
    fractions: anatomy.fractions,
    lesions: voxels,
    glandKtrans: glandKtrans * (treated ? KINETICS.glandAfter : 1),
  };
  const phases = acquire(visitKey, scene, { protocol, size, motion, position });
  const maskVoxels = mask.reduce((sum, label) => sum + label, 0);
  return {
    visit,
    dce: createDceSeries(
      phases.map((data) => createVolume(grid, data)),
      protocol.timesSeconds,
    ),
    mask: createVolume(grid, mask),
    truth: {
      axes,
      lesions,
      referencePhase,
      motion,
      position,
      breast: createVolume(grid, atLeastHalf(placed(Float32Array.from(anatomy.breast)))),
      tumourVolumeMm3: biology[visit].volumeMm3,
      maskVolumeMm3: maskVoxels * voxelVolumeMm3(grid),
    },
  };
}

function atLeastHalf(shares: Float32Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(shares, (share) => (share >= 0.5 ? 1 : 0));
}

/** The grid of a visit in the patient, and its voxels in breast coordinates. */
function placeField(
  visitKey: RandomKey,
  { protocol, size, side }: VisitOptions,
  repositioned: Repositioning | undefined,
): { grid: Grid; axes: Axes } {
  const stream = new RandomStream(deriveKey(visitKey, "position"));
  const shift = () => stream.uniform(-MOTION.repositioning, MOTION.repositioning);
  const spacingMm = protocol.spacingMm[size];
  const shape = FIELD_MM[size].map((mm, axis) => Math.round(mm / spacingMm[axis])) as unknown as Triple;
  const toLeft = side === "left" ? 1 : -1;
  const first = shape.map((count, axis) => (-(count - 1) / 2) * spacingMm[axis]);
  // Where the field lies against the breast, and where the table stands: neither is the same at two visits.
  const offset = [shift(), shift(), shift()];
  const [x, y, z] = repositioned?.tableMm ?? [0, 0, 0];
  const table: Triple = [shift() + x, shift() + y, shift() + z];
  const axes = shape.map((count, axis) =>
    Float64Array.from(
      { length: count },
      (_, i) => (axis === 2 ? toLeft : 1) * (first[axis] + i * spacingMm[axis]) + offset[axis],
    ),
  ) as unknown as Axes;
  const grid = createGrid({
    shape,
    spacingMm,
    // Axial slices from inferior to superior, rows to posterior, columns to the left.
    direction: [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ],
    origin: [toLeft * LATERAL_MM + first[2] + table[0], first[1] + table[1], first[0] + table[2]],
  });
  return { grid, axes };
}
