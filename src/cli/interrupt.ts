/** Ctrl-C: the first lets the work stop at a safe place, the second ends the process. */
import { WorkError } from "../domain/errors.ts";
import { printNote } from "./console.ts";

export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      // The signal's own effect, at once: `process.exit` would wait for ONNX Runtime's threads, and abort when they come to their end.
      process.removeAllListeners(name);
      process.kill(process.pid, name);
      return;
    }
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
