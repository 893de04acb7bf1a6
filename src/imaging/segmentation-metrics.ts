/** How well a mask agrees with a reference. */
import { voxelVolumeMm3 } from "../domain/grid.ts";
import { type LabelMap, requireSameGrid } from "../domain/volume.ts";
import { crop, maskBox, unionBox } from "./cropping.ts";
import { distanceToMask } from "./distance.ts";
import { percentiles } from "./percentiles.ts";
import { surfaceVoxels } from "./surface.ts";

/** `null` where a measure is not defined; see {@link compareMasks}. */
export interface MaskComparison {
  /** 2|P∩R|/(|P|+|R|). */
  readonly dice: number | null;
  /** The greater of the two directed 95th percentiles of surface distances, in mm. */
  readonly hd95Mm: number | null;
  /** Normalised surface Dice: the share of surface voxels of both masks within the tolerance of the other's surface. */
  readonly nsd: number | null;
  /** Predicted less reference volume, in ml. */
  readonly volumeErrorMl: number;
  readonly predictedMl: number;
  readonly referenceMl: number;
}

export interface CompareMasksOptions {
  /** Distance in mm that still counts as agreement in `nsd`. Default 1 mm, about one pixel of a clinical breast examination. */
  readonly toleranceMm?: number;
}

/**
 * Compares one class of two masks by the definitions of MONAI: surface voxels are those with a face neighbour outside the mask, the distances
 * run between voxel centres and in mm, percentiles are interpolated linearly (Dice 1945; HD95: Huttenlocher 1993 with the 95th
 * percentile; NSD: Nikolov et al. 2021, J Med Internet Res 23:e26151, counted over surface voxels).
 *
 * Where both masks are empty, `dice`, `hd95Mm` and `nsd` are null: there is nothing to agree on. Where one is empty, `dice` and `nsd`
 * are 0 and `hd95Mm` is null, for no distance exists.
 *
 * @param label the class, or `any` for all classes together.
 * @throws {DataError} `grid-mismatch` where the masks lie on different grids.
 */
export function compareMasks(
  predicted: LabelMap,
  reference: LabelMap,
  label: number | "any",
  { toleranceMm = 1 }: CompareMasksOptions = {},
): MaskComparison {
  requireSameGrid(reference, predicted, "the predicted mask");
  const p = binaryMask(predicted, label);
  const r = binaryMask(reference, label);
  const predictedVoxels = countOnes(p.data);
  const referenceVoxels = countOnes(r.data);
  const mlPerVoxel = voxelVolumeMm3(reference.grid) / 1000;
  const volumes = {
    volumeErrorMl: (predictedVoxels - referenceVoxels) * mlPerVoxel,
    predictedMl: predictedVoxels * mlPerVoxel,
    referenceMl: referenceVoxels * mlPerVoxel,
  };
  if (predictedVoxels === 0 && referenceVoxels === 0) {
    return { dice: null, hd95Mm: null, nsd: null, ...volumes };
  }
  if (predictedVoxels === 0 || referenceVoxels === 0) {
    return { dice: 0, hd95Mm: null, nsd: 0, ...volumes };
  }
  let common = 0;
  for (let i = 0; i < p.data.length; i++) common += p.data[i] & r.data[i];
  const { toReference, toPredicted } = surfaceDistances(p, r);
  const within = (distances: Float32Array) => distances.filter((mm) => mm <= toleranceMm).length;
  return {
    dice: (2 * common) / (predictedVoxels + referenceVoxels),
    hd95Mm: Math.max(percentiles(toReference, [95])[0], percentiles(toPredicted, [95])[0]),
    nsd: (within(toReference) + within(toPredicted)) / (toReference.length + toPredicted.length),
    ...volumes,
  };
}

/** Distances in mm from each surface voxel of one mask to the surface of the other; neither may be empty. */
function surfaceDistances(predicted: LabelMap, reference: LabelMap) {
  // Whatever lies beyond the box is outside both masks, so that it may count as the border of the image.
  const box = unionBox(maskBox(predicted)!, maskBox(reference)!);
  const [p, r] = [predicted, reference].map((mask) => {
    const cut = crop(mask, box);
    return { grid: cut.grid, data: surfaceVoxels(cut.data, cut.grid.shape) };
  });
  const toP = distanceToMask(p).data;
  const toR = distanceToMask(r).data;
  return {
    toReference: toR.filter((_, i) => p.data[i] === 1),
    toPredicted: toP.filter((_, i) => r.data[i] === 1),
  };
}

function binaryMask({ grid, data }: LabelMap, label: number | "any"): LabelMap {
  const inside =
    label === "any" ? (value: number) => (value !== 0 ? 1 : 0) : (value: number) => (value === label ? 1 : 0);
  return { grid, data: data.map(inside) };
}

function countOnes(data: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) count += data[i];
  return count;
}
