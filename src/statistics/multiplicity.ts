/** Adjusted p-values of a family of tests. A test without a p-value (`null`) stands outside the family. */

/**
 * Holm's step-down adjustment (Holm 1979, Scand J Stat 6:65): holds the family-wise error under any dependence.
 *
 * @param pValues p-values in [0, 1], `null` where a test could not be made
 * @returns adjusted p-values in the order given
 */
export function holm(pValues: readonly (number | null)[]): (number | null)[] {
  return adjust(pValues, "ascending", (p, rank, size) => (size - rank) * p, Math.max);
}

/**
 * The step-up adjustment of Benjamini & Hochberg (1995, J R Stat Soc B 57:289): holds the false discovery rate of
 * independent or positively dependent tests.
 *
 * @param pValues p-values in [0, 1], `null` where a test could not be made
 * @returns adjusted p-values in the order given
 */
export function benjaminiHochberg(pValues: readonly (number | null)[]): (number | null)[] {
  return adjust(pValues, "descending", (p, rank, size) => (size / (size - rank)) * p, Math.min);
}

/** Scales each p by its place (0 first in the direction walked) and keeps the result monotone along the walk. */
function adjust(
  pValues: readonly (number | null)[],
  walk: "ascending" | "descending",
  scale: (p: number, rank: number, size: number) => number,
  keep: (running: number, next: number) => number,
): (number | null)[] {
  const family = pValues.flatMap((p, index) => (p === null ? [] : [{ p, index }]));
  family.sort((a, b) => (walk === "ascending" ? a.p - b.p : b.p - a.p));
  const adjusted: (number | null)[] = pValues.map(() => null);
  let running = walk === "ascending" ? 0 : 1;
  family.forEach(({ p, index }, rank) => {
    running = keep(running, Math.min(1, scale(p, rank, family.length)));
    adjusted[index] = running;
  });
  return adjusted;
}
