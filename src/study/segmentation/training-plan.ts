/** The plan that a network is trained by: the planner's, with what a study or a command changes. */
import type { Fingerprint } from "../../networks/fingerprint.ts";
import { type Plan, planNetwork } from "../../networks/plan.ts";
import type { NetworkKind } from "../schema.ts";
import type { TrainingConfig } from "../training-schema.ts";
import { planOfKind } from "./networks.ts";

export interface PlanChange {
  readonly batchSize?: number;
  readonly memoryReference?: number;
}

/**
 * @param kind Without it the plan is that which all kinds share (`planOfKind` gives it a kind's channels).
 * @param change Goes before the configuration; with a `memoryReference` the patch is planned anew.
 */
export function planForTraining({
  kind,
  config,
  fingerprint,
  classes,
  inputChannels,
  change = {},
}: {
  readonly kind?: NetworkKind;
  readonly config: Pick<TrainingConfig, "preset" | "planner" | "spacingMm" | "patchSize" | "batchSize">;
  readonly fingerprint: Fingerprint;
  readonly classes: number;
  readonly inputChannels: number;
  readonly change?: PlanChange;
}): Plan {
  const { preset, planner = preset, spacingMm, patchSize } = config;
  const batchSize = change.batchSize ?? config.batchSize;
  const { memoryReference } = change;
  const plan = planNetwork(fingerprint, {
    preset: planner,
    classes,
    inputChannels,
    ...(spacingMm === undefined ? {} : { spacingMm }),
    ...(patchSize === undefined || memoryReference !== undefined ? {} : { patchSize }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(memoryReference === undefined ? {} : { overrides: { memoryReference } }),
  });
  return kind === undefined ? plan : planOfKind(kind, plan);
}
