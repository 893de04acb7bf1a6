import { describe, expect, it } from "vitest";
import { outcomeOfClass, outcomeOfScore, type PathologyOutcome, UNKNOWN_OUTCOME } from "../domain/outcome.ts";
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import { predictModel } from "../models/comparators.ts";
import { fitOutcomeModels, type ModelPatient } from "./outcome-models.ts";
import { parseStudy } from "./study-file.ts";

const { config } = parseStudy(
  `name: S
outcome: { rcb: score }
subtype: { column: subtype }
networks: [nnunet]
forest: { trees: 25, minLeaf: 2 }
models:
  - volume
  - volume+subtype
  - deep: nnunet
  - { name: bare, columns: [age] }
  - { name: aged, columns: [age], estimator: forest }
  - { name: both, of: [volume+subtype, deep(nnunet)] }
`,
  "study.yaml",
);
const DEEP = ["nnunet.pre.a", "nnunet.post.a"];
const IMAGE_COLUMNS = { volume: ["pre.volume_ml", "post.volume_ml"], deep: { nnunet: DEEP } };
const KEY = randomKey(5);
const TRAIN = 24;
const TEST = 6;

/** Outcome, volume, subtype and features of each patient go together, so that a model has something to learn. */
function simulate(): ModelPatient[] {
  return Array.from({ length: TRAIN + TEST }, (_, i): ModelPatient => {
    const stream = new RandomStream(deriveKey(KEY, "patient", i));
    const burden = Math.max(0, stream.normal(1.5, 1.5));
    const train = i < TRAIN;
    const row = () => ({
      age: 40 + i,
      subtype: stream.choice(["TN", "HR"]),
      "pre.volume_ml": 5 + stream.uniform(),
      "post.volume_ml": burden + stream.uniform(),
      [DEEP[0]]: stream.normal(),
      [DEEP[1]]: burden + stream.normal(0, 0.3),
    });
    const first = row();
    return {
      id: `P${i}`,
      set: train ? "train" : "test",
      outcome: outcomeOfScore(burden),
      folds: train ? [i % 3] : [],
      versions: train ? [first] : [first, { ...first, [DEEP[1]]: burden + 2 }],
    };
  });
}

const patients = simulate();
const fitStudy = (members: readonly ModelPatient[]) => fitOutcomeModels(config, members, IMAGE_COLUMNS, KEY);
const { predictions, fitted, issues } = await fitStudy(patients);
const replaced = (i: number, change: Partial<ModelPatient>) =>
  patients.map((patient, at) => (at === i ? { ...patient, ...change } : patient));
const opposite = ({ rcbScore }: PathologyOutcome) => outcomeOfScore(rcbScore! > 1.5 ? 0 : 5);

describe("the outcome models of a study", () => {
  it("learn: out of fold, predictions go with the outcome", async () => {
    const truth = patients.slice(0, TRAIN).map(({ outcome }) => outcome.rcbScore!);
    const pairs = truth.flatMap((a, i) => truth.map((b, j) => [i, j, a - b] as const));
    for (const name of ["volume", "deep(nnunet)", "both"]) {
      const right = pairs.filter(
        ([i, j, d]) => d > 0.5 && predictions[name][i]! > predictions[name][j]!,
      ).length;
      expect(right / pairs.filter(([, , d]) => d > 0.5).length).toBeGreaterThan(0.75);
    }
  });

  it("do not let a training patient's own outcome into its own prediction, yet into those of other folds", async () => {
    for (const i of [0, 7, 17]) {
      const { predictions: changed } = await fitStudy(
        replaced(i, { outcome: opposite(patients[i].outcome) }),
      );
      for (const [name, values] of Object.entries(changed)) {
        expect([name, values[i]]).toEqual([name, predictions[name][i]]);
        // Patients of the same fold share the model, which has not seen the changed outcome either.
        const fellow = (i + 3) % TRAIN;
        expect([name, values[fellow]]).toEqual([name, predictions[name][fellow]]);
      }
      expect(changed.volume).not.toEqual(predictions.volume);
    }
  });

  it("do not look at the outcomes of the test set, known or not", async () => {
    const blinded = patients.map((patient) =>
      patient.set === "test" ? { ...patient, outcome: UNKNOWN_OUTCOME } : patient,
    );
    const turned = patients.map((patient) =>
      patient.set === "test" ? { ...patient, outcome: opposite(patient.outcome) } : patient,
    );
    expect((await fitStudy(blinded)).predictions).toEqual(predictions);
    expect((await fitStudy(turned)).predictions).toEqual(predictions);
    expect((await fitStudy(patients.slice(0, TRAIN))).fitted).toEqual(fitted);
    const many = Array.from({ length: 2 * TRAIN }, () => ({
      ...patients[TRAIN],
      outcome: outcomeOfClass("I"),
    }));
    expect((await fitStudy([...patients, ...many])).target).toBe("rcb-score");
  });

  it("average what the networks' versions of a test patient's features give", async () => {
    const i = TRAIN + 2;
    const each = patients[i].versions.map(
      (row) => predictModel(fitted["deep(nnunet)"], [row]).predictions[0],
    );
    expect(each[0]).not.toBe(each[1]);
    expect(predictions["deep(nnunet)"][i]).toBeCloseTo((each[0] + each[1]) / 2, 12);
  });

  it("take a bare numeric column as the score itself, unless a forest is asked for", async () => {
    expect(predictions.bare).toEqual(patients.map(({ versions }) => versions[0].age));
    expect(fitted.bare.kind).toBe("column");
    expect(fitted.aged.kind).toBe("forest");
  });

  it("combine by the mean of their members, out of fold too", async () => {
    predictions.both.forEach((value, i) => {
      expect(value).toBeCloseTo(
        (predictions["volume+subtype"][i]! + predictions["deep(nnunet)"][i]!) / 2,
        12,
      );
    });
  });

  it("have no prediction for a patient who lacks what they look at, in either set, and say so", async () => {
    for (const i of [4, TRAIN + 1]) {
      const lacking = patients[i].versions.map((row) => ({
        age: row.age,
        subtype: row.subtype,
        "pre.volume_ml": row["pre.volume_ml"],
        "post.volume_ml": null,
      }));
      const found = await fitStudy(replaced(i, { versions: lacking }));
      const values = (name: string) => found.predictions[name][i];
      expect(["volume", "volume+subtype", "deep(nnunet)", "both"].map(values)).toEqual([
        null,
        null,
        null,
        null,
      ]);
      expect(["bare", "aged"].map(values).every(Number.isFinite)).toBe(true);
      const others = found.predictions.volume.filter((_, at) => at !== i);
      expect(others.every((value) => Number.isFinite(value))).toBe(true);
      expect(
        found.issues.filter(({ code }) => code === "prediction-missing").map(({ subject }) => subject),
      ).toEqual(["volume", "volume+subtype", "deep(nnunet)", "both"]);
    }
    expect(issues).toEqual([]);
  });

  it("go on without a model for which the data do not suffice, and without what is made of it", async () => {
    const known = new Set([0, 1]);
    const found = await fitStudy(
      patients.map((patient, i) => ({
        ...patient,
        versions: patient.versions.map((row) => ({
          ...row,
          ...(patient.set === "train" && !known.has(i) ? { [DEEP[0]]: null, [DEEP[1]]: null } : {}),
        })),
      })),
    );
    expect(found.predictions.volume).toEqual(predictions.volume);
    for (const name of ["deep(nnunet)", "both"]) {
      expect(found.predictions[name].every((value) => value === null)).toBe(true);
      expect(found.fitted).not.toHaveProperty([name]);
    }
    const errors = found.issues.filter(({ severity }) => severity === "error");
    expect(errors.map(({ code, subject }) => [code, subject])).toEqual([
      ["forest-rows", "deep(nnunet)"],
      ["model-member-unfitted", "both"],
    ]);
  });

  it("predict a training patient without an outcome by the models of the other folds", async () => {
    const found = await fitStudy(replaced(3, { outcome: UNKNOWN_OUTCOME }));
    expect(found.predictions.volume[3]).toBe(predictions.volume[3]);
    expect(found.issues.some(({ code }) => code === "outcome-missing")).toBe(true);
  });
});
