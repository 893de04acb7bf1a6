import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { outcomeOfClass, outcomeOfScore } from "../../domain/outcome.ts";
import { calibrationLine } from "../../statistics/calibration.ts";
import { rocCurve } from "../../statistics/roc.ts";
import { calibrationFigure, calibrationGroups } from "./calibration.ts";
import { diceFigure } from "./dice.ts";
import { forestFigure } from "./forest.ts";
import { modelStyles } from "./palette.ts";
import { predictedTrueFigure } from "./predicted-true.ts";
import { rocFigure } from "./roc.ts";
import { trainingFigure } from "./training.ts";

const GOLDEN = "../../../tests/golden/report";
const BLUE = { colour: "#0072b2" };
const STYLES = modelStyles(["volume", "deep"], "volume");

function roc(scores: number[], positive: boolean[]): string {
  return rocFigure(
    "pCR",
    [{ model: "deep", points: rocCurve(scores, positive), auc: 1, ci: [1, 1] }],
    STYLES,
  );
}

function parse(svg: string) {
  return parseHTML(`<html><body>${svg}</body></html>`).document;
}

/** Corners of every polyline in one colour, in pixels. */
function corners(svg: string, colour: string): number[][][] {
  return [...parse(svg).querySelectorAll(`[stroke="${colour}"] path`)].map((path) =>
    (path.getAttribute("d") ?? "")
      .split(/[ML]/)
      .slice(1)
      .map((pair: string) => pair.split(",").map(Number)),
  );
}

describe("ROC curves", () => {
  // The plot is 340 px wide and high and starts at (46, 14).
  test("a perfect score goes through the corner of sensitivity 1 and specificity 1", () => {
    expect(corners(roc([1, 2, 3, 4], [false, false, true, true]), BLUE.colour)[0]).toContainEqual([46, 14]);
  });

  test("a score that is always wrong goes through the opposite corner", () => {
    expect(corners(roc([4, 3, 2, 1], [false, false, true, true]), BLUE.colour)[0]).toContainEqual([386, 354]);
  });

  test("a score of ties alone is the diagonal", () => {
    expect(corners(roc([1, 1, 1], [false, true, true]), BLUE.colour)[0]).toEqual([
      [46, 354],
      [386, 14],
    ]);
  });

  test("the figure is as it was seen and approved", async () => {
    const svg = rocFigure(
      "pCR",
      [
        {
          model: "volume",
          points: rocCurve([1, 3, 2, 5, 4, 6], [false, false, true, false, true, true]),
          auc: 0.78,
          ci: [0.35, 1],
        },
        {
          model: "deep",
          points: rocCurve([1, 1, 2, 2, 3, 3], [false, true, false, true, true, true]),
          auc: null,
          ci: null,
        },
      ],
      STYLES,
    );
    await expect(svg).toMatchFileSnapshot(`${GOLDEN}/roc.svg`);
  });
});

describe("forests", () => {
  const rows = [
    { label: "volume", value: 0.7, ci: [0.5, 0.9] as const, style: BLUE },
    { label: "deep", value: null, ci: null, style: BLUE },
  ];

  test("an interval is centred on its estimate, and an undefined estimate leaves its row empty", () => {
    const svg = forestFigure({ axis: "AUC", label: "AUC", rows, nothing: 0.5 });
    const lines = [...parse(svg).querySelectorAll(`[stroke="${BLUE.colour}"] line`)];
    expect(lines.length).toBe(1);
    const [x1, x2] = ["x1", "x2"].map((name) => Number(lines[0].getAttribute(name)));
    const square = parse(svg).querySelector(`[fill="${BLUE.colour}"] path`)?.getAttribute("transform");
    expect(Number(/translate\(([\d.]+)/.exec(square ?? "")?.[1])).toBeCloseTo((x1 + x2) / 2, 0);
    expect(svg).toContain("deep –.");
  });

  test("differences with the band of the margin are as they were seen and approved", async () => {
    const svg = forestFigure({
      axis: "Difference in AUC",
      label: "Differences in AUC",
      rows: [
        { label: "deep − volume", value: 0.02, ci: [-0.1, 0.14], style: BLUE },
        { label: `${"a very long name ".repeat(4)}− volume`, value: -0.2, ci: [-0.3, -0.1], style: BLUE },
      ],
      nothing: 0,
      margin: 0.05,
      isDifference: true,
    });
    await expect(svg).toMatchFileSnapshot(`${GOLDEN}/differences.svg`);
  });
});

describe("predicted against true", () => {
  test("every patient is one dot at the true score, zeros included, without jitter", () => {
    const patients = [0, 0, 1, 4].map((score) => ({ outcome: outcomeOfScore(score), predicted: 2 }));
    const svg = predictedTrueFigure("deep", patients, BLUE) ?? "";
    const dots = [...parse(svg).querySelectorAll("circle")].map((dot) => Number(dot.getAttribute("cx")));
    expect(dots.length).toBe(4);
    expect(dots[0]).toBe(dots[1]);
    expect((dots[3] - dots[0]) / (dots[2] - dots[0])).toBeCloseTo(4, 1);
  });

  test("without scores the classes stand side by side with their counts", () => {
    const patients = (["0", "II", "II"] as const).map((name) => ({
      outcome: outcomeOfClass(name),
      predicted: 1,
    }));
    expect(predictedTrueFigure("deep", patients, BLUE)).toContain("RCB-0 1, RCB-I 0, RCB-II 2, RCB-III 0");
  });

  test("predictions that are all equal still have an axis", () => {
    const patients = (["0", "II"] as const).map((name) => ({ outcome: outcomeOfClass(name), predicted: 1 }));
    const svg = predictedTrueFigure("deep", patients, BLUE) ?? "";
    const labels = [...parse(svg).querySelectorAll("text")].map((text) => text.textContent);
    expect(labels).toEqual(expect.arrayContaining(["0.0", "1.0", "2.0"]));
  });

  test("with pCR alone there are two groups, and without any outcome no figure", () => {
    const outcome = { rcbScore: null, rcbClass: null, pcr: true };
    expect(predictedTrueFigure("deep", [{ outcome, predicted: 1 }], BLUE)).toContain("pCR 1, no pCR 0");
    expect(
      predictedTrueFigure("deep", [{ outcome: { ...outcome, pcr: null }, predicted: 1 }], BLUE),
    ).toBeNull();
  });
});

describe("calibration", () => {
  test("groups hold every patient once, in the order of prediction, with sizes that differ by at most one", () => {
    const pairs = Array.from({ length: 23 }, (_none, i) => ({ predicted: (i * 7) % 23, observed: i % 4 }));
    const groups = calibrationGroups(pairs);
    expect(groups.map(({ n }) => n).sort()).toEqual([5, 6, 6, 6]);
    expect(groups.map(({ predicted }) => predicted)).toEqual(
      [...groups.map((group) => group.predicted)].sort((a, b) => a - b),
    );
    const total = groups.reduce((sum, { n, observed }) => sum + n * observed, 0);
    expect(total).toBeCloseTo(
      pairs.reduce((sum, { observed }) => sum + observed, 0),
      10,
    );
  });

  test("a group's interval is its mean ± 1.96 standard errors", () => {
    const [group] = calibrationGroups([1, 2, 3, 4].map((value) => ({ predicted: value, observed: value })));
    expect(group.observed).toBe(2.5);
    expect(group.ci?.[1]).toBeCloseTo(2.5 + 1.96 * Math.sqrt(5 / 3 / 4), 12);
  });

  test("the fitted line stays inside the plot also where it is steep", () => {
    const pairs = [1, 1.1, 1.2, 1.3, 1.4, 1.5].map((predicted, i) => ({ predicted, observed: i }));
    const line = calibrationLine(
      pairs.map(({ predicted }) => predicted),
      pairs.map(({ observed }) => observed),
    );
    const svg = calibrationFigure("deep", pairs, line, BLUE);
    for (const [x, y] of corners(svg, BLUE.colour).flat()) {
      expect(x).toBeGreaterThanOrEqual(46);
      expect(y).toBeGreaterThanOrEqual(14 - 0.01);
      expect(y).toBeLessThanOrEqual(244 - 42 + 0.01);
    }
  });
});

describe("Dice and training", () => {
  test("each case is one dot, and the label tells medians and counts", () => {
    const svg = diceFigure(
      "nnunet",
      [
        { label: "test, pre", values: [0.2, 0.8, 0.9] },
        { label: "test, post", values: [] },
      ],
      BLUE.colour,
    );
    expect(parse(svg).querySelectorAll("circle").length).toBe(3);
    expect(svg).toContain("test, pre 0.80 (n 3)");
  });

  test("long curves are thinned to 200 means that keep the whole, and each fold has a line", () => {
    const points = Array.from({ length: 5000 }, (_none, step) => ({
      step,
      value: 1 + Math.exp(-step / 1000) * 9,
    }));
    const svg = trainingFigure("nnunet", "loss", [
      { fold: 0, points },
      { fold: 3, points },
    ]);
    expect(corners(svg, "#0072b2")[0].length).toBe(200);
    expect(svg).toContain("logarithmic");
    expect(svg).toContain("Fold 3");
  });

  test("a loss that goes below zero is drawn on a linear axis", () => {
    const points = [1, 0.1, -0.5].map((value, step) => ({ step, value }));
    const svg = trainingFigure("nnunet", "loss", [{ fold: 0, points }]);
    expect(svg).not.toContain("logarithmic");
    expect(svg).not.toContain("NaN");
  });

  test("a single point is drawn without a division by zero", () => {
    expect(trainingFigure("nnunet", "dice", [{ fold: 0, points: [{ step: 0, value: 0.5 }] }])).not.toMatch(
      /NaN|Infinity/,
    );
  });
});

test("labels cannot break out of a figure", () => {
  const name = `x"/><script>alert(1)</script>`;
  const svg = forestFigure({
    axis: name,
    label: name,
    rows: [{ label: name, value: 1, ci: null, style: BLUE }],
    nothing: 0,
  });
  expect(parse(svg).querySelector("script")).toBeNull();
  expect(svg).not.toContain("<script");
});
