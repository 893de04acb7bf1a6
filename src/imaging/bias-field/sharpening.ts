/** Sharpening of a histogram: what the signal would be without the blur that a bias field makes of it. */

/** Options of N3 (Sled 1998, IEEE Trans Med Imaging 17:87), as N4 takes them (Tustison 2010, IEEE Trans Med Imaging 29:1310). */
const BINS = 200;
/** Width of the Gaussian that stands for the field's distribution, full width at half maximum, in units of ln signal. */
const WIDTH = 0.15;
const WIENER_NOISE = 0.01;
/** Length of the padded histogram. */
const LENGTH = 512;
const OFFSET = (LENGTH - BINS) / 2;

/**
 * The expected logarithm of the true signal for each measured one: the histogram is deconvolved by a Gaussian (Wiener filter), and the
 * expectation taken under it.
 *
 * @param logarithms ln signal of the voxels that count. @returns one value per voxel.
 */
export function sharpened(logarithms: Float64Array): Float64Array {
  let [low, high] = [Infinity, -Infinity];
  for (const value of logarithms) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low)) return logarithms.slice();
  const slope = (high - low) / (BINS - 1);
  const histogram = new Float64Array(LENGTH);
  for (const value of logarithms) {
    const at = (value - low) / slope;
    const bin = Math.min(Math.floor(at), BINS - 2);
    const share = at - bin;
    histogram[OFFSET + bin] += 1 - share;
    histogram[OFFSET + bin + 1] += share;
  }
  const expectation = expectedSignal(histogram, low, slope);
  return logarithms.map((value) => {
    const at = (value - low) / slope;
    const bin = Math.min(Math.floor(at), BINS - 2);
    const first = expectation[OFFSET + bin];
    return first + (expectation[OFFSET + bin + 1] - first) * (at - bin);
  });
}

function expectedSignal(histogram: Float64Array, low: number, slope: number): Float64Array {
  const blur = blurSpectrum(slope);
  const filter = blur.map((value) => value / (value * value + WIENER_NOISE));
  const deblurred = filtered(histogram, filter).map((value) => Math.max(0, value));
  const weighted = deblurred.map((value, bin) => value * (low + (bin - OFFSET) * slope));
  const numerator = filtered(weighted, blur);
  const denominator = filtered(deblurred, blur);
  return numerator.map((value, bin) => (denominator[bin] === 0 ? 0 : value / denominator[bin]));
}

/** Spectrum of the Gaussian; real, since it is even. */
function blurSpectrum(slope: number): Float64Array {
  const width = WIDTH / slope;
  const decay = (4 * Math.LN2) / (width * width);
  const peak = (2 * Math.sqrt(Math.LN2 / Math.PI)) / width;
  const gaussian = Float64Array.from({ length: LENGTH }, (_, n) => {
    const distance = Math.min(n, LENGTH - n);
    return peak * Math.exp(-distance * distance * decay);
  });
  return spectrum(gaussian).real;
}

const COSINE = Float64Array.from({ length: LENGTH }, (_, n) => Math.cos((2 * Math.PI * n) / LENGTH));
const SINE = Float64Array.from({ length: LENGTH }, (_, n) => Math.sin((2 * Math.PI * n) / LENGTH));

/** Discrete Fourier transform by its definition: the histogram is short. */
function spectrum(values: Float64Array): { real: Float64Array; imaginary: Float64Array } {
  const real = new Float64Array(LENGTH);
  const imaginary = new Float64Array(LENGTH);
  for (let k = 0; k < LENGTH; k++) {
    for (let n = 0; n < LENGTH; n++) {
      if (values[n] === 0) continue;
      const turn = (k * n) % LENGTH;
      real[k] += values[n] * COSINE[turn];
      imaginary[k] -= values[n] * SINE[turn];
    }
  }
  return { real, imaginary };
}

/** Values multiplied in the frequency domain by a real, even filter. */
function filtered(values: Float64Array, filter: Float64Array): Float64Array {
  const { real, imaginary } = spectrum(values);
  const result = new Float64Array(LENGTH);
  for (let n = 0; n < LENGTH; n++) {
    let sum = 0;
    for (let k = 0; k < LENGTH; k++) {
      const turn = (k * n) % LENGTH;
      sum += filter[k] * (real[k] * COSINE[turn] - imaginary[k] * SINE[turn]);
    }
    result[n] = sum / LENGTH;
  }
  return result;
}
