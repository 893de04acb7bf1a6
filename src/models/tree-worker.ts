/** The thread of {@link TreeWorkers}: grows the trees that it is asked for. */
import { parentPort } from "node:worker_threads";
import type { GrownTree } from "./decision-tree.ts";
import { type Growth, growTrees } from "./forest-growth.ts";

export interface GrowthRequest {
  readonly growth: Growth;
  readonly from: number;
  readonly to: number;
}

export type GrowthReply = { readonly grown: readonly GrownTree[] } | { readonly failed: string };

const port = parentPort;
if (port === null) throw new Error("tree-worker runs as a worker thread only");
port.on("message", ({ growth, from, to }: GrowthRequest) => {
  port.postMessage(reply(growth, from, to));
});

function reply(growth: Growth, from: number, to: number): GrowthReply {
  try {
    return { grown: growTrees(growth, from, to) };
  } catch (error) {
    return { failed: String(error) };
  }
}
