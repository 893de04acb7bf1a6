/** Whether a training fits into the memory that there is, before it begins. */
import { UsageError } from "../../domain/errors.ts";
import type { Engine } from "../../engine/engine.ts";
import { elementCount } from "../../graph/shape-rules.ts";
import type { Plan } from "../../networks/plan.ts";
import { availableMemoryBytes } from "../available-memory.ts";
import type { NetworkKind } from "../schema.ts";
import { createNetwork, type NetworkOptions, optionsOf } from "./networks.ts";
import { addOptimiser, type Recipe } from "./recipe.ts";

export interface MemoryRequest {
  readonly kind: NetworkKind;
  readonly plan: Plan;
  readonly options: NetworkOptions;
  readonly recipe: Recipe;
  readonly engine: Engine;
  /** The plan of the same data with another batch or a smaller measure of memory: see `PlanOptions.overrides`. */
  readonly replan: (change: { readonly batchSize?: number; readonly memoryReference?: number }) => Plan;
  /** By default what this machine has. */
  readonly availableBytes?: number;
}

/** The process itself, prepared images and batches. */
const BESIDE_BYTES = 500 * 2 ** 20;
/** Copies of the state outside of the engine: the last good checkpoint, one that is read and its bytes. */
const STATE_COPIES = 3;
const SMALLEST_BATCH = 2;
const SMALLER_BY = 0.7;
const TRIES = 12;

/** Bytes that training by a plan takes, all in all. */
export async function trainingBytes(
  { kind, options, recipe, engine }: Pick<MemoryRequest, "kind" | "options" | "recipe" | "engine">,
  plan: Plan,
): Promise<number> {
  const network = createNetwork(kind, plan, optionsOf(kind, options));
  const graph = addOptimiser(
    network.training({ batchSize: plan.batchSize, batchDice: recipe.batchDice }),
    recipe,
  );
  const state = graph.nodes
    .filter((node) => node.kind === "input")
    .filter(({ initial }) => initial !== undefined)
    .reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0);
  return (await engine.plannedBytes(graph)) + STATE_COPIES * state + BESIDE_BYTES;
}

/**
 * @throws {UsageError} `memory-insufficient` where the training does not fit, with what it takes, what there is, and the largest plan by the
 *   planner's rules that fits.
 */
export async function requireMemory(request: MemoryRequest): Promise<void> {
  const { plan, availableBytes = availableMemoryBytes() } = request;
  const needed = await trainingBytes(request, plan);
  if (needed <= availableBytes) return;
  const fitting = await smallerPlan(request, availableBytes);
  throw new UsageError("memory-insufficient", {
    found: `training with a patch of ${describe(plan)} takes ${gibibytes(needed)}, and ${gibibytes(availableBytes)} of memory are available`,
    expected: "a plan that fits",
    remedy:
      fitting === undefined
        ? "No plan of this data set fits; free memory, or take planner compact."
        : `A patch of ${describe(fitting.plan)} takes ${gibibytes(fitting.bytes)} (--patch ${fitting.plan.patchSize.join(",")} --batch ${fitting.plan.batchSize}; in a study file training.patchSize and training.batchSize). --force (training.memoryCheck: false) trains all the same.`,
  });
}

/** Less batch first, then smaller patches. */
async function smallerPlan(
  request: MemoryRequest,
  availableBytes: number,
): Promise<{ readonly plan: Plan; readonly bytes: number } | undefined> {
  let plan = request.plan;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const batchSize = Math.min(plan.batchSize, SMALLEST_BATCH);
    const smaller =
      plan.batchSize > SMALLEST_BATCH
        ? request.replan({ batchSize: Math.max(SMALLEST_BATCH, Math.floor(plan.batchSize / 2)) })
        : request.replan({ batchSize, memoryReference: plan.memoryEstimate * SMALLER_BY });
    if (smaller.memoryEstimate === plan.memoryEstimate && smaller.batchSize === plan.batchSize)
      return undefined;
    plan = smaller;
    const bytes = await trainingBytes(request, plan);
    if (bytes <= availableBytes) return { plan, bytes };
  }
  return undefined;
}

function describe({ patchSize, batchSize }: Plan): string {
  return `${patchSize.join("x")} and a batch of ${batchSize}`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
