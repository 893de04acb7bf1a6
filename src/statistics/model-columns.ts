/** The scores of the compared models, checked and ready for rank statistics. */
import { DataError, UsageError } from "../domain/errors.ts";
import { type Levels, levelsOf } from "./levels.ts";

/** One model's scores, one per case in the order of the outcomes; `null` is missing. */
export interface ModelScores {
  readonly name: string;
  readonly scores: readonly (number | null)[];
}

/** Scores as levels over all cases. The level of a case without a score is of no meaning. */
export interface ModelColumn {
  readonly name: string;
  /** 1 for a case with a score. */
  readonly present: Uint8Array;
  readonly levels: Levels;
  /** The same for columns with scores for the same cases. */
  readonly presence: number;
}

/**
 * Checks and prepares the models of a comparison.
 *
 * @throws {UsageError} `models-missing`, `model-name`, `model-duplicate`, `length-mismatch`.
 * @throws {DataError} `score-not-finite` for NaN or an infinity.
 */
export function modelColumns(models: readonly ModelScores[], cases: number): ModelColumn[] {
  if (models.length === 0) {
    throw new UsageError("models-missing", { found: "no model to compare", expected: "at least one" });
  }
  const names = new Set<string>();
  const presences: Uint8Array[] = [];
  return models.map(({ name, scores }) => {
    requireName(name, names);
    names.add(name);
    if (scores.length !== cases) {
      throw new UsageError("length-mismatch", {
        found: `model ${name} has ${scores.length} scores for ${cases} cases`,
        expected: "one score, or null, per case",
      });
    }
    const present = Uint8Array.from(scores, (score) => (score === null ? 0 : 1));
    return { name, present, levels: levelsOfPresent(name, scores), presence: indexOf(present, presences) };
  });
}

function requireName(name: string, seen: ReadonlySet<string>): void {
  if (name.trim() === "" || name === "__proto__") {
    throw new UsageError("model-name", { found: `a model named "${name}"`, expected: "a name" });
  }
  if (seen.has(name)) {
    throw new UsageError("model-duplicate", {
      found: `two models are named ${name}`,
      expected: "one column per model",
      remedy: "Rename one of them.",
    });
  }
}

function levelsOfPresent(name: string, scores: readonly (number | null)[]): Levels {
  const values: number[] = [];
  scores.forEach((score, row) => {
    if (score === null) return;
    if (!Number.isFinite(score)) {
      throw new DataError("score-not-finite", {
        found: `model ${name} has the score ${score} in row ${row + 1}`,
        expected: "finite numbers, or an empty value where there is no score",
      });
    }
    values.push(score);
  });
  const compact = levelsOf(values);
  const of = new Uint32Array(scores.length);
  let next = 0;
  for (let row = 0; row < of.length; row++) if (scores[row] !== null) of[row] = compact.of[next++];
  return { of, count: compact.count };
}

function indexOf(present: Uint8Array, known: Uint8Array[]): number {
  const index = known.findIndex((other) => other.every((value, row) => value === present[row]));
  return index >= 0 ? index : known.push(present) - 1;
}
