/** What a dynamic examination shows of enhancement: maps, functional tumour volume, and the figures that follow. */
import type { BreastSide } from "../domain/breast.ts";
import { type DceSeries, EARLY_WINDOW_SECONDS, type FoundPhases, findPhases } from "../domain/dce.ts";
import type { Issue } from "../domain/issues.ts";
import type { LabelMap, Volume } from "../domain/volume.ts";
import { breastRegion, SKIN_MM } from "./breast-region.ts";
import { largestComponent } from "./components.ts";
import { dilateMm, erodeMm } from "./distance.ts";
import { functionalTumourVolume } from "./functional-tumour-volume.ts";
import { percentEnhancement, signalEnhancementRatio } from "./kinetics.ts";
import { bodyMask, tissueThreshold } from "./regions.ts";
import { longestDiameterMm } from "./shape.ts";
import { sphericity } from "./sphericity.ts";

/** Thresholds of the functional tumour volume; see `FunctionalTumourVolumeInput`. */
export interface FtvThresholds {
  readonly pePercent: number;
  readonly ser: number;
  readonly minimumNeighbours: number;
  readonly minimumComponentMl: number;
}

/** Regions of the functional tumour volume that are found by themselves: see `breastRegion`; `body` is all of it but 5 mm under its surface. */
export const FTV_REGIONS = ["breast", "body"] as const;
export type FtvRegion = (typeof FTV_REGIONS)[number];

/** Where tumour may lie: in the breast (of one side, where that is known), in the body, or in a mask that was drawn. */
export type FtvPlace =
  | { readonly region: "breast"; readonly side?: BreastSide }
  | { readonly region: "body" }
  | { readonly region: "mask"; readonly mask: LabelMap };

export const DEFAULT_FTV_THRESHOLDS: FtvThresholds = {
  pePercent: 70,
  ser: 0,
  minimumNeighbours: 4,
  minimumComponentMl: 0,
};

/** The thresholds as {@link functionalTumourVolume} takes them. */
export function thresholdInput({ pePercent, ser, minimumNeighbours, minimumComponentMl }: FtvThresholds) {
  return { peThresholdPercent: pePercent, serThreshold: ser, minimumNeighbours, minimumComponentMl };
}

export interface EnhancementMeasures {
  readonly ftvMl: number;
  /** Of the largest connected part of the functional tumour volume, in mm; null where it is empty. */
  readonly longestDiameterMm: number | null;
  /** Of the same part; null where it is empty. */
  readonly sphericity: number | null;
  /** Background parenchymal enhancement, in per cent: see {@link measureEnhancement}. Null where no tissue is left. */
  readonly backgroundEnhancementPercent: number | null;
}

export interface Enhancement {
  readonly phases: FoundPhases;
  readonly pe: Volume<Float32Array>;
  /** Null where there is no late phase. */
  readonly ser: Volume<Float32Array> | null;
  readonly ftv: LabelMap;
  readonly body: LabelMap;
  /** Least signal before contrast that counts as tissue. */
  readonly tissueSignal: number;
  readonly measures: EnhancementMeasures;
  readonly issues: readonly Issue[];
}

/** Tissue nearer to the functional tumour volume than this, in mm, is no background. */
const BACKGROUND_DISTANCE_MM = 10;

/**
 * Measures a series. Percent enhancement and signal enhancement ratio: Hylton 2012 (Radiology 263:663); functional tumour volume: Hylton
 * 2016 (Radiology 279:44); sphericity: Wadell 1935 (J Geol 43:250). Background parenchymal enhancement is the mean early percent enhancement of
 * tissue, as Onishi 2021 (Radiology 301:295) measures it in the other breast; here in tissue more than 10 mm from the functional tumour
 * volume and 5 mm under the skin, chest wall included, since images may hold one breast.
 *
 * @throws {DataError} `series-phases` without a post-contrast phase, `grid-mismatch` for a mask elsewhere.
 */
export function measureEnhancement(
  series: DceSeries,
  thresholds: FtvThresholds = DEFAULT_FTV_THRESHOLDS,
  place: FtvPlace = { region: "breast" },
): Enhancement {
  const phases = findPhases(series.timesSeconds);
  const [pre, early] = [series.phases[phases.pre], series.phases[phases.early]];
  const pe = percentEnhancement(pre, early);
  const ser = phases.late === null ? null : signalEnhancementRatio(pre, early, series.phases[phases.late]);
  const body = bodyMask(pre);
  // Fat is suppressed to noise, whose ratios would count as enhancement.
  const tissueSignal = tissueThreshold(pre, body);
  const inside = erodeMm(body, SKIN_MM);
  const { mask, ml } = functionalTumourVolume({
    pe,
    ...(ser === null ? {} : { ser }),
    region: regionOf(place, body, inside),
    background: { pre, minimumSignal: tissueSignal },
    ...thresholdInput(thresholds),
  });
  const main = largestComponent(mask);
  return {
    phases,
    pe,
    ser,
    ftv: mask,
    body,
    tissueSignal,
    measures: {
      ftvMl: ml,
      longestDiameterMm: longestDiameterMm(main),
      sphericity: sphericity(main),
      backgroundEnhancementPercent: backgroundEnhancement(pe, pre, tissueSignal, inside, mask),
    },
    issues: phaseIssues(series.timesSeconds, phases),
  };
}

function regionOf(place: FtvPlace, body: LabelMap, inside: LabelMap): LabelMap {
  if (place.region === "mask") return place.mask;
  return place.region === "body" ? inside : breastRegion(body, place.side);
}

function backgroundEnhancement(
  pe: Volume,
  pre: Volume,
  tissueSignal: number,
  inside: LabelMap,
  ftv: LabelMap,
): number | null {
  const near = dilateMm(ftv, BACKGROUND_DISTANCE_MM).data;
  let [sum, count] = [0, 0];
  for (let i = 0; i < near.length; i++) {
    if (near[i] !== 0 || inside.data[i] === 0 || pre.data[i] < tissueSignal) continue;
    sum += pe.data[i];
    count++;
  }
  return count === 0 ? null : sum / count;
}

function phaseIssues(timesSeconds: readonly number[], { early, late }: FoundPhases): Issue[] {
  const issues: Issue[] = [];
  const seconds = timesSeconds[early];
  const [from, to] = EARLY_WINDOW_SECONDS;
  if (seconds < from || seconds > to) {
    issues.push({
      code: "series-early-phase",
      severity: "warning",
      message: `The post-contrast phase nearest to early enhancement is at ${seconds} s, where ${from} to ${to} s is expected. It was used; enhancement figures are not comparable with those of an early phase.`,
    });
  }
  if (late === null) {
    issues.push({
      code: "series-late-phase",
      severity: "warning",
      message:
        "There is no late phase, where one after the early phase is expected: no signal enhancement ratio, and the functional tumour volume goes by percent enhancement alone.",
    });
  }
  return issues;
}
