/** The signal of the sequence: spoiled gradient echo in the steady state, and Rician noise. */
import type { RandomStream } from "../../domain/random.ts";

export interface SequenceParameters {
  /** Repetition time, ms. */
  readonly repetitionMs: number;
  /** Echo time, ms. */
  readonly echoMs: number;
  /** Flip angle, degrees. */
  readonly flipDegrees: number;
  /** Longitudinal and transverse relaxivity of the contrast agent in plasma, l/(mmol·s). */
  readonly relaxivity: readonly [number, number];
}

/**
 * Steady-state signal of a spoiled gradient echo, sin α·(1 − E1)/(1 − cos α·E1)·exp(−TE·r2·C) with E1 = exp(−TR·R1) and
 * R1 = 1/T1 + r1·C (Haase 1986, J Magn Reson 67:258). T2* of the tissue itself is part of the proton density here.
 *
 * @param t1Ms T1 without contrast agent, ms.
 * @param concentration contrast agent, mmol/l.
 * @returns signal per unit of proton density.
 */
export function spoiledGradientEcho(
  sequence: SequenceParameters,
  t1Ms: number,
  concentration: number,
): number {
  const [r1, r2] = sequence.relaxivity;
  const rate = 1 / t1Ms + (r1 * concentration) / 1000;
  const e1 = Math.exp(-sequence.repetitionMs * rate);
  const flip = (sequence.flipDegrees * Math.PI) / 180;
  const decay = Math.exp((-sequence.echoMs * r2 * concentration) / 1000);
  return ((Math.sin(flip) * (1 - e1)) / (1 - Math.cos(flip) * e1)) * decay;
}

/** The magnitude of a signal with normal noise of standard deviation `sigma` in both channels (Gudbjartsson 1995, Magn Reson Med 34:910). */
export function ricianMagnitude(signal: number, sigma: number, stream: RandomStream): number {
  const real = signal + sigma * stream.normal();
  const imaginary = sigma * stream.normal();
  return Math.sqrt(real * real + imaginary * imaginary);
}
