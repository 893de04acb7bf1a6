/** Reads and validates a study file. */
import path from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { UsageError } from "../domain/errors.ts";
import { closestName, suggestName } from "../domain/suggestion.ts";
import { readText } from "../io/files.ts";
import { RESERVED_COLUMNS } from "./compare.ts";
import { MEASURED_MODELS, type ModelConfig, modelName, type StudyConfig, studySchema } from "./schema.ts";

export interface StudyFile {
  readonly file: string;
  /** Folder against which the paths in the study file are resolved. */
  readonly folder: string;
  readonly config: StudyConfig;
  /** Dotted paths of the values that the file does not give, so that the default holds. */
  readonly defaulted: readonly string[];
}

/**
 * @throws {DataError} where the file cannot be read.
 * @throws {UsageError} `study-syntax` for broken YAML, `study-invalid` for unknown keys, wrong values and models
 *   that refer to what the study does not have; every problem is named with its place.
 */
export async function readStudyFile(file: string): Promise<StudyFile> {
  return { ...parseStudy(await readText(file), file), file, folder: path.dirname(path.resolve(file)) };
}

/** Parses the text of a study file; `file` is only named in errors. */
export function parseStudy(text: string, file: string): Pick<StudyFile, "config" | "defaulted"> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  if (document.errors.length > 0) {
    throw new UsageError("study-syntax", {
      file,
      found: document.errors[0].message.trim(),
      expected: "valid YAML",
    });
  }
  const given: unknown = document.toJS();
  const parsed = studySchema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(describeProblem);
    throw new UsageError("study-invalid", {
      file,
      found: problems.join("; "),
      remedy: "docs/study-file.md lists every key.",
    });
  }
  checkReferences(parsed.data, file);
  return { config: parsed.data, defaulted: addedPaths(given, parsed.data) };
}

/** Paths of the leaves of `full` that `given` has not. */
function addedPaths(given: unknown, full: unknown, place: readonly string[] = []): string[] {
  if (typeof full !== "object" || full === null) return given === undefined ? [place.join(".")] : [];
  return Object.entries(full).flatMap(([key, value]) => {
    const child =
      typeof given === "object" && given !== null ? (given as Record<string, unknown>)[key] : undefined;
    return addedPaths(child, value, [...place, key]);
  });
}

function describeProblem(issue: z.core.$ZodIssue): string {
  const place = issue.path.length === 0 ? "the study" : issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    const named = issue.keys.map((key) => {
      const closest = closestName(key, known);
      return `"${key}"${closest === undefined ? "" : ` (did you mean "${closest}"?)`}`;
    });
    return `${place}: unknown key ${named.join(", ")}`;
  }
  return `${place}: ${issue.message}`;
}

/** Keys that the schema knows at a place, for suggestions. */
function knownKeys(place: readonly PropertyKey[]): string[] {
  let schema: unknown = studySchema;
  for (const key of place) schema = unwrap(schema)?.shape?.[key as string];
  return Object.keys(unwrap(schema)?.shape ?? {});
}

function unwrap(schema: unknown): { shape?: Record<string, unknown> } | undefined {
  let inner = schema as { shape?: Record<string, unknown>; def?: { innerType?: unknown } } | undefined;
  while (inner !== undefined && inner.shape === undefined && inner.def?.innerType !== undefined) {
    inner = inner.def.innerType as typeof inner;
  }
  return inner;
}

function isScore(model: ModelConfig): boolean {
  return typeof model === "object" && "columns" in model && model.estimator === "column";
}

function checkReferences(config: StudyConfig, file: string): void {
  const names = config.models.map(modelName);
  const refuse = (found: string, remedy: string): never => {
    throw new UsageError("study-invalid", { file, found, remedy });
  };
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) refuse(`two models are named "${twice}"`, "Give each model its own name.");
  const reserved = names.find((name) => RESERVED_COLUMNS.includes(name));
  if (reserved !== undefined) {
    refuse(`a model is named "${reserved}", as a column of predictions.csv is`, "Give it another name.");
  }
  config.models.forEach((model, i) => {
    if (typeof model === "string") {
      // What is measured on the images themselves needs none.
      if (config.networks.length === 0 && !(model in MEASURED_MODELS))
        refuse(`model "${model}" without a network`, "List a network under networks.");
      if (model === "volume+subtype" && config.subtype === undefined) {
        refuse(`model "${model}" without a subtype`, "Say under subtype which column holds it.");
      }
      return;
    }
    if ("deep" in model && !config.networks.includes(model.deep)) {
      refuse(`model "${modelName(model)}" without its network`, `Add ${model.deep} to networks.`);
    }
    if ("deep" in model && model.minIcc !== undefined && config.features.stability === undefined) {
      refuse(
        `model "${modelName(model)}" without features.stability`,
        "Say under features.stability how images are perturbed.",
      );
    }
    if ("columns" in model && model.estimator === "column" && model.columns.length > 1) {
      refuse(
        `model "${model.name}" takes a column as the score itself but names ${model.columns.length} columns`,
        "Name one column, or take the forest as its estimator.",
      );
    }
    if ("of" in model) {
      for (const part of model.of) {
        if (!names.slice(0, i).includes(part)) {
          refuse(
            `model "${model.name}" is made of "${part}", which is not declared before it`,
            suggestName(part, names),
          );
        }
        if (isScore(config.models[names.indexOf(part)])) {
          refuse(
            `model "${model.name}" is made of "${part}", a bare column, whose scale is not that of the outcome`,
            `Give "${part}" the forest as its estimator.`,
          );
        }
      }
    }
  });
  if (config.resampling.by === "centre") {
    if (config.cohort.centre === undefined) {
      refuse("resampling.by centre without a centre", "Say under cohort.centre which column holds it.");
    }
    if (config.resampling.repeats > 1) {
      refuse(
        `${config.resampling.repeats} repeats of leaving each centre out, which is the same each time`,
        "Leave out resampling.repeats.",
      );
    }
  }
  const { reference } = config.comparison;
  if (reference !== undefined && !names.includes(reference)) {
    refuse(`comparison.reference "${reference}" is no model`, suggestName(reference, names));
  }
}
