import { parseHTML } from "linkedom";
import { expect, it } from "vitest";
import type { ImagingRow } from "../report-input.ts";
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
};

it("states medians and quartiles per visit, and what no examination of a visit has", () => {
  const rows = [
    row,
    { ...row, ftvMl: 8, fatSuppression: "uncertain" },
    { ...row, ftvMl: 16 },
    { ...row, visit: "post", motionMm: null, diameterMm: null },
  ];
  const { body } = imagingSection({ rows, registration: "deformable", thresholds: "70 %" });
  const { document } = parseHTML(body.toString());
  const cells = (label: string) =>
    [...document.querySelectorAll("tbody tr")]
      .find((line) => line.querySelector("th")?.textContent?.startsWith(label))
      ?.querySelectorAll("td");
  const text = (label: string) => [...(cells(label) ?? [])].map((cell) => cell.textContent);
  expect(text("functional tumour volume")).toEqual(["12.0 [10.0, 14.0]", "12.0 [12.0, 12.0]"]);
  expect(text("motion between")[1]).toBe("–");
  expect(text("fat suppressed")).toEqual(["2 (67 %)", "1 (100 %)"]);
  expect(document.documentElement.textContent).toContain("deformable registration to the early phase");
});
