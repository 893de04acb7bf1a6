import { describe, expect, it } from "vitest";
import { heatOverlay } from "./heat-overlay.ts";

const raster = (...pixels: number[][]) => ({
  width: pixels.length,
  height: 1,
  data: Uint8ClampedArray.from(pixels.flat()),
});

describe("heatOverlay", () => {
  it("leaves the picture where the map is 0, and mixes in three quarters of the colour where it is greatest", () => {
    const picture = raster([100, 100, 100, 255], [40, 40, 40, 255]);
    const map = raster([0, 0, 0, 255], [255, 255, 255, 255]);
    const { data } = heatOverlay(picture, map, [200, 0, 80]);
    expect([...data]).toEqual([100, 100, 100, 255, 160, 10, 70, 255]);
    expect([...picture.data]).toEqual([100, 100, 100, 255, 40, 40, 40, 255]);
  });

  it("refuses a map of another size", () => {
    const one = raster([0, 0, 0, 255]);
    expect(() => heatOverlay(one, raster([0, 0, 0, 255], [0, 0, 0, 255]), [1, 2, 3])).toThrow(
      expect.objectContaining({ code: "picture-size" }),
    );
  });
});
