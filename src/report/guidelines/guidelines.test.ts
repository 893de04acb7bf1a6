import { describe, expect, it } from "vitest";
import type { ReportInput } from "../report-input.ts";
import { fillGuidelines, GUIDELINES } from "./all.ts";
import { countStatuses } from "./filled-guideline.ts";
import type { NetworkFacts, StudyFacts } from "./study-facts.ts";

const input: ReportInput = {
  head: { study: "s", runId: "r", date: "2026-11-24", seed: 1, versions: { residua: "0.1.0" } },
};

const NETWORKS: NetworkFacts = {
  kinds: ["nnunet", "attention-unet"],
  steps: 200,
  preset: "compact",
  registration: "deformable",
  visits: "none",
  biasField: false,
  breast: "whole",
  channels: ["early"],
  spacingMm: null,
  windowStep: 0.5,
  mirrored: false,
  regions: ["tumour"],
  statistics: ["mean"],
  rimMm: 5,
  minIcc: null,
};

const TABLE_STUDY: StudyFacts = {
  input,
  train: 105,
  test: 0,
  split: null,
  outcome: "RCB score from the column rcb.",
  centre: null,
  folds: 5,
  models: [{ name: "diameter", kind: "clinical", from: "ld" }],
  forest: "forests",
  reduction: [],
  networks: null,
  primary: null,
  margin: 0.05,
  resamples: 2000,
  missingOutcomes: null,
  threshold: "Youden's index",
  testReadings: 0,
  probabilities: false,
};

const itemsOf = (facts: StudyFacts, id: string) =>
  new Map(
    fillGuidelines(facts)
      .find((guideline) => guideline.id === id)
      ?.items.map((item) => [item.item, item]),
  );

describe("The guidelines", () => {
  it("have the items of the publications, each once and in order", () => {
    const numbers = Object.fromEntries(
      GUIDELINES.map(({ id, items }) => [id, items.map(({ item }) => item)]),
    );
    const upTo = (last: number) => Array.from({ length: last }, (_, i) => String(i + 1));
    expect(numbers["claim-2024"]).toEqual(upTo(44));
    expect(numbers.clear).toEqual(upTo(58));
    expect(numbers.metrics).toEqual(upTo(30));
    expect([...new Set(numbers["tripod-ai"].map((item) => item.replace(/[a-g]$/, "")))]).toEqual(upTo(27));
    expect(numbers["tripod-ai"]).toHaveLength(52);
    expect(new Set(numbers["tripod-ai"]).size).toBe(52);
    expect(numbers["probast-ai"].filter((item) => item.startsWith("D"))).toHaveLength(16);
    expect(numbers["probast-ai"].filter((item) => item.startsWith("E"))).toHaveLength(18);
    expect(new Set(numbers["probast-ai"]).size).toBe(34);
  });

  it("weigh METRICS so that all items make 1, external testing next to most after the reference standard", () => {
    const weights =
      GUIDELINES.find(({ id }) => id === "metrics")?.items.map(({ weight }) => weight ?? 0) ?? [];
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
    expect(weights.indexOf(Math.max(...weights))).toBe(2);
    expect(weights[26]).toBe(0.0749);
  });
});

describe("Filling an item", () => {
  it("marks what only the authors know as a question, and never leaves it empty", () => {
    const ethics = itemsOf(TABLE_STUDY, "tripod-ai").get("17");
    expect(ethics?.status).toBe("question");
    expect(ethics?.evidence).toMatch(/^To be answered by the authors: committee/);
    const questions = fillGuidelines(TABLE_STUDY).flatMap(({ items }) => items);
    for (const { evidence } of questions) expect(evidence.trim().length).toBeGreaterThan(10);
  });

  it("keeps an item a question where the run knows only a part of it", () => {
    const outcome = itemsOf(TABLE_STUDY, "tripod-ai").get("8a");
    expect(outcome?.status).toBe("question");
    expect(outcome?.evidence).toContain("RCB score from the column rcb.");
    expect(outcome?.evidence).toContain("To be answered by the authors:");
  });

  it("says why an item does not apply, and applies it where it does", () => {
    const external = (facts: StudyFacts) => itemsOf(facts, "claim-2024").get("33");
    expect(external(TABLE_STUDY)).toMatchObject({
      status: "not applicable",
      evidence: "There is no external test set.",
    });
    expect(external({ ...TABLE_STUDY, test: 41, testReadings: 2 })).toMatchObject({ status: "filled" });
    expect(external({ ...TABLE_STUDY, test: 41, testReadings: 2 })?.evidence).toContain("2 times");
    expect(itemsOf(TABLE_STUDY, "clear").get("19")?.status).toBe("not applicable");
    expect(itemsOf({ ...TABLE_STUDY, networks: NETWORKS }, "clear").get("19")?.status).toBe("filled");
  });

  it("is a question where no fact is at hand, even of an item that a run can answer", () => {
    // The results hold no cohort table and no comparison.
    expect(itemsOf(TABLE_STUDY, "clear").get("44")?.status).toBe("question");
    expect(itemsOf(TABLE_STUDY, "clear").get("47")?.status).toBe("question");
  });

  it("counts what a study with images can answer beyond one on a table", () => {
    const filled = (facts: StudyFacts) =>
      fillGuidelines(facts).map((guideline) => countStatuses(guideline).filled);
    const [tables, images] = [filled(TABLE_STUDY), filled({ ...TABLE_STUDY, networks: NETWORKS })];
    expect(images[2]).toBeGreaterThan(tables[2]);
    expect(images[3]).toBeGreaterThan(tables[3]);
  });
});
