/** Who was studied: the first table of a paper, from the patients themselves. */
import type { ClinicalValue, Patient } from "../domain/cohort.ts";
import type { PathologyOutcome } from "../domain/outcome.ts";
import { RCB_CLASSES } from "../domain/rcb.ts";
import { type Distribution, distributionOf } from "./distribution.ts";

/** One column per set. */
export interface CohortSummary {
  readonly sets: readonly { readonly name: string; readonly patients: number }[];
  readonly characteristics: readonly Characteristic[];
}

/** One variable; arrays run over the sets. */
export type Characteristic = {
  readonly label: string;
  /** Patients without a value. */
  readonly missing: readonly number[];
} & (
  | { readonly kind: "numeric"; readonly distributions: readonly (Distribution | null)[] }
  | {
      readonly kind: "categorical";
      readonly levels: readonly { readonly level: string; readonly counts: readonly number[] }[];
    }
);

/** A column whose numbers take at most this many whole values is counted per value, as a grade or a class is. */
const FEW_LEVELS = 5;

/**
 * Summarises patients per set: examinations, outcome, then clinical columns.
 *
 * @param patients all patients of the study, in any order
 * @param columns clinical columns to show, in this order; absent: every column that occurs
 */
export function summariseCohort(patients: readonly Patient[], columns?: readonly string[]): CohortSummary {
  const names = (["train", "test"] as const).filter((set) => patients.some((patient) => patient.set === set));
  const groups = names.map((set) => patients.filter((patient) => patient.set === set));
  const shown = columns ?? [...new Set(patients.flatMap((patient) => Object.keys(patient.clinical)))];
  return {
    sets: names.map((name, i) => ({ name, patients: groups[i].length })),
    characteristics: [
      ...examinations(patients, groups),
      ...outcomes(groups),
      ...shown.map((column) =>
        characteristic(
          column,
          groups.map((group) => group.map(({ clinical }) => clinical[column] ?? null)),
        ),
      ),
    ],
  };
}

/** Patients with an examination, by visit; a patient may have several. */
function examinations(
  patients: readonly Patient[],
  groups: readonly (readonly Patient[])[],
): Characteristic[] {
  const levels = visits(patients).map((visit) => ({
    level: visit === "pre" || visit === "post" ? `${visit}-treatment` : visit,
    counts: groups.map((group) => group.filter((patient) => hasVisit(patient, visit)).length),
  }));
  return levels.length === 0
    ? []
    : [{ kind: "categorical", label: "MRI available", missing: groups.map(() => 0), levels }];
}

function hasVisit({ examinations }: Patient, visit: string): boolean {
  return examinations.some((examination) => examination.visit === visit);
}

function visits(patients: readonly Patient[]): string[] {
  const found = new Set(patients.flatMap(({ examinations }) => examinations.map(({ visit }) => visit)));
  return [...found].sort((a, b) => order(a) - order(b) || a.localeCompare(b, "en"));
}

function order(visit: string): number {
  return visit === "pre" ? 0 : visit === "post" ? 2 : 1;
}

/** Score, class and pCR, each where any patient has one. */
function outcomes(groups: readonly (readonly Patient[])[]): Characteristic[] {
  const values = <T>(read: (outcome: PathologyOutcome) => T) =>
    groups.map((group) => group.map(({ outcome }) => read(outcome)));
  const scores = values(({ rcbScore }) => rcbScore);
  const classes = values(({ rcbClass }) => (rcbClass === null ? null : `RCB-${rcbClass}`));
  const pcr = values((outcome) => (outcome.pcr === null ? null : outcome.pcr ? "yes" : "no"));
  const known = (columns: readonly (readonly unknown[])[]) =>
    columns.some((column) => column.some((value) => value !== null));
  return [
    ...(known(scores) ? [numeric("RCB score", scores)] : []),
    ...(known(classes)
      ? [
          categorical(
            "RCB class",
            classes,
            RCB_CLASSES.map((name) => `RCB-${name}`),
          ),
        ]
      : []),
    ...(known(pcr) ? [categorical("Pathological complete response", pcr, ["yes", "no"])] : []),
  ];
}

function characteristic(label: string, columns: readonly (readonly ClinicalValue[])[]): Characteristic {
  const present = columns.flat().filter((value) => value !== null);
  const numbers = present.filter((value) => typeof value === "number");
  const distinct = new Set(numbers);
  const few = distinct.size <= FEW_LEVELS && numbers.every(Number.isInteger);
  if (numbers.length === present.length && present.length > 0 && !few) {
    return numeric(label, columns as readonly (readonly (number | null)[])[]);
  }
  const text = columns.map((column) => column.map((value) => (value === null ? null : String(value))));
  const levels = [...new Set(text.flat().filter((value) => value !== null))];
  return categorical(
    label,
    text,
    levels.sort((a, b) => a.localeCompare(b, "en", { numeric: true })),
  );
}

function numeric(label: string, columns: readonly (readonly (number | null)[])[]): Characteristic {
  return {
    kind: "numeric",
    label,
    missing: columns.map(missingCount),
    distributions: columns.map((column) => distributionOf(column)),
  };
}

function categorical(
  label: string,
  columns: readonly (readonly (string | null)[])[],
  levels: readonly string[],
): Characteristic {
  return {
    kind: "categorical",
    label,
    missing: columns.map(missingCount),
    levels: levels.map((level) => ({
      level,
      counts: columns.map((column) => column.filter((value) => value === level).length),
    })),
  };
}

function missingCount(column: readonly unknown[]): number {
  return column.filter((value) => value === null).length;
}
