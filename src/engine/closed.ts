/** What an executable answers that has been disposed of, the same for every engine. */
import { WorkError } from "../domain/errors.ts";

export function executableClosed(): WorkError {
  return new WorkError("engine-closed", {
    found: "the executable was disposed of before this call was done",
    expected: "calls before `dispose`",
  });
}
