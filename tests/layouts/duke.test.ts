/** The simulated cohort as the archive gives Duke-Breast-Cancer-MRI, and back. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { readDukeTable } from "../../src/io/layouts/duke.ts";
import { readTable } from "../../src/io/tables/read.ts";
import { writeManifest, writeOriginals, writeOther } from "./archive.ts";
import { writeSegmentation } from "./dicom-file.ts";
import { examinations, expectSame, root } from "./same-cohort.ts";

const names = ["Breast_MRI_001", "Breast_MRI_002"] as const;
const expected = { names, visits: ["pre"], masks: false };

const ORDINALS = ["1st", "2nd", "3rd", "4th", "5th"];
/** As Siemens and as GE scanners of the collection call their phases. */
const DESCRIPTIONS = [
  (phase: number) => (phase === 0 ? "ax dyn pre" : `ax dyn ${ORDINALS[phase - 1]} pass`),
  (phase: number) => (phase === 0 ? "ax 3d dyn" : `Ph${phase}ax 3d dyn`),
] as const;
const STUDIES = ["01-01-1990-NA-MRI BREAST BILATERAL WWO-97538", "1.3.6.1.4.1.14519.5.2.1.28"] as const;

describe("residua ingest of Duke", () => {
  it("gives the same cohort from a download, with one series per phase and a table under three header rows", async () => {
    const dir = path.join(root, "Duke");
    const manifest = writeManifest(dir, "manifest-1654812109500");
    const masks = writeManifest(dir, "manifest-1654811613950");
    for (const examination of examinations) {
      const { patient, visit, series, mask } = examination;
      if (visit !== "pre") continue;
      const study = { patientId: names[patient], study: `1.2.8.${patient}`, studyDescription: "MRI BREAST" };
      const place = (of: string) => path.join(of, "Duke-Breast-Cancer-MRI", names[patient], STUDIES[patient]);
      writeOriginals(place(manifest), examination, study, DESCRIPTIONS[patient]);
      writeOther(
        place(manifest),
        series.phases[0].grid,
        series.phases[0].data,
        study,
        "ax t1 tse c",
        "ORIGINAL\\PRIMARY",
      );
      writeOther(
        place(manifest),
        series.phases[0].grid,
        series.phases[2].data,
        study,
        "ax dyn 2nd pass sub",
        "DERIVED\\PRIMARY",
      );
      writeSegmentation(
        path.join(place(masks), "300.000000-Segmentation-70895", "1-1.dcm"),
        mask.grid,
        Uint8Array.from(mask.data),
        [0, 3],
        {
          ...study,
          seriesUid: `1.2.8.${patient}.300`,
          seriesDescription: "Segmentation",
          imageType: "DERIVED\\PRIMARY",
        },
      );
    }
    writeFileSync(
      path.join(dir, "Clinical_and_Other_Features.csv"),
      "Patient Information,Tumor Characteristics,,Surgery\nPatient ID,ER,PR,\n,0=neg 1=pos,0=neg 1=pos,0=no 1=yes\nBreast_MRI_001,1,0,1\nBreast_MRI_002,0,0,1\n",
    );
    writeFileSync(
      path.join(manifest, "Annotation_Boxes.csv"),
      "Patient ID,Start Row,End Row,Start Column,End Column,Start Slice,End Slice\nBreast_MRI_001,2,9,3,9,4,9\n",
    );
    const { layout, why, issues } = await expectSame(dir, path.join(root, "from-Duke"), expected);
    expect([layout, why]).toEqual(["duke", "folders named Breast_MRI_<number>"]);
    expect(issues.filter(({ code }) => code === "annotation-boxes")).toHaveLength(1);
    const { columns, rows } = await readTable(path.join(root, "from-Duke", "clinical.csv"));
    expect(columns).toEqual(["patient_id", "ER", "PR", "Surgery"]);
    expect(rows[1]).toEqual({ patient_id: "Breast_MRI_002", ER: 0, PR: 0, Surgery: 1 });
  });

  it("refuses a table without its three header rows", async () => {
    const file = path.join(root, "Clinical_and_Other_Features.csv");
    writeFileSync(file, "Patient ID,ER\nBreast_MRI_001,1\n");
    await expect(readDukeTable(file)).rejects.toMatchObject({ code: "table-empty" });
  });
});
