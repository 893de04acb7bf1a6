/**
 * The outline of one breast: heights of skin and chest wall over the coronal plane.
 *
 * Breast coordinates in mm: s to superior, r to posterior, c to lateral, with the origin at the centre of the field of
 * view. A right breast is the mirror image in c. Hanging as in a prone examination.
 */
import type { Triple } from "../../domain/grid.ts";
import type { RandomStream } from "../../domain/random.ts";
import { drawBetween } from "./draws.ts";
import { ANATOMY } from "./parameters.ts";

export interface BreastShape {
  /** From the body's surface to the nipple, mm. */
  readonly projectionMm: number;
  readonly halfWidthMm: number;
  readonly halfHeightMm: number;
  readonly skinMm: number;
  readonly subcutaneousMm: number;
  readonly pectoralMm: number;
  /** Position of the nipple in the coronal plane (s, c), mm. */
  readonly nippleMm: readonly [number, number];
}

/** Level of the chest wall at its most anterior, mm from the centre of the field of view. */
const WALL_MM = 24;
/** Where the thorax is most anterior: towards the sternum. */
const STERNUM_MM = -34;
const NIPPLE_WIDTH_MM = 4.5;
const NIPPLE_HEIGHT_MM = 5;

/** Draws the shape of a breast that can hold a tumour of the given diameter (mm). */
export function drawBreastShape(tumourMm: number, stream: RandomStream): BreastShape {
  // A large tumour needs room: the lower end of the range rises with it.
  const room = (Math.min(tumourMm, 60) - 15) / 60;
  const projection = drawBetween(stream, ANATOMY.projection);
  return {
    projectionMm: projection + room * (ANATOMY.projection[1] - projection),
    halfWidthMm: drawBetween(stream, ANATOMY.baseLateral),
    halfHeightMm: drawBetween(stream, ANATOMY.baseVertical),
    skinMm: drawBetween(stream, ANATOMY.skin),
    subcutaneousMm: drawBetween(stream, ANATOMY.subcutaneous),
    pectoralMm: drawBetween(stream, ANATOMY.pectoral),
    nippleMm: [stream.uniform(-6, 4), stream.uniform(-4, 8)],
  };
}

/** r of the front of the chest wall (pectoral muscle) at (s, c), mm. */
export function chestWallAt(_shape: BreastShape, s: number, c: number): number {
  const lateral = c - STERNUM_MM;
  return WALL_MM + (lateral * lateral) / (2 * ANATOMY.thoraxRadius) + (s * s) / 1200;
}

/** r of the skin's surface at (s, c), mm. */
export function skinAt(shape: BreastShape, s: number, c: number): number {
  const [nippleS, nippleC] = shape.nippleMm;
  // The breast hangs a little towards its nipple.
  const u = (s - 0.5 * nippleS) / shape.halfHeightMm;
  const v = (c - 0.5 * nippleC) / shape.halfWidthMm;
  const rho = Math.sqrt(u * u + v * v);
  const rest = 1 - rho ** 2.3;
  // A soft maximum with 0 rounds the crease between breast and trunk.
  const bulge = (0.09 * Math.log1p(Math.exp(rest / 0.09))) ** 0.62;
  const nipple = ((s - nippleS) ** 2 + (c - nippleC) ** 2) / (2 * NIPPLE_WIDTH_MM ** 2);
  return (
    chestWallAt(shape, s, c) -
    shape.subcutaneousMm -
    shape.projectionMm * bulge -
    NIPPLE_HEIGHT_MM * Math.exp(-nipple)
  );
}

/** Depth in mm below the skin and distance in mm in front of the chest wall of a point, both along r. */
export function roomAround(shape: BreastShape, [s, r, c]: Triple): { depthMm: number; aheadMm: number } {
  return { depthMm: r - skinAt(shape, s, c), aheadMm: chestWallAt(shape, s, c) - r };
}
