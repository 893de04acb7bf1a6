import { describe, expect, it } from "vitest";
import type { FeatureTable } from "../domain/feature-table.ts";
import { joinVisits, stackRows, tableOfRows, tableRows } from "./table.ts";

const columns = ["tumour.mean.c000", "rim.mean.c000"];
const table = (rows: Record<string, [number, number]>): FeatureTable =>
  stackRows(Object.entries(rows).map(([id, values]) => ({ id, columns, values: Float64Array.from(values) })));
const pre = table({ b: [1, 2], a: [3, 4] });
const post = table({ a: [2, Number.NaN], c: [7, 8] });

describe("joining visits", () => {
  it("puts the visits of a patient side by side with the change, and marks what is missing", () => {
    const { value, issues } = joinVisits({ visits: { pre, post }, change: { from: "pre", to: "post" } });
    expect(value.ids).toEqual(["a", "b", "c"]);
    expect(value.columns).toEqual(
      ["pre", "post", "change"].flatMap((block) => columns.map((column) => `${block}.${column}`)),
    );
    const nan = Number.NaN;
    expect([...value.values]).toEqual([
      ...[3, 4, 2, nan, -1, nan],
      ...[1, 2, nan, nan, nan, nan],
      ...[nan, nan, 7, 8, nan, nan],
    ]);
    expect(issues.map(({ code, subject }) => [code, subject])).toEqual([
      ["features-visit-missing", "b"],
      ["features-visit-missing", "c"],
    ]);
  });

  it("gives the patients that are asked for, in that order, and no change where none is wanted", () => {
    const { value } = joinVisits({ visits: { pre }, ids: ["b", "a"] });
    expect(value.ids).toEqual(["b", "a"]);
    expect([...value.values]).toEqual([1, 2, 3, 4]);
  });

  it("refuses a change from a visit that there is not, and visits of different columns", () => {
    expect(() => joinVisits({ visits: { pre }, change: { from: "pre", to: "post" } })).toThrow(
      expect.objectContaining({ code: "table-visit" }),
    );
    const other = { ...post, columns: ["x", "y"] };
    expect(() => joinVisits({ visits: { pre, post: other } })).toThrow(
      expect.objectContaining({ code: "table-columns" }),
    );
  });
});

describe("rows of a table", () => {
  it("become a table again, missing values included", () => {
    expect(tableRows(post)[0]).toEqual({ "tumour.mean.c000": 2, "rim.mean.c000": null });
    expect(tableOfRows(post.ids, tableRows(post))).toEqual(post);
  });

  it("are refused where they repeat an identifier, differ in columns or hold text", () => {
    const row = { id: "a", columns, values: new Float64Array(2) };
    expect(() => stackRows([row, row])).toThrow(expect.objectContaining({ code: "table-id-repeated" }));
    expect(() => stackRows([row, { ...row, id: "b", columns: columns.toReversed() }])).toThrow(
      expect.objectContaining({ code: "table-columns" }),
    );
    expect(() => stackRows([])).toThrow(expect.objectContaining({ code: "table-empty" }));
    expect(() => tableOfRows(["a"], [{ x: "high" }])).toThrow(
      expect.objectContaining({ code: "table-not-numeric" }),
    );
    expect(() => tableOfRows(["a", "b"], [{ x: 1 }])).toThrow(
      expect.objectContaining({ code: "table-columns" }),
    );
  });
});
