import { describe, expect, it } from "vitest";
import { meansTumour, namesTumour } from "./segment-meaning.ts";

describe("what a segment means", () => {
  it.each(["tumour", "Tumor 1", "breastTumor_1", "index-lesion", "MASS", "DCE lesion left"])(
    "is a tumour where it is called %s",
    (label) => expect(namesTumour(label)).toBe(true),
  );

  it.each([
    "Breast",
    "no tumour",
    "peritumoral",
    "tumour bed",
    "lymph node lesion",
    "lesion VOI",
    "benign lesion",
    "massage",
    "",
  ])("is no tumour where it is called %j", (label) => expect(namesTumour(label)).toBe(false));

  it("follows the coded type, and the label where the type is general or absent", () => {
    expect(meansTumour({ type: "SCT 108369006", label: "Segment_1" })).toBe(true);
    expect(meansTumour({ type: "SRT M-01100", label: "" })).toBe(true);
    expect(meansTumour({ type: "SCT 108369006", label: "axillary node" })).toBe(false);
    expect(meansTumour({ type: "SCT 6574001", label: "tumour" })).toBe(false);
    expect(meansTumour({ type: "SCT 85756007", label: "tumour" })).toBe(true);
    expect(meansTumour({ type: undefined, label: "tumour" })).toBe(true);
    expect(meansTumour({ type: "MRSC B-1000", label: "Breast" })).toBe(false);
  });
});
