/** The guidelines that every run is held against. */
import { CLAIM } from "./claim.ts";
import { CLEAR } from "./clear.ts";
import type { FilledGuideline } from "./filled-guideline.ts";
import { fillGuideline, type Guideline } from "./guideline.ts";
import { METRICS } from "./metrics.ts";
import { PROBAST_AI } from "./probast-ai.ts";
import type { StudyFacts } from "./study-facts.ts";
import { TRIPOD_AI } from "./tripod-ai.ts";

export const GUIDELINES: readonly Guideline[] = [TRIPOD_AI, CLAIM, CLEAR, METRICS, PROBAST_AI];

/** Every guideline with each item answered from the facts, or left as a question. */
export function fillGuidelines(facts: StudyFacts): FilledGuideline[] {
  return GUIDELINES.map((guideline) => fillGuideline(guideline, facts));
}
