/** Applies trained networks to an image. */
import { UsageError } from "../../domain/errors.ts";
import type { Grid } from "../../domain/grid.ts";
import type { Issue } from "../../domain/issues.ts";
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
import {
  NO_POSTPROCESSING,
  type Postprocessing,
  type PostprocessingStep,
  postprocess,
  removalIssues,
} from "./postprocessing.ts";
import { type PreparedCase, restoreLabels } from "./prepare.ts";

export interface InferenceOptions {
  /** Step of the sliding window as a share of the patch. */
  readonly step: number;
  readonly mirror: boolean;
  /** `off` leaves out what cross-validation decided; by default `auto`. */
  readonly postprocess?: "auto" | "off" | undefined;
}

export interface CasePrediction {
  /** On the grid of the image as it was acquired; values are classes. */
  readonly labels: LabelMap;
  /** On the grid of the prepared case; what postprocessing removed is background here too. */
  readonly prediction: SegmentationPrediction;
  /** What postprocessing removed. */
  readonly issues: readonly Issue[];
}

/** A prediction on the prepared grid, and the way back. */
export interface InferredCase {
  /** What postprocessing removed is background. */
  readonly prediction: SegmentationPrediction;
  /** Brings the classes back to the image as it was acquired, where postprocessing is applied too. */
  restore(): Omit<CasePrediction, "prediction">;
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
  /** Applied to each prediction, unless it is turned off. */
  readonly postprocessing: Postprocessing;
  /** The same networks with other postprocessing; they are disposed of together. */
  withPostprocessing(postprocessing: Postprocessing): Predictor;
  predict(prepared: PreparedCase, options: PredictorOptions): Promise<CasePrediction>;
  /** As `predict`, with the way back to the image's own grid left to be taken or not. */
  infer(prepared: PreparedCase, options: PredictorOptions): Promise<InferredCase>;
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
  const numbers = codeNumbers(models);
  const names = description.labels.map(({ name }) => name);
  const withPostprocessing = (postprocessing: Postprocessing): Predictor => {
    const infer: Predictor["infer"] = async (prepared, options) => {
      const { step, mirror, folds, onWindow, captures = [], signal } = options;
      const prediction = await predictSlidingWindow({
        image: { channels: prepared.channels, shape: prepared.grid.shape },
        executables: folds === undefined ? executables : folds.map((fold) => executables[fold]),
        stepShare: step,
        mirrorAxes: mirror ? [0, 1, 2] : [],
        captures,
        ...(onWindow === undefined ? {} : { onWindow }),
        ...(signal === undefined ? {} : { signal }),
      });
      const steps = options.postprocess === "off" ? [] : postprocessing.steps;
      return {
        prediction: steps.length === 0 ? prediction : withoutRemoved(prediction, prepared.grid, steps),
        restore() {
          const labels = restoreLabels(prepared, prediction.probabilities, description.plan.classes);
          const { mask, removed } = postprocess(labels, steps);
          return { labels: mask, issues: removalIssues({ removed }, names) };
        },
      };
    };
    return {
      description,
      network,
      codeNumbers: numbers,
      postprocessing,
      withPostprocessing,
      infer,
      async predict(prepared, options) {
        const { prediction, restore } = await infer(prepared, options);
        return { prediction, ...restore() };
      },
      async dispose() {
        await Promise.all(executables.map((executable) => executable.dispose()));
      },
    };
  };
  return withPostprocessing(models[0].postprocessing ?? NO_POSTPROCESSING);
}

/** A prediction in which the voxels that postprocessing removes are surely background, so that no feature is pooled from them. */
function withoutRemoved(
  prediction: SegmentationPrediction,
  grid: Grid,
  steps: readonly PostprocessingStep[],
): SegmentationPrediction {
  const { mask } = postprocess({ grid, data: prediction.labels }, steps);
  const voxels = mask.data.length;
  const probabilities = prediction.probabilities.slice();
  for (let i = 0; i < voxels; i++) {
    if (mask.data[i] === prediction.labels[i]) continue;
    for (let c = 0; c < prediction.classes; c++) probabilities[c * voxels + i] = c === 0 ? 1 : 0;
  }
  return { ...prediction, probabilities, labels: mask.data };
}
