/** A picture of where an Attention U-Net's finest gate is open. */
import path from "node:path";
import type { Volume } from "../../domain/volume.ts";
import { heatOverlay } from "../../imaging/heat-overlay.ts";
import { resample } from "../../imaging/resampling.ts";
import { type Colour, slicePicture } from "../../imaging/slice-picture.ts";
import { readVolume } from "../../io/images.ts";
import type { Picture } from "../../report/report-input.ts";

/** Yellow (Okabe & Ito 2008): bright on grey, and not the colour of an outline. */
const ATTENTION: Colour = [240, 228, 66];

export interface AttentionPictureRequest {
  readonly runFolder: string;
  /** Files by name of map, relative to the run folder. */
  readonly maps: Readonly<Record<string, string>>;
  /** What the map is laid over. */
  readonly image: Volume;
  readonly slice: number;
  readonly pixelMm: number;
  /** Which case of which visit is seen. */
  readonly subject: string;
}

/** None where the network has no attention maps, or the study does not keep them. */
export async function attentionPicture(request: AttentionPictureRequest): Promise<Picture[]> {
  const { runFolder, maps, image, slice, pixelMm, subject } = request;
  const levels = Object.keys(maps)
    .filter((name) => name.startsWith("attention-level-"))
    .sort((a, b) => level(a) - level(b));
  if (levels.length === 0) return [];
  const map = resample(await readVolume(path.join(runFolder, maps[levels[0]])), image.grid, {
    outside: "edge",
  });
  const [, rows, columns] = image.grid.shape;
  const shown = map.data.subarray(slice * rows * columns, (slice + 1) * rows * columns);
  const [least, most] = [Math.min, Math.max].map((choose) => shown.reduce((a, b) => choose(a, b), shown[0]));
  return [
    {
      caption: `${subject}: attention of the gate at level ${level(levels[0])} on the same slice, from ${(least / 100).toFixed(2)} (no colour) to ${(most / 100).toFixed(2)} (yellow).`,
      raster: heatOverlay(
        slicePicture(image, 0, slice, { pixelMm }),
        slicePicture(map, 0, slice, { pixelMm, windowPercentiles: [0, 100] }),
        ATTENTION,
      ),
    },
  ];
}

function level(name: string): number {
  return Number(name.slice(name.lastIndexOf("-") + 1));
}
