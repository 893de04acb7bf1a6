import { describe, expect, it } from "vitest";
import { randomKey } from "../../domain/random.ts";
import { RCB_CLASSES, rcbClassOfScore } from "../../domain/rcb.ts";
import { drawBiology, type PatientBiology } from "./biology.ts";
import { SUBTYPES } from "./parameters.ts";

const patients = Array.from({ length: 2000 }, (_, index) => drawBiology(randomKey(20), "train", index));
const classes = patients.map(({ rcbScore }) => rcbClassOfScore(rcbScore));
const volume = patients.map(({ post }) => post.volumeMm3);

/** Mid-ranks by sorting. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const result = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) result[order[i]] = (from + to + 1) / 2;
    from = to;
  }
  return result;
}

function auc(scores: readonly number[], positive: readonly boolean[]): number {
  const sum = ranks(scores).reduce((total, rank, i) => total + (positive[i] ? rank : 0), 0);
  const count = positive.filter(Boolean).length;
  return (sum - (count * (count + 1)) / 2) / (count * (positive.length - count));
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  const product = (x: readonly number[], mx: number, y: readonly number[], my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i] - my), 0);
  return product(a, ma, b, mb) / Math.sqrt(product(a, ma, a, ma) * product(b, mb, b, mb));
}

const share = (test: (patient: PatientBiology, i: number) => boolean) =>
  patients.filter(test).length / patients.length;

describe("latent patients", () => {
  // Standard errors at n = 2000 are about 0.012 for the AUCs and 0.02 for the correlation.
  it("give true volume after chemotherapy the published association with pCR, 0.74", () => {
    const residual = classes.map((name) => name !== "0");
    expect(Math.abs(auc(volume, residual) - 0.74)).toBeLessThan(0.035);
  });

  it("give it the published association with RCB 0/I v II/III, 0.70", () => {
    const high = classes.map((name) => name === "II" || name === "III");
    expect(Math.abs(auc(volume, high) - 0.7)).toBeLessThan(0.045);
  });

  it("give it a rank correlation of about 0.50 with the RCB score", () => {
    const scores = patients.map(({ rcbScore }) => rcbScore);
    expect(Math.abs(correlation(ranks(volume), ranks(scores)) - 0.5)).toBeLessThan(0.05);
  });

  it("fall into the RCB classes in published shares", () => {
    const ranges = { "0": [0.26, 0.38], I: [0.09, 0.16], II: [0.35, 0.47], III: [0.11, 0.2] } as const;
    for (const name of RCB_CLASSES) {
      const found = share((_, i) => classes[i] === name);
      expect(found).toBeGreaterThan(ranges[name][0]);
      expect(found).toBeLessThan(ranges[name][1]);
    }
  });

  it("reach pCR most often when HR-HER2+ and least often when HR+HER2-", () => {
    const rate = Object.fromEntries(
      SUBTYPES.map((subtype) => {
        const group = patients.map(({ subtype: own }, i) => (own === subtype ? classes[i] : undefined));
        const known = group.filter((name) => name !== undefined);
        return [subtype, known.filter((name) => name === "0").length / known.length];
      }),
    );
    expect(rate["HR-HER2+"]).toBeGreaterThan(rate["HR+HER2+"]);
    expect(rate["HR+HER2+"]).toBeGreaterThan(rate["HR+HER2-"]);
    expect(rate.TN).toBeGreaterThan(rate["HR+HER2-"]);
  });

  it("respond in all the ways: whole, fragments, nothing visible; and MRI and pathology disagree", () => {
    for (const pattern of ["whole", "fragments", "none"] as const) {
      expect(share(({ post }) => post.pattern === pattern)).toBeGreaterThan(0.1);
    }
    expect(share(({ post }, i) => post.volumeMm3 === 0 && classes[i] !== "0")).toBeGreaterThan(0.03);
    expect(share(({ post }, i) => post.volumeMm3 > 0 && classes[i] === "0")).toBeGreaterThan(0.05);
    expect(share(({ components }) => components.cisPercent === 100)).toBeGreaterThan(0.01);
  });

  it("keep the tumour's parts together: shares add up to 1, volumes agree with diameters", () => {
    for (const { pre, post } of patients) {
      expect(pre.longestDiameterMm).toBeGreaterThanOrEqual(15);
      expect(pre.longestDiameterMm).toBeLessThanOrEqual(60);
      // An ellipsoid of that length cannot hold more, satellites aside.
      expect(pre.volumeMm3).toBeLessThan(1.1 * (Math.PI / 6) * pre.longestDiameterMm ** 3);
      for (const state of [pre, post]) {
        const total = state.shares.reduce((sum, part) => sum + part, 0);
        expect(total).toBeCloseTo(state.pattern === "none" ? 0 : 1, 9);
      }
    }
  });

  it("depend on key, set and index only", () => {
    expect(drawBiology(randomKey(20), "train", 77)).toEqual(patients[77]);
    expect(drawBiology(randomKey(20), "test", 77)).not.toEqual({ ...patients[77], set: "test" });
    expect(drawBiology(randomKey(21), "train", 77)).not.toEqual(patients[77]);
  });
});
