/** A report input of the size and shape of a real study, made from random numbers with a fixed seed. */
import type { Patient } from "../../../src/domain/cohort.ts";
import { outcomeOfScore } from "../../../src/domain/outcome.ts";
import { deriveKey, RandomStream, randomKey } from "../../../src/domain/random.ts";
import { summariseCohort } from "../../../src/report/cohort-summary.ts";
import type {
  PredictionRow,
  Raster,
  ReportInput,
  SegmentationCase,
  SetName,
} from "../../../src/report/report-input.ts";
import { compareModels } from "../../../src/statistics/comparison.ts";

const KEY = randomKey(20251);
const TRAIN = 105;
const TEST = 41;
/** Standard deviation of each model's error, in units of RCB. */
const MODELS = { volume: 1.5, "volume+subtype": 1.3, "deep(nnunet)": 1.4, combined: 1.1 } as const;

/** @param pictureSide width and height of the twelve pictures; 0 for none */
export function exampleInput(pictureSide = 0): ReportInput {
  const random = new RandomStream(deriveKey(KEY, "patients"));
  const patients = Array.from({ length: TRAIN + TEST }, (_none, i) =>
    examplePatient(i, i < TRAIN ? "train" : "test", random),
  );
  const predictions = patients.map((patient) => predictionOf(patient, random));
  return {
    head: {
      study: "Example study <LIMA-like>",
      runId: "2025-11-24T14-03-11-5f2c",
      date: "2025-11-24T14:58:00Z",
      seed: 20251,
      versions: { residua: "0.1.0", node: "24.21.0", engine: "onnx 1.30.0" },
      simulated: true,
    },
    cohort: summariseCohort(patients),
    segmentation: [
      {
        network: "nnunet",
        nsdToleranceMm: 1,
        cases: patients.flatMap((patient) =>
          ["pre", "post"].map((visit) => segmentationOf(patient.id, patient.set, visit, random)),
        ),
        pictures:
          pictureSide === 0
            ? []
            : Array.from({ length: 12 }, (_none, i) => ({
                caption: `Test case ${i + 1}, pre-treatment, middle slice: reference in green, predicted in orange.`,
                raster: exampleRaster(pictureSide, i, random),
              })),
      },
    ],
    training: Array.from({ length: 3 }, (_none, fold) => ({
      network: "nnunet",
      fold,
      points: Array.from({ length: 40 }, (_, i) => ({
        step: i * 50,
        loss: 1.6 * Math.exp(-i / 12) + 0.12 + 0.03 * random.normal(),
        dice: i % 4 === 3 ? 0.85 * (1 - Math.exp(-i / 9)) + 0.01 * random.normal() : null,
      })),
    })),
    plans: [
      {
        network: "nnunet",
        plan: {
          spacingMm: [1.5, 0.8, 0.8],
          patchSize: [48, 96, 96],
          batchSize: 2,
          strides: [
            [1, 1, 1],
            [2, 2, 2],
            [2, 2, 2],
          ],
          features: [32, 64, 128],
        },
      },
    ],
    predictions,
    comparisons: (["test", "train"] as const).map((set) => ({
      set,
      predictions: set === "test" ? "fixed" : "out-of-fold",
      comparison: compare(predictions.filter((row) => row.set === set)),
    })),
    choices: {
      configuration: {
        name: "Example study <LIMA-like>",
        outcome: { rcb: "rcb_score" },
        networks: ["nnunet"],
        training: { steps: 2000, folds: 5, learningRate: 0.01 },
        models: [
          "volume",
          "volume+subtype",
          { deep: "nnunet" },
          { name: "combined", of: ["volume", "deep(nnunet)"] },
        ],
        comparison: { reference: "volume", primary: "rcb-auc", margin: 0.05 },
      },
      defaulted: ["training", "comparison.margin"],
    },
    issues: [
      {
        code: "series-times-irregular",
        severity: "warning",
        message: "Phases are 60 to 95 s apart.",
        subject: "P007",
      },
      {
        code: "visit-missing",
        severity: "error",
        message: "There is no post visit; the patient was left out.",
      },
      {
        code: "visit-missing",
        severity: "error",
        message: "There is no post visit; the patient was left out.",
      },
    ],
  };
}

function examplePatient(index: number, set: SetName, random: RandomStream): Patient {
  const subtype = random.choice(["HR+/HER2−", "HER2+", "TN"]);
  const zero = random.bernoulli(subtype === "HR+/HER2−" ? 0.15 : 0.45);
  const score = zero ? 0 : Math.min(4.9, Math.max(0.55, random.normal(2.4, 0.9)));
  const examination = (visit: string) => ({
    patientId: `P${index}`,
    visit,
    phaseFiles: [],
    timesSeconds: [],
  });
  return {
    id: `P${index}`,
    set,
    clinical: {
      "age <years>": random.bernoulli(0.05) ? null : Math.round(random.normal(49, 10)),
      subtype,
      grade: random.integer(3) + 1,
    },
    outcome: outcomeOfScore(score),
    examinations: ["pre", "post"].map(examination),
  };
}

function predictionOf({ set, outcome }: Patient, random: RandomStream): PredictionRow {
  const truth = outcome.rcbScore ?? 0;
  const predicted = Object.entries(MODELS).map(([model, error]) => {
    const value = 1.7 + 0.4 * (truth - 1.7 + error * random.normal());
    return [model, model === "deep(nnunet)" && random.bernoulli(0.03) ? null : Math.max(0, value)] as const;
  });
  return { set, outcome, predicted: Object.fromEntries(predicted) };
}

function compare(rows: readonly PredictionRow[]) {
  return compareModels({
    outcome: { kind: "rcb", values: rows.map(({ outcome }) => outcome) },
    models: Object.keys(MODELS).map((name) => ({
      name,
      scores: rows.map(({ predicted }) => predicted[name]),
    })),
    reference: "volume",
    primary: "rcb-auc",
    margin: 0.05,
    key: deriveKey(KEY, "comparison"),
    resamples: 200,
  });
}

function segmentationOf(id: string, set: SetName, visit: string, random: RandomStream): SegmentationCase {
  const empty = visit === "post" && random.bernoulli(0.15);
  const dice = Math.min(0.97, Math.max(0, random.normal(visit === "pre" ? 0.82 : 0.66, 0.12)));
  return {
    id,
    set,
    visit,
    dice: empty ? null : dice,
    hd95Mm: empty ? null : 2 + 20 * (1 - dice) * random.uniform(),
    nsd: empty ? null : Math.min(1, dice + 0.05),
    volumeErrorMl: random.normal(0.2, 1.5),
    referenceMl: empty ? 0 : random.uniform(0.5, 30),
  };
}

/** A bright disc in noise with two outlines. */
function exampleRaster(side: number, index: number, random: RandomStream): Raster {
  const data = new Uint8ClampedArray(4 * side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const at = 4 * (row * side + column);
      const radius = Math.hypot(row / side - 0.5, column / side - 0.45 - 0.005 * index);
      const grey = 60 + 8 * random.normal() + (radius < 0.15 ? 120 : 0) + (radius < 0.42 ? 30 : -50);
      data.set([grey, grey, grey, 255], at);
      if (Math.abs(radius - 0.15) < 0.006) data.set([0, 200, 120, 255], at);
      if (Math.abs(radius - 0.165) < 0.006) data.set([255, 150, 0, 255], at);
    }
  }
  return { width: side, height: side, data };
}
