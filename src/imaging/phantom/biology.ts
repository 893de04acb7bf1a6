/**
 * The latent patient: tumour, response, pathology and clinical values, without a voxel. Milliseconds per thousand
 * patients, so that the associations can be calibrated and tested on large samples (docs/phantom.md).
 */
import type { StudySet } from "../../domain/cohort.ts";
import type { Triple } from "../../domain/grid.ts";
import { deriveKey, type RandomKey, RandomStream } from "../../domain/random.ts";
import { type RcbComponents, rcbScore } from "../../domain/rcb.ts";
import { clamp, drawBetween, drawIndex, drawLogNormal } from "./draws.ts";
import { BIOLOGY, KINETICS, SUBTYPE_PARAMETERS, SUBTYPES, type Subtype } from "./parameters.ts";
import { drawPathology } from "./pathology.ts";
import { type RadiologicalResponse, readResponse } from "./radiologist.ts";

/** `whole`: one mass; `fragments`: several remnants spread over the old bed; `none`: nothing visible. */
type TumourPattern = "whole" | "fragments" | "none";

/** The tumour as MRI shows it at one visit. */
export interface TumourState {
  readonly pattern: TumourPattern;
  /** Visible volume of all parts, mm³: what the reference mask outlines. */
  readonly volumeMm3: number;
  /** Share of the volume in each part; a whole tumour comes first and its satellites follow. */
  readonly shares: readonly number[];
  /** Longest diameter of the bed that the parts span, mm; 0 where nothing is visible. */
  readonly longestDiameterMm: number;
  /** Radius of the necrotic core as a share of the tumour's; 0 without one. */
  readonly necroticRadius: number;
  /** ln of Ktrans relative to the untreated median. */
  readonly lnKtrans: number;
}

export interface PatientBiology {
  readonly set: StudySet;
  readonly index: number;
  readonly subtype: Subtype;
  readonly ageYears: number;
  readonly grade: 1 | 2 | 3;
  readonly nodalStatus: "cN0" | "cN+";
  /** Axes of the untreated tumour relative to its mean radius; their product is 1. */
  readonly axisRatios: Triple;
  readonly pre: TumourState;
  readonly post: TumourState;
  readonly components: RcbComponents;
  readonly rcbScore: number;
  readonly radiologicalResponse: RadiologicalResponse;
}

/**
 * Draws one patient.
 *
 * @param key the cohort's key. A patient depends on it, the set and the index only, so not on the cohort's size.
 * @param index place in the set, from 0.
 */
export function drawBiology(key: RandomKey, set: StudySet, index: number): PatientBiology {
  const own = deriveKey(key, "patient", set, index, "biology");
  const stream = (purpose: string) => new RandomStream(deriveKey(own, purpose));

  const clinic = stream("clinic");
  const subtype =
    SUBTYPES[
      drawIndex(
        clinic,
        SUBTYPES.map((name) => SUBTYPE_PARAMETERS[name].share),
      )
    ];
  const kind = SUBTYPE_PARAMETERS[subtype];
  const { mean, sd, least, most } = BIOLOGY.ageYears;
  const ageYears = Math.round(clamp(clinic.normal(mean, sd), least, most));
  const grade = (1 + drawIndex(clinic, kind.grade)) as 1 | 2 | 3;
  const nodalStatus = clinic.bernoulli(kind.nodePositive) ? "cN+" : "cN0";

  const resistance = kind.resistance + BIOLOGY.gradeResistance * (grade - 2) + clinic.normal();
  const { pre, axisRatios } = drawUntreated(subtype, stream("tumour"));
  const response = stream("response");
  const discordance = response.normal();
  const cellularity = response.normal();
  const post = drawTreated(pre, subtype, { resistance, discordance, cellularity }, response);
  const components = drawPathology(
    { resistance, discordance, cellularity, nodalStatus, diameterMm: pre.longestDiameterMm },
    stream("pathology"),
  );
  return {
    set,
    index,
    subtype,
    ageYears,
    grade,
    nodalStatus,
    axisRatios,
    pre,
    post,
    components,
    rcbScore: rcbScore(components),
    radiologicalResponse: readResponse(pre.longestDiameterMm, post.longestDiameterMm, stream("reader")),
  };
}

function drawUntreated(
  subtype: Subtype,
  stream: RandomStream,
): { readonly pre: TumourState; readonly axisRatios: Triple } {
  const kind = SUBTYPE_PARAMETERS[subtype];
  const longestDiameterMm = drawLogNormal(stream, BIOLOGY.diameterMm);
  const second = drawBetween(stream, BIOLOGY.axisRatio.second);
  const third = Math.min(second, drawBetween(stream, BIOLOGY.axisRatio.third));
  const mean = (second * third) ** (1 / 3);
  const mainMm3 = (Math.PI / 6) * longestDiameterMm ** 3 * second * third;
  const satellites = drawCount(stream, kind.satellites, 3);
  const sizes = [1, ...Array.from({ length: satellites }, () => stream.uniform(0.008, 0.03))];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const necrotic = mainMm3 > BIOLOGY.necroticVolumeMm3 && stream.bernoulli(kind.necrosis);
  return {
    axisRatios: [1 / mean, second / mean, third / mean],
    pre: {
      pattern: "whole",
      volumeMm3: mainMm3 * total,
      shares: sizes.map((size) => size / total),
      longestDiameterMm,
      necroticRadius: necrotic ? stream.uniform(0.35, 0.62) : 0,
      lnKtrans: stream.normal(0, KINETICS.tumour.patientLnSd),
    },
  };
}

interface Response {
  /** Standard deviations; the breast is free of invasive disease below 0. */
  readonly resistance: number;
  /** How much more MRI shows than the resistance explains, standard deviations. */
  readonly discordance: number;
  /** How much more cellular the bed is than the resistance explains, standard deviations. */
  readonly cellularity: number;
}

function drawTreated(
  pre: TumourState,
  subtype: Subtype,
  { resistance, discordance, cellularity }: Response,
  stream: RandomStream,
): TumourState {
  const { mean, perResistance, sd } = BIOLOGY.lnResidual;
  const lnRatio = mean + perResistance * resistance + sd * discordance;
  const ratio = Math.min(Math.exp(lnRatio), BIOLOGY.largestGrowth);
  const volumeMm3 = pre.volumeMm3 * ratio;
  const { remnant } = KINETICS;
  const lnKtrans =
    0.5 * pre.lnKtrans +
    remnant.lnKtrans +
    remnant.perCellularity * cellularity +
    remnant.perResistance * resistance +
    remnant.lnSd * stream.normal();
  if (volumeMm3 < BIOLOGY.visibleMm3) {
    return { pattern: "none", volumeMm3: 0, shares: [], longestDiameterMm: 0, necroticRadius: 0, lnKtrans };
  }
  // Fragments need a partial response, and room: above the upper bound they would fill the old bed again.
  const partial = ratio > 0.02 && ratio < 0.3;
  if (partial && stream.bernoulli(SUBTYPE_PARAMETERS[subtype].fragmentation)) {
    const wanted = 3 + stream.integer(4);
    const count = clamp(Math.floor(volumeMm3 / BIOLOGY.visibleMm3), 1, wanted);
    const sizes = Array.from({ length: count }, () => stream.uniform(0.3, 1));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    return {
      pattern: "fragments",
      volumeMm3,
      shares: sizes.map((size) => size / total),
      longestDiameterMm: pre.longestDiameterMm * stream.uniform(0.8, 1.05),
      necroticRadius: 0,
      lnKtrans,
    };
  }
  return {
    pattern: "whole",
    volumeMm3,
    shares: [1],
    longestDiameterMm: pre.longestDiameterMm * Math.cbrt(ratio),
    necroticRadius: ratio > 0.6 ? pre.necroticRadius : 0,
    lnKtrans,
  };
}

/** A count up to `most`: geometric with about the mean wanted. */
function drawCount(stream: RandomStream, mean: number, most: number): number {
  let count = 0;
  while (count < most && stream.bernoulli(mean / (1 + mean))) count++;
  return count;
}
