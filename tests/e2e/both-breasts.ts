/** Made dynamic series of both breasts: a chest, two breasts, a heart that enhances, and a tumour in one breast. */
import { createDceSeries, type DceSeries } from "../../src/domain/dce.ts";
import { createGrid, type Grid, type Triple, toWorld, voxelCount } from "../../src/domain/grid.ts";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import type { LabelMap } from "../../src/domain/volume.ts";

const TIMES_SECONDS = [0, 120, 400];

/** A grid of 4 mm whose columns run to the left, or to the right where mirrored, turned about the body's axis. */
export function torsoGrid({ mirrored = false, degrees = 0 } = {}): Grid {
  const angle = (degrees / 180) * Math.PI;
  const sign = mirrored ? -1 : 1;
  const column: Triple = [sign * Math.cos(angle), sign * Math.sin(angle), 0];
  const row: Triple = [-Math.sin(angle), Math.cos(angle), 0];
  const shape: Triple = [12, 36, 84];
  const middle = {
    shape,
    spacingMm: [4, 4, 4],
    direction: [[0, 0, sign], row, column],
    origin: [0, 0, 0],
  } as const;
  const centre = toWorld(middle as Grid, [5.5, 19.5, 41.5]);
  return createGrid({ ...middle, origin: [-centre[0], -centre[1], -centre[2]] });
}

export interface Blob {
  /** LPS mm. */
  readonly centre: Triple;
  readonly radiusMm: number;
  /** Early signal as a multiple of that before contrast. */
  readonly enhancement: number;
}

export interface TorsoExamination {
  readonly series: DceSeries;
  /** The first blob. */
  readonly tumour: LabelMap;
}

/** What lies in the breasts, the tumour first. The heart lies behind the breasts, to the left. */
export function torso(grid: Grid, blobs: readonly Blob[], seed: number): TorsoExamination {
  const stream = new RandomStream(randomKey(seed));
  const heart: Blob = { centre: [30, 40, 0], radiusMm: 22, enhancement: 2.4 };
  const tumour = new Uint8Array(voxelCount(grid));
  const phases = TIMES_SECONDS.map(() => new Float32Array(tumour.length));
  const [, rows, columns] = grid.shape;
  for (let v = 0; v < tumour.length; v++) {
    const index: Triple = [Math.floor(v / (rows * columns)), Math.floor(v / columns) % rows, v % columns];
    const point = toWorld(grid, index);
    const [x, y] = point;
    const inside = (Math.abs(x) < 150 && y > 0 && y < 62) || Math.hypot(Math.abs(x) - 80, y) < 60;
    const blob = [...blobs, heart].find(
      ({ centre, radiusMm }) => Math.hypot(...point.map((value, axis) => value - centre[axis])) < radiusMm,
    );
    if (blob !== undefined && blob === blobs[0]) tumour[v] = 1;
    const rise = blob?.enhancement ?? 1.1;
    const signal = inside ? 120 : 3;
    [1, rise, 1 + 0.8 * (rise - 1)].forEach((factor, phase) => {
      phases[phase][v] = Math.max(0, Math.round(signal * (inside ? factor : 1) + stream.normal(0, 3)));
    });
  }
  const series = createDceSeries(
    phases.map((data) => ({ grid, data })),
    TIMES_SECONDS,
  );
  return { series, tumour: { grid, data: tumour } };
}

/** A tumour in the left or the right breast, at a place of its own for each number. */
export function tumourIn(side: "left" | "right", number: number, radiusMm = 14): Blob {
  const sign = side === "left" ? 1 : -1;
  const centre: Triple = [sign * (70 + 6 * (number % 4)), -22 - 4 * (number % 3), -8 + 5 * (number % 4)];
  return { centre, radiusMm, enhancement: 2.2 };
}
