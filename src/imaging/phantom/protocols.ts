/** Scanners of the simulated centres: sequence, phases, spacing, contrast. Vendors are letters, not products. */
import type { StudySet } from "../../domain/cohort.ts";
import type { Triple } from "../../domain/grid.ts";
import type { RandomStream } from "../../domain/random.ts";
import { drawIndex } from "./draws.ts";
import type { SequenceParameters } from "./spoiled-gradient-echo.ts";

export type PhantomSize = "small" | "full";

export interface Protocol extends SequenceParameters {
  readonly vendor: "A" | "B" | "C";
  readonly fieldTesla: 1.5 | 3;
  /** Centre of k-space of each phase, seconds after phase 0. */
  readonly timesSeconds: readonly number[];
  /** Arrival of the bolus in the breast, seconds after phase 0. */
  readonly arrivalSeconds: number;
  /** Voxel size per axis (slice, row, column), mm. */
  readonly spacingMm: Readonly<Record<PhantomSize, Triple>>;
  /** Share of the fat signal that fat suppression leaves. */
  readonly residualFat: number;
  /** Stored value of glandular tissue before contrast, about. */
  readonly glandValue: number;
  /** Standard deviation of the noise as a share of the glandular signal. */
  readonly noise: Readonly<Record<PhantomSize, number>>;
  /** ln amplitude of the coil's bias field. */
  readonly bias: number;
}

/** Field of view per axis (slice, row, column), mm: one breast with its chest wall. */
export const FIELD_MM: Readonly<Record<PhantomSize, Triple>> = {
  small: [96, 128, 128],
  full: [120, 144, 144],
};

/*
 * Relaxivities in plasma at 37 °C: Rohrer 2005 (Invest Radiol 40:715), gadobutrol 5.2/6.1 at 1.5 T and 5.0/7.1 at 3 T,
 * gadoterate 3.6/4.3 and 3.5/4.9. All else: assumptions within clinical practice; one phase before and three to five
 * after contrast as in Janse 2025 (Eur Radiol, doi 10.1007/s00330-025-11801-z).
 */
const A = {
  vendor: "A",
  timesSeconds: [0, 90, 165, 240, 315, 390],
  arrivalSeconds: 50,
  spacingMm: { small: [2, 2, 2], full: [1, 0.8, 0.8] },
  glandValue: 320,
  noise: { small: 0.04, full: 0.06 },
} as const;

const PROTOCOLS = {
  A15: {
    ...A,
    fieldTesla: 1.5,
    repetitionMs: 7.5,
    echoMs: 3.4,
    flipDegrees: 20,
    relaxivity: [5.2, 6.1],
    residualFat: 0.1,
    bias: 0.12,
  },
  A30: {
    ...A,
    fieldTesla: 3,
    repetitionMs: 5.5,
    echoMs: 2.4,
    flipDegrees: 12,
    relaxivity: [5.0, 7.1],
    residualFat: 0.08,
    bias: 0.2,
  },
  B: {
    vendor: "B",
    fieldTesla: 3,
    timesSeconds: [0, 118, 236, 354],
    arrivalSeconds: 70,
    spacingMm: { small: [2.2, 1.8, 1.8], full: [1.2, 0.7, 0.7] },
    repetitionMs: 4.7,
    echoMs: 1.7,
    flipDegrees: 10,
    relaxivity: [3.5, 4.9],
    residualFat: 0.14,
    glandValue: 95,
    noise: { small: 0.05, full: 0.075 },
    bias: 0.28,
  },
  C: {
    vendor: "C",
    fieldTesla: 3,
    timesSeconds: [0, 96, 178, 260, 342],
    arrivalSeconds: 48,
    spacingMm: { small: [2, 2.2, 2.2], full: [0.9, 0.9, 0.9] },
    repetitionMs: 5,
    echoMs: 2.2,
    flipDegrees: 12,
    relaxivity: [5.0, 7.1],
    residualFat: 0.07,
    glandValue: 900,
    noise: { small: 0.035, full: 0.055 },
    bias: 0.22,
  },
} as const satisfies Readonly<Record<string, Protocol>>;

/** A centre and the scanner that a patient was examined on. */
export interface Scanner {
  readonly centre: string;
  readonly protocol: Protocol;
}

/** Scanners per set, with their shares: training from one centre, nearly all on vendor A; test from three others. */
const SCANNERS: Readonly<Record<StudySet, readonly (Scanner & { readonly share: number })[]>> = {
  train: [
    { centre: "centre-1", protocol: PROTOCOLS.A15, share: 0.45 },
    { centre: "centre-1", protocol: PROTOCOLS.A30, share: 0.45 },
    { centre: "centre-1", protocol: PROTOCOLS.B, share: 0.1 },
  ],
  test: [
    { centre: "centre-2", protocol: PROTOCOLS.B, share: 0.4 },
    { centre: "centre-3", protocol: PROTOCOLS.C, share: 0.35 },
    { centre: "centre-4", protocol: PROTOCOLS.A30, share: 0.25 },
  ],
};

/** Draws the scanner of a patient of a set. */
export function drawScanner(set: StudySet, stream: RandomStream): Scanner {
  const scanners = SCANNERS[set];
  const weights = scanners.map(({ share }) => share);
  const { centre, protocol } = scanners[drawIndex(stream, weights)];
  return { centre, protocol };
}
