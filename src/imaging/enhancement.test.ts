import { describe, expect, it } from "vitest";
import { createDceSeries } from "../domain/dce.ts";
import { randomKey } from "../domain/random.ts";
import { measureEnhancement } from "./enhancement.ts";
import { examinationQuality, qualityIssues } from "./examination-quality.ts";
import { simulatePatient } from "./phantom/cohort.ts";
import { compareMasks } from "./segmentation-metrics.ts";
import { volumeMl } from "./shape.ts";

const { dce, mask } = simulatePatient(randomKey(6), { set: "train", index: 0 }, "small").visits[0];
const enhancement = measureEnhancement(dce);
const quality = examinationQuality(dce, enhancement, []);
const codes = (found: typeof quality) => qualityIssues(found, "P1/pre").map(({ code }) => code);

describe("measureEnhancement", () => {
  it("finds the simulated tumour where a region around it is given", () => {
    const { ftv, measures } = measureEnhancement(dce, undefined, { region: "mask", mask });
    expect(compareMasks(ftv, mask, 1).dice).toBeGreaterThan(0.8);
    expect(measures.ftvMl).toBeCloseTo(volumeMl(ftv), 9);
    expect(measures.sphericity).toBeGreaterThan(0.3);
  });

  it("measures the body's enhancing tissue without a region, and less of it for a higher threshold", () => {
    const strict = measureEnhancement(dce, {
      pePercent: 120,
      ser: 0.9,
      minimumNeighbours: 4,
      minimumComponentMl: 0.1,
    });
    expect(strict.measures.ftvMl).toBeLessThan(enhancement.measures.ftvMl);
    expect(strict.measures.ftvMl).toBeGreaterThan(0);
  });

  it("states a background enhancement below the tumour's threshold", () => {
    expect(enhancement.measures.backgroundEnhancementPercent).toBeGreaterThan(0);
    expect(enhancement.measures.backgroundEnhancementPercent).toBeLessThan(70);
  });

  it("goes without a ratio, and says so, where there is no late phase", () => {
    const { ser, issues, phases } = measureEnhancement(createDceSeries(dce.phases.slice(0, 2), [0, 90]));
    expect([ser, phases.late]).toEqual([null, null]);
    expect(issues.map(({ code }) => code)).toEqual(["series-late-phase"]);
  });

  it("says where the early phase is no early one", () => {
    const { issues } = measureEnhancement(createDceSeries(dce.phases.slice(0, 3), [0, 400, 800]));
    expect(issues.map(({ code }) => code)).toEqual(["series-early-phase"]);
  });
});

describe("the quality of an examination", () => {
  it("is without issues for a simulated one, whose fat is suppressed", () => {
    expect(quality.fatSuppression).toBe("suppressed");
    expect(codes(quality).filter((code) => code !== "quality-border")).toEqual([]);
  });

  it("states the noise that was simulated: 4 % of the gland's signal", () => {
    // Noise and signal have one gain; tissue is brighter than gland alone where skin and muscle are.
    expect(quality.signalToNoise).toBeGreaterThan(15);
    expect(quality.signalToNoise).toBeLessThan(40);
  });

  it("tells that contrast has not arrived where nothing enhances", () => {
    const [pre] = dce.phases;
    const still = createDceSeries([pre, pre, pre], [0, 90, 300]);
    const found = examinationQuality(still, measureEnhancement(still), []);
    expect(codes(found)).toContain("quality-contrast");
  });

  it("tells of bright fat, noise, thick slices, a narrow field and motion by their codes", () => {
    const poor = {
      ...quality,
      fatSuppression: "not suppressed",
      signalToNoise: 3,
      spacingMm: [6, 1, 1],
      fieldOfViewMm: [40, 200, 200],
      motionMm: 6,
    } as const;
    expect(codes(poor)).toEqual(
      expect.arrayContaining([
        "quality-fat",
        "quality-noise",
        "quality-spacing",
        "quality-coverage",
        "quality-motion",
      ]),
    );
  });

  it("takes fat under the skin for what it is where it is the brightest tissue", () => {
    const body = enhancement.body.data;
    const bright = dce.phases.map((phase) => ({
      grid: phase.grid,
      data: Int16Array.from(phase.data, (value, i) =>
        body[i] === 1 && value < enhancement.tissueSignal ? 900 : value,
      ),
    }));
    const series = createDceSeries(bright, dce.timesSeconds);
    const found = examinationQuality(series, { ...enhancement, tissueSignal: 1 }, []);
    expect(found.fatSuppression).toBe("not suppressed");
  });
});
