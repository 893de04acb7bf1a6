/** What a training writes down as it goes: its curve, the scores of its checkpoints, and what is said of them. */
import { trainingCurveFigure } from "../../report/figures/training-curve.ts";

/** Loss and soft Dice (mean over the classes, of the batch) of one step, in single precision. */
export interface CurvePoint {
  readonly step: number;
  readonly loss: number;
  readonly dice: number;
  /** Of the batch's codes, for a vector-quantised network. */
  readonly perplexity?: number;
}

/** How good a checkpoint is, from 0 to 1: see `ScoreMeasure`. */
export interface Score {
  readonly step: number;
  readonly dice: number;
}

/** Dice of patches of held-out cases, or the mean soft Dice of the last training batches where no case is held out. */
export type ScoreMeasure = "held-out" | "training";

/** Batches that the running training Dice is a mean of. */
const RUNNING_STEPS = 50;

/** The mean soft Dice of the last training batches. */
export function runningDice(curve: readonly CurvePoint[]): number {
  return meanOf(curve.slice(-RUNNING_STEPS), ({ dice }) => dice);
}

/** The best of the scores, the first of equals. */
export function bestScore(scores: readonly Score[]): Score | undefined {
  return scores.reduce<Score | undefined>(
    (best, score) => (best === undefined || score.dice > best.dice ? score : best),
    undefined,
  );
}

/** Whether the last `patience` scores are no better than the best before them. */
export function hasStalled(scores: readonly Score[], patience: number): boolean {
  const best = bestScore(scores);
  return best !== undefined && scores.length - 1 - scores.indexOf(best) >= patience;
}

/** The curve as a table: `step,loss,dice,perplexity,held_out_dice`; a column without a value is empty. */
export function curveTable(
  curve: readonly CurvePoint[],
  scores: readonly Score[],
  measure: ScoreMeasure,
): string {
  const heldOut = new Map(measure === "held-out" ? scores.map(({ step, dice }) => [step, dice]) : []);
  const rows = curve.map(({ step, loss, dice, perplexity }) =>
    [step, loss, dice, perplexity ?? "", heldOut.get(step) ?? ""].join(","),
  );
  return `step,loss,dice,perplexity,held_out_dice\n${rows.join("\n")}\n`;
}

/** The curve as a figure. */
export function curveFigure(
  name: string,
  curve: readonly CurvePoint[],
  scores: readonly Score[],
  measure: ScoreMeasure,
): string {
  return trainingCurveFigure(name, {
    loss: curve.map(({ step, loss }) => ({ step, value: loss })),
    dice: curve.map(({ step, dice }) => ({ step, value: dice })),
    heldOut: measure === "held-out" ? scores.map(({ step, dice }) => ({ step, value: dice })) : [],
  });
}

/** Steps that the numbers of the live line are means of; single batches are too noisy. */
const LIVE_STEPS = 20;

/** Time per step, and the part of it in which the engine waited for a batch, over the last steps. */
export class Pace {
  readonly #seconds: number[] = [];
  readonly #waited: number[] = [];

  add(seconds: number, waited: number): void {
    this.#seconds.push(seconds + waited);
    this.#waited.push(waited);
    if (this.#seconds.length <= LIVE_STEPS) return;
    this.#seconds.shift();
    this.#waited.shift();
  }

  describe(): string {
    const seconds = this.#seconds.reduce((sum, each) => sum + each, 0);
    if (seconds === 0) return "";
    const waited = this.#waited.reduce((sum, each) => sum + each, 0);
    const rate = this.#seconds.length / seconds;
    const speed = rate >= 1 ? `${rate.toFixed(1)} steps/s` : `${(1 / rate).toFixed(1)} s/step`;
    return `${speed}, idle ${Math.round((100 * waited) / seconds)}%`;
  }
}

/** The numbers of the live line. */
export function describeCurve(
  curve: readonly CurvePoint[],
  scores: readonly Score[],
  measure: ScoreMeasure,
): string {
  const recent = curve.slice(-LIVE_STEPS);
  const parts = [
    `loss ${meanOf(recent, ({ loss }) => loss).toFixed(3)}`,
    `Dice ${meanOf(recent, ({ dice }) => dice).toFixed(3)}`,
  ];
  const last = scores[scores.length - 1];
  if (measure === "held-out" && last !== undefined) parts.push(`held-out ${last.dice.toFixed(3)}`);
  if (recent[0]?.perplexity !== undefined) {
    parts.push(`perplexity ${meanOf(recent, ({ perplexity = 0 }) => perplexity).toFixed(1)}`);
  }
  return parts.join(", ");
}

function meanOf(points: readonly CurvePoint[], value: (point: CurvePoint) => number): number {
  return points.reduce((sum, point) => sum + value(point), 0) / Math.max(1, points.length);
}
