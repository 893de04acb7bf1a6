/**
 * Keeping the largest component of a prediction, where cross-validation shows that it helps (Isensee et al. 2021, Nature Methods 18:203;
 * `determine_postprocessing` of nnunetv2). Multifocal cancer has several components: so it is decided by out-of-fold Dice alone, written
 * down with its evidence, and what it removes is told case by case.
 */
import { z } from "zod";
import type { Issue } from "../../domain/issues.ts";
import type { LabelMap } from "../../domain/volume.ts";
import { connectedComponents } from "../../imaging/components.ts";

/** What the largest component is kept of: all classes but the background together, or one class. */
export const postprocessingStepSchema = z.union([z.literal("foreground"), z.int().positive()]);
export type PostprocessingStep = z.output<typeof postprocessingStepSchema>;

export const postprocessingSchema = z.object({
  /** In the order in which they are applied; empty where none helps. */
  steps: z.array(postprocessingStepSchema),
  /** Mean out-of-fold Dice per class (from 1) without and with each step that was tried. */
  evidence: z.array(
    z.object({
      step: postprocessingStepSchema,
      before: z.array(z.number().nullable()),
      after: z.array(z.number().nullable()),
      cases: z.int(),
      /** Cases whose Dice in some class fell. */
      worse: z.int(),
      applied: z.boolean(),
    }),
  ),
});
export type Postprocessing = z.output<typeof postprocessingSchema>;
type Evidence = Postprocessing["evidence"][number];

export const NO_POSTPROCESSING: Postprocessing = { steps: [], evidence: [] };

/** The Dice per class (from 1) of one case: as predicted, and after each step; null where both masks are empty. */
export interface CaseScores {
  readonly raw: readonly (number | null)[];
  /** After the step "foreground". */
  readonly foreground: readonly (number | null)[];
  /** Class by class: after its own step, without and with "foreground" before it. */
  readonly classes: readonly (number | null)[];
  readonly both: readonly (number | null)[];
}

/**
 * @param predicted values are classes
 * @param reference classes, on the same grid
 */
export function scoreCase(predicted: LabelMap, reference: Uint8Array, classes: number): CaseScores {
  const diceOf = (mask: LabelMap, c: number) => diceOfClass(mask.data, reference, c);
  const foreground = keepLargest(predicted, "foreground").mask;
  const perClass = <T>(value: (c: number) => T): T[] =>
    Array.from({ length: classes - 1 }, (_, i) => value(i + 1));
  return {
    raw: perClass((c) => diceOf(predicted, c)),
    foreground: perClass((c) => diceOf(foreground, c)),
    classes: perClass((c) => diceOf(keepLargest(predicted, c).mask, c)),
    both: perClass((c) => diceOf(keepLargest(foreground, c).mask, c)),
  };
}

/**
 * nnU-Net's rule. The largest component of the whole foreground is kept where that raises the mean Dice over the classes and lowers that of
 * none; then, where there are several classes, the largest of a class where that raises its mean Dice.
 */
export function decidePostprocessing(cases: readonly CaseScores[]): Postprocessing {
  const classes = cases[0]?.raw.length ?? 0;
  if (classes === 0) return NO_POSTPROCESSING;
  const foreground = compare(
    cases,
    "foreground",
    ({ raw }) => raw,
    (scores) => scores.foreground,
  );
  const applied =
    (mean(foreground.after) ?? 0) > (mean(foreground.before) ?? 0) &&
    foreground.after.every((after, c) => (after ?? 0) >= (foreground.before[c] ?? 0));
  const evidence: Evidence[] = [{ ...foreground, applied }];
  if (classes > 1) {
    for (let c = 0; c < classes; c++) {
      const only = (scores: readonly (number | null)[]) => [scores[c]];
      const tried = compare(
        cases,
        c + 1,
        (scores) => only(applied ? scores.foreground : scores.raw),
        (scores) => only(applied ? scores.both : scores.classes),
      );
      evidence.push({ ...tried, applied: (tried.after[0] ?? 0) > (tried.before[0] ?? 0) });
    }
  }
  return { steps: evidence.filter((each) => each.applied).map(({ step }) => step), evidence };
}

function compare(
  cases: readonly CaseScores[],
  step: PostprocessingStep,
  before: (scores: CaseScores) => readonly (number | null)[],
  after: (scores: CaseScores) => readonly (number | null)[],
): Omit<Evidence, "applied"> {
  const means = (of: typeof before) =>
    before(cases[0]).map((_, c) => rounded(mean(cases.map((scores) => of(scores)[c]))));
  const worse = cases.filter((scores) =>
    after(scores).some((dice, c) => (dice ?? 0) < (before(scores)[c] ?? 0)),
  ).length;
  return { step, before: means(before), after: means(after), cases: cases.length, worse };
}

export interface Postprocessed {
  readonly mask: LabelMap;
  /** What was taken away, by step. */
  readonly removed: readonly {
    readonly step: PostprocessingStep;
    readonly components: number;
    readonly ml: number;
  }[];
}

/** Applies the steps in their order. @param labels values are classes */
export function postprocess(labels: LabelMap, steps: readonly PostprocessingStep[]): Postprocessed {
  const removed: Postprocessed["removed"][number][] = [];
  let mask = labels;
  for (const step of steps) {
    const kept = keepLargest(mask, step);
    if (kept.components > 0) removed.push({ step, components: kept.components, ml: kept.ml });
    ({ mask } = kept);
  }
  return { mask, removed };
}

/** Issues that tell what was taken away from a case. @param names of the classes, background first */
export function removalIssues(
  { removed }: Pick<Postprocessed, "removed">,
  names: readonly string[],
  subject?: string,
): Issue[] {
  return removed.map(({ step, components, ml }) => ({
    code: "postprocessing-removed",
    severity: "info",
    ...(subject === undefined ? {} : { subject }),
    message: `Only the largest component of ${nameOf(step, names)} was kept: ${components} smaller of ${ml.toFixed(2)} ml together ${components === 1 ? "was" : "were"} removed, as cross-validation decided. Postprocessing can be turned off.`,
  }));
}

/** Issues that tell what was decided, and on what evidence. */
export function decisionIssues(
  { evidence }: Postprocessing,
  names: readonly string[],
  subject: string,
): Issue[] {
  return evidence.map(({ step, before, after, cases, worse, applied }) => {
    const dice = (values: readonly (number | null)[]) => mean(values)?.toFixed(4) ?? "undefined";
    const change = `mean out-of-fold Dice ${dice(before)} without it, ${dice(after)} with it, in ${cases} cases, of which ${worse} became worse`;
    return {
      code: applied ? "postprocessing-applied" : "postprocessing-not-applied",
      severity: applied ? "warning" : "info",
      subject,
      message: applied
        ? `Only the largest component of ${nameOf(step, names)} is kept: ${change}. Further foci of multifocal cancer are lost.`
        : `All components of ${nameOf(step, names)} are kept. Keeping the largest alone: ${change}.`,
    };
  });
}

function nameOf(step: PostprocessingStep, names: readonly string[]): string {
  if (step !== "foreground") return names[step] ?? `class ${step}`;
  return names.length === 2 ? names[1] : "all classes together";
}

/** The mask with one component of what the step looks at, the first of equals. */
function keepLargest(
  labels: LabelMap,
  step: PostprocessingStep,
): { readonly mask: LabelMap; readonly components: number; readonly ml: number } {
  const concerned = (value: number) => (step === "foreground" ? value > 0 : value === step);
  const { map, components } = connectedComponents({
    grid: labels.grid,
    data: labels.data.map((value) => (concerned(value) ? 1 : 0)),
  });
  if (components.length < 2) return { mask: labels, components: 0, ml: 0 };
  const data = labels.data.map((value, i) => (map.data[i] > 1 ? 0 : value));
  return {
    mask: { grid: labels.grid, data },
    components: components.length - 1,
    ml: components.slice(1).reduce((sum, { ml }) => sum + ml, 0),
  };
}

function diceOfClass(predicted: Uint8Array, reference: Uint8Array, c: number): number | null {
  let both = 0;
  let either = 0;
  for (let i = 0; i < predicted.length; i++) {
    const a = predicted[i] === c;
    const b = reference[i] === c;
    if (a) either++;
    if (b) either++;
    if (a && b) both++;
  }
  return either === 0 ? null : (2 * both) / either;
}

/** Of the values that there are. */
function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toFixed(6));
}
