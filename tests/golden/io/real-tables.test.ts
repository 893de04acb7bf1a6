import { describe, expect, it } from "vitest";
import { readSegmentationDataset } from "../../../src/io/layouts/nnunet-raw.ts";
import { joinTables } from "../../../src/io/tables/join.ts";
import { readTable } from "../../../src/io/tables/read.ts";
import { hasSharedData, sharedData } from "./shared-data.ts";

const WORKBOOK = "ispy1-clinical/I-SPY_1_All_Patient_Clinical_and_Outcome_Data.xlsx";

describe.skipIf(!hasSharedData("ispy1-clinical"))("the tables of I-SPY 1", () => {
  it.each(["predictors", "outcomes"])(
    "have the same %s in the workbook and in its CSV conversion",
    async (name) => {
      const workbook = await readTable(sharedData(WORKBOOK), { sheet: name });
      const csv = await readTable(sharedData(`ispy1-clinical/${name}.csv`));
      expect(workbook.columns).toEqual(csv.columns);
      expect(workbook.rows).toHaveLength(221);
      workbook.rows.forEach((row, i) => {
        for (const column of csv.columns) {
          // The conversion left this date as Excel's day number, 2009-09-03.
          const wanted = column === "DataExtractDt" ? "2009-09-03" : csv.rows[i][column];
          if (typeof wanted === "number") expect(row[column]).toBeCloseTo(wanted, 9);
          else expect(row[column]).toBe(wanted);
        }
      });
    },
  );

  it("join to 221 patients with RCB classes 0-3 of 56, 18, 86, 41 and 20 blank", async () => {
    const tables = await Promise.all(
      ["predictors", "outcomes"].map((name) => readTable(sharedData(`ispy1-clinical/${name}.csv`))),
    );
    const { rows, issues } = joinTables(tables, "SUBJECTID");
    const counts = [0, 1, 2, 3, null].map((rcb) => rows.filter(({ RCBClass }) => RCBClass === rcb).length);
    expect(counts).toEqual([56, 18, 86, 41, 20]);
    expect(issues).toEqual([]);
  });

  it("need their sheet named", async () => {
    await expect(readTable(sharedData(WORKBOOK))).rejects.toMatchObject({
      code: "table-sheet",
      message: expect.stringContaining('"predictors", "outcomes"'),
    });
  });
});

describe.skipIf(!hasSharedData("hippocampus-mr"))("the hippocampus data set", () => {
  it("has 140 cases of one channel and two labels", async () => {
    const { cases, labels, channelNames, issues } = await readSegmentationDataset(
      sharedData("hippocampus-mr"),
    );
    expect(cases).toHaveLength(140);
    expect(channelNames).toHaveLength(1);
    expect(Object.keys(labels)).toEqual(["0", "1", "2"]);
    expect(issues).toEqual([]);
  });
});
