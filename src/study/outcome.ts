/** Reads the outcome of one patient from a row of the clinical table. */
import type { ClinicalValue } from "../domain/cohort.ts";
import { DataError } from "../domain/errors.ts";
import type { Issue, WithIssues } from "../domain/issues.ts";
import { outcomeOfClass, outcomeOfScore, type PathologyOutcome, UNKNOWN_OUTCOME } from "../domain/outcome.ts";
import { RCB_CLASSES, type RcbClass, rcbScore } from "../domain/rcb.ts";
import type { StudyConfig } from "./schema.ts";

type Row = Readonly<Record<string, ClinicalValue>>;
type OutcomeConfig = StudyConfig["outcome"];

/**
 * Reads what the study file names: components, else score, else class; and pCR, given or implied (RCB-0).
 * An unreadable or impossible value becomes an issue, and the outcome is unknown.
 */
export function readOutcome(
  row: Row,
  config: OutcomeConfig,
  patientId: string,
): WithIssues<PathologyOutcome> {
  try {
    const burden = readBurden(row, config);
    const pcr = config.pcr === undefined ? null : parsePcr(row[config.pcr], config.pcr);
    return { value: { ...burden, pcr: pcr ?? burden.pcr }, issues: contradiction(burden, pcr, patientId) };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const issue: Issue = {
      code: error.code,
      severity: "error",
      subject: patientId,
      message: `${error.message} The outcome counts as missing.`,
    };
    return { value: UNKNOWN_OUTCOME, issues: [issue] };
  }
}

/** A given pCR status goes before the one that the RCB class implies; a contradiction is told. */
function contradiction(burden: PathologyOutcome, pcr: boolean | null, patientId: string): Issue[] {
  if (burden.pcr === null || pcr === null || burden.pcr === pcr) return [];
  return [
    {
      code: "outcome-contradiction",
      severity: "warning",
      subject: patientId,
      message: `pCR is given as ${pcr ? "yes" : "no"} with RCB class ${burden.rcbClass}, where pCR means RCB-0. Each endpoint uses its own column; ask pathology which is right.`,
    },
  ];
}

function readBurden(row: Row, config: OutcomeConfig): PathologyOutcome {
  if (config.components !== undefined) {
    const { d1, d2, cellularity, cis, nodes, met } = config.components;
    const values = [d1, d2, cellularity, cis, nodes, met].map((column) => numberOrNull(row[column], column));
    if (values.includes(null)) return UNKNOWN_OUTCOME;
    const [d1Mm, d2Mm, cellularityPercent, cisPercent, positiveNodes, metastasisMm] = values as number[];
    return outcomeOfScore(
      rcbScore({ d1Mm, d2Mm, cellularityPercent, cisPercent, positiveNodes, metastasisMm }),
    );
  }
  if (config.rcb !== undefined) {
    const score = numberOrNull(row[config.rcb], config.rcb);
    return score === null ? UNKNOWN_OUTCOME : outcomeOfScore(score);
  }
  if (config.rcbClass !== undefined) {
    const value = row[config.rcbClass];
    return value === null ? UNKNOWN_OUTCOME : outcomeOfClass(parseRcbClass(value, config.rcbClass));
  }
  return UNKNOWN_OUTCOME;
}

function numberOrNull(value: ClinicalValue, column: string): number | null {
  if (value === null || typeof value === "number") return value;
  throw new DataError("outcome-unreadable", { found: `"${value}" in "${column}"`, expected: "a number" });
}

/** Reads `0`–`3`, `0`/`I`/`II`/`III`, with or without `RCB` before it. */
export function parseRcbClass(value: number | string, column: string): RcbClass {
  const text = String(value)
    .trim()
    .toUpperCase()
    .replace(/^RCB[\s-]*/, "");
  const found = RCB_CLASSES.find((name, rank) => text === name || text === String(rank));
  if (found === undefined) {
    throw new DataError("outcome-unreadable", {
      found: `"${value}" in "${column}"`,
      expected: "an RCB class: 0 to 3, or 0, I, II, III",
    });
  }
  return found;
}

const PCR_WORDS: Readonly<Record<string, boolean>> = {
  "1": true,
  yes: true,
  true: true,
  pcr: true,
  "0": false,
  no: false,
  false: false,
  "non-pcr": false,
};

/** Reads 1/0, yes/no, true/false, pCR/non-pCR; null is missing. */
export function parsePcr(value: ClinicalValue, column: string): boolean | null {
  if (value === null) return null;
  const word = String(value).trim().toLowerCase();
  if (!Object.hasOwn(PCR_WORDS, word)) {
    throw new DataError("outcome-unreadable", {
      found: `"${value}" in "${column}"`,
      expected: "1 or 0, yes or no, true or false, pCR or non-pCR",
    });
  }
  return PCR_WORDS[word];
}
