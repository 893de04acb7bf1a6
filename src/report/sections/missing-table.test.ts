import { describe, expect, it } from "vitest";
import { missingTable } from "./missing-table.ts";

describe("The table of missing outcomes", () => {
  const figure = { value: 0.71, ci: [0.6, 0.8] as const };
  const analysis = {
    method: "ipw" as const,
    covariates: ["subtype", "age"],
    endpoints: {
      pcr: {
        n: 41,
        known: 37,
        models: { volume: figure },
        pairs: [{ a: "volume", b: "deep", value: -0.02, ci: null }],
      },
    },
  };

  it("says what was assumed, of how many, and marks an interval that does not exist", () => {
    const text = missingTable(analysis)?.markup ?? "";
    expect(text).toContain("37 of 41 outcomes known");
    expect(text).toContain("the covariates (subtype and age) explain");
    expect(text).toContain("−0.02");
    expect(text).toContain("– undefined in too many resamples.");
  });

  it("is left out where nothing was analysed", () => {
    expect(missingTable(null)).toBeNull();
    expect(missingTable({ ...analysis, endpoints: {} })).toBeNull();
  });
});
