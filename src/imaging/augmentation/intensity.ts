/** Changes of intensity, in place, one channel at a time. */
import type { RandomStream } from "../../domain/random.ts";
import type { Range } from "./options.ts";

/** A factor below or above 1 with equal chance, uniform on its side (nnU-Net's `BGContrast`). */
export function drawFactor(stream: RandomStream, [low, high]: Range): number {
  const below = stream.bernoulli(0.5) && low < 1;
  const at = stream.uniform();
  return below ? low + at * (1 - low) : Math.max(low, 1) + at * (high - Math.max(low, 1));
}

/** Adds independent normal noise. */
export function addNoise(channel: Float32Array, standardDeviation: number, stream: RandomStream): void {
  for (let i = 0; i < channel.length; i++) channel[i] += stream.normal(0, standardDeviation);
}

/** Multiplies every value. */
export function changeBrightness(channel: Float32Array, factor: number): void {
  for (let i = 0; i < channel.length; i++) channel[i] *= factor;
}

/** Multiplies the deviations from the mean; values stay within the old range. */
export function changeContrast(channel: Float32Array, factor: number): void {
  const { mean, minimum, maximum } = summarise(channel);
  for (let i = 0; i < channel.length; i++) {
    const value = mean + (channel[i] - mean) * factor;
    channel[i] = Math.max(minimum, Math.min(value, maximum));
  }
}

/** Least range and deviation that are divided by, as in nnU-Net. */
const MINIMUM_DIVISOR = 1e-7;

/**
 * Gamma curve over the channel's range, minimum + range·((value − minimum)/range)^gamma, then brought back to the old mean and standard
 * deviation. `inverted` applies it to the negative image.
 */
export function changeGamma(channel: Float32Array, gamma: number, inverted: boolean): void {
  const { mean, deviation, minimum, maximum } = summarise(channel);
  const range = Math.max(maximum - minimum, MINIMUM_DIVISOR);
  for (let i = 0; i < channel.length; i++) {
    const share = (inverted ? maximum - channel[i] : channel[i] - minimum) / range;
    const curved = Math.exp(gamma * Math.log(share));
    channel[i] = inverted ? -curved : curved;
  }
  const after = summarise(channel);
  const scale = deviation / Math.max(after.deviation, MINIMUM_DIVISOR);
  for (let i = 0; i < channel.length; i++) channel[i] = mean + (channel[i] - after.mean) * scale;
}

function summarise(channel: Float32Array) {
  let sum = 0;
  let minimum = Infinity;
  let maximum = -Infinity;
  for (let i = 0; i < channel.length; i++) {
    const value = channel[i];
    sum += value;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  const mean = sum / channel.length;
  let squares = 0;
  for (let i = 0; i < channel.length; i++) squares += (channel[i] - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / channel.length), minimum, maximum };
}
