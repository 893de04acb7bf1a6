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

/** Networks of one kind and plan (the folds of an ensemble), compiled once and applied to many cases. */
export interface Predictor {
  readonly description: ModelDescription;
  readonly network: SegmentationNetwork;
  /** Averages the networks named by `folds` (positions in the list of models), by default all. */
  predict(
    prepared: PreparedCase,
    options: InferenceOptions & {
      readonly folds?: readonly number[];
      readonly onWindow?: (activation: WindowActivation) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<CasePrediction>;
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
  return {
    description,
    network,
    async predict(prepared, { step, mirror, folds, onWindow, signal }) {
      const prediction = await predictSlidingWindow({
        image: { channels: prepared.channels, shape: prepared.grid.shape },
        executables: folds === undefined ? executables : folds.map((fold) => executables[fold]),
        stepShare: step,
        mirrorAxes: mirror ? [0, 1, 2] : [],
        ...(onWindow === undefined ? {} : { onWindow }),
        ...(signal === undefined ? {} : { signal }),
      });
      const labels = restoreLabels(prepared, prediction.probabilities, description.plan.classes);
      return { labels, prediction };
    },
    async dispose() {
      await Promise.all(executables.map((executable) => executable.dispose()));
    },
  };
}
