/**
 * Typed errors. A broken call or an unusable input throws one of these; imperfect but usable data
 * record an {@link Issue} instead.
 */

/** What every Residua error tells its reader. */
export interface ErrorDetails {
  /** What was wrong, in one sentence. */
  readonly found: string;
  /** What would have been right. */
  readonly expected?: string;
  /** What the reader can do about it. */
  readonly remedy?: string;
  /** The file concerned. */
  readonly file?: string;
}

/** Base of all errors that Residua throws on purpose. `code` is stable and kebab-case. */
export abstract class ResiduaError extends Error {
  readonly code: string;
  readonly details: ErrorDetails;

  constructor(code: string, details: ErrorDetails, options?: ErrorOptions) {
    super(describe(details), options);
    this.code = code;
    this.details = details;
    this.name = new.target.name;
  }
}

/** The input data cannot be used (exit code 3). */
export class DataError extends ResiduaError {}

/** The caller asked for something that does not exist or does not fit (exit code 2). */
export class UsageError extends ResiduaError {}

/** The work itself failed, though input and usage were right (exit code 1). */
export class WorkError extends ResiduaError {}

function describe({ file, found, expected, remedy }: ErrorDetails): string {
  const where = file === undefined ? "" : `${file}: `;
  const wanted = expected === undefined ? "" : ` Expected ${sentence(expected)}`;
  const advice = remedy === undefined ? "" : ` ${remedy}`;
  return `${where}${sentence(found)}${wanted}${advice}`;
}

/** What was found may be the message of another error, with its full stop. */
function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}
