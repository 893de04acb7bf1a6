/** Errors of single files, as issues of the folder that holds them. */
import { relative } from "node:path";
import { ResiduaError } from "../domain/errors.ts";
import type { Issue } from "../domain/issues.ts";

/**
 * The issue, of severity `error`, that reports a caught error; files are named relative to the folder.
 *
 * @throws the error itself where it is not Residua's own, since then it is a defect and not a finding about the data.
 */
export function issueOfError(error: unknown, dir: string, subject?: string): Issue {
  if (!(error instanceof ResiduaError)) throw error;
  const { file } = error.details;
  return {
    code: error.code,
    severity: "error",
    message: file === undefined ? error.message : error.message.replace(file, relative(dir, file) || "."),
    ...(subject === undefined ? {} : { subject }),
    ...(file === undefined ? {} : { file: relative(dir, file) || "." }),
  };
}
