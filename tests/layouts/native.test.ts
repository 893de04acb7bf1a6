/** The simulated cohort in the native layout, and back. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { writeExamination } from "../../src/io/layouts/native.ts";
import { readTable } from "../../src/io/tables/read.ts";
import { examinations, expectSame, root } from "./same-cohort.ts";

it("residua ingest of the native layout gives the same cohort", async () => {
  const dir = path.join(root, "native");
  const names = ["P001", "P002"] as const;
  for (const { patient, visit, series, mask } of examinations) {
    await writeExamination(dir, names[patient], visit, series, { segmentation: mask });
  }
  writeFileSync(path.join(dir, "clinical.csv"), "patient_id,age\nP001,41\nP002,55\n");
  const folder = path.join(root, "from-native");
  const expected = { names, visits: ["pre", "post"], masks: true };
  const { layout, why } = await expectSame(dir, folder, expected);
  expect([layout, why]).toEqual(["native", "images/<patient>/<visit>/examination.json"]);
  expect((await readTable(path.join(folder, "clinical.csv"))).rows).toEqual([
    { patient_id: "P001", age: 41 },
    { patient_id: "P002", age: 55 },
  ]);
});
