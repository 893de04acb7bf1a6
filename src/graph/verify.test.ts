import { describe, expect, it } from "vitest";
import { GraphBuilder } from "./builder.ts";
import type { Graph } from "./graph.ts";
import { verify } from "./verify.ts";

const ZERO = { kind: "constant", value: 0 } as const;

describe("verification", () => {
  const valid = (): Graph => {
    const b = new GraphBuilder("valid");
    b.output("y", b.exp(b.input("x", [2])));
    return b.finish();
  };
  const tampered = (id: number, change: object): Graph => {
    const graph = valid();
    return {
      ...graph,
      nodes: graph.nodes.map((node, i) => (i === id ? { ...node, ...change } : node)) as never,
    };
  };

  it("passes what a builder makes", () => {
    const graph = valid();
    expect(verify(graph)).toBe(graph);
  });

  it.each([
    ["an operand that comes later", tampered(1, { operands: [1] })],
    ["a shape that the rule does not give", tampered(1, { shape: [3] })],
    ["an output that does not exist", { ...valid(), outputs: { y: 7 } }],
    ["an update of an unknown state", { ...valid(), updates: { w: 1 } }],
    ["a state of labels", tampered(0, { initial: ZERO, dtype: "i32" })],
  ])("refuses %s", (_, graph) => {
    expect(() => verify(graph)).toThrow(expect.objectContaining({ name: "GraphError" }));
  });
});
