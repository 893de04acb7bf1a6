/** Residual cancer burden (Symmans et al. 2007, J Clin Oncol 25:4414). */
import { DataError } from "./errors.ts";

export type RcbClass = "0" | "I" | "II" | "III";

/** RCB classes in the order of rising burden. */
export const RCB_CLASSES: readonly RcbClass[] = ["0", "I", "II", "III"];

/** What the pathologist measures. */
export interface RcbComponents {
  /** Largest two dimensions of the residual tumour bed, in mm. */
  readonly d1Mm: number;
  readonly d2Mm: number;
  /** Cancer cellularity of the bed, invasive and in situ, in per cent. */
  readonly cellularityPercent: number;
  /** Share of that cancer which is in situ, in per cent. */
  readonly cisPercent: number;
  /** Number of positive lymph nodes. */
  readonly positiveNodes: number;
  /** Diameter of the largest nodal metastasis, in mm. */
  readonly metastasisMm: number;
}

/** Upper bounds of the classes I and II (Symmans 2007). */
const CLASS_BOUNDS = { I: 1.36, II: 3.28 } as const;

/**
 * RCB = 1.4·(f_inv·d_prim)^0.17 + [4·(1 − 0.75^LN)·d_met]^0.17, a power term being 0 where its base is 0.
 *
 * @throws {DataError} `rcb-range` for a value out of its range, `rcb-contradiction` for positive nodes without a
 *   metastasis or the reverse, and for a bed with one dimension only.
 */
export function rcbScore(components: RcbComponents): number {
  checkComponents(components);
  const { d1Mm, d2Mm, cellularityPercent, cisPercent, positiveNodes, metastasisMm } = components;
  const bedMm = Math.sqrt(d1Mm * d2Mm);
  const invasive = (1 - cisPercent / 100) * (cellularityPercent / 100);
  return 1.4 * power(invasive * bedMm) + power(4 * (1 - 0.75 ** positiveNodes) * metastasisMm);
}

/** Class 0: index 0; I: ≤ 1.36; II: ≤ 3.28; III: above. */
export function rcbClassOfScore(score: number): RcbClass {
  if (!(score >= 0 && Number.isFinite(score))) {
    throw new DataError("rcb-range", {
      found: `an RCB score of ${score}`,
      expected: "a finite number from 0",
    });
  }
  if (score === 0) return "0";
  if (score <= CLASS_BOUNDS.I) return "I";
  return score <= CLASS_BOUNDS.II ? "II" : "III";
}

function power(base: number): number {
  return base > 0 ? base ** 0.17 : 0;
}

const RANGES: Readonly<Record<keyof RcbComponents, readonly [number, number, string]>> = {
  d1Mm: [0, 500, "mm"],
  d2Mm: [0, 500, "mm"],
  cellularityPercent: [0, 100, "%"],
  cisPercent: [0, 100, "%"],
  positiveNodes: [0, 100, "nodes"],
  metastasisMm: [0, 200, "mm"],
};

function checkComponents(components: RcbComponents): void {
  for (const [name, [least, most, unit]] of Object.entries(RANGES)) {
    const value = components[name as keyof RcbComponents];
    if (!(value >= least && value <= most)) {
      throw new DataError("rcb-range", {
        found: `${name} = ${value}`,
        expected: `a number from ${least} to ${most} ${unit}`,
      });
    }
  }
  const { d1Mm, d2Mm, positiveNodes, metastasisMm } = components;
  if (!Number.isInteger(positiveNodes)) {
    throw new DataError("rcb-range", {
      found: `positiveNodes = ${positiveNodes}`,
      expected: "a whole number of nodes",
    });
  }
  if (positiveNodes > 0 !== metastasisMm > 0) {
    throw new DataError("rcb-contradiction", {
      found: `${positiveNodes} positive nodes with a largest metastasis of ${metastasisMm} mm`,
      expected: "both zero or both above zero",
      remedy: "Ask the pathologist which of the two is right.",
    });
  }
  if (d1Mm > 0 !== d2Mm > 0) {
    throw new DataError("rcb-contradiction", {
      found: `a tumour bed of ${d1Mm} x ${d2Mm} mm`,
      expected: "two dimensions, or none",
      remedy: "Give both dimensions of the bed.",
    });
  }
}
