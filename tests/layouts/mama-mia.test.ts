/** The simulated cohort as MAMA-MIA has it, and back. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { writeNifti } from "../../src/io/nifti/write.ts";
import { readTable } from "../../src/io/tables/read.ts";
import { residua } from "../e2e/command-line.ts";
import { examinations, expectSame, root, timesSeconds } from "./same-cohort.ts";

const names = ["DUKE_001", "ISPY2_100899"] as const;
const expected = { names, visits: ["pre"], masks: true };
const workbook = path.join(import.meta.dirname, "../golden/io/tables/mama-mia.xlsx");
const dir = path.join(root, "MAMA-MIA");

beforeAll(async () => {
  for (const { patient, visit, series, mask } of examinations) {
    if (visit !== "pre") continue;
    const id = names[patient].toLowerCase();
    for (const [i, phase] of series.phases.entries()) {
      await writeNifti(path.join(dir, "images", names[patient], `${id}_000${i}.nii.gz`), phase);
    }
    const kind = patient === 0 ? "expert" : "automatic";
    await writeNifti(path.join(dir, "segmentations", kind, `${id}.nii.gz`), mask);
    mkdirSync(path.join(dir, "patient_info_files"), { recursive: true });
    // Python's NaN stands for what is missing.
    writeFileSync(
      path.join(dir, "patient_info_files", `${id}.json`),
      `{"patient_id": "${names[patient]}", "clinical_data": {"age": NaN, "note": "NaN, \\"-Infinity\\""},
        "primary_lesion": {"pcr": NaN, "tumor_subtype": "luminal", "breast_coordinates":
          {"x_min": 0, "x_max": ${patient === 0 ? 17 : 1}, "y_min": 0, "y_max": 26, "z_min": 0, "z_max": 30}},
        "imaging_data": {"bilateral": true, "acquisition_times": ${patient === 0 ? "NaN" : `[${timesSeconds.join(", ")}]`}}}`,
    );
  }
  copyFileSync(workbook, path.join(dir, "clinical_and_imaging_info.xlsx"));
}, 120_000);

describe("residua ingest of MAMA-MIA", () => {
  it("gives the same cohort, whose names differ in case and whose masks may be automatic", async () => {
    const folder = path.join(root, "from-MAMA-MIA");
    const { layout, issues } = await expectSame(dir, folder, expected);
    expect(layout).toBe("mama-mia");
    expect(issues.map(({ code, subject }) => [code, subject])).toEqual([
      ["segmentation-automatic", "ISPY2_100899/pre"],
      ["segmentation-outside-breast", "ISPY2_100899/pre"],
    ]);
    const { columns, rows } = await readTable(path.join(folder, "clinical.csv"));
    expect(columns).toHaveLength(49);
    expect(rows).toMatchObject([
      {
        patient_id: "DUKE_001",
        pcr: 1,
        age: 41,
        nac_agent: null,
        acquisition_times: "[0, 90, 165, 240, 315, 390]",
      },
      {
        patient_id: "ISPY2_100899",
        pcr: null,
        site: "Site AAI",
        scanner_model: "Skyra",
        acquisition_times: null,
      },
    ]);
  });

  it("takes times from the user where the collection has none, and says so where nobody does", async () => {
    writeFileSync(path.join(dir, "patient_info_files", "ispy2_100899.json"), "{}");
    const without = await residua("ingest", dir, path.join(root, "untimed"), "--json");
    expect(without.code).toBe(0);
    expect(without.err).toContain("series-times-unknown");
    await expectSame(dir, path.join(root, "timed"), expected, "--times", timesSeconds.join(","));
  });

  it("refuses a workbook without its sheet, naming those that it has", async () => {
    const other = path.join(import.meta.dirname, "../golden/io/tables/hospital.xlsx");
    copyFileSync(other, path.join(dir, "clinical_and_imaging_info.xlsx"));
    const { code, err } = await residua("ingest", dir, path.join(root, "wrong-sheet"));
    expect([code, err]).toEqual([3, expect.stringContaining('"Legend", "Patients"')]);
  });
});
