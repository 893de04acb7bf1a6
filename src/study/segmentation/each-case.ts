/** Work on many cases, of which one bad one must not lose the others. */
import { ResiduaError } from "../../domain/errors.ts";
import type { Issue } from "../../domain/issues.ts";
import type { Progress } from "../progress.ts";

export interface EachCase {
  /** Name of the work, for the progress. */
  readonly name: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/**
 * Works on items in turn. One that throws a Residua error becomes an issue of severity `error`; other errors are thrown.
 *
 * @returns the issues, and how many items were worked on without one.
 */
export async function eachCase<T extends { readonly id: string }>(
  items: readonly T[],
  { name, progress, signal }: EachCase,
  work: (item: T) => Promise<void>,
): Promise<{ readonly issues: Issue[]; readonly done: number }> {
  const task = progress.begin(name, items.length);
  const issues: Issue[] = [];
  for (const item of items) {
    signal?.throwIfAborted();
    try {
      await work(item);
    } catch (error) {
      // An interruption says nothing about the case.
      signal?.throwIfAborted();
      if (!(error instanceof ResiduaError)) throw error;
      issues.push({
        code: error.code,
        severity: "error",
        subject: item.id,
        message: `${error.message} It was left out.`,
      });
    }
    task.advance();
  }
  const done = items.length - issues.length;
  task.done(`${done} of ${items.length}`);
  return { issues, done };
}
