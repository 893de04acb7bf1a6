import fc from "fast-check";
import { describe, expect, it } from "vitest";
import r from "../../tests/golden/statistics/r.json" with { type: "json" };
import { outcomeOfClass, outcomeOfScore, type PathologyOutcome, UNKNOWN_OUTCOME } from "../domain/outcome.ts";
import { RandomStream, randomKey } from "../domain/random.ts";
import { RCB_CLASSES } from "../domain/rcb.ts";
import { type ComparisonRequest, compareModels } from "./comparison.ts";
import type { Comparison } from "./comparison-result.ts";
import { spearman } from "./correlation.ts";
import { aucInterval, placements } from "./delong.ts";
import { equivalence } from "./endpoint-analysis.ts";

const key = randomKey(1);
const resamples = 400;
const codes = ({ issues }: Comparison) => issues.map(({ code }) => code);

/** A cohort of RCB scores with two predictions of burden. */
function cohort(n: number, seed = 5) {
  const stream = new RandomStream(randomKey(seed));
  const scores = Array.from({ length: n }, () => Math.max(0, stream.normal(1.5, 1.5)));
  const predict = (noise: number) => scores.map((score) => score + stream.normal(0, noise));
  return {
    outcomes: scores.map((score) => outcomeOfScore(score)),
    scores,
    volume: predict(1.5),
    deep: predict(1),
  };
}

const { outcomes, scores, volume, deep } = cohort(41);
const rcbRequest: ComparisonRequest = {
  outcome: { kind: "rcb", values: outcomes },
  models: [
    { name: "volume", scores: volume },
    { name: "deep", scores: deep },
  ],
  reference: "volume",
  primary: "rcb-auc",
  margin: 0.05,
  key,
  resamples,
};

describe("beside the main interval and test", () => {
  const noisy = cohort(60, 9);
  const result = compareModels({
    ...rcbRequest,
    outcome: { kind: "rcb", values: noisy.outcomes },
    models: [
      { name: "volume", scores: noisy.volume },
      { name: "deep", scores: noisy.deep },
      { name: "noise", scores: noisy.volume.map((_, i) => (i * 37) % 60) },
    ],
  });
  const endpoints = [result.endpoints["rcb-auc"]!, result.endpoints.spearman!];

  it("BCa intervals lie near the percentile intervals, but are not the same", () => {
    for (const { models } of endpoints) {
      for (const { ciBootstrap, ciBca } of Object.values(models)) {
        expect(ciBca).not.toEqual(ciBootstrap);
        for (const side of [0, 1]) expect(Math.abs(ciBca![side] - ciBootstrap![side])).toBeLessThan(0.08);
      }
    }
  });

  it("permutation finds the model of noise worse, as the main test does", () => {
    for (const { pairs } of endpoints) {
      const noise = pairs.find(({ b }) => b === "noise")!;
      expect(noise.pPermutation).toBeLessThan(0.05);
      expect(noise.p).toBeLessThan(0.05);
    }
  });

  it("the false discovery rate adjusts no more than Holm", () => {
    for (const { pairs } of endpoints) {
      for (const { p, pHolm, pBenjaminiHochberg } of pairs) {
        expect(pBenjaminiHochberg).toBeGreaterThanOrEqual(p!);
        expect(pBenjaminiHochberg).toBeLessThanOrEqual(pHolm!);
      }
    }
  });

  it("a model that is within the margin by its 95 % interval is equivalent at 2.5 %", () => {
    const wide = compareModels({ ...rcbRequest, margin: 0.6 }).endpoints["rcb-auc"]!.pairs[0];
    expect(wide.equivalence).toMatchObject({ within: "yes" });
    expect(wide.equivalence!.p).toBeLessThan(0.025);
    expect(wide.equivalence!.pNonInferiority).toBeLessThanOrEqual(wide.equivalence!.p!);
  });
});

describe("two-class outcomes", () => {
  it("give the figures of pROC, b minus a", () => {
    for (const golden of r.roc) {
      const result = compareModels({
        outcome: { kind: "binary", values: golden.outcome, positive: 1 },
        models: [
          { name: "A", scores: golden.a },
          { name: "B", scores: golden.b },
        ],
        key,
        resamples,
      });
      const endpoint = result.endpoints.binary!;
      expect(endpoint.models.A.auc).toBeCloseTo(golden.aucA, 12);
      expect(endpoint.models.A.ci![0]).toBeCloseTo(golden.ciA[0], 10);
      const positive = golden.outcome.map((value) => value === 1);
      expect(endpoint.models.A.ciLogit).toEqual(aucInterval(placements(golden.a, positive), "logit"));
      expect(endpoint.pairs).toHaveLength(1);
      const [pair] = endpoint.pairs;
      expect(pair).toMatchObject({ a: "A", b: "B", method: "delong", n: golden.a.length });
      expect(pair.difference).toBeCloseTo(golden.aucB - golden.aucA, 12);
      expect(pair.p).toBeCloseTo(golden.p, 10);
    }
  });

  it("report an AUC below 0.5 as it is, and say so", () => {
    const values = Array.from({ length: 40 }, (_, i) => (i < 20 ? "alive" : "dead"));
    const result = compareModels({
      outcome: { kind: "binary", values, positive: "dead" },
      models: [
        { name: "score", scores: values.map((value, i) => (value === "dead" ? -0.5 : 0.5) + (i % 4) / 2) },
      ],
      key,
      resamples,
    });
    expect(result.endpoints.binary!.models.score.auc).toBeCloseTo(0.125, 12);
    expect(codes(result)).toEqual(["auc-below-half"]);
  });

  it("take 1 of 0 and 1 as positive, but never guess among other values", () => {
    const models = [{ name: "m", scores: [1, 2, 3, 4, 5, 6] }];
    const run = (values: readonly (string | number | boolean | null)[], positive?: string | number) =>
      compareModels({
        outcome: { kind: "binary", values, ...(positive === undefined ? {} : { positive }) },
        models,
        key,
        resamples,
      }).endpoints.binary!.positive;
    expect(run(["0", "0", "1", "0", "1", "1"])).toBe(3);
    expect(run([false, true, true, false, true, true])).toBe(4);
    expect(run([0, 0, 1, 1, 1, 1], "1.0")).toBe(4);
    expect(() => run(["no", "yes", "yes", "no", "no", "no"])).toThrow(
      /no, yes.*told which value is positive/,
    );
    expect(() => run(["no", "yes", "yes", "no", "no", "no"], "ja")).toThrow(/outcome ja.*no, yes/);
  });

  it("compare a value with all others, and say so", () => {
    const result = compareModels({
      outcome: { kind: "binary", values: ["a", "b", "c", "a", "b", "c"], positive: "c" },
      models: [{ name: "m", scores: [1, 2, 3, 4, 5, 6] }],
      key,
      resamples,
    });
    expect(result.endpoints.binary).toMatchObject({ n: 6, positive: 2 });
    expect(result.issues[0]).toMatchObject({ code: "outcome-several-values", severity: "info" });
  });
});

describe("RCB outcomes", () => {
  const result = compareModels(rcbRequest);

  it("have three endpoints with burden read in the declared direction", () => {
    expect(result.n).toBe(41);
    expect(Object.keys(result.endpoints)).toEqual(["pcr", "rcb-auc", "spearman"]);
    const { pcr, "rcb-auc": rcbAuc, spearman: correlation } = result.endpoints;
    expect(pcr!.positive).toBe(outcomes.filter((outcome) => outcome.pcr).length);
    expect(rcbAuc!.positive).toBe(scores.filter((score) => score > 1.36).length);
    // Both AUCs are above one half, because a good prediction of burden is low for pCR and high for RCB-II and III.
    expect(pcr!.models.deep.auc!).toBeGreaterThan(0.6);
    expect(rcbAuc!.models.deep.auc!).toBeGreaterThan(0.6);
    expect(correlation!.models.deep.rho).toBe(spearman(deep, scores)!.rho);
    expect(correlation!.models.deep.p).toBe(spearman(deep, scores)!.p);
    expect(correlation!.pairs[0].method).toBe("paired-bootstrap");
    expect(rcbAuc!.primary).toBe(true);
    expect(pcr!.primary).toBe(false);
  });

  it("correlate with the class where no score is known", () => {
    const classes: PathologyOutcome[] = outcomes.map(({ rcbClass }) => outcomeOfClass(rcbClass!));
    const byClass = compareModels({ ...rcbRequest, outcome: { kind: "rcb", values: classes } });
    const ranks = classes.map(({ rcbClass }) => RCB_CLASSES.indexOf(rcbClass!));
    expect(byClass.endpoints.spearman!.models.volume.rho).toBe(spearman(volume, ranks)!.rho);
    expect(byClass.endpoints["rcb-auc"]).toEqual(result.endpoints["rcb-auc"]);
  });

  it("use for each endpoint the cases with that part of the outcome, and report contradictions", () => {
    const values: PathologyOutcome[] = outcomes.map((outcome, i) =>
      i < 5
        ? { rcbScore: null, rcbClass: null, pcr: i % 2 === 0 }
        : i === 5
          ? { ...outcome, pcr: !outcome.pcr }
          : i < 9
            ? UNKNOWN_OUTCOME
            : outcome,
    );
    const partial = compareModels({ ...rcbRequest, outcome: { kind: "rcb", values } });
    expect(partial.n).toBe(38);
    expect(partial.endpoints.pcr!.n).toBe(38);
    expect(partial.endpoints["rcb-auc"]!.n).toBe(33);
    expect(partial.endpoints.spearman!.models.deep.n).toBe(33);
    expect(codes(partial)).toEqual(["outcome-contradiction", "outcomes-incomplete"]);
  });

  it("leave out an endpoint without outcomes or with one class, and go on with the others", () => {
    const values: PathologyOutcome[] = scores.map((score) => ({ ...outcomeOfScore(score + 0.1), pcr: null }));
    const noPcr = compareModels({ ...rcbRequest, outcome: { kind: "rcb", values } });
    expect(Object.keys(noPcr.endpoints)).toEqual(["rcb-auc", "spearman"]);
    expect(codes(noPcr)).toEqual(["outcome-missing"]);
    const none = scores.map((score) => outcomeOfScore(score + 0.1));
    const oneClass = compareModels({ ...rcbRequest, outcome: { kind: "rcb", values: none } });
    expect(Object.keys(oneClass.endpoints)).toEqual(["rcb-auc", "spearman"]);
    expect(oneClass.issues[0]).toMatchObject({ code: "outcome-single-class", severity: "error" });
    expect(oneClass.issues[0].message).toContain("0 of 41 cases are positive");
  });
});

describe("pairs", () => {
  it("are every other model against the reference, or all pairs without one", () => {
    const models = ["a", "b", "c"].map((name, i) => ({ name, scores: cohort(41, i).volume }));
    const outcome = rcbRequest.outcome;
    const names = (result: Comparison) => result.endpoints.spearman!.pairs.map(({ a, b }) => `${a}:${b}`);
    expect(names(compareModels({ outcome, models, reference: "b", key, resamples }))).toEqual(["b:a", "b:c"]);
    expect(names(compareModels({ outcome, models, key, resamples }))).toEqual(["a:b", "a:c", "b:c"]);
  });

  it("adjust over all pairs of an endpoint", () => {
    const models = [3, 4, 5, 6].map((seed) => ({ name: `m${seed}`, scores: cohort(41, seed).deep }));
    const { pairs } = compareModels({ ...rcbRequest, models, reference: "m5" }).endpoints["rcb-auc"]!;
    const sorted = [...pairs].sort((a, b) => a.p! - b.p!);
    expect(sorted[0].pHolm).toBeCloseTo(Math.min(1, 3 * sorted[0].p!), 14);
  });

  it("use the cases that both models have, as if the table held no others", () => {
    const holes = deep.map((score, i) => (i % 5 === 0 ? null : score));
    const models = [
      { name: "volume", scores: volume },
      { name: "deep", scores: holes },
    ];
    const result = compareModels({ ...rcbRequest, models });
    const kept = deep.flatMap((_, i) => (i % 5 === 0 ? [] : [i]));
    const alone = compareModels({
      ...rcbRequest,
      outcome: { kind: "rcb", values: kept.map((i) => outcomes[i]) },
      models: [
        { name: "volume", scores: kept.map((i) => volume[i]) },
        { name: "deep", scores: kept.map((i) => deep[i]) },
      ],
    });
    for (const name of ["pcr", "rcb-auc", "spearman"] as const) {
      expect(result.endpoints[name]!.pairs).toEqual(alone.endpoints[name]!.pairs);
      expect(result.endpoints[name]!.models.deep).toEqual(alone.endpoints[name]!.models.deep);
      expect(result.endpoints[name]!.models.volume.n).toBe(41);
    }
    expect(result.issues).toMatchObject([{ code: "rows-incomplete", subject: "deep" }]);
    expect(result.issues[0].message).toContain("9 of 41");
  });

  it("change sign where the reference changes, with the same bootstrap", () => {
    const forward = compareModels(rcbRequest).endpoints.spearman!.pairs[0];
    const backward = compareModels({ ...rcbRequest, reference: "deep" }).endpoints.spearman!.pairs[0];
    expect(backward.difference).toBe(-forward.difference!);
    expect(backward.p).toBe(forward.p);
    expect(backward.ci![0]).toBeCloseTo(-forward.ci![1], 12);
  });

  it("find no difference between a model and its copy", () => {
    const models = [
      { name: "volume", scores: volume },
      { name: "copy", scores: volume.map((score) => 2 * score) },
    ];
    const same = { difference: 0, ci: [0, 0], z: 0, p: 1, pHolm: 1, ciBootstrap: [0, 0] };
    const { endpoints } = compareModels({ ...rcbRequest, models });
    for (const endpoint of Object.values(endpoints)) expect(endpoint.pairs[0]).toMatchObject(same);
    expect(endpoints.pcr!.pairs[0].equivalence!.within).toBe("yes");
  });

  it("are judged against the margin with a reason", () => {
    expect(equivalence([-0.01, 0.02], 0.05)).toMatchObject({ within: "yes" });
    expect(equivalence([0.06, 0.2], 0.05)).toMatchObject({ within: "no" });
    expect(equivalence([-0.2, -0.05], 0.05)).toMatchObject({ within: "no" });
    expect(equivalence([-0.01, 0.2], 0.05).reason).toContain("neither a relevant difference nor its absence");
    expect(equivalence(null, 0.05)).toMatchObject({ within: "undecided" });
  });
});

describe("scores that define too little", () => {
  it("give an AUC of 0.5 and no correlation where all are equal", () => {
    const models = [
      { name: "volume", scores: volume },
      { name: "flat", scores: volume.map(() => 3) },
    ];
    const result = compareModels({ ...rcbRequest, models });
    expect(result.endpoints.pcr!.models.flat.auc).toBe(0.5);
    expect(result.endpoints.spearman!.models.flat).toMatchObject({ rho: null, ci: null, p: null });
    expect(result.endpoints.spearman!.pairs[0]).toMatchObject({ difference: null, p: null, pHolm: null });
    expect(new Set(codes(result))).toEqual(new Set(["score-constant", "difference-untested"]));
  });

  it("give null where a model's own cases have one class", () => {
    const models = [{ name: "half", scores: scores.map((score) => (score > 1.36 ? score : null)) }];
    const result = compareModels({ outcome: rcbRequest.outcome, models, key, resamples });
    expect(result.endpoints["rcb-auc"]!.models.half).toMatchObject({ auc: null, ci: null });
    expect(codes(result)).toContain("model-single-class");
  });

  it("warn of an interval without width", () => {
    const result = compareModels({
      ...rcbRequest,
      models: [{ name: "perfect", scores }],
      reference: "perfect",
    });
    expect(result.endpoints["rcb-auc"]!.models.perfect).toMatchObject({ auc: 1, ci: [1, 1] });
    expect(codes(result)).toEqual(["interval-degenerate", "interval-degenerate", "interval-degenerate"]);
  });

  it("never put NaN or infinity into the result, whatever the table", () => {
    const row = fc.record({
      outcome: fc.option(fc.integer({ min: 0, max: 2 }), { freq: 6 }),
      a: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 6 }),
      b: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 6 }),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), (rows) => {
        const models = [
          { name: "a", scores: rows.map(({ a }) => a) },
          { name: "b", scores: rows.map(({ b }) => b) },
        ];
        const values = rows.map(({ outcome }) =>
          outcome === null ? UNKNOWN_OUTCOME : outcomeOfScore(outcome),
        );
        const result = compareModels({
          outcome: { kind: "rcb", values },
          models,
          margin: 0.1,
          key,
          resamples: 100,
        });
        JSON.stringify(result, (_, value) => {
          if (typeof value === "number") expect(value).toSatisfy(Number.isFinite);
          expect(value).toBeDefined();
          return value;
        });
      }),
      { numRuns: 150 },
    );
  });
});

describe("broken requests", () => {
  const models = rcbRequest.models;
  const broken: [string, Partial<ComparisonRequest>, RegExp][] = [
    ["no model", { models: [] }, /no model/],
    ["two models of one name", { models: [models[0], models[0]] }, /two models are named volume/],
    ["a nameless model", { models: [{ ...models[0], name: " " }] }, /a model named " "/],
    ["an unknown reference", { reference: "size" }, /reference model size.*volume, deep/],
    [
      "an endpoint of another outcome",
      { primary: "binary" },
      /primary endpoint binary.*pcr, rcb-auc, spearman/,
    ],
    ["a margin of 0", { margin: 0 }, /a margin of 0/],
    ["few resamples", { resamples: 10 }, /10 bootstrap resamples/],
    ["too few scores", { models: [{ name: "volume", scores: [1, 2] }] }, /2 scores for 41 cases/],
    [
      "a score that is no number",
      { models: [{ name: "volume", scores: volume.map((score, i) => (i === 6 ? Number.NaN : score)) }] },
      /model volume has the score NaN in row 7/,
    ],
    [
      "an infinite outcome",
      {
        outcome: { kind: "continuous", values: scores.map(() => Number.POSITIVE_INFINITY) },
        primary: "spearman",
      },
      /outcome in row 1 is Infinity/,
    ],
  ];
  it.each(broken)("with %s are refused", (_, change, message) => {
    expect(() => compareModels({ ...rcbRequest, ...change })).toThrow(message);
  });
});

describe("large tables", () => {
  it("are compared without resampling", () => {
    const large = cohort(200_000);
    const result = compareModels({
      ...rcbRequest,
      outcome: { kind: "rcb", values: large.outcomes },
      models: [
        { name: "volume", scores: large.volume },
        { name: "deep", scores: large.deep },
      ],
    });
    expect(codes(result)).toEqual(["bootstrap-skipped"]);
    const [pair] = result.endpoints.spearman!.pairs;
    expect(pair.method).toBe("infinitesimal-jackknife");
    expect(pair.difference! / pair.standardError!).toBe(pair.z);
  });
});

it("is the same for the same key, and differs in the bootstrap only for another", () => {
  const again = compareModels(rcbRequest);
  expect(again).toEqual(compareModels(rcbRequest));
  const other = compareModels({ ...rcbRequest, key: randomKey(2) });
  expect(other.endpoints.pcr!.models.deep.ciBootstrap).not.toEqual(
    again.endpoints.pcr!.models.deep.ciBootstrap,
  );
  expect(other.endpoints.pcr!.models.deep.ci).toEqual(again.endpoints.pcr!.models.deep.ci);
});
