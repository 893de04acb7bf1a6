/** Exit codes: 0 done; 1 the work failed; 2 wrong usage; 3 the input data are unusable. */
import { CommanderError } from "commander";
import pc from "picocolors";
import { DataError, ResiduaError, UsageError } from "../domain/errors.ts";

const SHOWN_BY_COMMANDER = ["commander.helpDisplayed", "commander.help", "commander.version"];

/** The exit code of an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return SHOWN_BY_COMMANDER.includes(error.code) ? error.exitCode : 2;
  if (error instanceof UsageError) return 2;
  if (error instanceof DataError) return 3;
  return 1;
}

/** What is shown of an error; undefined where commander has already shown it. */
export function errorText(error: unknown): string | undefined {
  if (error instanceof CommanderError) return undefined;
  if (error instanceof ResiduaError) return `${pc.red("error")} ${pc.dim(error.code)} ${error.message}`;
  if (error instanceof Error) return `${pc.red("error")} ${error.stack ?? error.message}`;
  return `${pc.red("error")} ${String(error)}`;
}
