import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../domain/random.ts";
import { assignFolds, classStrata, crossFit, foldsByCentre, quantileStrata } from "./cross-validation.ts";

const key = randomKey(1);

describe("folds", () => {
  it("hold each patient whole, and differ by at most one patient, in all and in each stratum", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 3 })), {
          minLength: 4,
          maxLength: 60,
        }),
        fc.integer({ min: 2, max: 4 }),
        fc.integer(),
        (patients, folds, seed) => {
          const rows = patients.flatMap(([stratum, visits], p) =>
            Array.from({ length: visits }, () => ({ group: `p${p}`, stratum })),
          );
          const groups = rows.map(({ group }) => group);
          const strata = rows.map(({ stratum }) => stratum);
          const { value } = assignFolds({ groups, strata, folds }, randomKey(seed));
          const foldOf = new Map(groups.map((group, row) => [group, value[row]]));
          groups.forEach((group, row) => {
            expect(value[row]).toBe(foldOf.get(group));
          });
          for (const wanted of [undefined, 0, 1, 2, 3]) {
            const counts = Array(folds).fill(0);
            patients.forEach(([stratum], p) => {
              if (wanted === undefined || stratum === wanted) counts[foldOf.get(`p${p}`)!]++;
            });
            expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("do not depend on the order of the rows", () => {
    const groups = Array.from({ length: 30 }, (_, i) => `p${i}`);
    const strata = groups.map((_, i) => i % 3);
    const order = new RandomStream(key).shuffled([...groups.keys()]);
    const straight = assignFolds({ groups, strata, folds: 5 }, key).value;
    const mixed = assignFolds(
      { groups: order.map((i) => groups[i]), strata: order.map((i) => strata[i]), folds: 5 },
      key,
    ).value;
    expect([...mixed]).toEqual(order.map((i) => straight[i]));
  });

  it("see the centres alike within each stratum too", () => {
    const groups = Array.from({ length: 90 }, (_, i) => `p${i}`);
    const strata = groups.map((_, i) => i % 2);
    const centres = groups.map((_, i) => ["A", "B", null][Math.floor(i / 10) % 3]);
    const { value, issues } = assignFolds({ groups, strata, centres, folds: 4 }, key);
    expect(issues).toEqual([]);
    for (const stratum of [undefined, 0, 1]) {
      for (const centre of stratum === undefined ? [undefined] : [undefined, "A", "B", null]) {
        const counts = [0, 0, 0, 0];
        groups.forEach((_, i) => {
          if (stratum !== undefined && strata[i] !== stratum) return;
          if (centre !== undefined && centres[i] !== centre) return;
          counts[value[i]]++;
        });
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }
    }
  });

  it("leave out one centre each, those without a centre together, and say so", () => {
    const { value, issues } = foldsByCentre(["B", "A", null, "B", "A", null]);
    expect([...value]).toEqual([2, 1, 0, 2, 1, 0]);
    expect(issues).toMatchObject([{ code: "centre-missing" }]);
    expect(() => foldsByCentre(["A", "A"])).toThrow(expect.objectContaining({ code: "centres-few" }));
  });

  it("are other folds for another key", () => {
    const groups = Array.from({ length: 30 }, (_, i) => `p${i}`);
    const request = { groups, strata: groups.map(() => 0), folds: 5 };
    expect(assignFolds(request, randomKey(2)).value).not.toEqual(assignFolds(request, key).value);
  });

  it("say when a stratum is too small to be in each of them", () => {
    const { issues } = assignFolds(
      { groups: ["a", "b", "c", "d", "e", "f"], strata: [0, 0, 0, 0, 1, 1], folds: 3 },
      key,
    );
    expect(issues).toMatchObject([{ code: "folds-stratum-small" }]);
  });

  it.each([
    ["more folds than patients", 4, "folds-count"],
    ["one fold", 1, "folds-count"],
    ["half a fold", 2.5, "folds-count"],
  ])("refuse %s", (_, folds, code) => {
    // Four rows, but three patients.
    const request = { groups: ["a", "a", "b", "c"], strata: [0, 0, 0, 0], folds };
    expect(() => assignFolds(request, key)).toThrow(expect.objectContaining({ code }));
  });
});

describe("strata", () => {
  it("of classes are the distinct values in order, unknown being −1", () => {
    expect([...classStrata([2, 0, Number.NaN, 7, 0])]).toEqual([1, 0, -1, 2, 0]);
  });

  it("of a score keep equal values together and split the rest evenly, unknown being −1", () => {
    const score = [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, Number.NaN];
    expect([...quantileStrata(score, 3)]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, -1]);
  });
});

describe("cross-fitting", () => {
  it("predicts each row once, by a model that was trained on all rows of the other folds", async () => {
    const foldOfRow = Int32Array.from([1, 0, 2, 1, 0, 2, 2]);
    const { predictions, models } = await crossFit(
      foldOfRow,
      (rows) => new Set(rows),
      (model, rows) =>
        Float64Array.from(rows, (row) => {
          expect(model.has(row)).toBe(false);
          for (const other of foldOfRow.keys()) {
            expect(model.has(other)).toBe(foldOfRow[other] !== foldOfRow[row]);
          }
          return 10 + row;
        }),
    );
    expect([...predictions]).toEqual([10, 11, 12, 13, 14, 15, 16]);
    expect(models).toHaveLength(3);
  });
});
