import { describe, expect, it } from "vitest";
import { outcomeOfScore } from "../domain/outcome.ts";
import { deriveKey, RandomStream, randomKey } from "../domain/random.ts";
import type { ModelRow } from "../models/encoding.ts";
import { fitOutcomeModels, type ModelPatient } from "./outcome-models.ts";
import { columnStability, stableColumns } from "./stability.ts";
import { parseStudy } from "./study-file.ts";

const STABLE = "nnunet.post.tumour.mean.c000";
const SHAKY = "nnunet.post.tumour.maximum.c000";
const COLUMNS = [STABLE, SHAKY];
const KEY = randomKey(8);

const { config } = parseStudy(
  `name: S
outcome: { rcb: score }
networks: [nnunet]
forest: { trees: 20, minLeaf: 2 }
features: { stability: {} }
models:
  - deep: nnunet
  - { deep: nnunet, minIcc: 0.75 }
  - { deep: nnunet, minIcc: 1 }
`,
  "study.yaml",
);
const FILTERED = "deep(nnunet, ICC 0.75)";

/** Networks of three folds with units of their own; one column follows the patient, one is noise at each look. */
function simulate(): ModelPatient[] {
  return Array.from({ length: 30 }, (_, i): ModelPatient => {
    const draw = new RandomStream(deriveKey(KEY, i));
    const burden = Math.max(0, draw.normal(1.5, 1.5));
    const train = i < 24;
    const look = (): ModelRow => ({
      [STABLE]: burden + draw.normal(0, 0.2) + 10 * (i % 3),
      [SHAKY]: draw.normal() + 10 * (i % 3),
    });
    return {
      id: `P${i}`,
      set: train ? "train" : "test",
      outcome: outcomeOfScore(burden),
      fold: train ? i % 3 : null,
      versions: [look()],
      ...(train ? { perturbed: [look(), look(), look()] } : {}),
    };
  });
}

const patients = simulate();
const fitAll = (members: readonly ModelPatient[]) =>
  fitOutcomeModels(config, members, { volume: [], deep: { nnunet: COLUMNS } }, KEY);

describe("columnStability", () => {
  it("tells what follows the patient from what does not, whatever the units of the networks", () => {
    const [stable, shaky] = columnStability(patients, COLUMNS);
    expect(stable).toMatchObject({ column: STABLE, n: 24 });
    expect(stable.icc).toBeGreaterThan(0.9);
    expect(Math.abs(shaky.icc!)).toBeLessThan(0.3);
  });

  it("looks at training patients that were seen perturbed, and at no others", () => {
    const [before] = columnStability(patients, [STABLE]);
    const test = patients.filter(({ set }) => set === "test");
    const wild = test.map((patient) => ({ ...patient, perturbed: [{ [STABLE]: 1e6 }, {}, {}] }));
    expect(columnStability([...patients.filter(({ set }) => set === "train"), ...wild], [STABLE])).toEqual([
      before,
    ]);
    expect(columnStability(test, COLUMNS)).toEqual([]);
  });

  it("has no figure for a column that never varies", () => {
    const constant = patients.map((patient) => ({
      ...patient,
      versions: [{ x: 1 }],
      perturbed: [{ x: 1 }, { x: 1 }, { x: 1 }],
    }));
    expect(columnStability(constant, ["x"])[0].icc).toBeNull();
  });
});

describe("the filter of a deep model", () => {
  it("keeps the stable columns only, and other models as they were", () => {
    const { fitted } = fitAll(patients);
    const columnsOf = (name: string) => {
      const model = fitted[name];
      return model.kind === "forest" ? model.encoding.columns.map(({ column }) => column) : [];
    };
    expect(columnsOf("deep(nnunet)")).toEqual(COLUMNS);
    expect(columnsOf(FILTERED)).toEqual([STABLE]);
  });

  it("is learned inside the resampling: a patient's own looks never touch the patient's own prediction", () => {
    // A value far from all others is unstable where other looks do not repeat it, and where they do makes the column stable.
    const versions = [{ ...patients[0].versions[0], [SHAKY]: 1000 }];
    const seen = (perturbed: readonly ModelRow[]) =>
      fitAll(patients.map((patient, i) => (i === 0 ? { ...patient, versions, perturbed } : patient)))
        .predictions[FILTERED];
    const before = seen(patients[0].perturbed!);
    const after = seen([versions[0], versions[0], versions[0]]);
    const changed = patients.filter(({ set }, i) => set === "train" && after[i] !== before[i]);
    expect(before.every((value) => value !== null)).toBe(true);
    expect(changed.length).toBeGreaterThan(5);
    expect(new Set(changed.map(({ fold }) => fold))).toEqual(new Set([1, 2]));
  });

  it("leaves a model without any stable column unfitted, and says so", () => {
    const { predictions, issues } = fitAll(patients);
    expect(predictions["deep(nnunet, ICC 1)"].every((value) => value === null)).toBe(true);
    expect(issues).toContainEqual(
      expect.objectContaining({ code: "stability-none", subject: "deep(nnunet, ICC 1)" }),
    );
    expect(() => stableColumns([], COLUMNS, 0.5)).toThrow(
      expect.objectContaining({ code: "stability-none" }),
    );
  });

  it("needs a study that perturbs images", () => {
    const study = `name: S\noutcome: { rcb: s }\nmodels: [{ deep: nnunet, minIcc: 0.75 }]\n`;
    expect(() => parseStudy(study, "study.yaml")).toThrow(/features\.stability/);
  });
});
