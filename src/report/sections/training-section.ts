/** How the networks were planned and how their training went. */
import type { Figure } from "../figures/figure.ts";
import { type FoldLine, type TrainingQuantity, trainingFigure } from "../figures/training.ts";
import { slug } from "../format.ts";
import { html } from "../html.ts";
import type { NetworkPlanSummary, TrainingCurve } from "../report-input.ts";
import { figureRow, type Section } from "../section.ts";
import { configurationTable } from "./choices-section.ts";

export function trainingSection(
  curves: readonly TrainingCurve[],
  plans: readonly NetworkPlanSummary[],
): Section {
  const networks = [...new Set([...plans, ...curves].map(({ network }) => network))];
  const parts = networks.map((network, i) => {
    const figures = (["loss", "dice"] as const).flatMap((quantity) =>
      figureOf(`training-${i + 1}-${slug(network)}`, network, quantity, curves),
    );
    const own = plans.filter((plan) => plan.network === network);
    const body = html`<h3>${network}</h3>
${figureRow(figures)}${own.map(
  ({ plan, fingerprint }) => html`<details><summary>Plan of ${network}</summary>
${configurationTable(`Plan of ${network}`, plan)}</details>
${
  fingerprint !== undefined &&
  html`<details><summary>Fingerprint of the images for ${network}</summary>
${configurationTable("Fingerprint", fingerprint)}</details>
`
}`,
)}`;
    return { figures, body };
  });
  return {
    id: "training",
    title: "Networks and their training",
    figures: parts.flatMap(({ figures }) => figures),
    body: html`${parts.map(({ body }) => body)}`,
  };
}

function figureOf(
  prefix: string,
  network: string,
  quantity: TrainingQuantity,
  curves: readonly TrainingCurve[],
): Figure[] {
  const lines = curves
    .filter((curve) => curve.network === network)
    .map(
      ({ fold, points }): FoldLine => ({
        fold,
        points: points.flatMap((point) => {
          const value = point[quantity];
          return value === null || !Number.isFinite(value) ? [] : [{ step: point.step, value }];
        }),
      }),
    )
    .filter(({ points }) => points.length > 0);
  if (lines.length === 0) return [];
  const caption = quantity === "loss" ? "Training loss by step." : "Dice coefficient by step.";
  return [{ name: `${prefix}-${quantity}`, caption, svg: trainingFigure(network, quantity, lines) }];
}
