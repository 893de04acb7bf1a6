import { describe, expect, test } from "vitest";
import type { Comparison, PairFigure } from "../statistics/comparison-result.ts";
import type { ReportInput } from "./report-input.ts";
import { summarise } from "./summary.ts";
import { verdictOf, verdictText } from "./verdict.ts";

function pair(figures: Partial<PairFigure>): PairFigure {
  return {
    a: "volume",
    b: "deep",
    n: 41,
    difference: 0.02,
    ci: [-0.1, 0.14],
    z: 0.3,
    p: 0.76,
    pHolm: 0.76,
    pBenjaminiHochberg: 0.76,
    pPermutation: null,
    method: "delong",
    standardError: 0.06,
    ciBootstrap: null,
    detectable: 0.17,
    ...figures,
  };
}

const WITHIN = { margin: 0.05, within: "yes", reason: "", p: null, pNonInferiority: null } as const;
const UNDECIDED = { margin: 0.05, within: "undecided", reason: "", p: null, pNonInferiority: null } as const;

function input(pairs: readonly PairFigure[], more: Partial<Comparison> = {}): ReportInput {
  const figure = { n: 41, positive: 18, standardError: 0.08, ciLogit: null, ciBootstrap: null, ciBca: null };
  return {
    head: { study: "s", runId: "r", date: "2025-11-24T14:58:00Z", seed: 1, versions: {} },
    comparisons: [
      {
        set: "test",
        predictions: "fixed",
        comparison: {
          n: 41,
          reference: "volume",
          primary: "rcb-auc",
          margin: 0.05,
          confidence: 0.95,
          resamples: 2000,
          endpoints: {
            "rcb-auc": {
              metric: "auc",
              n: 41,
              positive: 18,
              primary: true,
              meaning: "",
              models: {
                volume: { ...figure, auc: 0.7, ci: [0.52, 0.88] },
                deep: { ...figure, auc: 0.72, ci: [0.55, 0.89] },
              },
              pairs,
            },
          },
          issues: [],
          ...more,
        },
      },
    ],
  };
}

function textOf(report: ReportInput): string {
  const { paragraphs, models, conclusions } = summarise(report);
  return [...paragraphs, ...models, ...conclusions].join("\n");
}

describe("the verdict", () => {
  test("is a difference only where the Holm-adjusted test finds one", () => {
    expect(verdictOf(pair({ difference: 0.2, p: 0.02, pHolm: 0.06 }))).toBe("undecided");
    expect(verdictOf(pair({ difference: 0.2, p: 0.02, pHolm: 0.04 }))).toBe("higher");
    expect(verdictOf(pair({ difference: -0.2, p: 0.02, pHolm: 0.04 }))).toBe("lower");
  });

  test("is equivalence only where the interval lies within a declared margin", () => {
    expect(verdictOf(pair({ pHolm: 1, equivalence: WITHIN }))).toBe("equivalent");
    expect(verdictOf(pair({ pHolm: 1, equivalence: UNDECIDED }))).toBe("undecided");
    expect(verdictOf(pair({ pHolm: 1 }))).toBe("undecided");
  });

  test("of a difference that is found and small says both", () => {
    expect(verdictText(pair({ difference: 0.02, pHolm: 0.01, equivalence: WITHIN }))).toBe(
      "higher, by less than ±0.05",
    );
  });

  test("is that nothing could be tested where there is no p value", () => {
    expect(verdictOf(pair({ p: null, pHolm: null, z: null }))).toBe("untested");
    expect(verdictOf(pair({ difference: null }))).toBe("untested");
  });
});

describe("the summary", () => {
  test("names the set, its size, the primary endpoint, the reference and each difference with its interval", () => {
    const text = textOf(input([pair({ equivalence: UNDECIDED })]));
    expect(text).toContain("In the external test set, 41 patients");
    expect(text).toContain(
      "The primary endpoint is the AUC for telling RCB-II/III from RCB-0/I (18 positive of 41).",
    );
    expect(text).toContain("volume (reference): AUC 0.70 [0.52, 0.88].");
    expect(text).toContain("deep: AUC 0.72 [0.55, 0.89]; difference +0.02 [−0.10, +0.14]");
  });

  test("does not call models equal because no difference was found", () => {
    const text = textOf(input([pair({ equivalence: UNDECIDED })]));
    expect(text).toContain("No difference was statistically significant");
    expect(text).toContain("not evidence of equality");
    expect(text).toContain("from −0.10 to +0.14 in AUC");
    expect(text).not.toContain("equivalent");
  });

  test("says what difference could have been found", () => {
    expect(textOf(input([pair({})]))).toContain(
      "a true difference in AUC of about 0.17 would have been found with 80 % power",
    );
    const range = textOf(input([pair({}), pair({ b: "combined", detectable: 0.22 })]));
    expect(range).toContain("about 0.17 to 0.22 (depending on the models)");
    expect(textOf(input([pair({ detectable: null })]))).not.toContain("80 % power");
  });

  test("calls models equivalent where the interval lies within the margin, and keeps the others open", () => {
    const text = textOf(input([pair({ ci: [-0.01, 0.03], equivalence: WITHIN }), pair({ b: "combined" })]));
    expect(text).toContain("Within the declared margin of ±0.05, deep and volume are equivalent");
    expect(text).toContain("For combined against volume the question stays open");
  });

  test("tells a difference that was found with its direction", () => {
    const text = textOf(input([pair({ difference: -0.2, ci: [-0.3, -0.1], pHolm: 0.001 })]));
    expect(text).toContain("the AUC of deep was lower than that of volume");
    expect(text).not.toContain("question stays open");
  });

  test("calls everything exploratory where no primary endpoint was declared", () => {
    const { comparison } = (input([pair({})]).comparisons ?? [])[0];
    const endpoint = comparison.endpoints["rcb-auc"];
    if (endpoint === undefined) throw new Error("the endpoint is there");
    const text = textOf(
      input([], { primary: null, endpoints: { "rcb-auc": { ...endpoint, primary: false } } }),
    );
    expect(text).toContain("No primary endpoint was declared, so every endpoint is exploratory");
  });

  test("says that the primary endpoint is missing where it could not be evaluated", () => {
    const figure = { n: 41, rho: 0.5, ci: null, p: null, ciBootstrap: null, ciBca: null };
    const text = textOf(
      input([], {
        endpoints: {
          spearman: {
            metric: "spearman",
            n: 41,
            primary: false,
            meaning: "",
            models: { volume: figure },
            pairs: [],
          },
        },
      }),
    );
    expect(text).toContain(
      "The primary endpoint could not be evaluated; shown instead is Spearman’s correlation",
    );
  });

  test("has nothing to say without results", () => {
    expect(summarise({ head: input([]).head })).toEqual({ paragraphs: [], models: [], conclusions: [] });
    expect(textOf(input([], { endpoints: {} }))).toBe("");
  });

  test("reports segmentation of the test set alone where there is one", () => {
    const item = { id: "a", visit: "pre", hd95Mm: null, nsd: null, volumeErrorMl: null };
    const cases = [
      { ...item, set: "train" as const, dice: 0.2 },
      { ...item, set: "test" as const, dice: 0.8 },
      { ...item, set: "test" as const, dice: null },
    ];
    const text = textOf({ head: input([]).head, segmentation: [{ network: "nnunet", cases }] });
    expect(text).toBe(
      "Segmentation by nnunet: median Dice in the external test set 0.80 at the visit “pre” (n 1).",
    );
  });
});
