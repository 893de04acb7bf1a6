/** A guideline whose items a run has answered as far as it can. */

export type ItemStatus = "filled" | "question" | "not applicable";

export interface FilledItem {
  readonly item: string;
  readonly topic: string;
  readonly status: ItemStatus;
  /** What the run knows, then what the authors must add. */
  readonly evidence: string;
  readonly weight?: number;
}

export interface FilledGuideline {
  /** Name of its file. */
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly items: readonly FilledItem[];
}

/** How many items have each status. */
export function countStatuses({ items }: FilledGuideline): Readonly<Record<ItemStatus, number>> {
  const counts = { filled: 0, question: 0, "not applicable": 0 };
  for (const { status } of items) counts[status]++;
  return counts;
}
