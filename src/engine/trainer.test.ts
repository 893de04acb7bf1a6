import { describe, expect, it } from "vitest";
import type { Executable } from "./engine.ts";
import { startOfTraining, type TrainingCheckpoint, type TrainOptions, train } from "./trainer.ts";

/** Gradient descent with momentum on ½(w − target)², in plain TypeScript; `poison` spoils the loss of chosen runs. */
function quadratic(poison: (run: number) => boolean = () => false): Executable & { runs: number } {
  const state = new Map([
    ["w", Float32Array.of(0)],
    ["w.momentum", Float32Array.of(0)],
  ]);
  const executable = {
    runs: 0,
    graph: { name: "quadratic", nodes: [], outputs: {}, updates: {} },
    async setState(values: ReadonlyMap<string, Float32Array>) {
      for (const [name, value] of values) state.set(name, value.slice());
    },
    async getState() {
      return new Map([...state].map(([name, value]) => [name, value.slice()]));
    },
    async run(inputs: Readonly<Record<string, Float32Array | Int32Array>>) {
      const [w] = state.get("w")!;
      const gradient = w - inputs.target[0];
      const momentum = Math.fround(0.9 * state.get("w.momentum")![0] + gradient);
      state.set("w.momentum", Float32Array.of(momentum));
      state.set("w", Float32Array.of(w - inputs.learningRate[0] * momentum));
      executable.runs += 1;
      const loss = poison(executable.runs) ? Number.NaN : gradient ** 2 / 2;
      return { loss: Float32Array.of(loss), gradientNorm: Float32Array.of(Math.abs(gradient)) };
    },
    async dispose() {},
  };
  return executable;
}

const start = startOfTraining(
  new Map([
    ["w", Float32Array.of(3)],
    ["w.momentum", Float32Array.of(0)],
  ]),
);

function options(overrides: Partial<TrainOptions> = {}): TrainOptions {
  return {
    executable: quadratic(),
    batches: async (step) => ({ target: Float32Array.of(Math.sin(step)) }),
    steps: 40,
    schedule: (step) => 0.1 * (1 - step / 40),
    from: start,
    checkpointEvery: 10,
    ...overrides,
  };
}

describe("training", () => {
  it("gives the same curve and state, bit for bit, when it is resumed from any checkpoint", async () => {
    const kept: TrainingCheckpoint[] = [];
    const whole = await train(options({ onCheckpoint: (checkpoint) => void kept.push(checkpoint) }));
    expect(whole.outcome).toBe("finished");
    expect(kept.map(({ step }) => step)).toEqual([10, 20, 30, 40]);
    for (const from of kept) {
      const resumed = await train(options({ from }));
      expect(resumed.checkpoint.losses).toEqual(whole.checkpoint.losses);
      expect(resumed.checkpoint.state).toEqual(whole.checkpoint.state);
    }
  });

  it("stops between two steps when it is cancelled, and goes on from there", async () => {
    const whole = await train(options());
    const controller = new AbortController();
    const stopped = await train(
      options({
        signal: controller.signal,
        onStep: ({ step }) => {
          if (step === 17) controller.abort();
        },
      }),
    );
    expect(stopped.outcome).toBe("cancelled");
    expect(stopped.checkpoint.step).toBe(17);
    const resumed = await train(options({ from: stopped.checkpoint }));
    expect(resumed.checkpoint).toEqual(whole.checkpoint);
  });

  it("goes back to the last good checkpoint once, at half the rate, when the loss is not finite", async () => {
    const rates: number[] = [];
    const result = await train(
      options({
        executable: quadratic((run) => run === 25),
        onStep: ({ learningRate }) => void rates.push(learningRate),
      }),
    );
    expect(result.recoveries).toBe(1);
    expect(result.checkpoint.rateFactor).toBe(0.5);
    // 24 good steps, then steps 20 … 39 once more.
    expect(rates).toHaveLength(24 + 20);
    expect(rates[24]).toBe(rates[20] / 2);
    expect(result.checkpoint.losses).toHaveLength(40);
  });

  it("fails with what happened when it diverges again", async () => {
    const diverging = train(options({ executable: quadratic((run) => run >= 25) }));
    await expect(diverging).rejects.toMatchObject({ code: "training-diverged" });
    await expect(diverging).rejects.toThrow(/step 20/);
  });

  it("does not keep a state that is not finite", async () => {
    const kept: TrainingCheckpoint[] = [];
    const executable = quadratic();
    const spoiled = { ...executable, getState: async () => new Map([["w", Float32Array.of(Number.NaN)]]) };
    await expect(
      train(options({ executable: spoiled, onCheckpoint: (checkpoint) => void kept.push(checkpoint) })),
    ).rejects.toMatchObject({ code: "training-diverged" });
    expect(kept).toEqual([]);
  });

  it("asks for each batch while the engine runs the one before, and tells how long the engine waited", async () => {
    const events: string[] = [];
    const executable = quadratic();
    const run = executable.run.bind(executable);
    executable.run = async (inputs) => {
      events.push("run");
      await new Promise((resolve) => setTimeout(resolve, 2));
      const outputs = await run(inputs);
      events.push("ran");
      return outputs;
    };
    const result = await train(
      options({
        executable,
        steps: 3,
        batches: async (step) => {
          events.push(`batch ${step}`);
          await new Promise((resolve) => setTimeout(resolve, step === 0 ? 40 : 0));
          return { target: Float32Array.of(0) };
        },
      }),
    );
    expect(events).toEqual(["batch 0", "run", "batch 1", "ran", "run", "batch 2", "ran", "run", "ran"]);
    expect(result.starvedShare).toBeGreaterThan(0.4);
  });

  it("passes on the failure of a batch", async () => {
    const batches = async (step: number) => {
      if (step === 5) throw new Error("no such image");
      return { target: Float32Array.of(0) };
    };
    await expect(train(options({ batches }))).rejects.toThrow("no such image");
  });

  it("does nothing more where all steps are done, and refuses to go back", async () => {
    const done = { ...start, step: 40 };
    const executable = quadratic();
    expect((await train(options({ executable, from: done }))).checkpoint).toEqual(done);
    expect(executable.runs).toBe(0);
    await expect(train(options({ from: { ...start, step: 50 } }))).rejects.toMatchObject({
      code: "training-steps",
    });
  });

  it("ends at the first checkpoint where it is told to, and asks again where it goes on", async () => {
    const kept: number[] = [];
    const stop = { shouldStop: () => kept.length >= 2 };
    const result = await train(options({ ...stop, onCheckpoint: ({ step }) => void kept.push(step) }));
    expect([result.outcome, result.checkpoint.step]).toEqual(["stopped", 20]);
    const again = await train(options({ ...stop, from: result.checkpoint }));
    expect([again.outcome, again.checkpoint.step]).toEqual(["stopped", 20]);
  });

  it("has one recovery in all, over interruptions", async () => {
    const first = await train(options({ executable: quadratic((run) => run === 5), steps: 20 }));
    expect(first.recoveries).toBe(1);
    const second = train(options({ executable: quadratic((run) => run === 5), from: first.checkpoint }));
    await expect(second).rejects.toMatchObject({ code: "training-diverged" });
  });
});
