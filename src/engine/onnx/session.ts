/** The caller's side of a session thread: requests as promises. */
import { Worker } from "node:worker_threads";
import { WorkError } from "../../domain/errors.ts";
import { executableClosed } from "../closed.ts";
import type { SessionCalls, SessionReply, SessionSetup } from "./session-worker.ts";

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class SessionThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #ended: WorkError | undefined;
  readonly #closed = new Int32Array(new SharedArrayBuffer(4));

  /** Starts a thread and loads the model. @throws {WorkError} `engine-runtime` where the runtime refuses it. */
  static async start(setup: Omit<SessionSetup, "closed">): Promise<SessionThread> {
    const thread = new SessionThread(setup);
    try {
      await new Promise<void>((resolve, reject) => thread.#expect(0, { resolve, reject }));
    } catch (error) {
      await thread.#worker.terminate();
      throw error;
    }
    return thread;
  }

  private constructor(setup: Omit<SessionSetup, "closed">) {
    // The published package holds compiled files, the sources are run as they are.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const file = new URL(`./session-worker.${extension}`, import.meta.url);
    this.#worker = new Worker(file, {
      workerData: { ...setup, closed: this.#closed } satisfies SessionSetup,
    });
    this.#worker.on("message", (reply: SessionReply) => this.#settle(reply));
    this.#worker.on("error", ({ message }) =>
      this.#end(runtimeError(`the engine's thread failed: ${message}`)),
    );
    this.#worker.on("exit", () => this.#end(runtimeError("the engine's thread has ended")));
  }

  /** Sends a request; requests are answered in the order in which they were sent. */
  call<K extends keyof SessionCalls>(
    kind: K,
    payload: SessionCalls[K]["request"],
  ): Promise<SessionCalls[K]["reply"]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return this.#send(kind, payload);
  }

  /**
   * Refuses at once what waits for an answer; frees the session and ends the thread after the run that it is in, which the runtime cannot
   * leave (a thread that is ended within a run takes the process with it).
   */
  async dispose(): Promise<void> {
    if (this.#ended !== undefined) return;
    Atomics.store(this.#closed, 0, 1);
    this.#end(executableClosed());
    await this.#send("dispose", undefined);
    await this.#worker.terminate();
  }

  #send<K extends keyof SessionCalls>(
    kind: K,
    payload: SessionCalls[K]["request"],
  ): Promise<SessionCalls[K]["reply"]> {
    const id = this.#nextId++;
    return new Promise<SessionCalls[K]["reply"]>((resolve, reject) => {
      this.#expect(id, { resolve, reject });
      this.#worker.postMessage({ id, kind, payload });
    });
  }

  /** An idle thread does not keep the process alive; one that owes an answer does. */
  #expect(id: number, pending: Pending): void {
    this.#pending.set(id, pending);
    this.#worker.ref();
  }

  #settle(reply: SessionReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if ("error" in reply) pending?.reject(runtimeError(reply.error));
    else pending?.resolve(reply.value as never);
  }

  #end(reason: WorkError): void {
    this.#ended ??= reason;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}

function runtimeError(found: string): WorkError {
  return new WorkError("engine-runtime", {
    found,
    remedy: "Check with `residua doctor` that ONNX Runtime works and that memory suffices.",
  });
}
