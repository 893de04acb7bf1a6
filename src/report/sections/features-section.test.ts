import { describe, expect, it } from "vitest";
import type { FeatureSummary } from "../report-input.ts";
import { featuresSection } from "./features-section.ts";

const group = (visit: string, icc: (number | null)[]) => ({
  visit,
  region: "rim",
  statistic: "deviation",
  icc,
});
const summary: FeatureSummary = {
  network: "vq",
  columns: 1200,
  regions: ["tumour", "rim"],
  rimMm: 4,
  stability: {
    patients: 41,
    shiftsVoxels: [1, -2],
    mirrorAxes: 2,
    minIcc: 0.8,
    groups: [group("pre", [0.95, 0.8, 0.2, null]), group("post", [null, null, null, null])],
  },
  codes: {
    region: "tumour",
    networks: [{ fold: 0, codes: 128, used: 3, perplexity: 2.51 }],
    histograms: [
      { region: "tumour", pre: [0.2, 0, 0.5, 0.3], post: [0.1, 0, 0.9, 0] },
      { region: "rim", pre: [0, 0, 1, 0], post: [0, 0, 1, 0] },
    ],
  },
};

/** Rows of the tables, cells by bars. */
function rowsOf(markup: string): string[] {
  return [...markup.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row]) =>
    row
      .replace(/<\/t[hd]>(?=<)/g, "|")
      .replace(/<[^>]*>/g, "")
      .replaceAll("\u00a0", " "),
  );
}

describe("the section on deep features", () => {
  const { body, figures } = featuresSection([summary]);

  it("counts columns and tells regions", () => {
    expect(body.markup.replaceAll("\u2009", "")).toContain(
      "1200 features of each examination (tumour and rim of 4 mm), before and after chemotherapy and their change: 3600 columns",
    );
  });

  it("gives the share of the varying features that reach each ICC, and the filter's limit", () => {
    const rows = rowsOf(body.markup);
    expect(rows).toContain(
      "Region, statistic|Varying|before, ICC ≥ 0.75|before, ICC ≥ 0.9|after, ICC ≥ 0.75|after, ICC ≥ 0.9",
    );
    expect(rows).toContain("rim, standard deviation|3|67 %|33 %|–|–");
    expect(body.markup).toContain("shifts by 1 and −2 voxels and mirroring along 2 axes");
    expect(body.markup).toContain("an ICC of at least 0.8 in the patients that train them");
  });

  it("gives the use of the codebook, and the histogram without codes that never occur", () => {
    expect(rowsOf(body.markup)).toContain("fold 0|128|3|2.5");
    expect(figures.map(({ name }) => name)).toEqual(["features-1-vq-codes"]);
    expect(figures[0].svg).toContain(
      "Shares of 3 codes of vq. Greatest before chemotherapy: tumour 50.0 per cent; rim 100.0 per cent.",
    );
  });

  it("has neither table nor figure where there is nothing to show", () => {
    const { network, columns, regions, rimMm } = summary;
    const plain = featuresSection([{ network, columns, regions, rimMm }]);
    expect(plain.figures).toEqual([]);
    expect(plain.body.markup).not.toContain("<table");
  });
});
