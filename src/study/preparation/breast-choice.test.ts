import { describe, expect, it } from "vitest";
import { createDceSeries } from "../../domain/dce.ts";
import { createGrid, type Triple, toWorld, voxelCount } from "../../domain/grid.ts";
import { DEFAULT_FTV_THRESHOLDS } from "../../imaging/enhancement.ts";
import { studySchema } from "../schema.ts";
import { cutToBreast, sideOfTable } from "./breast-choice.ts";
import { seriesPreparer } from "./series-preparer.ts";

const grid = createGrid({
  shape: [6, 40, 80],
  spacingMm: [8, 4, 4],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [-158, -100, 0],
});
/** Both breasts before a chest; tissue enhances in the left one. */
const phases = [100, 220, 190].map((enhanced) => ({
  grid,
  data: Float32Array.from({ length: voxelCount(grid) }, (_, i) => {
    const index: Triple = [Math.floor(i / 3200), Math.floor(i / 80) % 40, i % 80];
    const [x, y] = toWorld(grid, index);
    const body = (Math.abs(x) < 150 && y > 0) || Math.hypot(Math.abs(x) - 80, y) < 60;
    if (!body) return 0;
    return Math.hypot(x - 80, y + 25) < 14 ? enhanced : 100;
  }),
}));
const series = createDceSeries(phases, [0, 120, 400]);
const imaged = (side: "left" | "right") =>
  createDceSeries(phases, [0, 120, 400], { side, attribute: "ImageLaterality" });
const choice = (of: typeof series, table?: string) => {
  const { value, issues } = cutToBreast(of, sideOfTable(table, "P1").value, DEFAULT_FTV_THRESHOLDS, "P1/pre");
  return { ...value.evidence, columns: value.series.phases[0].grid.shape[2], issues };
};

describe("the side of the tumour", () => {
  it("is what the images say, before the table, before enhancement", () => {
    expect(choice(series)).toMatchObject({
      side: "left",
      reason: expect.stringContaining("enhances"),
    });
    expect(choice(series, "R")).toMatchObject({
      side: "right",
      reason: "the clinical table names the right breast",
    });
    const told = choice(imaged("right"));
    expect(told).toMatchObject({
      side: "right",
      reason: "ImageLaterality of the images names the right breast",
    });
    expect(told.columns).toBeLessThan(50);
    expect(told.issues.map(({ code }) => code)).toEqual(["breast-side"]);
  });

  it("gives an issue where images and table contradict each other, and none where they agree", () => {
    const { side, issues } = choice(imaged("left"), "right");
    expect(side).toBe("left");
    expect(issues).toMatchObject([
      { code: "breast-side-contradiction", severity: "warning", subject: "P1/pre" },
      { code: "breast-side", severity: "info" },
    ]);
    expect(choice(imaged("left"), "left").issues.map(({ code }) => code)).toEqual(["breast-side"]);
  });
});

describe("a clinical table", () => {
  it.each([
    ["L", "left"],
    [" Left ", "left"],
    ["r", "right"],
    ["RIGHT", "right"],
  ])("names a side by %j", (written, side) => {
    expect(sideOfTable(written, "P1")).toMatchObject({ value: { side }, issues: [] });
  });

  it("gives an issue where it names another side, without saying which, and none where it is silent", () => {
    const { value, issues } = sideOfTable("light", "P1");
    expect(value).toBeUndefined();
    expect(issues).toMatchObject([{ code: "breast-side-unread", severity: "warning", subject: "P1" }]);
    expect(issues[0].message).not.toContain("light");
    expect(sideOfTable(null, "P1")).toEqual({ value: undefined, issues: [] });
  });
});

describe("the visits of a patient", () => {
  const config = (images: object) =>
    studySchema.parse({
      name: "x",
      outcome: { pcr: "pcr" },
      models: ["ftv"],
      images: { registration: "none", ...images },
    }).images;

  it("are cut to the side that decided at the first, though the table names the other", async () => {
    const prepare = seriesPreparer(config({ breast: "tumour-side" }), sideOfTable("left", "P1").value);
    const first = await prepare(imaged("right"), "P1/pre");
    expect(first.issues.map(({ code }) => code)).toContain("breast-side-contradiction");
    const later = await prepare(series, "P1/post");
    expect(later.value.breast?.evidence).toEqual({
      side: "right",
      reason: "at an earlier visit ImageLaterality of the images names the right breast",
    });
  });

  it("are measured on that side where they stay whole, and a contradiction is told there too", async () => {
    const prepare = seriesPreparer(config({}), sideOfTable("left", "P1").value);
    const first = await prepare(imaged("right"), "P1/pre");
    expect(first.issues.map(({ code }) => code)).toContain("breast-side-contradiction");
    const later = await prepare(series, "P1/post");
    // Tissue enhances on the left.
    expect(later.value.measures.ftvMl).toBe(0);
    const told = await seriesPreparer(config({}), undefined)(series, "P2/pre");
    expect(told.value.measures.ftvMl).toBeGreaterThan(5);
  });
});
