/** Which lesions a breast holds at a visit: the tumour and its parts, what treatment left, and benign look-alikes. */
import type { Triple } from "../../domain/grid.ts";
import { deriveKey, type RandomKey, RandomStream } from "../../domain/random.ts";
import type { PatientBiology, TumourState } from "./biology.ts";
import { type BreastShape, roomAround } from "./breast-shape.ts";
import { drawBetween } from "./draws.ts";
import type { LesionOutline } from "./lesion-shape.ts";
import { ANATOMY, KINETICS, SUBTYPE_PARAMETERS } from "./parameters.ts";
import { randomDirection } from "./smooth-noise.ts";

export type PhantomVisit = "pre" | "post";

export type LesionKind = "tumour" | "scar" | "reactive" | "fibroadenoma" | "cyst" | "intramammary-node";

export interface Lesion {
  readonly kind: LesionKind;
  /** Names the lesion's shape and texture: the same at both visits. */
  readonly key: RandomKey;
  /** Breast coordinates (s, r, c), mm. */
  readonly centreMm: Triple;
  readonly outline: LesionOutline;
  /** Share of the tissue that the lesion takes where it is; the rest stays as it was. */
  readonly filling: number;
  /** Median transfer constant, 1/min; 0 does not enhance. */
  readonly ktrans: number;
  readonly ve: number;
  readonly vp: number;
  /** Standard deviation of ln Ktrans from place to place. */
  readonly localLnSd: number;
  /** Extra ln Ktrans at the rim. */
  readonly rim: number;
  /** Radius of the necrotic core as a share of the lesion's. */
  readonly necroticRadius: number;
}

/** Lesions of one visit, the tumour's parts first: what comes first keeps its place where two overlap. */
export function planLesions(
  key: RandomKey,
  biology: PatientBiology,
  shape: BreastShape,
  visit: PhantomVisit,
): Lesion[] {
  const site = tumourSite(shape, biology.pre, new RandomStream(deriveKey(key, "site")));
  const tumour = tumourParts(deriveKey(key, "tumour"), biology, shape, visit, site);
  const left = visit === "post" ? treatmentEffects(deriveKey(key, "bed"), biology, site) : [];
  return [...tumour, ...left, ...benignLesions(deriveKey(key, "benign"), biology.pre, shape, site)];
}

function meanRadius(volumeMm3: number): number {
  return Math.cbrt((3 * volumeMm3) / (4 * Math.PI));
}

/** Room in mm between a point and the nearer of skin and chest wall, along r. */
function room(shape: BreastShape, point: Triple): number {
  const { depthMm, aheadMm } = roomAround(shape, point);
  return Math.min(depthMm, aheadMm);
}

/** A place where the untreated tumour fits, or the roomiest of those tried. */
function tumourSite(shape: BreastShape, pre: TumourState, stream: RandomStream): Triple {
  const radius = meanRadius(pre.volumeMm3);
  let best: Triple = [0, 0, 0];
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < 60; i++) {
    const s = stream.uniform(-0.6, 0.6) * Math.max(8, 46 - radius);
    const c = stream.uniform(-0.55, 0.75) * Math.max(8, shape.halfWidthMm - radius);
    const { depthMm, aheadMm } = roomAround(shape, [s, 0, c]);
    const thickness = depthMm + aheadMm;
    const r = aheadMm - thickness * stream.uniform(0.25, 0.8);
    const point: Triple = [s, r, c];
    const spare = room(shape, point) - 1.15 * radius - 4;
    if (spare > 0) return point;
    if (spare > most) [most, best] = [spare, point];
  }
  return best;
}

function tumourParts(
  key: RandomKey,
  biology: PatientBiology,
  shape: BreastShape,
  visit: PhantomVisit,
  site: Triple,
): Lesion[] {
  const state = biology[visit];
  const kind = SUBTYPE_PARAMETERS[biology.subtype];
  const look = new RandomStream(deriveKey(key, "look"));
  const lobulation = look.uniform(0.05, 0.13);
  const spiculation = kind.spiculation * look.uniform(0.5, 1.5);
  const rim = kind.rim * look.uniform(0.5, 1.5);
  const { ktrans, ve, vp, localLnSd } = KINETICS.tumour;
  const placed: { centreMm: Triple; radius: number }[] = [];
  return state.shares.map((share, i) => {
    const volumeMm3 = share * state.volumeMm3;
    const main = state.pattern === "whole" && i === 0;
    const own = main ? deriveKey(key, "main") : deriveKey(key, state.pattern, i);
    const radius = meanRadius(volumeMm3);
    const stream = new RandomStream(deriveKey(own, "place"));
    const centreMm = main ? site : partSite({ shape, state, site, placed, radius }, stream);
    placed.push({ centreMm, radius });
    return {
      kind: "tumour",
      key: own,
      centreMm,
      outline: {
        volumeMm3,
        axisRatios: main ? biology.axisRatios : [1.15, 1, 1 / 1.15],
        lobulation,
        spiculation: main ? spiculation : 0.5 * spiculation,
      },
      filling: 1,
      ktrans: ktrans * Math.exp(state.lnKtrans),
      ve,
      vp,
      localLnSd,
      rim: main ? rim : 0,
      necroticRadius: main ? state.necroticRadius : 0,
    };
  });
}

interface PartPlacement {
  readonly shape: BreastShape;
  readonly state: TumourState;
  readonly site: Triple;
  readonly placed: readonly { readonly centreMm: Triple; readonly radius: number }[];
  readonly radius: number;
}

/** A place for a satellite beside the main tumour, or for a fragment within the old bed, clear of the others. */
function partSite({ shape, state, site, placed, radius }: PartPlacement, stream: RandomStream): Triple {
  const bed = state.longestDiameterMm / 2;
  let best = site;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < 80; i++) {
    const direction = randomDirection(stream);
    const distance =
      state.pattern === "fragments"
        ? Math.max(0, bed - radius) * Math.cbrt(stream.uniform())
        : 1.3 * placed[0].radius + radius + stream.uniform(1, 8);
    const point: Triple = [
      site[0] + distance * direction[0],
      site[1] + distance * direction[1],
      site[2] + distance * direction[2],
    ];
    const gaps = placed.map(
      (other) => separation(point, other.centreMm) - 1.15 * (other.radius + radius) - 1,
    );
    const spare = Math.min(room(shape, point) - 1.2 * radius - 3, ...gaps);
    if (spare > 0) return point;
    if (spare > most) [most, best] = [spare, point];
  }
  return best;
}

function separation(a: Triple, b: Triple): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** Scar in the old bed, and now and then enhancement that is not tumour. Neither is in the reference mask. */
function treatmentEffects(key: RandomKey, { pre, post, axisRatios }: PatientBiology, site: Triple): Lesion[] {
  const stream = new RandomStream(deriveKey(key, "effects"));
  const scarMm3 = 0.45 * pre.volumeMm3;
  const reactive = stream.bernoulli(ANATOMY.reactive);
  const reactiveMm3 = stream.uniform(0.05, 0.2) * pre.volumeMm3;
  const direction = randomDirection(stream);
  const offset = 0.7 * meanRadius(pre.volumeMm3);
  const smooth = { rim: 0, necroticRadius: 0 };
  const effects: Lesion[] = [];
  if (reactive) {
    effects.push({
      kind: "reactive",
      key: deriveKey(key, "reactive"),
      centreMm: [
        site[0] + offset * direction[0],
        site[1] + offset * direction[1],
        site[2] + offset * direction[2],
      ],
      outline: { volumeMm3: reactiveMm3, axisRatios: [1.3, 1, 1 / 1.3], lobulation: 0.15, spiculation: 0 },
      filling: 0.7,
      ...KINETICS.reactive,
      localLnSd: 0.4,
      ...smooth,
    });
  }
  if (post.volumeMm3 < scarMm3) {
    effects.push({
      kind: "scar",
      key: deriveKey(key, "scar"),
      centreMm: site,
      outline: { volumeMm3: scarMm3, axisRatios, lobulation: 0.2, spiculation: 0.3 },
      filling: 0.5,
      ...KINETICS.scar,
      localLnSd: 0.4,
      ...smooth,
    });
  }
  return effects;
}

interface BenignKind {
  readonly kind: LesionKind;
  readonly probability: number;
  readonly diameterMm: readonly [number, number];
  readonly kinetics: { readonly ktrans: number; readonly ve: number; readonly vp: number };
}

const BENIGN: readonly BenignKind[] = [
  {
    kind: "fibroadenoma",
    probability: ANATOMY.fibroadenoma,
    diameterMm: [8, 16],
    kinetics: KINETICS.fibroadenoma,
  },
  {
    kind: "cyst",
    probability: ANATOMY.cyst,
    diameterMm: [6, 14],
    kinetics: { ktrans: 0, ve: 1, vp: 0 },
  },
  {
    kind: "intramammary-node",
    probability: ANATOMY.intramammaryNode,
    diameterMm: [5, 8],
    kinetics: KINETICS.node,
  },
];

/** Benign lesions, the same at both visits and clear of the untreated tumour. */
function benignLesions(key: RandomKey, pre: TumourState, shape: BreastShape, site: Triple): Lesion[] {
  return BENIGN.flatMap(({ kind, probability, diameterMm, kinetics }) => {
    const own = deriveKey(key, kind);
    const stream = new RandomStream(deriveKey(own, "place"));
    if (!stream.bernoulli(probability)) return [];
    const radius = drawBetween(stream, diameterMm) / 2;
    const clear = 1.5 * meanRadius(pre.volumeMm3) + radius + 8;
    for (let i = 0; i < 60; i++) {
      const point: Triple = [stream.uniform(-32, 32), stream.uniform(-50, 20), stream.uniform(-40, 45)];
      if (room(shape, point) < radius + 5 || separation(point, site) < clear) continue;
      return [
        {
          kind,
          key: own,
          centreMm: point,
          outline: {
            volumeMm3: (4 / 3) * Math.PI * radius ** 3,
            axisRatios: [1.15, 1, 1 / 1.15] as const,
            lobulation: 0.03,
            spiculation: 0,
          },
          filling: 1,
          ...kinetics,
          localLnSd: 0.12,
          rim: 0,
          necroticRadius: 0,
        },
      ];
    }
    return [];
  });
}
