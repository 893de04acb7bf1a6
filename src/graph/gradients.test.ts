import { describe, expect, it } from "vitest";
import { GraphBuilder } from "./builder.ts";
import { appendGradients } from "./gradients.ts";

describe("gradients", () => {
  it("add up over all uses of a value", () => {
    const b = new GraphBuilder("uses");
    const x = b.input("x", [3]);
    const [gradient] = appendGradients(b, b.sum(b.add(b.multiply(x, 3), b.multiply(x, 4))), [x]);
    expect(b.nodeOf(gradient)).toMatchObject({ primitive: "fill", attributes: { shape: [3], value: 7 } });
  });

  it("are zeros where the loss does not depend on a value", () => {
    const b = new GraphBuilder("independent");
    const [x, y] = [b.input("x", [3]), b.input("y", [2])];
    const [, gradient] = appendGradients(b, b.sum(b.exp(x)), [x, y]);
    expect(b.nodeOf(gradient)).toMatchObject({ primitive: "fill", attributes: { shape: [2], value: 0 } });
  });

  it("need a loss of one element", () => {
    const b = new GraphBuilder("vector");
    const x = b.input("x", [3]);
    expect(() => appendGradients(b, b.exp(x), [x])).toThrow(expect.objectContaining({ code: "graph-shape" }));
  });

  it("do not ask for derivatives of what does not lead to the values", () => {
    const b = new GraphBuilder("elsewhere");
    const x = b.input("x", [1, 1, 2]);
    const w = b.input("w", [2, 1, 1]);
    const sums = b.apply("normaliseSums", {}, x, b.moments(x, 1e-5), x);
    const [gradient] = appendGradients(b, b.sum(b.multiply(sums, w)), [w]);
    expect(gradient).toBe(sums);
  });
});
