import { describe, expect, it } from "vitest";
import type { ResiduaError } from "../domain/errors.ts";
import { parseStudy, readStudyFile } from "./study-file.ts";

const MINIMAL = "name: S\noutcome: { rcb: score }\nnetworks: []\nmodels: [{ name: size, columns: [d] }]\n";

function refusal(text: string): { code: string; message: string } {
  try {
    parseStudy(text, "study.yaml");
  } catch (error) {
    return { code: (error as ResiduaError).code, message: (error as Error).message };
  }
  return { code: "none", message: "" };
}

describe("a study file", () => {
  it("is filled with defaults, whose paths are listed, given values not among them", () => {
    const { config, defaulted } = parseStudy(`${MINIMAL}training: { steps: 7 }\n`, "study.yaml");
    expect(config.training).toMatchObject({ steps: 7, folds: 5, preset: "compact" });
    expect(config.cohort).toEqual({ path: ".", table: "clinical.csv", id: "patient_id" });
    expect(defaulted).toEqual(expect.arrayContaining(["training.folds", "cohort.table", "seed"]));
    for (const given of ["training.steps", "name", "outcome.rcb", "models.0.name"]) {
      expect(defaulted).not.toContain(given);
    }
  });

  it("is refused for an unknown key, with the nearest known one, at any depth", () => {
    expect(refusal(`${MINIMAL}trainning: {}\n`)).toMatchObject({ code: "study-invalid" });
    expect(refusal(`${MINIMAL}trainning: {}\n`).message).toContain('did you mean "training"');
    const deep = refusal(`${MINIMAL}training: { stepps: 3 }\n`).message;
    expect(deep).toContain("training: unknown key");
    expect(deep).toContain('did you mean "steps"');
  });

  it.each([
    ["training: { steps: 0 }", "training.steps"],
    ["training: { folds: 1 }", "training.folds"],
    ["inference: { step: 2 }", "inference.step"],
    ["comparison: { primary: auc }", "comparison.primary"],
    ["seed: -1", "seed"],
    ["forest: { trees: many }", "forest.trees"],
  ])("is refused for a wrong value, naming its place: %s", (line, place) => {
    const { code, message } = refusal(`${MINIMAL}${line}\n`);
    expect(code).toBe("study-invalid");
    expect(message).toContain(`${place}: `);
  });

  it("names every problem at once", () => {
    const { message } = refusal(`${MINIMAL}training: { steps: 0, folds: 1 }\nsede: 3\n`);
    for (const part of ["training.steps", "training.folds", '"sede"']) expect(message).toContain(part);
  });

  it("says which form of model is meant where one is misspelt", () => {
    const unknown = refusal(MINIMAL.replace("[{ name: size, columns: [d] }]", "[volum]")).message;
    expect(unknown).toContain("models.0");
    expect(unknown).toContain("volume");
    const misspelt = refusal(MINIMAL.replace("columns", "colums")).message;
    expect(misspelt).toContain("models.0");
    expect(misspelt).toContain("columns");
  });

  it.each([
    ["outcome: {}", "one of rcb, rcbClass, pcr or components"],
    ["outcome: { rcb: a, rcbClass: b }", "exclude each other"],
  ])("needs one outcome: %s", (line, words) => {
    expect(refusal(MINIMAL.replace("outcome: { rcb: score }", line)).message).toContain(words);
  });

  it.each([
    ["models: [volume]", "without a network"],
    ["models: [ftv, volume+subtype]", '"volume+subtype" without a network'],
    ["models: [{ deep: nnunet }]", "deep(nnunet)"],
    ["models: [{ name: a, columns: [d] }, { name: a, columns: [e] }]", 'two models are named "a"'],
    ["models: [{ name: a, columns: [d] }, { name: b, of: [a, c] }]", 'made of "c"'],
    [
      "models: [{ name: both, of: [a, b] }, { name: a, columns: [d] }, { name: b, columns: [e] }]",
      "before it",
    ],
    ["models: [{ name: size, columns: [d] }]\ncomparison: { reference: sise }", 'Did you mean "size"'],
    [
      "models: [{ name: a, columns: [d], estimator: column }, { name: b, columns: [e, f] }, { name: c, of: [a, b] }]",
      "a bare column",
    ],
    ["models: [{ name: pcr, columns: [d] }]", "predictions.csv"],
    ["models: [{ name: a, columns: [d, e], estimator: column }]", "2 columns"],
  ])("is refused where a model refers to what there is not: %s", (lines, words) => {
    const { code, message } = refusal(MINIMAL.replace(/models: .*\n/, `${lines}\n`));
    expect(code).toBe("study-invalid");
    expect(message).toContain(words);
  });

  it("of volume and subtype needs to know where the subtype is", () => {
    const study = "name: S\noutcome: { pcr: p }\nmodels: [volume+subtype]\n";
    expect(refusal(study).message).toContain("without a subtype");
  });

  it.each([
    ["name: [S\n", "study-syntax"],
    ["name: S\nname: T\n", "study-syntax"],
    ["\tname: S\n", "study-syntax"],
    ["", "study-invalid"],
    ["- a\n", "study-invalid"],
  ])("is refused where it is no YAML mapping: %j", (text, code) => {
    expect(refusal(text).code).toBe(code);
  });

  it("says at which line the YAML breaks", () => {
    expect(refusal("name: S\noutcome: { rcb: a\n").message).toMatch(/line \d/);
  });

  it("that does not exist is a matter of the input data", async () => {
    await expect(readStudyFile("nowhere/study.yaml")).rejects.toMatchObject({
      name: "DataError",
      code: "file-missing",
    });
  });
});
