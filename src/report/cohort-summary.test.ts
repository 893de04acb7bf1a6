import { expect, test } from "vitest";
import type { Patient, StudySet } from "../domain/cohort.ts";
import { outcomeOfScore, UNKNOWN_OUTCOME } from "../domain/outcome.ts";
import { summariseCohort } from "./cohort-summary.ts";

function patient(
  set: StudySet,
  score: number | null,
  clinical: Patient["clinical"],
  visits: string[],
): Patient {
  return {
    id: "x",
    set,
    clinical,
    outcome: score === null ? UNKNOWN_OUTCOME : outcomeOfScore(score),
    examinations: visits.map((visit) => ({ patientId: "x", visit, phaseFiles: [], timesSeconds: [] })),
  };
}

const PATIENTS = [
  patient("test", 0, { age: 40, grade: 2, subtype: "TN" }, ["post", "pre"]),
  patient("train", 2, { age: 50.5, grade: 3, subtype: null }, ["pre"]),
  patient("train", null, { age: null, grade: 2, subtype: "HER2+" }, ["pre", "mid"]),
  patient("train", 4, { age: 60, grade: 3, subtype: "TN" }, []),
];

function find(label: string) {
  const found = summariseCohort(PATIENTS).characteristics.find((item) => item.label === label);
  if (found === undefined) throw new Error(`no row ${label}`);
  return found;
}

test("each set is one column, training first", () => {
  expect(summariseCohort(PATIENTS).sets).toEqual([
    { name: "train", patients: 3 },
    { name: "test", patients: 1 },
  ]);
});

test("visits are counted per patient in the order of treatment", () => {
  expect(find("MRI available")).toMatchObject({
    levels: [
      { level: "pre-treatment", counts: [2, 1] },
      { level: "mid", counts: [1, 0] },
      { level: "post-treatment", counts: [0, 1] },
    ],
  });
});

test("numbers get quartiles, few whole numbers and words are counted, and missing values are told", () => {
  expect(find("age")).toMatchObject({
    kind: "numeric",
    missing: [1, 0],
    distributions: [
      { n: 2, median: 55.25 },
      { n: 1, median: 40 },
    ],
  });
  expect(find("grade")).toMatchObject({
    kind: "categorical",
    levels: [
      { level: "2", counts: [1, 1] },
      { level: "3", counts: [2, 0] },
    ],
  });
  expect(find("subtype")).toMatchObject({ missing: [1, 0] });
});

test("all four classes are listed, also those without a patient", () => {
  expect(find("RCB class")).toMatchObject({
    missing: [1, 0],
    levels: [
      { level: "RCB-0", counts: [0, 1] },
      { level: "RCB-I", counts: [0, 0] },
      { level: "RCB-II", counts: [1, 0] },
      { level: "RCB-III", counts: [1, 0] },
    ],
  });
});

test("only the columns asked for are shown, in that order; a column nobody has is all missing", () => {
  const labels = summariseCohort(PATIENTS, ["subtype", "er"]).characteristics.map(({ label }) => label);
  expect(labels.slice(-2)).toEqual(["subtype", "er"]);
  const er = summariseCohort(PATIENTS, ["er"]).characteristics.at(-1);
  expect(er).toMatchObject({ kind: "categorical", missing: [3, 1], levels: [] });
});
