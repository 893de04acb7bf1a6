/** Applies trained networks to an image. */

import { UsageError } from "../../domain/errors.ts";
import type { LabelMap } from "../../domain/volume.ts";
import type { Engine, Executable } from "../../engine/engine.ts";
import {
  predictSlidingWindow,
  type SegmentationPrediction,
  type WindowActivation,
} from "../../engine/sliding-window.ts";
import type { SegmentationNetwork } from "../../networks/network.ts";
import { codeNumbers } from "./codebooks.ts";
import type { ModelDescription, SegmentationModel } from "./model-folder.ts";
import { createNetwork, optionsOf } from "./networks.ts";
import { type PreparedCase, restoreLabels } from "./prepare.ts";

export interface InferenceOptions {
  /** Step of the sliding window as a share of the patch. */
  readonly step: number;
  readonly mirror: boolean;
}

export interface CasePrediction {
  /** On the grid of the image as it was acquired; values are classes. */
  readonly labels: LabelMap;
  /** On the grid of the prepared case. */
  readonly prediction: SegmentationPrediction;
}

export interface PredictorOptions extends InferenceOptions {
  /** The networks that are averaged, by their positions in the list of models; by default all. */
  readonly folds?: readonly number[];
  readonly onWindow?: (activation: WindowActivation) => void;
  /** Further outputs of the network that `onWindow` is given. */
  readonly captures?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Networks of one kind and plan (the folds of an ensemble), compiled once and applied to many cases. */
export interface Predictor {
  readonly description: ModelDescription;
  readonly network: SegmentationNetwork;
  /** For each model the common number of each of its codes (see `codeNumbers`); undefined for networks without codes. */
  readonly codeNumbers: readonly Int32Array[] | undefined;
  predict(prepared: PreparedCase, options: PredictorOptions): Promise<CasePrediction>;
  /** As `predict`, on the grid of the prepared case alone. */
  infer(prepared: PreparedCase, options: PredictorOptions): Promise<SegmentationPrediction>;
  dispose(): Promise<void>;
}

/** @throws {UsageError} `models-differ` where the models have not one plan. */
export async function createPredictor(
  models: readonly SegmentationModel[],
  engine: Engine,
): Promise<Predictor> {
  const [{ description }] = models;
  const shape = ({ network: kind, plan, ...rest }: ModelDescription) =>
    JSON.stringify([kind, plan, optionsOf(kind, rest)]);
  if (models.some((model) => shape(model.description) !== shape(description))) {
    throw new UsageError("models-differ", {
      found: "models of different plans",
      expected: "the folds of one training",
    });
  }
  const network = createNetwork(description.network, description.plan, description);
  const graph = network.inference({ batchSize: 1 });
  const executables: Executable[] = [];
  for (const { state } of models) {
    const executable = await engine.compile(graph);
    await executable.setState(state);
    executables.push(executable);
  }
  const infer: Predictor["infer"] = (prepared, { step, mirror, folds, onWindow, captures = [], signal }) =>
    predictSlidingWindow({
      image: { channels: prepared.channels, shape: prepared.grid.shape },
      executables: folds === undefined ? executables : folds.map((fold) => executables[fold]),
      stepShare: step,
      mirrorAxes: mirror ? [0, 1, 2] : [],
      captures,
      ...(onWindow === undefined ? {} : { onWindow }),
      ...(signal === undefined ? {} : { signal }),
    });
  return {
    description,
    network,
    codeNumbers: codeNumbers(models),
    infer,
    async predict(prepared, options) {
      const prediction = await infer(prepared, options);
      const labels = restoreLabels(prepared, prediction.probabilities, description.plan.classes);
      return { labels, prediction };
    },
    async dispose() {
      await Promise.all(executables.map((executable) => executable.dispose()));
    },
  };
}
