/**
 * Reporting guidelines as tables: what each item asks for, in our own words, and from which facts of a run it is answered.
 * What software cannot know stays a question to the authors, so that an empty field cannot pass for a finished one.
 */
import { CONDITIONS, type ConditionName, EVIDENCE, type EvidenceName } from "./evidence.ts";
import type { FilledGuideline, FilledItem } from "./filled-guideline.ts";
import type { StudyFacts } from "./study-facts.ts";

export interface GuidelineItem {
  /** Number in the guideline, as printed there. */
  readonly item: string;
  /** What it asks for, in our own words. */
  readonly topic: string;
  /** Facts that answer it. */
  readonly from: readonly EvidenceName[];
  /** What the authors must answer, or add. */
  readonly ask?: string;
  /** Where the item does not apply without this. */
  readonly only?: ConditionName;
  /** Weight in the guideline's score. */
  readonly weight?: number;
}

export interface Guideline extends Omit<FilledGuideline, "items"> {
  readonly items: readonly GuidelineItem[];
}

/** An item that the run answers. */
export function known(item: string, topic: string, ...from: readonly EvidenceName[]): GuidelineItem {
  return { item, topic, from };
}

/** An item that only the authors can answer. */
export function asked(item: string, topic: string, ask: string): GuidelineItem {
  return { item, topic, from: [], ask };
}

/** An item of which the run knows a part; it stays a question until the authors have added theirs. */
export function partly(
  item: string,
  topic: string,
  from: readonly EvidenceName[],
  ask: string,
): GuidelineItem {
  return { item, topic, from, ask };
}

/** An item that applies only where a condition holds. */
export function when(only: ConditionName, item: GuidelineItem): GuidelineItem {
  return { ...item, only };
}

const MARK = "To be answered by the authors:";

/** Answers each item from the facts of a run, or marks it as a question. */
export function fillGuideline({ items, ...guideline }: Guideline, facts: StudyFacts): FilledGuideline {
  return { ...guideline, items: items.map((item) => fillItem(item, facts)) };
}

function fillItem({ item, topic, from, ask, only, weight }: GuidelineItem, facts: StudyFacts): FilledItem {
  const base = { item, topic, ...(weight === undefined ? {} : { weight }) };
  if (only !== undefined && !CONDITIONS[only].holds(facts)) {
    return { ...base, status: "not applicable", evidence: CONDITIONS[only].otherwise };
  }
  const sentences = [
    ...new Set(from.map((name) => EVIDENCE[name](facts)).filter((sentence) => sentence !== null)),
  ];
  const question = ask ?? (sentences.length === 0 ? `${topic}.` : undefined);
  if (question === undefined) return { ...base, status: "filled", evidence: sentences.join(" ") };
  return { ...base, status: "question", evidence: [...sentences, `${MARK} ${question}`].join(" ") };
}
