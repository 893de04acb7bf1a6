/** Simulated cohorts of which the truth is known: that nothing leaks into what the study reports, and that leaks are seen where they are asked for. */
import { describe, expect, it } from "vitest";
import { outcomeOfScore } from "../domain/outcome.ts";
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import { type ControlPatient, makeControls } from "./controls.ts";
import { fitOutcomeModels } from "./outcome-models.ts";
import { parseStudy } from "./study-file.ts";

const study = (more: string) =>
  parseStudy(
    `name: S\noutcome: { rcb: score }\nnetworks: [nnunet]\nmodels: [volume, { deep: nnunet }]\n${more}`,
    "study.yaml",
  ).config;

interface Truth {
  readonly patients: number;
  readonly columns: number;
  /** How much of the volume a deep feature holds beside noise. */
  readonly volume: number;
  /** How much of the outcome it holds if its network has seen the patient. */
  readonly leak: number;
}

/** Volume goes with the outcome; a deep feature is noise, as much volume as is said, and in sample the outcome. */
function simulate(truth: Truth, seed: number) {
  const key = randomKey(seed);
  const columns = Array.from({ length: truth.columns }, (_, c) => `nnunet.post.c${c}`);
  const patients = Array.from({ length: truth.patients }, (_, i): ControlPatient => {
    const draw = new RandomStream(deriveKey(key, i));
    const burden = Math.max(0, draw.normal(1, 1.5));
    const volume = Math.exp(0.6 * burden + 0.7 * draw.normal());
    const features = (leak: number) =>
      Object.fromEntries(
        columns.map((column) => [column, draw.normal() + truth.volume * Math.log(volume) + leak * burden]),
      );
    const shared = { "pre.volume_ml": 20 * Math.exp(draw.normal()), "post.volume_ml": volume };
    return {
      id: `P${i}`,
      set: "train",
      outcome: outcomeOfScore(burden),
      folds: [i % 5],
      versions: [{ ...features(0), ...shared }],
      seen: { ...features(truth.leak), ...shared },
    };
  });
  const imageColumns = { volume: ["pre.volume_ml", "post.volume_ml"], deep: { nnunet: columns } };
  return { patients, imageColumns };
}

async function control(truth: Truth, more: string, seed: number) {
  const config = study(more);
  const { patients, imageColumns } = simulate(truth, seed);
  const key = randomKey(seed);
  const { predictions } = await fitOutcomeModels(config, patients, imageColumns, key);
  const { models, issues } = await makeControls({ config, patients, imageColumns, predictions, key });
  return { found: models["deep(nnunet)"], issues };
}

describe("deep features that are pure noise, 1,000 of them", async () => {
  const { found, issues } = await control(
    { patients: 80, columns: 1000, volume: 0, leak: 0.5 },
    "forest: { trees: 60 }\ncontrols: { inSample: true, permutedLabels: 4 }\n",
    1,
  );

  it("gain nothing out of fold, and no more than with permuted outcomes", () => {
    // Four standard errors of an AUC of one half with 80 patients, of a correlation of 0.
    expect(Math.abs(found.outOfFold.pcr! - 0.5)).toBeLessThan(4 * 0.07);
    expect(Math.abs(found.outOfFold["rcb-auc"]! - 0.5)).toBeLessThan(4 * 0.07);
    expect(Math.abs(found.outOfFold.spearman!)).toBeLessThan(4 * 0.113);
    expect(found.permutedLabels!.repeats).toBe(4);
    expect(Math.abs(found.permutedLabels!.mean.spearman!)).toBeLessThan(4 * 0.113);
    expect(found.permutedLabels!.p.spearman).toBeGreaterThanOrEqual(1 / 5);
  });

  it("show the gap in sample: the network's leak, and the forest's on top", () => {
    const { seenByNetwork, seenByBoth } = found.inSample!;
    expect(seenByNetwork.spearman! - found.outOfFold.spearman!).toBeGreaterThan(0.3);
    expect(seenByBoth.spearman).toBeGreaterThan(0.9);
    expect(seenByBoth["rcb-auc"]).toBeGreaterThan(0.9);
    const gap = issues.find(({ code }) => code === "in-sample-gap")!;
    expect(gap.message).toContain(found.outOfFold.pcr!.toFixed(3));
    expect(gap.message).toContain(seenByBoth.pcr!.toFixed(3));
  });
});

describe("deep features that hold the tumour's volume and nothing else", async () => {
  const { found, issues } = await control(
    { patients: 100, columns: 20, volume: 1, leak: 0 },
    "forest: { trees: 60 }\ncontrols: { volumeMatched: 5 }\n",
    2,
  );

  it("are told by their correlation with volume, which is always shown", () => {
    const post = found.volume.find(({ column }) => column === "post.volume_ml")!;
    expect(post).toMatchObject({ set: "train", n: 100 });
    expect(post.rho).toBeGreaterThan(0.7);
    expect(issues.find(({ code }) => code === "deep-volume-correlation")?.message).toContain(
      `${post.rho!.toFixed(2)} with post.volume_ml (train, n 100)`,
    );
  });

  it("predict as well after an exchange between patients of like volume", () => {
    const { mean } = found.volumeMatched!;
    expect(found.outOfFold.spearman).toBeGreaterThan(0.35);
    expect(mean.spearman!).toBeGreaterThan(found.outOfFold.spearman! - 0.12);
    expect(found.inSample).toBeNull();
    expect(found.permutedLabels).toBeNull();
  });
});

describe("nested cross-validation of noise", () => {
  it("gives an AUC of one half within its error, though options are tuned and columns dropped", async () => {
    const config = parseStudy(
      `name: S
outcome: { pcr: pcr }
networks: []
forest:
  trees: 30
  tuning: { minLeaf: [5, 1, 15], featureShare: [0.3, 1], draws: 3, trees: 15 }
resampling: { repeats: 2 }
models: [{ name: noise, columns: [${Array.from({ length: 12 }, (_, c) => `c${c}`).join(", ")}] }]
`,
      "study.yaml",
    ).config;
    const cohorts = 12;
    const patients = 60;
    const aucs: number[] = [];
    for (let cohort = 0; cohort < cohorts; cohort++) {
      const draw = new RandomStream(deriveKey(randomKey(4), cohort));
      const members = Array.from(
        { length: patients },
        (_, i): ControlPatient => ({
          id: `P${i}`,
          set: "train",
          outcome: { rcbScore: null, rcbClass: null, pcr: i % 3 === 0 },
          // Five balanced folds, another deal in each repeat.
          folds: [Math.floor(i / 3) % 5, Math.floor(i / 12) % 5],
          versions: [Object.fromEntries(Array.from({ length: 12 }, (_v, c) => [`c${c}`, draw.normal()]))],
          seen: null,
        }),
      );
      const { predictions } = await fitOutcomeModels(
        config,
        members,
        { volume: [], deep: {} },
        randomKey(cohort),
      );
      const scores = predictions.noise as number[];
      const pairs = members.flatMap((a, i) =>
        members.flatMap((b, j) =>
          a.outcome.pcr === true && b.outcome.pcr === false ? [scores[j] - scores[i]] : [],
        ),
      );
      aucs.push(
        pairs.filter((d) => d > 0).length / pairs.length +
          pairs.filter((d) => d === 0).length / pairs.length / 2,
      );
    }
    const mean = aucs.reduce((sum, value) => sum + value, 0) / cohorts;
    // The standard error of one AUC is 0.08 (Hanley & McNeil); folds push it below one half by a little, since a held-out
    // patient's own class is scarcer among those that train.
    const error = 0.08 / Math.sqrt(cohorts);
    expect(mean).toBeLessThan(0.5 + 3 * error);
    expect(mean).toBeGreaterThan(0.5 - 4 * error);
  });
});
