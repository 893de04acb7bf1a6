/** The plain convolutional U-Net of nnU-Net v2 (`PlainConvUNet`; Ronneberger et al. 2015, Isensee et al. 2021). */
import { decode, encode, type NetworkPlan, segmentationNetwork } from "./encoder-decoder.ts";
import type { SegmentationNetwork } from "./network.ts";

/**
 * A U-Net after a plan: strided convolutions down, transposed convolutions up, skips joined by concatenation, a 1x1x1 head at each
 * supervised resolution.
 *
 * State: `encoder.<stage>.<i>.…`, `decoder.<resolution>.up.…`, `decoder.<resolution>.<i>.…`, `head.<resolution>.…`, 0 being the finest.
 */
export function createUNet(plan: NetworkPlan): SegmentationNetwork {
  return segmentationNetwork(plan, {
    kind: "nnunet",
    name: "unet",
    bottleneckChannels: plan.features[plan.strides.length - 1],
    extraOutputs: { training: [], inference: [] },
    forward(b, image) {
      const stages = encode(b, plan, image);
      const bottleneck = stages[stages.length - 1];
      return { bottleneck, decoded: decode(b, plan, bottleneck, (resolution) => stages[resolution]) };
    },
  });
}
