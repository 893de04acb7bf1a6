/** The networks that a study can name. */
import type { SegmentationNetwork } from "../../networks/network.ts";
import type { Plan } from "../../networks/plan.ts";
import { createUNet } from "../../networks/unet.ts";
import type { NetworkKind } from "../schema.ts";

const NETWORKS: Readonly<Record<NetworkKind, (plan: Plan) => SegmentationNetwork>> = {
  nnunet: createUNet,
};

export function createNetwork(kind: NetworkKind, plan: Plan): SegmentationNetwork {
  return NETWORKS[kind](plan);
}
