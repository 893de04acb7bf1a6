/** Worker threads that grow the trees of forests. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { UsageError, WorkError } from "../domain/errors.ts";
import type { RandomKey } from "../domain/random.ts";
import type { GrownTree } from "./decision-tree.ts";
import type { Growth } from "./forest-growth.ts";
import { type Forest, type ForestOptions, planForest, type TrainingRows } from "./random-forest.ts";
import type { GrowthReply, GrowthRequest } from "./tree-worker.ts";

interface Task extends GrowthRequest {
  readonly resolve: (grown: readonly GrownTree[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A fixed number of threads, started as they are needed, that keep no process alive while idle. */
export class TreeWorkers {
  readonly #threads: number;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Task>();
  readonly #waiting: Task[] = [];
  #disposed = false;

  /**
   * @param threads at least 1.
   * @throws {UsageError} `forest-threads`.
   */
  constructor(threads: number) {
    if (!(Number.isInteger(threads) && threads >= 1)) {
      throw new UsageError("forest-threads", {
        found: `${threads} threads`,
        expected: "a whole number of at least 1",
      });
    }
    this.#threads = threads;
  }

  /**
   * Fits a forest, the same as `fitForest` does, and throws as it does.
   *
   * @throws {WorkError} `forest-thread` where a thread ends before its work.
   */
  async fit(training: TrainingRows, options: Partial<ForestOptions>, key: RandomKey): Promise<Forest> {
    const planned = planForest(training, options, key);
    const parts = Math.min(this.#threads, planned.trees);
    const bound = (part: number) => Math.floor((part * planned.trees) / parts);
    const grown = await Promise.all(
      Array.from({ length: parts }, (_, part) => this.#grow(planned.growth, bound(part), bound(part + 1))),
    );
    return planned.finish(grown.flat());
  }

  /** Ends the threads; work that is under way is refused. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const workers = [...this.#idle, ...this.#busy.keys()];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #grow(growth: Growth, from: number, to: number): Promise<readonly GrownTree[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ growth, from, to, resolve, reject });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && this.#busy.size < this.#threads) {
      const worker = this.#idle.pop() ?? this.#start();
      const task = this.#waiting.shift()!;
      this.#busy.set(worker, task);
      worker.ref();
      const { growth, from, to } = task;
      worker.postMessage({ growth, from, to } satisfies GrowthRequest);
    }
  }

  #start(): Worker {
    // Sources run from .ts files, the published package from .js files.
    const extension = path.extname(fileURLToPath(import.meta.url));
    const worker = new Worker(new URL(`./tree-worker${extension}`, import.meta.url));
    worker.on("message", (reply: GrowthReply) => {
      const task = this.#busy.get(worker)!;
      this.#busy.delete(worker);
      this.#idle.push(worker);
      worker.unref();
      if ("grown" in reply) task.resolve(reply.grown);
      else task.reject(threadFailure(reply.failed));
      this.#dispatch();
    });
    worker.on("error", (error) => this.#lose(worker, `it failed: ${error.message}`));
    worker.on("exit", () => this.#lose(worker, "it ended"));
    return worker;
  }

  #lose(worker: Worker, reason: string): void {
    const task = this.#busy.get(worker);
    this.#busy.delete(worker);
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    task?.reject(threadFailure(reason));
    if (this.#disposed) {
      for (const waiting of this.#waiting.splice(0)) waiting.reject(threadFailure(reason));
    } else {
      this.#dispatch();
    }
  }
}

function threadFailure(reason: string): WorkError {
  return new WorkError("forest-thread", {
    found: `a thread did not grow its trees: ${reason}`,
    expected: "a thread that runs to its end",
    remedy: "Run again; with less memory at hand, set forest.threads to 1.",
  });
}
