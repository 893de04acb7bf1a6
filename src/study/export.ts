/** `residua export`: a trained network as an ONNX file. */
import { toOnnxModel } from "../engine/onnx/lower-graph.ts";
import { writeAtomically } from "../io/files.ts";
import { readModel } from "./segmentation/model-folder.ts";
import { createNetwork } from "./segmentation/networks.ts";

/**
 * Writes the inference graph with its weights: input `image` [1, channels, ...patch], outputs `logits`, `bottleneck` and the
 * network's extra ones (`SegmentationNetwork`). The file's
 * metadata say how the input is made: `spacingMm`, `normalisation`, `channels`, `labels`, `patchSize` and, of a model of dynamic series,
 * `images`, all as JSON.
 */
export async function exportModel(folder: string, file: string): Promise<void> {
  const { description, state } = await readModel(folder);
  const { plan, labels, channels, network, images } = description;
  const graph = createNetwork(network, plan, description).inference({ batchSize: 1 });
  const metadata = {
    network,
    spacingMm: JSON.stringify(plan.spacingMm),
    patchSize: JSON.stringify(plan.patchSize),
    normalisation: JSON.stringify(plan.normalisation),
    channels: JSON.stringify(channels),
    labels: JSON.stringify(labels),
    ...(images === undefined ? {} : { images: JSON.stringify(images) }),
  };
  await writeAtomically(file, toOnnxModel(graph, state, metadata));
}
