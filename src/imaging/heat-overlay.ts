/** A map over a picture, as colour that grows stronger with the map's value. */
import { DataError } from "../domain/errors.ts";
import type { Colour, Raster } from "./slice-picture.ts";

/** Share of the colour where the map is greatest; the rest is the picture, which stays visible. */
const STRONGEST = 0.75;

/**
 * @param picture, map of one size; the map's red channel from 0 (no colour) to 255 is what counts, as `slicePicture` draws it.
 * @throws {DataError} `picture-size` where the sizes differ.
 */
export function heatOverlay(picture: Raster, map: Raster, colour: Colour): Raster {
  const { width, height } = picture;
  if (map.width !== width || map.height !== height) {
    throw new DataError("picture-size", {
      found: `a map of ${map.width}x${map.height} pixels`,
      expected: `the picture's ${width}x${height}`,
    });
  }
  const data = picture.data.slice();
  for (let at = 0; at < data.length; at += 4) {
    const share = (STRONGEST * map.data[at]) / 255;
    for (let c = 0; c < 3; c++) data[at + c] = (1 - share) * picture.data[at + c] + share * colour[c];
  }
  return { width, height, data };
}
