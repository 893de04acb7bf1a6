/** How features changed from one examination to another. */

/** After less before, column by column; null where either is missing. */
export function featureChange(
  before: readonly (number | null)[],
  after: readonly (number | null)[],
): (number | null)[] {
  return before.map((earlier, column) => {
    const later = after[column];
    return earlier === null || later === null ? null : later - earlier;
  });
}
