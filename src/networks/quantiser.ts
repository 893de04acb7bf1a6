/** Vector quantisation with a learned codebook (van den Oord et al. 2017, arXiv 1711.00937), as parts of a graph. */
import type { GraphBuilder, Value } from "../graph/builder.ts";

export interface QuantiserOptions {
  /** Vectors of the codebook (K). */
  readonly codes: number;
  /** Length of each (D). */
  readonly dimensions: number;
  /** Weight of the commitment loss (β, equation 3). */
  readonly commitment: number;
  /** How the codebook follows the encoder: moving averages of what its codes stand for (appendix A.1), or the gradient of the codebook loss. */
  readonly codebook: "moving-average" | "gradient";
  /** Share of a moving average that stays at each step (γ): of the codes' use, and of the codebook. */
  readonly decay: number;
  /** Laplace smoothing of the codes' use, in locations. */
  readonly epsilon: number;
  /** A code is dead whose use falls under this share of the mean use; it takes the place of a location of the batch. 0: never. */
  readonly revivalShare: number;
}

/** Locations and their codes; M = N·D·H·W locations. */
export interface Quantised {
  /** z [N, D, …] as [M, D]. */
  readonly rows: Value;
  /** [K, D]. */
  readonly codebook: Value;
  /** [M, K]: 1 for the nearest code, the first of equals. */
  readonly assigned: Value;
  /** [N, D, …], each location its code. */
  readonly vectors: Value;
  /** [N, 1, …]: the number of the code. */
  readonly codes: Value;
}

/** What training adds. */
export interface QuantiserTraining {
  /** [N, D, …]: the codes, through which the gradient passes to z unchanged (straight-through). */
  readonly passed: Value;
  /** What is added to the loss: scalar. */
  readonly penalty: Value;
  /** mean (z − code)² over locations and dimensions: scalar. */
  readonly commitment: Value;
  /** exp of the entropy of the batch's codes, from 1 to K: scalar. */
  readonly perplexity: Value;
  /** [K]: locations per code. */
  readonly use: Value;
}

/** A revived code begins with this many times the use under which it is dead: with γ 0.99 it has 70 steps to be found. */
const REVIVED_USE = 2;
/** Draws go round the unit interval by the golden ratio, whose multiples spread most evenly (Weyl 1916). */
const GOLDEN = 0.6180339887498949;

/**
 * The nearest code of each location. State: `<name>.codebook`, with the gradient method also `<name>.shift`, which is added to it and
 * which revival changes, so that the optimiser alone changes the codebook.
 *
 * @param z [N, D, …] with D as in the options
 */
export function quantise(b: GraphBuilder, name: string, z: Value, options: QuantiserOptions): Quantised {
  const { codes, dimensions } = options;
  const [samples, , ...space] = z.shape;
  const learned = b.state(`${name}.codebook`, [codes, dimensions], { kind: "uniform", bound: 1 / codes });
  const codebook =
    options.codebook === "gradient"
      ? b.add(learned, b.state(`${name}.shift`, [codes, dimensions], { kind: "constant", value: 0 }))
      : learned;
  const channelsLast = z.shape.map((_, axis) =>
    axis === 0 ? 0 : axis === z.shape.length - 1 ? 1 : axis + 1,
  );
  const locations = samples * space.reduce((product, size) => product * size, 1);
  const rows = b.reshape(b.transpose(z, channelsLast), [locations, dimensions]);

  // |z − e|² is least where 2·z·e − |e|² is largest.
  const lengths = b.reshape(b.sum(b.multiply(codebook, codebook), [1]), [1, codes]);
  const scores = b.subtract(b.multiply(b.matmul(rows, b.transpose(codebook, [1, 0])), 2), lengths);
  const isBest = b.subtract(1, b.greater(b.max(scores, [1]), scores));
  const priority = b.reshape(b.subtract(codes, countTo(b, codes)), [1, codes]); // K, K − 1, …, 1
  const candidates = b.multiply(isBest, priority);
  const first = b.max(candidates, [1]); // [M, 1]
  const assigned = b.subtract(1, b.greater(first, candidates));

  const channelsFirst = [0, z.shape.length - 1, ...space.map((_, axis) => axis + 1)];
  const vectors = b.transpose(
    b.reshape(b.matmul(assigned, codebook), [samples, ...space, dimensions]),
    channelsFirst,
  );
  const numbers = b.reshape(b.subtract(codes, first), [samples, 1, ...space]);
  return { rows, codebook, assigned, vectors, codes: numbers };
}

/** [N, K]: the share of each code in a sample. */
export function codeHistogram(b: GraphBuilder, { assigned, vectors }: Quantised): Value {
  const [samples] = vectors.shape;
  const [locations, codes] = assigned.shape;
  const perSample = b.reshape(assigned, [samples, locations / samples, codes]);
  return b.reshape(b.mean(perSample, [1]), [samples, codes]);
}

/**
 * Straight-through, losses, perplexity, and the updates of codebook and use at the end of each step. State: `<name>.use` [K], and with
 * revival `<name>.draw` [K], which begins at random and so carries the run's key.
 *
 * The use begins at 0 where codes are revived: then all of them begin as locations of the first batch.
 */
export function trainQuantiser(
  b: GraphBuilder,
  name: string,
  z: Value,
  quantised: Quantised,
  options: QuantiserOptions,
): QuantiserTraining {
  const { assigned, vectors } = quantised;
  const [locations, codes] = assigned.shape;
  const use = b.reshape(b.sum(assigned, [0]), [codes]);
  const share = b.multiply(use, 1 / locations);
  const entropy = b.negate(b.sum(b.multiply(share, b.log(b.add(share, 1e-10)))));
  const meanSquare = (x: Value) => b.scalar(b.mean(b.multiply(x, x)));
  const commitment = meanSquare(b.subtract(z, b.stopGradient(vectors)));
  const weighted = b.multiply(commitment, options.commitment);
  const penalty =
    options.codebook === "gradient"
      ? b.add(weighted, meanSquare(b.subtract(b.stopGradient(z), vectors)))
      : weighted;
  updateCodebook(b, name, quantised, use, options);
  return {
    passed: b.add(z, b.stopGradient(b.subtract(vectors, z))),
    penalty,
    commitment,
    perplexity: b.exp(b.scalar(entropy)),
    use,
  };
}

function updateCodebook(
  b: GraphBuilder,
  name: string,
  { rows, codebook, assigned }: Quantised,
  batchUse: Value,
  options: QuantiserOptions,
): void {
  const { codes, decay, revivalShare } = options;
  const meanUse = rows.shape[0] / codes;
  const useState = b.state(`${name}.use`, [codes], {
    kind: "constant",
    value: revivalShare > 0 ? 0 : meanUse,
  });
  const [before, counted] = [useState, batchUse].map((x) => b.reshape(x, [codes, 1]));
  const use = b.add(b.multiply(before, decay), b.multiply(counted, 1 - decay));
  const followed =
    options.codebook === "gradient"
      ? codebook
      : averagedCodebook(b, { rows, codebook, assigned, before, use, options });
  const revive = revivalShare > 0 ? revival(b, name, rows, use, meanUse, options) : undefined;
  const next = revive?.codes(followed) ?? followed;
  b.update(useState, b.reshape(revive?.use ?? use, [codes]));
  if (options.codebook === "gradient") {
    const shift = b.inputNamed(`${name}.shift`);
    b.update(shift, b.add(shift, b.subtract(next, codebook)));
  } else b.update(`${name}.codebook`, next);
}

/**
 * e ← m/Ñ with m ← γ·m + (1 − γ)·Σ z and N ← γ·N + (1 − γ)·n, Ñ = (N + ε)/(ΣN + K·ε)·ΣN. Since m = e·Ñ at every step, m is no state of
 * its own, and so agrees with the codebook from the start and after a revival.
 */
function averagedCodebook(
  b: GraphBuilder,
  parts: Pick<Quantised, "rows" | "codebook" | "assigned"> & {
    readonly before: Value;
    readonly use: Value;
    readonly options: QuantiserOptions;
  },
): Value {
  const { codes, decay, epsilon } = parts.options;
  const smoothed = (use: Value) => {
    const total = b.sum(use);
    return b.multiply(b.add(use, epsilon), b.divide(total, b.add(total, codes * epsilon)));
  };
  const sums = b.matmul(b.transpose(parts.assigned, [1, 0]), parts.rows); // [K, D]
  const kept = b.multiply(b.multiply(parts.codebook, smoothed(parts.before)), decay);
  return b.divide(b.add(kept, b.multiply(sums, 1 - decay)), smoothed(parts.use));
}

/** Dead codes move to locations of the batch that `<name>.draw` points at. @param use [K, 1] */
function revival(
  b: GraphBuilder,
  name: string,
  rows: Value,
  use: Value,
  meanUse: number,
  { codes, revivalShare }: QuantiserOptions,
): { codes: (codebook: Value) => Value; use: Value } {
  const [locations] = rows.shape;
  const draw = b.state(`${name}.draw`, [codes], { kind: "uniform", bound: 0.5 });
  const moved = b.add(draw, GOLDEN);
  b.update(draw, b.subtract(moved, b.greater(moved, 0.5)));

  const scaled = b.multiply(b.reshape(b.add(draw, 0.5), [codes, 1]), locations);
  const place = b.negate(b.maximum(b.negate(scaled), 0.5 - locations)); // less than M also after rounding
  const numbers = b.reshape(countTo(b, locations), [1, locations]);
  const chosen = b.subtract(b.greater(b.add(numbers, 1), place), b.greater(numbers, place)); // [K, M]
  const drawn = b.matmul(chosen, rows);

  const dead = b.greater(revivalShare * meanUse, use);
  const alive = b.subtract(1, dead);
  const between = (kept: Value, replaced: Value) =>
    b.add(b.multiply(alive, kept), b.multiply(dead, replaced));
  return {
    codes: (codebook) => between(codebook, drawn),
    use: b.add(b.multiply(alive, use), b.multiply(dead, REVIVED_USE * revivalShare * meanUse)),
  };
}

/** 0, 1, …, n − 1, by doubling. */
function countTo(b: GraphBuilder, n: number): Value {
  let numbers = b.fill([1], 0);
  while (numbers.shape[0] < n) {
    numbers = b.concat([numbers, b.add(numbers, numbers.shape[0])], 0);
  }
  return b.slice(numbers, [0], [n]);
}
