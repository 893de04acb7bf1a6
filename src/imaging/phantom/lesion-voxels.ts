/** Puts lesions into the voxels: how much of each, and with which kinetics. */
import type { Triple } from "../../domain/grid.ts";
import { deriveKey } from "../../domain/random.ts";
import { clamp, logistic } from "./draws.ts";
import { lesionShape } from "./lesion-shape.ts";
import type { Lesion, LesionKind } from "./lesions.ts";
import { KINETICS, type Tissue } from "./parameters.ts";
import { type PlaneWaves, planeWaves, wavesAt } from "./smooth-noise.ts";
import { type Axes, BASE_TISSUES, span, type TissueFractions } from "./tissues.ts";

/** One entry per voxel and lesion; parallel arrays. */
export interface LesionVoxels {
  readonly index: number[];
  /** Volume fraction. */
  readonly share: number[];
  /** ln of Ktrans in 1/min; −∞ does not enhance. */
  readonly lnKtrans: number[];
  /** ln of kep in 1/min. */
  readonly lnKep: number[];
  readonly vp: number[];
  /** Share of necrotic or cystic fluid in the lesion's tissue. */
  readonly fluid: number[];
  /** The solid tissue. */
  readonly tissue: Tissue[];
}

const SOLID_TISSUE: Readonly<Record<LesionKind, Tissue>> = {
  tumour: "tumour",
  scar: "gland",
  reactive: "gland",
  fibroadenoma: "tumour",
  cyst: "fluid",
  "intramammary-node": "tumour",
};

/** Wavelengths of the texture within a lesion, mm. */
const TEXTURE_MM = [14, 6] as const;
/** Softness of the edge of a necrotic core, as a share of the lesion's radius. */
const CORE_EDGE = 0.06;

export interface LesionTarget {
  readonly fractions: TissueFractions;
  /** 1 in the breast; lesions stay in it. */
  readonly breast: Uint8Array;
  readonly axes: Axes;
  readonly voxelMm: number;
}

/**
 * Adds lesions in their order; each takes its share of the tissue that is still there.
 *
 * @returns the voxels, and the share of tumour per voxel, from which the reference mask is cut at one half.
 */
export function addLesions(
  target: LesionTarget,
  lesions: readonly Lesion[],
): { readonly voxels: LesionVoxels; readonly tumourShare: Float32Array } {
  const voxels: LesionVoxels = {
    index: [],
    share: [],
    lnKtrans: [],
    lnKep: [],
    vp: [],
    fluid: [],
    tissue: [],
  };
  const tumourShare = new Float32Array(target.breast.length);
  for (const lesion of lesions) addLesion(target, lesion, voxels, tumourShare);
  return { voxels, tumourShare };
}

function addLesion(
  target: LesionTarget,
  lesion: Lesion,
  voxels: LesionVoxels,
  tumourShare: Float32Array,
): void {
  const { fractions, breast, axes, voxelMm } = target;
  const shape = lesionShape(lesion.key, lesion.outline);
  const reach = shape.reachMm + voxelMm;
  const [cs, cr, cc] = lesion.centreMm;
  const [i0, i1] = span(axes[0], cs - reach, cs + reach);
  const [j0, j1] = span(axes[1], cr - reach, cr + reach);
  const [k0, k1] = span(axes[2], cc - reach, cc + reach);
  const kineticsAt = lesionKinetics(lesion);
  const tissues = BASE_TISSUES.map((tissue) => fractions[tissue]);
  for (let i = i0; i < i1; i++) {
    for (let j = j0; j < j1; j++) {
      for (let k = k0; k < k1; k++) {
        const n = (i * axes[1].length + j) * axes[2].length + k;
        if (breast[n] === 0) continue;
        const offset: Triple = [axes[0][i] - cs, axes[1][j] - cr, axes[2][k] - cc];
        const { depthMm, radius } = shape.locate(offset);
        const cover = lesion.filling * clamp(depthMm / voxelMm + 0.5, 0, 1) * (1 - fractions.skin[n]);
        if (cover === 0) continue;
        let rest = 0;
        for (const values of tissues) {
          rest += values[n];
          values[n] *= 1 - cover;
        }
        const share = cover * rest;
        if (lesion.kind === "tumour") tumourShare[n] += share;
        const { lnKtrans, lnVe, fluid } = kineticsAt(offset, radius);
        voxels.index.push(n);
        voxels.share.push(share);
        voxels.lnKtrans.push(lnKtrans);
        voxels.lnKep.push(lnKtrans - lnVe);
        voxels.vp.push(lesion.vp * (1 - fluid));
        voxels.fluid.push(fluid);
        voxels.tissue.push(SOLID_TISSUE[lesion.kind]);
      }
    }
  }
}

interface LocalKinetics {
  readonly lnKtrans: number;
  readonly lnVe: number;
  readonly fluid: number;
}

function lesionKinetics(lesion: Lesion): (offset: Triple, radius: number) => LocalKinetics {
  const waves = TEXTURE_MM.map((mm, i) =>
    planeWaves(deriveKey(lesion.key, "texture", i), (2 * Math.PI) / mm),
  );
  const space = planeWaves(deriveKey(lesion.key, "space"), (2 * Math.PI) / TEXTURE_MM[0]);
  const core = planeWaves(deriveKey(lesion.key, "core"), (2 * Math.PI) / TEXTURE_MM[0]);
  const at = (field: PlaneWaves, [s, r, c]: Triple) => wavesAt(field, s, r, c);
  const lnMedian = Math.log(lesion.ktrans);
  const lnVe = Math.log(lesion.ve);
  return (offset, radius) => {
    const texture = 0.8 * at(waves[0], offset) + 0.6 * at(waves[1], offset);
    const fluid =
      lesion.necroticRadius > 0
        ? logistic((lesion.necroticRadius * (1 + 0.2 * at(core, offset)) - radius) / CORE_EDGE)
        : 0;
    return {
      lnKtrans:
        lnMedian +
        lesion.localLnSd * texture +
        lesion.rim * (Math.min(radius, 1) ** 3 - 0.4) +
        KINETICS.necrosis.lnKtrans * fluid,
      lnVe: Math.min(lnVe + KINETICS.tumour.veLnSd * at(space, offset), 0),
      fluid,
    };
  };
}
