import { describe, expect, it } from "vitest";
import { createGrid } from "../../domain/grid.ts";
import {
  decidePostprocessing,
  decisionIssues,
  postprocess,
  removalIssues,
  scoreCase,
} from "./postprocessing.ts";

const grid = createGrid({
  shape: [1, 1, 12],
  spacingMm: [1, 1, 1],
  direction: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  origin: [0, 0, 0],
});
const mask = (text: string) => ({ grid, data: Uint8Array.from(text, Number) });
const decide = (pairs: readonly (readonly [string, string])[], classes = 2) =>
  decidePostprocessing(
    pairs.map(([predicted, reference]) => scoreCase(mask(predicted), mask(reference).data, classes)),
  );

describe("keeping the largest component", () => {
  it("takes the other components away, of the whole foreground or of one class, and counts them", () => {
    const labels = mask("112201000110");
    expect([...postprocess(labels, ["foreground"]).mask.data].join("")).toBe("112200000000");
    expect(postprocess(labels, ["foreground"]).removed).toEqual([
      { step: "foreground", components: 2, ml: 0.003 },
    ]);
    expect([...postprocess(labels, [1]).mask.data].join("")).toBe("112200000000");
    expect(postprocess(labels, [2])).toEqual({ mask: labels, removed: [] });
    expect(postprocess(mask("000000000000"), ["foreground", 1]).removed).toEqual([]);
  });

  it("is decided where stray components cost Dice", () => {
    const { steps, evidence } = decide([
      ["111100000010", "111100000000"],
      ["001111000000", "001111000000"],
    ]);
    expect(steps).toEqual(["foreground"]);
    expect(evidence).toEqual([
      { step: "foreground", before: [0.944444], after: [1], cases: 2, worse: 0, applied: true },
    ]);
  });

  it("is not decided where tumours are multifocal, though it helps in some cases", () => {
    const { steps, evidence } = decide([
      ["111100000010", "111100000000"],
      ["111100001110", "111100001110"],
    ]);
    expect(steps).toEqual([]);
    expect(evidence[0]).toMatchObject({ worse: 1, applied: false });
  });

  it("is not decided where nothing changes, without cases, or where both masks are empty", () => {
    expect(decide([["111100000000", "111100000000"]]).steps).toEqual([]);
    expect(decide([]).steps).toEqual([]);
    expect(decide([["000000000000", "000000000000"]]).steps).toEqual([]);
  });

  it("is decided for one class alone where the whole foreground would lose another", () => {
    const { steps } = decide([["111010002200", "111000002200"]], 3);
    expect(steps).toEqual([1]);
  });

  it("is told with its evidence, and each removal with its size", () => {
    const decided = decide([["111100000010", "111100000000"]]);
    const [issue] = decisionIssues(decided, ["background", "tumour"], "nnunet");
    expect(issue).toMatchObject({ code: "postprocessing-applied", severity: "warning", subject: "nnunet" });
    expect(issue.message).toMatch(/tumour.*0\.8889 without it, 1\.0000 with it, in 1 cases.*multifocal/);
    const [removal] = removalIssues(
      postprocess(mask("111100000010"), decided.steps),
      ["background", "tumour"],
      "P1",
    );
    expect(removal).toMatchObject({ code: "postprocessing-removed", severity: "info", subject: "P1" });
    expect(removal.message).toMatch(/1 smaller of 0\.00 ml/);
  });
});
