/**
 * Training steps, from graph to graph: the gradients of a loss, their clipping and the optimiser's updates are added to the graph,
 * so that one run is one step. The learning rate is a scalar input, so that a schedule needs no new graph.
 */
import { UsageError } from "../domain/errors.ts";
import { GraphBuilder, type Operand, type Value } from "../graph/builder.ts";
import { appendGradients } from "../graph/gradients.ts";
import type { Graph } from "../graph/graph.ts";

/** The data input that the learning rate is read from at each run, of shape []. */
export const LEARNING_RATE = "learningRate";
/** The output with the L2 norm of all gradients together, before clipping. */
export const GRADIENT_NORM = "gradientNorm";

/** What every optimiser is told. */
export interface TrainingOptions {
  /** Output of the graph that is minimised; by default `loss`. */
  readonly loss?: string;
  /** States to train; by default all that the graph does not update itself. */
  readonly parameters?: readonly string[];
  /** Gradients are scaled down together where their norm is above this (Pascanu et al. 2013). */
  readonly clipNorm?: number;
}

export interface SgdOptions extends TrainingOptions {
  readonly momentum: number;
  readonly nesterov: boolean;
  /** Coefficient of the L2 penalty, added to the gradient. */
  readonly weightDecay: number;
}

export interface AdamOptions extends TrainingOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Decoupled weight decay (AdamW); 0 is Adam. */
  readonly weightDecay: number;
}

/**
 * Stochastic gradient descent with momentum as in PyTorch's `SGD` (dampening 0): b ← μ·b + g, w ← w − lr·(g + μ·b) with
 * Nesterov's momentum or w ← w − lr·b without, g including weight decay.
 *
 * @returns the graph with the input `learningRate`, the output `gradientNorm`, and a state `<parameter>.momentum` for each parameter
 * @throws {UsageError} `optimiser-parameters` for a name that is no state
 */
export function withSgd(graph: Graph, options: SgdOptions): Graph {
  const { momentum, nesterov, weightDecay } = options;
  return withUpdates(graph, options, (builder, name, parameter, clipped, learningRate) => {
    const gradient = builder.add(clipped, builder.multiply(parameter, weightDecay));
    const buffer = builder.state(`${name}.momentum`, parameter.shape, { kind: "constant", value: 0 });
    const velocity = builder.add(builder.multiply(buffer, momentum), gradient);
    builder.update(buffer, velocity);
    const direction = nesterov ? builder.add(gradient, builder.multiply(velocity, momentum)) : velocity;
    return builder.subtract(parameter, builder.multiply(direction, learningRate));
  });
}

/**
 * Adam (Kingma & Ba 2015) with decoupled weight decay (Loshchilov & Hutter 2019) as in PyTorch's `AdamW`.
 *
 * @returns the graph with the input `learningRate`, the output `gradientNorm`, states `<parameter>.mean` and
 *   `<parameter>.square`, and the bias corrections `adam.correction1` and `adam.correction2`
 * @throws {UsageError} `optimiser-parameters` for a name that is no state
 */
export function withAdamW(graph: Graph, options: AdamOptions): Graph {
  const { beta1, beta2, eps, weightDecay } = options;
  let corrections: readonly [Value, Value] | undefined;
  return withUpdates(graph, options, (builder, name, parameter, gradient, learningRate) => {
    corrections ??= [
      average(builder, "adam.correction1", [], beta1, 1),
      average(builder, "adam.correction2", [], beta2, 1),
    ];
    const mean = average(builder, `${name}.mean`, parameter.shape, beta1, gradient);
    const square = average(
      builder,
      `${name}.square`,
      parameter.shape,
      beta2,
      builder.multiply(gradient, gradient),
    );
    const deviation = builder.divide(builder.sqrt(square), builder.sqrt(corrections[1]));
    const step = builder.divide(mean, builder.multiply(builder.add(deviation, eps), corrections[0]));
    const decayed = builder.multiply(
      parameter,
      builder.subtract(1, builder.multiply(learningRate, weightDecay)),
    );
    return builder.subtract(decayed, builder.multiply(step, learningRate));
  });
}

/** A state a ← β·a + (1 − β)·x from 0; of x = 1 it is the bias correction 1 − βᵗ, without the cancellation. */
function average(
  builder: GraphBuilder,
  name: string,
  shape: readonly number[],
  beta: number,
  x: Operand,
): Value {
  const state = builder.state(name, shape, { kind: "constant", value: 0 });
  const next = builder.add(builder.multiply(state, beta), builder.multiply(builder.fill([], 1 - beta), x));
  builder.update(state, next);
  return next;
}

/** From a parameter and its clipped gradient, the parameter's next value. */
type UpdateRule = (
  builder: GraphBuilder,
  name: string,
  parameter: Value,
  gradient: Value,
  learningRate: Value,
) => Value;

function withUpdates(graph: Graph, options: TrainingOptions, rule: UpdateRule): Graph {
  const builder = GraphBuilder.from(graph);
  const names = options.parameters ?? builder.stateNames().filter((name) => !(name in graph.updates));
  const known = new Set(builder.stateNames());
  for (const name of names) {
    if (!known.has(name)) {
      throw new UsageError("optimiser-parameters", {
        found: `${name}, which is no state of graph ${graph.name}`,
        expected: [...known].join(", "),
      });
    }
  }
  const parameters = names.map((name) => builder.inputNamed(name));
  const gradients = appendGradients(builder, builder.outputNamed(options.loss ?? "loss"), parameters);
  const learningRate = builder.input(LEARNING_RATE, []);
  const norm = globalNorm(builder, gradients);
  builder.output(GRADIENT_NORM, norm);
  const factor = options.clipNorm === undefined ? 1 : clipFactor(builder, norm, options.clipNorm);
  parameters.forEach((parameter, i) => {
    const clipped = builder.multiply(gradients[i], factor);
    builder.update(parameter, rule(builder, names[i], parameter, clipped, learningRate));
  });
  return builder.finish();
}

function globalNorm(builder: GraphBuilder, gradients: readonly Value[]): Value {
  const squares = gradients.map((gradient) =>
    builder.scalar(builder.sum(builder.multiply(gradient, gradient))),
  );
  return builder.sqrt(squares.reduce((total, square) => builder.add(total, square)));
}

/** min(1, limit / (norm + 1e-6)), as PyTorch's `clip_grad_norm_`. */
function clipFactor(builder: GraphBuilder, norm: Value, limit: number): Value {
  const ratio = builder.divide(limit, builder.add(norm, 1e-6));
  return builder.negate(builder.maximum(builder.negate(ratio), -1));
}
