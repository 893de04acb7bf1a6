/** The training loop: batches in, a trained state and a loss curve out. */
import { UsageError, WorkError } from "../domain/errors.ts";
import type { Executable, TensorData } from "./engine.ts";
import type { Schedule } from "./schedule.ts";

/**
 * Makes the data of a step, counted from 0. The same step gives the same data, whenever it is asked for: so a resumed training goes
 * on as if it had never stopped.
 */
export type BatchSource = (step: number) => Promise<Readonly<Record<string, TensorData>>>;

/** All that a training needs to go on from a step. */
export interface TrainingCheckpoint {
  /** Steps done. */
  readonly step: number;
  readonly state: ReadonlyMap<string, Float32Array>;
  /** Loss of each step done. */
  readonly losses: readonly number[];
  /** The learning rate is the schedule's times this; it falls after a divergence. */
  readonly rateFactor: number;
}

export interface StepReport {
  /** Steps done, this one included. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly learningRate: number;
  /** All outputs of the step. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
  /** Of the engine's run. */
  readonly seconds: number;
  /** That the engine waited for the batch. */
  readonly waitedSeconds: number;
}

/** A return to the last good checkpoint. */
export interface Recovery {
  /** What was not finite. */
  readonly what: string;
  /** Steps done when it was met, and those that are kept. */
  readonly atStep: number;
  readonly fromStep: number;
  readonly rateFactor: number;
}

export interface TrainOptions {
  /** A compiled training step: data input `learningRate` [], outputs `loss` [] and, if it has one, `gradientNorm` []. */
  readonly executable: Executable;
  readonly batches: BatchSource;
  readonly steps: number;
  readonly schedule: Schedule;
  /** Where to begin: `startOfTraining` of an initial state, or a checkpoint. */
  readonly from: TrainingCheckpoint;
  readonly onStep?: (report: StepReport) => void;
  /** Steps between checkpoints; by default 100. The last step is always one. */
  readonly checkpointEvery?: number;
  /** Waited for. It may keep the checkpoint, measure it, or both. */
  readonly onCheckpoint?: (checkpoint: TrainingCheckpoint) => Promise<void> | void;
  /** Asked at the beginning and after each checkpoint; true ends the training there. */
  readonly shouldStop?: () => boolean;
  readonly onRecovery?: (recovery: Recovery) => void;
  /** Stops between two steps, with a checkpoint. */
  readonly signal?: AbortSignal;
}

export interface TrainingResult {
  readonly outcome: "finished" | "stopped" | "cancelled";
  readonly checkpoint: TrainingCheckpoint;
  /** Divergences that were recovered from, before the checkpoint too. */
  readonly recoveries: number;
  readonly seconds: number;
  /** Share of the time in which the engine waited for a batch. */
  readonly starvedShare: number;
}

const DEFAULT_CHECKPOINT_EVERY = 100;
/** A divergence halves the learning rate from the last good checkpoint on; a second one ends the training. */
const RECOVERY_FACTOR = 0.5;
const MAX_RECOVERIES = 1;

/** The beginning of a training from an initial state. */
export function startOfTraining(state: ReadonlyMap<string, Float32Array>): TrainingCheckpoint {
  return { step: 0, state, losses: [], rateFactor: 1 };
}

/**
 * Trains. The next batch is made while the engine runs.
 *
 * @throws {WorkError} `training-diverged` where loss, gradient or state are no longer finite for a second time
 * @throws {UsageError} `training-steps` where the checkpoint is beyond the last step
 */
export async function train(options: TrainOptions): Promise<TrainingResult> {
  const { executable, batches, steps, schedule, signal } = options;
  const every = options.checkpointEvery ?? DEFAULT_CHECKPOINT_EVERY;
  let good = options.from;
  if (!(Number.isInteger(steps) && steps >= good.step)) {
    throw new UsageError("training-steps", {
      found: `${steps} steps from a checkpoint after ${good.step}`,
      expected: "a whole number of steps that is not behind the checkpoint",
    });
  }
  await executable.setState(good.state);
  let losses = [...good.losses];
  let { step, rateFactor } = good;
  // A checkpoint at a reduced rate is of a training that has had its recovery.
  let recoveries = rateFactor < 1 ? MAX_RECOVERIES : 0;
  let stopped = step < steps && options.shouldStop?.() === true;
  let starvedMs = 0;
  const startedMs = performance.now();
  let pending = prefetch(batches, step, steps);

  const checkpoint = async (): Promise<boolean> => {
    const state = await executable.getState();
    if (!allFinite(state)) return false;
    good = { step, state, losses: [...losses], rateFactor };
    await options.onCheckpoint?.(good);
    return true;
  };
  const recover = async (what: string): Promise<void> => {
    if (recoveries === MAX_RECOVERIES) {
      throw new WorkError("training-diverged", {
        found: `${what} at step ${step}, again after a restart from step ${good.step} at half the learning rate`,
        expected: "finite numbers",
        remedy: "Check the images for extreme values, or train with a smaller learning rate.",
      });
    }
    recoveries += 1;
    rateFactor *= RECOVERY_FACTOR;
    options.onRecovery?.({ what, atStep: step, fromStep: good.step, rateFactor });
    ({ step } = good);
    losses = [...good.losses];
    await executable.setState(good.state);
    await pending?.catch(() => undefined);
    pending = prefetch(batches, step, steps);
  };

  while (step < steps && !stopped && !signal?.aborted) {
    const waitingSince = performance.now();
    const batch = await pending;
    const runningSince = performance.now();
    const waitedMs = runningSince - waitingSince;
    starvedMs += waitedMs;
    const learningRate = schedule(step) * rateFactor;
    const running = executable.run({ ...batch, learningRate: Float32Array.of(learningRate) });
    pending = prefetch(batches, step + 1, steps);
    const outputs = await running;
    const loss = outputs.loss[0];
    const gradientNorm = outputs.gradientNorm?.[0] ?? 0;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      await recover(`loss ${loss}, gradient norm ${gradientNorm}`);
      continue;
    }
    step += 1;
    losses.push(loss);
    options.onStep?.({
      step,
      steps,
      loss,
      learningRate,
      outputs,
      seconds: (performance.now() - runningSince) / 1000,
      waitedSeconds: waitedMs / 1000,
    });
    if (step % every !== 0 && step !== steps) continue;
    if (!(await checkpoint())) await recover("a state that is not finite");
    else stopped = step < steps && options.shouldStop?.() === true;
  }
  const cancelled = step < steps && !stopped;
  if (cancelled && good.step !== step && !(await checkpoint())) await recover("a state that is not finite");
  await pending?.catch(() => undefined);
  const totalMs = performance.now() - startedMs;
  return {
    outcome: cancelled ? "cancelled" : stopped ? "stopped" : "finished",
    checkpoint: good,
    recoveries,
    seconds: totalMs / 1000,
    starvedShare: totalMs > 0 ? starvedMs / totalMs : 0,
  };
}

/** The batch of a step under way; none after the last step. */
function prefetch(
  batches: BatchSource,
  step: number,
  steps: number,
): Promise<Readonly<Record<string, TensorData>>> | undefined {
  if (step >= steps) return undefined;
  const batch = batches(step);
  // A failure is met where the batch is awaited, not as an unhandled rejection while the engine runs.
  batch.catch(() => undefined);
  return batch;
}

function allFinite(state: ReadonlyMap<string, Float32Array>): boolean {
  for (const values of state.values()) {
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  }
  return true;
}
