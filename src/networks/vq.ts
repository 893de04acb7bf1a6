/**
 * A segmenting encoder–decoder whose bottleneck is quantised (van den Oord et al. 2017, arXiv 1711.00937; for segmentation
 * Santhirasekaram et al. 2022, MICCAI).
 */
import { decode, encode, type NetworkPlan, segmentationNetwork } from "./encoder-decoder.ts";
import { pointConvolution } from "./layers.ts";
import type { SegmentationNetwork } from "./network.ts";
import { codeHistogram, type QuantiserOptions, quantise, trainQuantiser } from "./quantiser.ts";

export interface VqOptions extends QuantiserOptions {
  /** Whether the decoder also sees the encoder's finer activations, as in a U-Net. Without, all passes through the codes. */
  readonly skips: boolean;
}

/** Sized for about 200 scans (docs/decisions/0055); published: 1024 codes of 256. */
export const VQ_DEFAULTS: VqOptions = {
  codes: 128,
  dimensions: 64,
  commitment: 0.25,
  codebook: "moving-average",
  decay: 0.99,
  epsilon: 1e-5,
  revivalShare: 0.05,
  skips: true,
};

/**
 * The encoder, decoder and heads of the U-Net. Between them a 1x1x1 convolution to the codes' length and the quantiser; the bottleneck
 * that features are pooled from is the quantised one.
 *
 * State: that of the U-Net, `quantiser.project.…`, `quantiser.codebook` and what {@link trainQuantiser} and {@link quantise} say.
 */
export function createVqNetwork(plan: NetworkPlan, options: VqOptions = VQ_DEFAULTS): SegmentationNetwork {
  return segmentationNetwork(plan, {
    kind: "vq",
    name: "vq",
    bottleneckChannels: options.dimensions,
    extraOutputs: {
      training: ["perplexity", "commitment", "codeUse"],
      inference: ["codes", "histogram"],
    },
    forward(b, image, graph) {
      const stages = encode(b, plan, image);
      const z = pointConvolution(b, "quantiser.project", stages[stages.length - 1], options.dimensions);
      const quantised = quantise(b, "quantiser", z, options);
      const skip = (resolution: number) => (options.skips ? stages[resolution] : undefined);
      if (graph === "inference") {
        const { vectors, codes } = quantised;
        return {
          bottleneck: vectors,
          decoded: decode(b, plan, vectors, skip),
          outputs: { codes, histogram: codeHistogram(b, quantised) },
        };
      }
      const { passed, penalty, perplexity, commitment, use } = trainQuantiser(
        b,
        "quantiser",
        z,
        quantised,
        options,
      );
      return {
        bottleneck: quantised.vectors,
        decoded: decode(b, plan, passed, skip),
        penalty,
        outputs: { perplexity, commitment, codeUse: use },
      };
    },
  });
}
