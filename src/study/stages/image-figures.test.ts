import { describe, expect, it } from "vitest";
import { imageColumns } from "./image-figures.ts";

describe("imageColumns", () => {
  const measures = { ftvMl: 8, longestDiameterMm: null, sphericity: null, backgroundEnhancementPercent: 30 };

  it("tells the change in per cent, and nothing of a visit that is missing", () => {
    const both = imageColumns([
      { visit: "pre", measures },
      { visit: "post", measures: { ...measures, ftvMl: 2 } },
    ]);
    expect(both["change.ftv_percent"]).toBe(-75);
    expect(both["post.diameter_mm"]).toBe(0);
    const one = imageColumns([{ visit: "pre", measures }]);
    expect([one["post.ftv_ml"], one["change.ftv_percent"], one["post.diameter_mm"]]).toEqual([
      null,
      null,
      null,
    ]);
  });
});
