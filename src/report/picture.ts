/** Rasters as PNG inside the page. */
import { encode } from "fast-png";
import { WorkError } from "../domain/errors.ts";
import type { Raster } from "./report-input.ts";

/**
 * A `data:` address with the raster as PNG; the alpha channel is dropped where every pixel is opaque.
 *
 * @throws {WorkError} `raster-size` where there are not 4 bytes per pixel.
 */
export function pngAddress({ width, height, data }: Raster): string {
  if (data.length !== 4 * width * height || data.length === 0) {
    throw new WorkError("raster-size", {
      found: `${data.length} bytes for a picture of ${width}x${height}`,
      expected: `${4 * width * height} bytes, RGBA, and at least one pixel`,
    });
  }
  const opaque = isOpaque(data);
  const png = encode({
    width,
    height,
    channels: opaque ? 3 : 4,
    data: opaque ? withoutAlpha(data) : Uint8Array.from(data),
  });
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}

function isOpaque(data: Raster["data"]): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false;
  return true;
}

function withoutAlpha(data: Raster["data"]): Uint8Array {
  const colours = new Uint8Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    colours[to] = data[from];
    colours[to + 1] = data[from + 1];
    colours[to + 2] = data[from + 2];
  }
  return colours;
}
