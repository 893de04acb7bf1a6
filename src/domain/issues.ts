/** Coded issues: what was imperfect in data that could still be used. */

export type Severity = "info" | "warning" | "error";

/** `error` means that the case or value concerned was left out; the others went on. */
export interface Issue {
  /** Stable, kebab-case, `area-what`: e.g. `series-phase-missing`. */
  readonly code: string;
  readonly severity: Severity;
  /** What was found, what was expected and what to do. */
  readonly message: string;
  /** The study identifier of the patient, examination or column concerned. */
  readonly subject?: string;
  /** The file concerned, relative to the cohort where possible. */
  readonly file?: string;
}

/** A value together with the issues met while making it. */
export interface WithIssues<T> {
  readonly value: T;
  readonly issues: readonly Issue[];
}
