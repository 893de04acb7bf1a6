/** The plain convolutional U-Net of nnU-Net v2 (`PlainConvUNet`; Ronneberger et al. 2015, Isensee et al. 2021). */
import type { Triple } from "../domain/grid.ts";
import { GraphBuilder, type Value } from "../graph/builder.ts";
import { convolutionBlock, pointConvolution, upConvolution } from "./layers.ts";
import { segmentationLoss, supervisionWeights } from "./losses.ts";
import type { SegmentationNetwork } from "./network.ts";
import type { Plan } from "./plan.ts";

/** What of a plan shapes the network. */
export type UNetPlan = Pick<
  Plan,
  | "inputChannels"
  | "classes"
  | "patchSize"
  | "strides"
  | "kernels"
  | "features"
  | "blocksPerStage"
  | "blocksPerStageDecoder"
>;

/**
 * A U-Net after a plan: strided convolutions down, transposed convolutions up, skips joined by concatenation, a 1x1x1 head at each
 * supervised resolution.
 *
 * State: `encoder.<stage>.<i>.…`, `decoder.<resolution>.up.…`, `decoder.<resolution>.<i>.…`, `head.<resolution>.…`, 0 being the finest.
 */
export function createUNet(plan: UNetPlan): SegmentationNetwork {
  const stages = plan.strides.length;
  const totalStrides: Triple[] = [];
  for (const [i, stride] of plan.strides.entries()) {
    const before = i === 0 ? ([1, 1, 1] as const) : totalStrides[i - 1];
    totalStrides.push([before[0] * stride[0], before[1] * stride[1], before[2] * stride[2]]);
  }
  const weights = supervisionWeights(stages - 1).filter((weight) => weight > 0);
  const supervisionStrides = totalStrides.slice(0, weights.length);
  const imageShape = (batchSize: number) => [batchSize, plan.inputChannels, ...plan.patchSize];

  return {
    kind: "nnunet",
    inputChannels: plan.inputChannels,
    classes: plan.classes,
    patchSize: plan.patchSize,
    supervisionStrides,
    bottleneck: { channels: plan.features[stages - 1], stride: totalStrides[stages - 1] },

    training({ batchSize, batchDice }) {
      const b = new GraphBuilder("unet-training");
      const { decoded } = forward(b, plan, b.input("image", imageShape(batchSize)));
      const losses = weights.map((_, resolution) => {
        const logits = head(b, plan, decoded, resolution);
        const labels = b.input(`labels${resolution}`, [batchSize, 1, ...logits.shape.slice(2)], "i32");
        return segmentationLoss(b, logits, labels, { batchDice });
      });
      const weighted = losses.map(({ loss }, i) => b.multiply(loss, weights[i]));
      b.output(
        "loss",
        weighted.reduce((sum, loss) => b.add(sum, loss)),
      );
      b.output("overlap", losses[0].overlap);
      return b.finish();
    },

    inference({ batchSize }) {
      const b = new GraphBuilder("unet-inference");
      const { decoded, bottleneck } = forward(b, plan, b.input("image", imageShape(batchSize)));
      b.output("logits", head(b, plan, decoded, 0));
      b.output("bottleneck", bottleneck);
      return b.finish();
    },
  };
}

/** @returns the bottleneck, and the decoder's last activation at each resolution, finest first */
function forward(b: GraphBuilder, plan: UNetPlan, image: Value): { decoded: Value[]; bottleneck: Value } {
  const skips: Value[] = [];
  let x = image;
  plan.strides.forEach((stride, stage) => {
    x = stack(b, `encoder.${stage}`, x, plan, stage, plan.blocksPerStage[stage], stride);
    skips.push(x); // [N, features[stage], ...patch / total stride]
  });
  const bottleneck = x;
  const decoded: Value[] = [];
  for (let resolution = plan.strides.length - 2; resolution >= 0; resolution--) {
    const up = upConvolution(b, `decoder.${resolution}.up`, x, {
      channels: plan.features[resolution],
      stride: plan.strides[resolution + 1],
    });
    const joined = b.concat([up, skips[resolution]], 1);
    const blocks = plan.blocksPerStageDecoder[resolution];
    x = stack(b, `decoder.${resolution}`, joined, plan, resolution, blocks, [1, 1, 1]);
    decoded[resolution] = x;
  }
  return { decoded, bottleneck };
}

/** Convolution blocks in a row; the first has the stride. */
function stack(
  b: GraphBuilder,
  name: string,
  x: Value,
  plan: UNetPlan,
  stage: number,
  blocks: number,
  stride: Triple,
): Value {
  let y = x;
  for (let i = 0; i < blocks; i++) {
    y = convolutionBlock(b, `${name}.${i}`, y, {
      channels: plan.features[stage],
      kernel: plan.kernels[stage],
      stride: i === 0 ? stride : [1, 1, 1],
    });
  }
  return y;
}

function head(b: GraphBuilder, plan: UNetPlan, decoded: readonly Value[], resolution: number): Value {
  return pointConvolution(b, `head.${resolution}`, decoded[resolution], plan.classes);
}
