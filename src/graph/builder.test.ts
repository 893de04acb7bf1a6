import { describe, expect, it } from "vitest";
import { GraphBuilder } from "./builder.ts";
import type { Graph } from "./graph.ts";

const ZERO = { kind: "constant", value: 0 } as const;

function primitives(graph: Graph): string[] {
  return graph.nodes.flatMap((node) => (node.kind === "operation" ? [node.primitive] : []));
}

describe("a graph builder", () => {
  it("merges equal calls and drops unused ones", () => {
    const b = new GraphBuilder("merge");
    const x = b.input("x", [2, 3]);
    b.log(x);
    const [first, second] = [b.exp(x), b.exp(x)];
    expect(second).toBe(first);
    b.output("y", b.add(first, second));
    expect(primitives(b.finish())).toEqual(["exp", "add"]);
  });

  it("tells calls apart that differ in an attribute, be it the sign of zero or an infinity", () => {
    const b = new GraphBuilder("apart");
    const constants = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) =>
      b.fill([], value),
    );
    expect(new Set(constants.map(({ id }) => id)).size).toBe(4);
  });

  it("makes no node for what changes nothing", () => {
    const b = new GraphBuilder("identities");
    const x = b.input("x", [1, 4]);
    const same = [
      b.add(x, 0),
      b.multiply(1, x),
      b.divide(x, 1),
      b.reshape(x, [1, 4]),
      b.transpose(x, [0, 1]),
      b.slice(x, [0, 0], [1, 4]),
      b.sum(x, [0]),
      b.concat([x], 1),
    ];
    for (const value of same) expect(value).toBe(x);
  });

  it("keeps a node where a neutral constant broadcasts its operand to a larger shape", () => {
    const b = new GraphBuilder("broadcast");
    const x = b.input("x", [1, 4]);
    expect(b.add(x, b.fill([3, 4], 0)).shape).toEqual([3, 4]);
  });

  it("keeps inputs in the order in which they were declared, used or not", () => {
    const b = new GraphBuilder("inputs");
    b.input("unused", [1]);
    b.output("y", b.exp(b.input("x", [1])));
    expect(b.finish().nodes.map((node) => (node.kind === "input" ? node.name : node.primitive))).toEqual([
      "unused",
      "x",
      "exp",
    ]);
  });

  it("goes on from a finished graph, which it copies exactly", () => {
    const b = new GraphBuilder("copy");
    const w = b.state("w", [2], ZERO);
    const next = b.add(w, b.input("x", [2]));
    b.update(w, next);
    b.output("y", next);
    const graph = b.finish();
    expect(GraphBuilder.from(graph).finish()).toEqual(graph);
  });

  it.each([
    ["two inputs of a name", "graph-name", (b: GraphBuilder) => [b.input("x", [1]), b.input("x", [1])]],
    ["an empty axis", "graph-shape", (b: GraphBuilder) => b.input("x", [2, 0])],
    [
      "a value of another graph",
      "graph-foreign-value",
      (b: GraphBuilder) => b.exp(new GraphBuilder("b").fill([], 1)),
    ],
    ["an unknown name", "graph-name", (b: GraphBuilder) => b.inputNamed("nothing")],
    [
      "an update of another shape",
      "graph-invalid",
      (b: GraphBuilder) => {
        b.update(b.state("w", [2], ZERO), b.fill([3], 1));
        b.finish();
      },
    ],
    [
      "an update of a data input",
      "graph-invalid",
      (b: GraphBuilder) => {
        b.update(b.input("x", [2]), b.fill([2], 1));
        b.finish();
      },
    ],
  ])("refuses %s", (_, code, build) => {
    expect(() => build(new GraphBuilder("a"))).toThrow(expect.objectContaining({ code }));
  });
});
