/** How alike two images of one grid are, inside a mask. */
import { type LabelMap, requireSameGrid, type Volume } from "../../domain/volume.ts";
import { valuesInside } from "./pair.ts";

export interface Similarity {
  /** Pearson's correlation of the values: 1 for images equal up to scale and offset. */
  readonly correlation: number;
  /**
   * Normalised mutual information, (H(a) + H(b))/H(a, b) (Studholme 1999, Pattern Recognit 32:71): 1 for unrelated images, 2 where each
   * tells the other; over 64 x 64 bins between the least and the greatest value.
   */
  readonly mutualInformation: number;
}

const BINS = 64;

/**
 * @param mask non-zero where voxels count; at least two must, and vary, else both figures are NaN.
 * @throws {DataError} `grid-mismatch`.
 */
export function similarity(a: Volume, b: Volume, mask: LabelMap): Similarity {
  requireSameGrid(a, b, "the other image");
  requireSameGrid(a, mask, "the mask");
  const [first, second] = [valuesInside(a.data, mask), valuesInside(b.data, mask)];
  return { correlation: pearson(first, second), mutualInformation: normalisedInformation(first, second) };
}

function pearson(a: Float32Array, b: Float32Array): number {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [da, db] = [a[i] - meanA, b[i] - meanB];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return ab / Math.sqrt(aa * bb);
}

function normalisedInformation(a: Float32Array, b: Float32Array): number {
  const [binA, binB] = [binner(a), binner(b)];
  const joint = new Float64Array(BINS * BINS);
  const [ofA, ofB] = [new Float64Array(BINS), new Float64Array(BINS)];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [binA(a[i]), binB(b[i])];
    joint[x * BINS + y]++;
    ofA[x]++;
    ofB[y]++;
  }
  return (entropy(ofA, a.length) + entropy(ofB, a.length)) / entropy(joint, a.length);
}

function binner(values: Float32Array): (value: number) => number {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = BINS / (high - low);
  return (value) => Math.min(BINS - 1, Math.floor((value - low) * scale));
}

function entropy(counts: Float64Array, total: number): number {
  let sum = 0;
  for (const count of counts) if (count > 0) sum -= (count / total) * Math.log(count / total);
  return sum;
}
