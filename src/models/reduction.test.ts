import { describe, expect, it } from "vitest";
import recorded from "../../tests/golden/models/components.json" with { type: "json" };
import { RandomStream, randomKey } from "../domain/random.ts";
import { symmetricEigen } from "./eigen.ts";
import { applyReduction, fitReduction } from "./reduction.ts";

interface GoldenComponents {
  readonly x: number[][];
  readonly scores: number[][];
  readonly explained: number[];
}
const golden = recorded as { cases: GoldenComponents[] };
const matrix = (x: readonly (readonly number[])[]) => ({
  columns: x[0].map((_, c) => `x${c}`),
  values: Float64Array.from(x.flat()),
});

describe("principal components", () => {
  it("equal scikit-learn's on standardised columns", () => {
    const [{ x, scores, explained }] = golden.cases;
    const reduction = fitReduction(matrix(x), { kind: "principal-components", components: 4 });
    const { columns, values } = applyReduction(reduction, matrix(x));
    expect(columns).toEqual(["pc00", "pc01", "pc02", "pc03"]);
    scores.flat().forEach((value, i) => {
      expect(values[i]).toBeCloseTo(value, 9);
    });
    if (reduction.kind !== "principal-components") throw new Error(reduction.kind);
    explained.forEach((value, k) => {
      expect(reduction.explained[k]).toBeCloseTo(value, 10);
    });
  });

  it("are no more than the rank of the rows", () => {
    const reduction = fitReduction(
      matrix([
        [1, 2, 0],
        [2, 4, 5],
        [3, 6, 1],
      ]),
      {
        kind: "principal-components",
        components: 3,
      },
    );
    expect(reduction.kind === "principal-components" && reduction.weights.length).toBe(2);
  });

  it("of columns that do not vary are one column of zeros", () => {
    const x = matrix([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    const reduction = fitReduction(x, { kind: "principal-components", components: 2 });
    expect([...applyReduction(reduction, x).values]).toEqual([0, 0, 0]);
  });
});

describe("the correlation filter", () => {
  const draw = new RandomStream(randomKey(4));
  const x = Array.from({ length: 30 }, () => {
    const a = draw.normal();
    const b = draw.normal();
    return [7, a, -2 * a + 0.01 * b, b, a + b];
  });

  it("drops constant columns and near copies of earlier ones, of either sign", () => {
    const reduction = fitReduction(matrix(x), { kind: "correlation", maximum: 0.9 });
    const reduced = applyReduction(reduction, matrix(x));
    expect(reduced.columns).toEqual(["x1", "x3", "x4"]);
    expect([...reduced.values]).toEqual(x.flatMap((row) => [row[1], row[3], row[4]]));
  });

  it("leaves missing values missing, for the forest to replace", () => {
    const reduction = fitReduction(matrix(x), { kind: "correlation", maximum: 0.9 });
    const row = matrix([[7, Number.NaN, 1, 2, 3]]);
    expect([...applyReduction(reduction, row).values]).toEqual([Number.NaN, 2, 3]);
  });

  it.each([-0.1, 1.1, Number.NaN])("refuses the limit %d", (maximum) => {
    expect(() => fitReduction(matrix(x), { kind: "correlation", maximum })).toThrow(
      expect.objectContaining({ code: "reduction-option" }),
    );
  });
});

describe("the eigenvectors of a symmetric matrix", () => {
  it("are orthonormal, in descending order, and give the matrix back", () => {
    const n = 25;
    const draw = new RandomStream(randomKey(8));
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = draw.normal();
    const { values, vectors } = symmetricEigen(a, n);
    for (let k = 1; k < n; k++) expect(values[k]).toBeLessThanOrEqual(values[k - 1]);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let product = 0;
        let rebuilt = 0;
        for (let k = 0; k < n; k++) {
          product += vectors[i * n + k] * vectors[j * n + k];
          rebuilt += values[k] * vectors[k * n + i] * vectors[k * n + j];
        }
        expect(product).toBeCloseTo(i === j ? 1 : 0, 12);
        expect(rebuilt).toBeCloseTo(a[i * n + j], 11);
      }
    }
  });
});

describe("steps", () => {
  it("reduce one after the other, each learned from what the one before left", () => {
    const draw = new RandomStream(randomKey(7));
    const rows = Array.from({ length: 30 }, () => {
      const [a, b] = [draw.normal(), draw.normal()];
      return [a, 0.01 * b, a + 0.001 * draw.normal(), 3 * b, 5];
    });
    const x = { columns: ["a", "faint", "copy", "b", "constant"], values: Float64Array.from(rows.flat()) };
    const steps = [
      { kind: "variance", minimum: 0.01 },
      { kind: "correlation", maximum: 0.95 },
    ] as const;
    const reduction = fitReduction(x, { kind: "steps", steps });
    expect(applyReduction(reduction, x).columns).toEqual(["a", "b"]);
    const components = fitReduction(x, {
      kind: "steps",
      steps: [...steps, { kind: "principal-components", components: 9 }],
    });
    expect(applyReduction(components, x).columns).toEqual(["pc00", "pc01"]);
  });

  it("leave a model its columns where none varies enough", () => {
    const x = { columns: ["a", "b"], values: Float64Array.of(1, 2, 1, 2, 1, 2) };
    const reduction = fitReduction(x, { kind: "variance", minimum: 0 });
    expect(applyReduction(reduction, x)).toEqual(x);
    expect(() => fitReduction(x, { kind: "variance", minimum: -1 })).toThrow(
      expect.objectContaining({ code: "reduction-option" }),
    );
  });
});
