/** Registration in threads of their own: elastix blocks the thread that calls it. */
import { Worker } from "node:worker_threads";
import { WorkError } from "../../../domain/errors.ts";
import type { RegisteredVolume } from "../../../imaging/registration/registration.ts";
import type { RegistrationReply, RegistrationTask } from "./elastix-worker.ts";

/**
 * Registers `moving`, on any grid, to `fixed`, which lies on the grid of the mask. The same images give the same result to the bit.
 *
 * @throws {WorkError} `registration-failed` where elastix gives up or its thread dies.
 */
export function register(task: RegistrationTask, signal?: AbortSignal): Promise<RegisteredVolume> {
  // The published package holds compiled files, the sources are run as they are.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const file = new URL(`./elastix-worker.${extension}`, import.meta.url);
  const worker = new Worker(file, { workerData: task });
  return new Promise<RegisteredVolume>((resolve, reject) => {
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort);
    worker.once("message", (reply: RegistrationReply) => {
      if ("value" in reply) resolve(reply.value);
      else reject(failed(reply.failed));
    });
    worker.once("error", (error) => reject(failed(error.message)));
    worker.once("exit", () => {
      signal?.removeEventListener("abort", abort);
      reject(failed("the thread of the registration ended"));
    });
  }).finally(() => worker.terminate());
}

function failed(found: string): WorkError {
  return new WorkError("registration-failed", {
    found,
    remedy: "Check the phases and the memory of the machine, or turn registration off.",
  });
}
