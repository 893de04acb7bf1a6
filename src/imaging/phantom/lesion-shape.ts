/** The outline of a lesion: an ellipsoid with lobules and spicules, of exactly the volume asked for. */
import type { Triple } from "../../domain/grid.ts";
import { deriveKey, type RandomKey, RandomStream } from "../../domain/random.ts";
import { type PlaneWaves, planeWaves, randomDirection, wavesAt } from "./smooth-noise.ts";

export interface LesionOutline {
  readonly volumeMm3: number;
  /** Semi-axes relative to the mean radius; their product is 1. */
  readonly axisRatios: Triple;
  /** Amplitude of lobules as a share of the radius. */
  readonly lobulation: number;
  /** Amplitude of spicules as a share of the radius. */
  readonly spiculation: number;
}

/** An outline that can be asked for its radius. */
export interface LesionShape {
  /** No point of the lesion is farther from the centre, mm. */
  readonly reachMm: number;
  /**
   * The place of an offset from the centre (s, r, c, mm).
   *
   * @returns `depthMm`: about the distance to the outline, positive inside; `radius`: distance from the centre as a share
   *   of the outline's in that direction.
   */
  locate(offset: Triple): { readonly depthMm: number; readonly radius: number };
}

const LOBULE_FREQUENCY = 3;
const SPICULE_FREQUENCY = 15;
/** Largest and least factor on the radius that lobules and spicules may make. */
const RELIEF_RANGE = [0.6, 1.7] as const;
const VOLUME_SAMPLES = 1500;

/** Builds the shape of an outline: the same key gives the same shape at any volume. */
export function lesionShape(key: RandomKey, outline: LesionOutline): LesionShape {
  const { axisRatios, volumeMm3 } = outline;
  const basis = randomBasis(new RandomStream(deriveKey(key, "orientation")));
  const relief = reliefOf(key, outline);
  const mean = Math.cbrt((3 * volumeMm3) / (4 * Math.PI) / meanCube(relief));
  const reachMm = mean * Math.max(...axisRatios) * RELIEF_RANGE[1];
  return {
    reachMm,
    locate(offset) {
      const x = dot(basis[0], offset) / axisRatios[0];
      const y = dot(basis[1], offset) / axisRatios[1];
      const z = dot(basis[2], offset) / axisRatios[2];
      const scaled = Math.sqrt(x * x + y * y + z * z);
      if (scaled < 1e-6) return { depthMm: mean, radius: 0 };
      // Far inside and far outside the relief does not matter.
      const bounded = scaled / mean;
      const factor =
        bounded < 0.25 * RELIEF_RANGE[0] || bounded > RELIEF_RANGE[1]
          ? 1
          : relief(x / scaled, y / scaled, z / scaled);
      const radius = scaled / (mean * factor);
      const distance = Math.sqrt(offset[0] ** 2 + offset[1] ** 2 + offset[2] ** 2);
      return { depthMm: distance * (1 / radius - 1), radius };
    },
  };
}

type Relief = (x: number, y: number, z: number) => number;

function reliefOf(key: RandomKey, { lobulation, spiculation }: LesionOutline): Relief {
  const lobules = planeWaves(deriveKey(key, "lobules"), LOBULE_FREQUENCY);
  const spicules = planeWaves(deriveKey(key, "spicules"), SPICULE_FREQUENCY);
  return (x, y, z) => {
    const bumps = 1 + lobulation * wavesAt(lobules, x, y, z);
    const spike = spiculation > 0 ? spiculation * spikeAt(spicules, x, y, z) : 0;
    return Math.min(Math.max(bumps + spike, RELIEF_RANGE[0]), RELIEF_RANGE[1]);
  };
}

/** Only the crests of the waves are spicules. */
function spikeAt(waves: PlaneWaves, x: number, y: number, z: number): number {
  const crest = Math.max(0, wavesAt(waves, x, y, z) - 0.6);
  return crest * crest;
}

/** Mean of the cubed relief over the sphere (Fibonacci points), by which the volume grows. */
function meanCube(relief: Relief): number {
  let sum = 0;
  for (let i = 0; i < VOLUME_SAMPLES; i++) {
    const z = 1 - (2 * i + 1) / VOLUME_SAMPLES;
    const angle = i * Math.PI * (3 - Math.sqrt(5));
    const radius = Math.sqrt(1 - z * z);
    sum += relief(radius * Math.cos(angle), radius * Math.sin(angle), z) ** 3;
  }
  return sum / VOLUME_SAMPLES;
}

function randomBasis(stream: RandomStream): readonly [Triple, Triple, Triple] {
  const first = randomDirection(stream);
  const other = randomDirection(stream);
  const along = dot(first, other);
  const rest: Triple = [
    other[0] - along * first[0],
    other[1] - along * first[1],
    other[2] - along * first[2],
  ];
  const length = Math.hypot(...rest);
  const second: Triple = [rest[0] / length, rest[1] / length, rest[2] / length];
  const third: Triple = [
    first[1] * second[2] - first[2] * second[1],
    first[2] * second[0] - first[0] * second[2],
    first[0] * second[1] - first[1] * second[0],
  ];
  return [first, second, third];
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
