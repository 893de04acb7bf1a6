/** What an executable promises, on every engine. */
import { afterAll, describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../../src/domain/random.ts";
import type { Engine, Executable } from "../../src/engine/engine.ts";
import { withSgd } from "../../src/engine/optimiser.ts";
import { initialState } from "../../src/engine/state.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { ENGINES } from "./engines.ts";

/** total ← total + x and swapped ← other, other ← swapped; outputs 2·total before the update. */
function counter(): Graph {
  const b = new GraphBuilder("counter");
  const total = b.state("total", [2], { kind: "constant", value: 0 });
  const left = b.state("left", [1], { kind: "constant", value: 1 });
  const right = b.state("right", [1], { kind: "constant", value: 2 });
  const next = b.add(total, b.input("x", [2]));
  b.update(total, next);
  b.update(left, right);
  b.update(right, left);
  b.output("double", b.multiply(total, 2));
  b.output("next", next);
  b.output("same", next);
  return b.finish();
}

/** A convolutional regression big enough to be divided among threads. */
function trainingStep(): Graph {
  const b = new GraphBuilder("training");
  let x = b.input("image", [2, 2, 12, 20, 16]);
  for (const [i, stride] of ([1, 2, 1] as const).entries()) {
    const weight = b.state(`weight${i}`, [16, x.shape[1], 3, 3, 3], {
      kind: "normal",
      standardDeviation: 0.1,
    });
    const scale = b.state(`scale${i}`, [16], { kind: "constant", value: 1 });
    const shift = b.state(`shift${i}`, [16], { kind: "constant", value: 0 });
    const y = b.conv(x, weight, [stride, stride, stride], [1, 1, 1]);
    x = b.leakyRelu(b.instanceNorm(y, scale, shift), 0.01);
  }
  const up = b.upConv(x, b.state("up", [16, 16, 2, 2, 2], { kind: "normal", standardDeviation: 0.1 }));
  const difference = b.subtract(up, 0.5);
  b.output("loss", b.scalar(b.mean(b.multiply(difference, difference))));
  return withSgd(b.finish(), { momentum: 0.99, nesterov: true, weightDecay: 3e-5, clipNorm: 12 });
}

async function train(engine: Engine, steps: number): Promise<Map<string, Float32Array>> {
  const graph = trainingStep();
  const executable = await engine.compile(graph);
  await executable.setState(initialState(graph, randomKey(3)));
  const stream = new RandomStream(randomKey(4));
  for (let step = 0; step < steps; step++) {
    const image = Float32Array.from({ length: 2 * 2 * 12 * 20 * 16 }, () => stream.normal());
    await executable.run({ image, learningRate: Float32Array.of(0.01) });
  }
  const state = await executable.getState();
  await executable.dispose();
  return state;
}

describe.each(ENGINES)("an executable of the $name engine", (engine) => {
  const open: Executable[] = [];
  const counting = async () => {
    const executable = await engine.compile(counter());
    open.push(executable);
    await executable.setState(
      new Map([
        ["total", Float32Array.of(1, 2)],
        ["left", Float32Array.of(10)],
        ["right", Float32Array.of(20)],
      ]),
    );
    return executable;
  };
  afterAll(async () => {
    await Promise.all(open.map((executable) => executable.dispose()));
  });

  it("reads the old state in a run and applies all updates together after it", async () => {
    const executable = await counting();
    const first = await executable.run({ x: Float32Array.of(1, 1) });
    expect([...first.double]).toEqual([2, 4]);
    expect([...first.next]).toEqual([2, 3]);
    const second = await executable.run({ x: Float32Array.of(5, 0) });
    expect([...second.double]).toEqual([4, 6]);
    const state = await executable.getState();
    expect([...(state.get("total") ?? [])]).toEqual([7, 3]);
    expect([state.get("left")?.[0], state.get("right")?.[0]]).toEqual([10, 20]);
  });

  it("keeps its own copies of what goes in and out", async () => {
    const executable = await counting();
    const start = Float32Array.of(1, 1);
    const x = Float32Array.of(1, 1);
    await executable.setState(new Map([["total", start]]));
    start.fill(100);
    const outputs = await executable.run({ x });
    expect([...x]).toEqual([1, 1]);
    outputs.next.fill(50);
    expect([...outputs.same]).toEqual([2, 2]);
    (await executable.getState()).get("total")?.fill(70);
    expect([...((await executable.getState()).get("total") ?? [])]).toEqual([2, 2]);
  });

  it("replaces only the states that are named", async () => {
    const executable = await counting();
    await executable.setState(new Map([["left", Float32Array.of(3)]]));
    const state = await executable.getState();
    expect([...(state.get("total") ?? []), state.get("left")?.[0], state.get("right")?.[0]]).toEqual([
      1, 2, 3, 20,
    ]);
  });

  it("answers calls in the order in which they were made", async () => {
    const executable = await counting();
    const x = Float32Array.of(1, 0);
    const results = await Promise.all([executable.run({ x }), executable.run({ x }), executable.run({ x })]);
    expect(results.map(({ next }) => next[0])).toEqual([2, 3, 4]);
  });

  it("leaves the event loop free while it runs", async () => {
    const graph = trainingStep();
    const executable = await engine.compile(graph);
    open.push(executable);
    await executable.setState(initialState(graph, randomKey(3)));
    const image = new Float32Array(2 * 2 * 12 * 20 * 16).fill(1);
    const runs = 4;
    let running = true;
    let turns = 0;
    const done = (async () => {
      for (let run = 0; run < runs; run++) {
        await executable.run({ image, learningRate: Float32Array.of(0) });
      }
      running = false;
    })();
    while (running) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    await done;
    // Were a run to block, its promise would settle within one turn, and the next would start there.
    expect(turns).toBeGreaterThanOrEqual(runs);
  });

  it.each([
    ["a missing input", {}, "no value for input x"],
    ["an unknown input", { x: new Float32Array(2), y: new Float32Array(2) }, "unknown input y"],
    ["a wrong length", { x: new Float32Array(3) }, "3 values"],
    ["a wrong type", { x: new Int32Array(2) }, "Int32Array"],
  ])("refuses %s", async (_, inputs, message) => {
    const executable = await counting();
    const refused = executable.run(inputs as Record<string, Float32Array>);
    await expect(refused).rejects.toMatchObject({
      code: "engine-input",
      message: expect.stringContaining(message),
    });
  });

  it("refuses unknown states and states of a wrong length", async () => {
    const executable = await counting();
    for (const [name, length] of [
      ["other", 2],
      ["total", 3],
    ] as const) {
      const refused = executable.setState(new Map([[name, new Float32Array(length)]]));
      await expect(refused).rejects.toMatchObject({ code: "engine-state" });
    }
  });

  it("refuses the runs that wait when it is disposed of, and all calls after that", async () => {
    const graph = trainingStep();
    const executable = await engine.compile(graph);
    await executable.setState(initialState(graph, randomKey(3)));
    const image = new Float32Array(2 * 2 * 12 * 20 * 16).fill(1);
    const settled: string[] = [];
    const runs = Array.from({ length: 200 }, (_, i) =>
      executable.run({ image, learningRate: Float32Array.of(0) }).then(
        () => settled.push(`done ${i}`),
        (error) => settled.push(error.code),
      ),
    );
    await runs[0];
    await executable.dispose();
    await Promise.all(runs);
    expect(settled).toHaveLength(200);
    expect(settled[0]).toBe("done 0");
    const refused = settled.filter((result) => result === "engine-closed");
    expect(refused.length).toBeGreaterThan(100);
    expect(settled.slice(-refused.length)).toEqual(refused);
    await expect(executable.getState()).rejects.toMatchObject({ code: "engine-closed" });
    await executable.dispose();
  });

  it("plans at least the memory of what a graph keeps, more for larger images, and only plans it", async () => {
    const step = trainingStep();
    const state = initialState(step, randomKey(3));
    const stateBytes = [...state.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    const planned = await engine.plannedBytes(step);
    expect(planned).toBeGreaterThan(stateBytes);
    const b = new GraphBuilder("large");
    const image = b.input("image", [1, 1024, 256, 256, 256]);
    b.output("y", b.sum(b.exp(b.transpose(image, [0, 4, 3, 2, 1]))));
    expect(await engine.plannedBytes(b.finish())).toBeGreaterThan(4 * 1024 * 256 ** 3);
  });

  it("trains to the same bits from the same seed", async () => {
    const [first, second] = [await train(engine, 20), await train(engine, 20)];
    const start = initialState(trainingStep(), randomKey(3));
    for (const [name, values] of first) {
      expect(
        Buffer.from(values.buffer).equals(Buffer.from(second.get(name)?.buffer as ArrayBuffer)),
        name,
      ).toBe(true);
      expect([...values], name).not.toEqual([...(start.get(name) ?? [])]);
    }
  });
});
