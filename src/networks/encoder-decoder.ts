/** What the networks have in common: an encoder and a decoder after a plan, heads, deep supervision, the two graphs. */
import type { Triple } from "../domain/grid.ts";
import { GraphBuilder, type Value } from "../graph/builder.ts";
import {
  type BlockShape,
  convolutionBlock,
  pointConvolution,
  residualBlock,
  upConvolution,
} from "./layers.ts";
import { segmentationLoss, supervisionWeights } from "./losses.ts";
import type { ExtraOutputs, NetworkKind, SegmentationNetwork } from "./network.ts";
import type { Plan } from "./plan.ts";

/** What of a plan shapes a network. */
export type NetworkPlan = Pick<
  Plan,
  | "encoder"
  | "inputChannels"
  | "classes"
  | "patchSize"
  | "strides"
  | "kernels"
  | "features"
  | "blocksPerStage"
  | "blocksPerStageDecoder"
>;

/** A forward pass that has been added to a graph. */
export interface ForwardPass {
  /** What deep features are pooled from. */
  readonly bottleneck: Value;
  /** The decoder's last activation at each resolution, finest first. */
  readonly decoded: readonly Value[];
  /** Added to the loss of the segmentation. */
  readonly penalty?: Value;
  /** The extra outputs of the graph that is being built. */
  readonly outputs?: Readonly<Record<string, Value>>;
}

export interface NetworkDesign {
  readonly kind: NetworkKind;
  /** Graphs are named after it. */
  readonly name: string;
  readonly bottleneckChannels: number;
  readonly extraOutputs: ExtraOutputs;
  /** Adds the forward pass to one of the two graphs. @param image [N, C, ...patch] */
  readonly forward: (b: GraphBuilder, image: Value, graph: "training" | "inference") => ForwardPass;
}

/** Factor between the voxels of the patch and of each stage. */
export function totalStrides({ strides }: Pick<NetworkPlan, "strides">): Triple[] {
  const totals: Triple[] = [];
  for (const [i, stride] of strides.entries()) {
    const before = i === 0 ? ([1, 1, 1] as const) : totals[i - 1];
    totals.push([before[0] * stride[0], before[1] * stride[1], before[2] * stride[2]]);
  }
  return totals;
}

/** A network from its forward pass: a 1x1x1 head at each supervised resolution (`head.<resolution>.…`) and the losses on them. */
export function segmentationNetwork(plan: NetworkPlan, design: NetworkDesign): SegmentationNetwork {
  const strides = totalStrides(plan);
  const weights = supervisionWeights(strides.length - 1).filter((weight) => weight > 0);
  const image = (b: GraphBuilder, batchSize: number) =>
    b.input("image", [batchSize, plan.inputChannels, ...plan.patchSize]);
  const head = (b: GraphBuilder, decoded: readonly Value[], resolution: number) =>
    pointConvolution(b, `head.${resolution}`, decoded[resolution], plan.classes);
  const outputAll = (b: GraphBuilder, outputs: Readonly<Record<string, Value>> = {}) => {
    for (const [name, value] of Object.entries(outputs)) b.output(name, value);
  };

  return {
    kind: design.kind,
    inputChannels: plan.inputChannels,
    classes: plan.classes,
    patchSize: plan.patchSize,
    supervisionStrides: strides.slice(0, weights.length),
    bottleneck: { channels: design.bottleneckChannels, stride: strides[strides.length - 1] },
    extraOutputs: design.extraOutputs,

    training({ batchSize, batchDice }) {
      const b = new GraphBuilder(`${design.name}-training`);
      const { decoded, penalty, outputs } = design.forward(b, image(b, batchSize), "training");
      const losses = weights.map((_, resolution) => {
        const logits = head(b, decoded, resolution);
        const labels = b.input(`labels${resolution}`, [batchSize, 1, ...logits.shape.slice(2)], "i32");
        return segmentationLoss(b, logits, labels, { batchDice });
      });
      const segmentation = losses
        .map(({ loss }, i) => b.multiply(loss, weights[i]))
        .reduce((sum, loss) => b.add(sum, loss));
      b.output("loss", penalty === undefined ? segmentation : b.add(segmentation, penalty));
      b.output("overlap", losses[0].overlap);
      outputAll(b, outputs);
      return b.finish();
    },

    inference({ batchSize }) {
      const b = new GraphBuilder(`${design.name}-inference`);
      const { decoded, bottleneck, outputs } = design.forward(b, image(b, batchSize), "inference");
      b.output("logits", head(b, decoded, 0));
      b.output("bottleneck", bottleneck);
      outputAll(b, outputs);
      return b.finish();
    },
  };
}

/**
 * Stages of convolution blocks or, in a residual encoder (nnU-Net's `ResidualEncoder`), of residual blocks after a stem; each stage has its
 * stride. State `encoder.<stage>.<i>.…` and `encoder.stem.…`.
 *
 * @returns the last activation of each stage, [N, features[stage], ...patch / total stride]
 */
export function encode(b: GraphBuilder, plan: NetworkPlan, image: Value): Value[] {
  const residual = plan.encoder === "residual";
  const stages: Value[] = [];
  const first = residual ? convolutionBlock(b, "encoder.stem", image, blockOf(plan, 0)) : image;
  plan.strides.forEach((stride, stage) => {
    const from = stages[stage - 1] ?? first;
    const blocks = plan.blocksPerStage[stage];
    stages.push(
      stack(
        b,
        `encoder.${stage}`,
        from,
        plan,
        stage,
        blocks,
        stride,
        residual ? residualBlock : convolutionBlock,
      ),
    );
  });
  return stages;
}

/**
 * From the bottleneck up: transposed convolution, concatenation with a skip, convolution blocks; state
 * `decoder.<resolution>.up.…` and `decoder.<resolution>.<i>.…`.
 *
 * @param skip what joins at a resolution, given the decoder's activation one resolution coarser; `undefined` for nothing
 * @returns the last activation of each resolution, finest first
 */
export function decode(
  b: GraphBuilder,
  plan: NetworkPlan,
  bottleneck: Value,
  skip: (resolution: number, coarser: Value) => Value | undefined,
): Value[] {
  const decoded: Value[] = [];
  let x = bottleneck;
  for (let resolution = plan.strides.length - 2; resolution >= 0; resolution--) {
    const joining = skip(resolution, x);
    const up = upConvolution(b, `decoder.${resolution}.up`, x, {
      channels: plan.features[resolution],
      stride: plan.strides[resolution + 1],
    });
    const joined = joining === undefined ? up : b.concat([up, joining], 1);
    const blocks = plan.blocksPerStageDecoder[resolution];
    x = stack(b, `decoder.${resolution}`, joined, plan, resolution, blocks, [1, 1, 1]);
    decoded[resolution] = x;
  }
  return decoded;
}

/** Blocks in a row; the first has the stride. */
function stack(
  b: GraphBuilder,
  name: string,
  x: Value,
  plan: NetworkPlan,
  stage: number,
  blocks: number,
  stride: Triple,
  block: typeof convolutionBlock = convolutionBlock,
): Value {
  let y = x;
  for (let i = 0; i < blocks; i++) {
    y = block(b, `${name}.${i}`, y, { ...blockOf(plan, stage), ...(i === 0 ? { stride } : {}) });
  }
  return y;
}

/** A block of a stage, without stride. */
function blockOf(plan: NetworkPlan, stage: number): BlockShape {
  return { channels: plan.features[stage], kernel: plan.kernels[stage], stride: [1, 1, 1] };
}
