/** Whole training steps on every engine against PyTorch. */
import { describe, expect, it } from "vitest";
import { withAdamW, withSgd } from "../../src/engine/optimiser.ts";
import { GraphBuilder, type Value } from "../../src/graph/builder.ts";
import { appendGradients } from "../../src/graph/gradients.ts";
import type { Graph } from "../../src/graph/graph.ts";
import type { Spatial } from "../../src/graph/primitives.ts";
import { ENGINES, runOnce } from "./engines.ts";
import { floatsOf, readGolden, relativeError, type Trajectory, type UNetStep, valuesOf } from "./golden.ts";

const TOLERANCE = 1e-4;
const ZERO = { kind: "constant", value: 0 } as const;

/** The network and loss of scripts/golden/graph_unet.py, with every gradient as an output. */
function smallUNet(golden: UNetStep): Graph {
  const b = new GraphBuilder("small-unet");
  const parameter = (name: string) => b.state(name, golden.parameters[name].shape, ZERO);
  const block = (name: string, x: Value, step: number) => {
    const stride: Spatial = [step, step, step];
    const y = b.conv(x, parameter(`${name}.weight`), stride, [1, 1, 1]);
    return b.leakyRelu(b.instanceNorm(y, parameter(`${name}.scale`), parameter(`${name}.shift`)), 0.01);
  };
  const fine = block("first", b.input("image", golden.image.shape), 1);
  const up = b.upConv(block("down", fine, 2), parameter("up.weight"));
  const last = block("last", b.concat([up, fine], 1), 1);
  const logits = b.conv(last, parameter("head.weight"), [1, 1, 1], [0, 0, 0]);

  const reference = b.oneHot(b.input("labels", golden.labels.shape, "i32"), 3);
  const shifted = b.subtract(logits, b.stopGradient(b.max(logits, [1])));
  const total = b.sum(b.exp(shifted), [1]);
  const probabilities = b.divide(b.exp(shifted), total);
  const crossEntropy = b.mean(b.sum(b.multiply(reference, b.subtract(shifted, b.log(total))), [1]));
  const perClass = (x: Value) => b.slice(b.sum(x, [0, 2, 3, 4]), [0, 1, 0, 0, 0], [1, 3, 1, 1, 1]);
  const overlap = perClass(b.multiply(probabilities, reference));
  const sizes = perClass(b.add(probabilities, reference));
  const dice = b.mean(b.divide(b.add(b.multiply(overlap, 2), 1e-5), b.add(sizes, 1e-5)));
  const loss = b.scalar(b.negate(b.add(crossEntropy, dice)));
  b.output("logits", logits);
  b.output("loss", loss);
  const names = Object.keys(golden.parameters);
  const gradients = appendGradients(
    b,
    loss,
    names.map((name) => b.inputNamed(name)),
  );
  names.forEach((name, i) => {
    b.output(`gradient ${name}`, gradients[i]);
  });
  return b.finish();
}

/** The regression of scripts/golden/graph_optimisers.py. */
function regression({ inputs, start }: Trajectory): Graph {
  const b = new GraphBuilder("regression");
  const x = b.input("x", inputs.x.shape);
  const target = b.input("target", inputs.target.shape);
  const weight = b.state("weight", start.weight.shape, ZERO);
  const bias = b.state("bias", start.bias.shape, ZERO);
  const difference = b.subtract(b.sigmoid(b.add(b.matmul(x, weight), bias)), target);
  b.output("loss", b.scalar(b.sum(b.multiply(difference, difference))));
  return b.finish();
}

const trajectories =
  readGolden<Readonly<Record<"sgdNesterov" | "sgdMomentum" | "adamW", Trajectory>>>("optimisers.json");
const sgd = { momentum: 0.99, weightDecay: 3e-2 };
const optimisers = [
  [
    "SGD with Nesterov momentum and clipping",
    trajectories.sgdNesterov,
    (graph: Graph) => withSgd(graph, { ...sgd, nesterov: true, clipNorm: trajectories.sgdNesterov.clipNorm }),
  ],
  [
    "SGD with momentum",
    trajectories.sgdMomentum,
    (graph: Graph) => withSgd(graph, { ...sgd, nesterov: false }),
  ],
  [
    "AdamW with clipping",
    trajectories.adamW,
    (graph: Graph) =>
      withAdamW(graph, {
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weightDecay: 0.1,
        clipNorm: trajectories.adamW.clipNorm,
      }),
  ],
] as const;

describe.each(ENGINES)("the $name engine", (engine) => {
  it("gives PyTorch's output, loss and gradients for a U-Net", async () => {
    const golden = readGolden<UNetStep>("unet.json");
    const state = new Map(
      Object.entries(golden.parameters).map(([name, stored]) => [name, floatsOf(stored)]),
    );
    const inputs = { image: valuesOf(golden.image), labels: valuesOf(golden.labels) };
    const outputs = await runOnce(engine, smallUNet(golden), inputs, state);
    expect(relativeError(outputs.logits, floatsOf(golden.logits))).toBeLessThan(TOLERANCE);
    expect(relativeError(outputs.loss, [golden.loss])).toBeLessThan(TOLERANCE);
    for (const [name, gradient] of Object.entries(golden.gradients)) {
      const error = relativeError(outputs[`gradient ${name}`], floatsOf(gradient));
      expect(error, `gradient of ${name}`).toBeLessThan(TOLERANCE);
    }
  });

  it.each(optimisers)("follows torch.optim's trajectory with %s", async (_, golden, optimise) => {
    const executable = await engine.compile(optimise(regression(golden)));
    const initial = new Map(
      [...executable.graph.nodes].flatMap((node) => {
        if (node.kind !== "input" || node.initial === undefined) return [];
        return [
          [node.name, new Float32Array(node.shape.reduce((product, size) => product * size, 1))] as const,
        ];
      }),
    );
    await executable.setState(initial);
    await executable.setState(
      new Map([
        ["weight", floatsOf(golden.start.weight)],
        ["bias", floatsOf(golden.start.bias)],
      ]),
    );
    for (const step of golden.steps) {
      const { loss, gradientNorm } = await executable.run({
        x: valuesOf(golden.inputs.x),
        target: valuesOf(golden.inputs.target),
        learningRate: Float32Array.of(step.learningRate),
      });
      const state = await executable.getState();
      expect(relativeError(loss, [step.loss])).toBeLessThan(TOLERANCE);
      expect(relativeError(gradientNorm, [step.gradientNorm])).toBeLessThan(TOLERANCE);
      expect(relativeError(state.get("weight") ?? [], floatsOf(step.weight))).toBeLessThan(TOLERANCE);
      expect(relativeError(state.get("bias") ?? [], floatsOf(step.bias))).toBeLessThan(TOLERANCE);
    }
    await executable.dispose();
  });
});
