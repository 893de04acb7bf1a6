import { describe, expect, it } from "vitest";
import { encodeRows, fitEncoding, type ModelRow } from "./encoding.ts";

const training: ModelRow[] = [
  { grade: 3, subtype: "HER2+", nodes: null },
  { grade: null, subtype: "TN", nodes: 1 },
  { grade: 1, subtype: null, nodes: 0 },
];
const encode = (rows: ModelRow[], columns = ["grade", "subtype"]) =>
  encodeRows(fitEncoding(training, columns).value, rows);

describe("encoding", () => {
  it("keeps numbers, and gives each category of the training a column in sorted order", () => {
    const { value } = encode(training);
    expect(value.columns).toEqual(["grade", "subtype=HER2+", "subtype=TN"]);
    expect([...value.values]).toEqual([3, 1, 0, Number.NaN, 0, 1, 1, 0, 0]);
  });

  it("takes an unseen category as none of the known ones and says so", () => {
    const { value, issues } = encode([{ grade: 2, subtype: "luminal" }]);
    expect([...value.values]).toEqual([2, 0, 0]);
    expect(issues).toMatchObject([{ code: "category-unseen", subject: "subtype" }]);
    expect(issues[0].message).toContain('"luminal"');
  });

  it("takes text in a numeric column as missing and says so", () => {
    const { value, issues } = encode([{ grade: "high", subtype: "TN" }]);
    expect([...value.values]).toEqual([Number.NaN, 0, 1]);
    expect(issues).toMatchObject([{ code: "value-not-numeric", subject: "grade" }]);
  });

  it("counts missing values in one issue", () => {
    const { issues } = encode([{ grade: null }, { grade: Number.NaN, subtype: "TN" }]);
    expect(issues).toMatchObject([{ code: "values-missing" }]);
    expect(issues[0].message).toContain("3 missing values in 2 columns");
  });

  it("takes a column of numbers and text as categories, with an issue", () => {
    const { value, issues } = fitEncoding([{ grade: 3 }, { grade: "unknown" }], ["grade"]);
    expect(value.columns).toEqual([{ kind: "categories", column: "grade", categories: ["3", "unknown"] }]);
    expect(issues).toMatchObject([{ code: "column-mixed" }]);
  });

  it("leaves out a column without training values, with an issue", () => {
    const { value, issues } = fitEncoding(
      [
        { grade: 1, nodes: null },
        { grade: 2, nodes: null },
      ],
      ["grade", "nodes"],
    );
    expect(value.columns.map(({ column }) => column)).toEqual(["grade"]);
    expect(issues).toMatchObject([{ code: "column-empty", subject: "nodes" }]);
  });

  it.each([
    ["a column that no row has", "column-unknown", ["grde"]],
    ["a column that every object inherits", "column-unknown", ["constructor"]],
    ["no columns", "model-columns", []],
    ["a column named twice", "model-columns", ["grade", "grade"]],
  ])("refuses %s", (_, code, columns) => {
    expect(() => fitEncoding(training, columns)).toThrow(expect.objectContaining({ code }));
  });

  it("refuses a model none of whose columns has a value", () => {
    expect(() => fitEncoding([{ grade: null }], ["grade"])).toThrow(
      expect.objectContaining({ code: "model-columns-empty" }),
    );
  });
});
