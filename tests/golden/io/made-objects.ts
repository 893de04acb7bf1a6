/** DICOM objects with known content; scripts/golden/io_dicom_objects.py has other tools read the same bytes. */
import { join } from "node:path";
import { createGrid } from "../../../src/domain/grid.ts";
import { writeMeasurementReport } from "../../../src/io/dicom/writing/measurement-report.ts";
import { writeDicomSegmentation } from "../../../src/io/dicom/writing/segmentation.ts";
import type { SourceImage } from "../../../src/io/dicom/writing/source.ts";

/** An oblique grid: the slice axis is tilted by 30° towards the feet. */
const COSINE = Math.cos(Math.PI / 6);
export const OBLIQUE_GRID = createGrid({
  shape: [4, 5, 7],
  spacingMm: [2.5, 0.75, 0.625],
  direction: [
    [COSINE, 0.5, 0],
    [0, 0, -1],
    [-0.5, COSINE, 0],
  ],
  origin: [-61.25, 12.5, 103.0625],
});

export const SOURCE: SourceImage = {
  patientAndStudy: {
    SpecificCharacterSet: "ISO_IR 100",
    PatientName: Buffer.from("Müller^Made", "latin1"),
    PatientID: "MADE-1",
    PatientBirthDate: "19600101",
    PatientSex: "F",
    StudyDate: "20200103",
    StudyTime: "101500",
    AccessionNumber: "",
    ReferringPhysicianName: "",
    StudyID: "7",
  },
  studyInstanceUid: "2.25.1001",
  seriesInstanceUid: "2.25.1002",
  seriesNumber: 5,
  frameOfReferenceUid: "2.25.1003",
  positionReferenceIndicator: "",
  sopClassUid: "1.2.840.10008.5.1.4.1.1.4",
  instances: [0, 1, 2, 3].map((slice) => ({ sopInstanceUid: `2.25.20${slice}` })),
};

/** Two classes; the first in slices 1 and 2, the second in slice 2 only, none in 0 and 3. */
export function madeMask(): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(4 * 35);
  for (const [slice, row, column, value] of [
    [1, 0, 0, 1],
    [1, 2, 3, 1],
    [2, 4, 6, 1],
    [2, 1, 1, 3],
    [2, 1, 2, 3],
  ]) {
    data[slice * 35 + row * 7 + column] = value;
  }
  return data;
}

export async function writeMadeObjects(folder: string): Promise<{ seg: string; empty: string; sr: string }> {
  const origin = {
    source: SOURCE,
    algorithm: { name: "Residua nnunet, 5 folds", version: "0.1.0" },
    createdAt: new Date(2026, 10, 24, 12, 30, 15, 250),
  };
  const grid = OBLIQUE_GRID;
  const segments = [
    { value: 1, label: "tumour" },
    { value: 3, label: "Gewebe über der Brust" },
  ];
  const [seg, empty, sr] = ["made.seg.dcm", "empty.seg.dcm", "made.sr.dcm"].map((name) => join(folder, name));
  const segmentation = await writeDicomSegmentation(seg, {
    ...origin,
    grid,
    segments,
    mask: { grid, data: madeMask() },
  });
  await writeDicomSegmentation(empty, {
    ...origin,
    grid,
    segments: segments.slice(0, 1),
    mask: { grid, data: new Uint8Array(4 * 35) },
  });
  await writeMeasurementReport(sr, {
    ...origin,
    segmentation,
    measurements: [{ volumeMl: 0.0035, ftvMl: 0.0012, longestDiameterMm: 4.5731 }, { volumeMl: 0.0023 }],
    parameters: { ftvMl: ["early percent enhancement >= 70 %", "signal enhancement ratio >= 0.9"] },
    predictions: [
      { model: "volume", values: { rcbScore: 1.73205 } },
      { model: "deep(nnunet)", values: { rcbScore: 2.5 } },
    ],
  });
  return { seg, empty, sr };
}
