/** How a slice across an array axis is turned for display. */
import type { Grid, Triple } from "../domain/grid.ts";

type AnatomicalPlane = "axial" | "coronal" | "sagittal";

export interface DisplayPlane {
  /** The anatomical plane to which the slice is nearest. */
  readonly plane: AnatomicalPlane;
  /** Array axis that runs to the right of the picture, and whether it does so backwards. */
  readonly right: { readonly axis: number; readonly reversed: boolean };
  /** Array axis that runs down the picture, and whether it does so backwards. */
  readonly down: { readonly axis: number; readonly reversed: boolean };
}

/** World directions (LPS) to the right and down of each plane's picture. */
const PLANES: Readonly<Record<AnatomicalPlane, { readonly right: Triple; readonly down: Triple }>> = {
  axial: { right: [1, 0, 0], down: [0, 1, 0] },
  coronal: { right: [1, 0, 0], down: [0, 0, -1] },
  sagittal: { right: [0, 1, 0], down: [0, 0, -1] },
};

/** The plane whose normal is the patient axis x, y or z. */
const PLANE_OF_NORMAL: readonly AnatomicalPlane[] = ["sagittal", "coronal", "axial"];

/**
 * The radiological way to show slices across an array axis (0 slice, 1 row, 2 column). Axial: the patient's left on the right, anterior on top,
 * as seen from the feet. Coronal: the patient's left on the right, head on top, as seen from the front. Sagittal: anterior on the left, head
 * on top, as seen from the patient's left. Oblique slices are shown as the plane to which they are nearest.
 */
export function displayPlane(grid: Grid, axis: number): DisplayPlane {
  const normal = grid.direction[axis].map(Math.abs);
  const plane = PLANE_OF_NORMAL[normal.indexOf(Math.max(...normal))];
  const { right, down } = PLANES[plane];
  const [first, second] = [0, 1, 2].filter((other) => other !== axis);
  const along = (other: number, wanted: Triple) =>
    grid.direction[other].reduce((sum, value, i) => sum + value * wanted[i], 0);
  const firstIsRight = Math.abs(along(first, right)) > Math.abs(along(second, right));
  const rightAxis = firstIsRight ? first : second;
  const downAxis = firstIsRight ? second : first;
  return {
    plane,
    right: { axis: rightAxis, reversed: along(rightAxis, right) < 0 },
    down: { axis: downAxis, reversed: along(downAxis, down) < 0 },
  };
}
