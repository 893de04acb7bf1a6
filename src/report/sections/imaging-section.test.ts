import { parseHTML } from "linkedom";
import { expect, it } from "vitest";
import type { ImagingRow, ImagingSummary } from "../report-input.ts";
import { imagingSection } from "./imaging-section.ts";

const row: ImagingRow = {
  visit: "pre",
  earlySeconds: 150,
  largestSpacingMm: 2,
  signalToNoise: 20,
  motionMm: 0.5,
  correlation: 0.98,
  fatSuppression: "suppressed",
  strongestEnhancementPercent: 180,
  ftvMl: 12,
  diameterMm: 30,
  backgroundPercent: 25,
  cut: false,
  visitMotionMm: null,
  visitCorrelationBefore: null,
  visitCorrelationAfter: null,
};

function shown(summary: ImagingSummary) {
  const { document } = parseHTML(imagingSection(summary).body.toString());
  const cells = (label: string) =>
    [...document.querySelectorAll("tbody tr")]
      .find((line) => line.querySelector("th")?.textContent?.startsWith(label))
      ?.querySelectorAll("td");
  const text = (label: string) => [...(cells(label) ?? [])].map((cell) => cell.textContent);
  return { document, text };
}

it("states medians and quartiles per visit, and what no examination of a visit has", () => {
  const rows = [
    row,
    { ...row, ftvMl: 8, fatSuppression: "uncertain" },
    { ...row, ftvMl: 16 },
    { ...row, visit: "post", motionMm: null, diameterMm: null },
  ];
  const { document, text } = shown({ rows, registration: "deformable", visits: "none", thresholds: "70 %" });
  expect(text("functional tumour volume")).toEqual(["12.0 [10.0, 14.0]", "12.0 [12.0, 12.0]"]);
  expect(text("motion between")[1]).toBe("–");
  expect(text("fat suppressed")).toEqual(["2 (67 %)", "1 (100 %)"]);
  expect(document.documentElement.textContent).toContain("deformable registration to the early phase");
  expect(text("correlation with")).toEqual([]);
});

it("tells how near visits came where they were carried to the first one, and what that does", () => {
  const moved = { visitMotionMm: 21, visitCorrelationBefore: 0.3, visitCorrelationAfter: 0.8 };
  const rows = [row, { ...row, visit: "post", ...moved }];
  const { document, text } = shown({ rows, registration: "none", visits: "deformable", thresholds: "70 %" });
  expect(text("lies otherwise")).toEqual(["–", "21.0 [21.0, 21.0]"]);
  expect(text("correlation with it after")[1]).toBe("0.800 [0.800, 0.800]");
  expect(document.documentElement.textContent).toContain(
    "volumes after chemotherapy that they find are of deformed",
  );
});
