/** What the pathologist finds after surgery: the components of the residual cancer burden. */
import type { RandomStream } from "../../domain/random.ts";
import type { RcbComponents } from "../../domain/rcb.ts";
import { clamp, drawBetween, drawLogNormal, logistic } from "./draws.ts";
import { PATHOLOGY } from "./parameters.ts";

/** The latent causes of the findings; the first three in standard deviations. */
export interface PathologyCauses {
  /** Below 0 no invasive disease is left in the breast. */
  readonly resistance: number;
  /** How much more MRI shows than the resistance explains. */
  readonly discordance: number;
  /** How much more cellular the bed is than the resistance explains. */
  readonly cellularity: number;
  readonly nodalStatus: "cN0" | "cN+";
  /** Longest diameter before chemotherapy, mm. */
  readonly diameterMm: number;
}

/** Draws the components, rounded as reports give them. */
export function drawPathology(causes: PathologyCauses, stream: RandomStream): RcbComponents {
  const { resistance, discordance, diameterMm } = causes;
  const { mean, perResistance, perVisible, sd } = PATHOLOGY.lnBed;
  const lnRatio = mean + perResistance * resistance + perVisible * discordance + sd * stream.normal();
  const d1Mm = Math.max(1, Math.round(diameterMm * Math.min(Math.exp(lnRatio), 1.4)));
  const d2Mm = Math.max(1, Math.round(d1Mm * drawBetween(stream, PATHOLOGY.bedRatio)));
  const cellularityPercent = roundPercent(100 * logistic(logitCellularity(causes)));
  const inSitu = stream.bernoulli(PATHOLOGY.inSituOnly);
  const mixed = stream.bernoulli(PATHOLOGY.inSituShare.none)
    ? 0
    : 5 * Math.round(stream.uniform(1, PATHOLOGY.inSituShare.most / 5));
  const nodes = drawNodes(causes, stream);
  if (resistance >= 0) return { d1Mm, d2Mm, cellularityPercent, cisPercent: mixed, ...nodes };
  if (inSitu) return { d1Mm, d2Mm, cellularityPercent, cisPercent: 100, ...nodes };
  return { d1Mm: 0, d2Mm: 0, cellularityPercent: 0, cisPercent: 0, ...nodes };
}

function logitCellularity({ resistance, discordance, cellularity }: PathologyCauses): number {
  const { mean, perResistance, perVisible, sd } = PATHOLOGY.logitCellularity;
  return mean + perResistance * resistance + perVisible * discordance + sd * cellularity;
}

function drawNodes(
  { resistance, discordance, nodalStatus }: PathologyCauses,
  stream: RandomStream,
): Pick<RcbComponents, "positiveNodes" | "metastasisMm"> {
  const { nodes, moreNodes, metastasisMm } = PATHOLOGY;
  const base = nodalStatus === "cN+" ? nodes.clinicalPositive : nodes.clinicalNegative;
  const logit = base + nodes.perResistance * resistance + nodes.perVisible * discordance;
  if (!stream.bernoulli(logistic(logit))) return { positiveNodes: 0, metastasisMm: 0 };
  let positiveNodes = 1;
  while (positiveNodes < 20 && stream.bernoulli(moreNodes)) positiveNodes++;
  const diameterMm = drawLogNormal(stream, metastasisMm);
  return { positiveNodes, metastasisMm: Math.round(10 * diameterMm) / 10 };
}

/** Reports give cellularity to the per cent below 5 and in steps of 5 above. */
function roundPercent(percent: number): number {
  return percent < 5 ? Math.max(1, Math.round(percent)) : clamp(5 * Math.round(percent / 5), 5, 95);
}
