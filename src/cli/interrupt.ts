/** Ctrl-C: the first lets the work stop at a safe place, the second ends the process. */
import { WorkError } from "../domain/errors.ts";
import { printNote } from "./console.ts";

export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    printNote("\nstopping at the next safe place; press Ctrl-C again to stop at once");
    controller.abort(
      new WorkError("interrupted", {
        found: "the work was interrupted",
        remedy: "Run the same command again to go on.",
      }),
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller.signal;
}
