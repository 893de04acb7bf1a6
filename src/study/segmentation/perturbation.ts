/** Small changes of a prepared image that a stable feature survives: shifts by whole voxels, and mirroring. */
import type { Triple } from "../../domain/grid.ts";
import type { PreparedCase } from "./prepare.ts";

export type Perturbation =
  /** Every voxel takes the value `shift` voxels before it along all three axes; beyond the edge that of the edge. */
  { readonly kind: "shift"; readonly voxels: number } | { readonly kind: "mirror"; readonly axis: number };

export interface PerturbationOptions {
  /** Shifts in voxels of the prepared image, each along all three axes at once. */
  readonly shifts: readonly number[];
  /** Axes (0 slice, 1 row, 2 column) along which the image is mirrored, one at a time. */
  readonly mirrorAxes: readonly number[];
}

export function perturbationsOf({ shifts, mirrorAxes }: PerturbationOptions): Perturbation[] {
  return [
    ...shifts.map((voxels) => ({ kind: "shift", voxels }) as const),
    ...mirrorAxes.map((axis) => ({ kind: "mirror", axis }) as const),
  ];
}

/** The image perturbed; its grid stays, since the network and the pooling know voxels only. */
export function perturbCase(prepared: PreparedCase, perturbation: Perturbation): PreparedCase {
  return {
    ...prepared,
    channels: prepared.channels.map((data) => perturb(data, prepared.grid.shape, perturbation)),
  };
}

/** An image's or a mask's array, perturbed. */
export function perturb<A extends Float32Array | Uint8Array>(
  data: A,
  shape: Triple,
  perturbation: Perturbation,
): A {
  const [slices, rows, columns] = [0, 1, 2].map((axis) => sourceIndices(shape[axis], axis, perturbation));
  const result = new (data.constructor as new (length: number) => A)(data.length);
  let voxel = 0;
  for (const slice of slices) {
    for (const row of rows) {
      const from = (slice * shape[1] + row) * shape[2];
      for (const column of columns) result[voxel++] = data[from + column];
    }
  }
  return result;
}

/** Where each index along an axis takes its value from. */
function sourceIndices(size: number, axis: number, perturbation: Perturbation): Int32Array {
  return Int32Array.from({ length: size }, (_, index) => {
    if (perturbation.kind === "mirror") return perturbation.axis === axis ? size - 1 - index : index;
    return Math.max(0, Math.min(index - perturbation.voxels, size - 1));
  });
}
