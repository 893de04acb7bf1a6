import { describe, expect, it } from "vitest";
import { randomKey } from "../domain/random.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import { withAdamW, withSgd } from "./optimiser.ts";
import { initialState } from "./state.ts";

/** A loss of `weight` and `other`, and a running average that the graph updates itself. */
function model(): Graph {
  const b = new GraphBuilder("model");
  const weight = b.state("weight", [500], { kind: "normal", standardDeviation: 2 });
  const other = b.state("other", [500], { kind: "uniform", bound: 3 });
  const average = b.state("average", [500], { kind: "constant", value: 0.5 });
  b.update(average, b.multiply(average, 0.9));
  const sum = b.add(b.add(weight, other), average);
  b.output("loss", b.scalar(b.sum(b.multiply(sum, sum))));
  return b.finish();
}

const sgd = { momentum: 0.9, nesterov: true, weightDecay: 0 };
const adam = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };

describe("a training step", () => {
  it("trains all states that the graph does not update itself", () => {
    expect(Object.keys(withSgd(model(), sgd).updates).sort()).toEqual([
      "average",
      "other",
      "other.momentum",
      "weight",
      "weight.momentum",
    ]);
  });

  it("trains only the parameters that are named", () => {
    const { updates } = withAdamW(model(), { ...adam, parameters: ["other"] });
    expect(Object.keys(updates).sort()).toEqual([
      "adam.correction1",
      "adam.correction2",
      "average",
      "other",
      "other.mean",
      "other.square",
    ]);
  });

  it("has the learning rate for an input and the gradient's norm for an output", () => {
    const { nodes, outputs } = withSgd(model(), { ...sgd, clipNorm: 12 });
    expect(nodes).toContainEqual({ kind: "input", name: "learningRate", shape: [], dtype: "f32" });
    expect(Object.keys(outputs)).toEqual(["loss", "gradientNorm"]);
  });

  it("refuses a parameter that is no state", () => {
    expect(() => withSgd(model(), { ...sgd, parameters: ["bias"] })).toThrow(
      expect.objectContaining({ code: "optimiser-parameters" }),
    );
  });
});

describe("the initial state", () => {
  const state = initialState(model(), randomKey(1));
  const moment = (name: string, power: number) =>
    (state.get(name) as Float32Array).reduce((sum, value) => sum + value ** power, 0) / 500;

  it("has the distributions that the graph asks for", () => {
    // Bounds are four standard errors of 500 draws.
    expect(Math.abs(moment("weight", 1))).toBeLessThan(4 * (2 / Math.sqrt(500)));
    expect(Math.abs(moment("weight", 2) - 4)).toBeLessThan(4 * 4 * Math.sqrt(2 / 500));
    expect(Math.abs(moment("other", 2) - 3)).toBeLessThan(4 * 3 * Math.sqrt(0.8 / 500));
    expect(Math.max(...(state.get("other") as Float32Array).map(Math.abs))).toBeLessThanOrEqual(3);
    expect(new Set(state.get("average"))).toEqual(new Set([0.5]));
  });

  it("depends on the key and the name of each state, not on the others", () => {
    const b = new GraphBuilder("alone");
    b.state("weight", [500], { kind: "normal", standardDeviation: 2 });
    expect(initialState(b.finish(), randomKey(1)).get("weight")).toEqual(state.get("weight"));
    expect(initialState(model(), randomKey(2)).get("weight")).not.toEqual(state.get("weight"));
  });
});
