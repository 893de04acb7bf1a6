/** Prepares the examinations of a patient one after the other: the side of the tumour, once it is known, is kept. */
import type { DceSeries } from "../../domain/dce.ts";
import { voxelCount } from "../../domain/grid.ts";
import type { WithIssues } from "../../domain/issues.ts";
import type { Volume, VoxelArray } from "../../domain/volume.ts";
import type { SideEvidence } from "../../imaging/breast-side.ts";
import { paste } from "../../imaging/cropping.ts";
import type { ImagesConfig } from "../schema.ts";
import { type PreparedSeries, prepareSeries } from "./prepare-series.ts";

/** @param subject study identifier of the examination, for issues. @throws {DataError} as {@link prepareSeries}. */
export type SeriesPreparer = (
  acquired: DceSeries,
  subject: string,
  signal?: AbortSignal,
) => Promise<WithIssues<PreparedSeries>>;

/**
 * Give it the examination before chemotherapy first, which shows best on which side the tumour is: what decided there holds for the later ones.
 *
 * @param known the side, where a table tells it.
 */
export function seriesPreparer(config: ImagesConfig, known: SideEvidence | undefined): SeriesPreparer {
  let side = known;
  let decided = false;
  return async (acquired, subject, signal) => {
    const prepared = await prepareSeries(acquired, config, subject, {
      ...(side === undefined ? {} : { side }),
      ...(signal === undefined ? {} : { signal }),
    });
    const { side: evidence } = prepared.value;
    if (!decided && evidence !== undefined && evidence.side !== null) {
      decided = true;
      if (evidence !== known) side = { ...evidence, reason: `at an earlier visit ${evidence.reason}` };
    }
    return prepared;
  };
}

/** Visits with the one before chemotherapy first, as {@link seriesPreparer} wants them. */
export function preFirst<T extends { readonly visit?: string }>(visits: readonly T[]): readonly T[] {
  return [...visits].sort((a, b) => Number(b.visit === "pre") - Number(a.visit === "pre"));
}

/** An image of the prepared series on the grid of the images as they were acquired; 0 outside the breast that was cut out. */
export function onAcquiredGrid<A extends VoxelArray>(
  volume: Volume<A>,
  { acquired, breast }: Pick<PreparedSeries, "acquired" | "breast">,
): Volume<A> {
  if (breast?.box == null) return volume;
  const data = new (volume.data.constructor as new (length: number) => A)(voxelCount(acquired));
  return paste({ grid: acquired, data }, volume, breast.box.start);
}

/** What was done, for a person. */
export function describePreparation({ breast, registrations }: PreparedSeries, config: ImagesConfig): string {
  const side = breast?.box == null ? undefined : breast.evidence.side;
  const done = [
    ...(side == null ? [] : [`cut to the ${side} breast`]),
    ...(config.biasField ? ["divided by their bias field"] : []),
    ...(registrations.length === 0 ? [] : [`registered (${config.registration})`]),
  ];
  return done.length === 0 ? "taken as they were acquired" : done.join(", ");
}
