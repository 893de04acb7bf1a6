/** How well a network under training segments patches of cases that it is not trained on. */
import { deriveKey, type RandomKey } from "../../domain/random.ts";
import { stateFor } from "../../engine/checkpoint.ts";
import type { Engine, StateMap } from "../../engine/engine.ts";
import { extractPatch, samplePatchStart } from "../../imaging/patches.ts";
import type { SegmentationNetwork } from "../../networks/network.ts";
import type { SegmentationCase } from "./cases.ts";
import type { PreparedStore } from "./prepared-store.ts";

export interface ValidationRequest {
  /** Held out; each has a reference. */
  readonly cases: readonly SegmentationCase[];
  readonly store: PreparedStore;
  readonly network: SegmentationNetwork;
  readonly engine: Engine;
  readonly patches: number;
  /** Names the patches. */
  readonly key: RandomKey;
}

export interface Validator {
  /** @param state that of the training, of which the network takes what it needs. */
  dice(state: StateMap): Promise<number>;
  dispose(): Promise<void>;
}

/**
 * The same patches each time, going round the cases; every second one holds foreground where its case has any. Overlaps are summed over all
 * patches before the Dice of each class is taken, and classes are averaged, as nnU-Net's pseudo-Dice; classes that occur neither in the
 * references nor in the predictions do not count.
 */
export async function createValidator(request: ValidationRequest): Promise<Validator> {
  const { network, engine, patches } = request;
  const executable = await engine.compile(network.inference({ batchSize: 1 }));
  return {
    async dice(state) {
      await executable.setState(stateFor(executable.graph, state));
      const overlaps = Array.from({ length: network.classes }, () => ({ both: 0, either: 0 }));
      for (let index = 0; index < patches; index++) {
        const { channels, labels } = await drawPatch(request, index);
        const { logits } = await executable.run({ image: channels });
        countOverlaps(logits, labels, overlaps);
      }
      const scores = overlaps
        .slice(1)
        .flatMap(({ both, either }) => (either === 0 ? [] : [(2 * both) / either]));
      return scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + score, 0) / scores.length;
    },
    dispose: () => executable.dispose(),
  };
}

async function drawPatch({ cases, store, network, key }: ValidationRequest, index: number) {
  const { prepared, foreground } = await store.get(cases[index % cases.length]);
  const { channels, labels = new Uint8Array(channels[0].length), grid } = prepared;
  const forced = index % 2 === 0 ? foreground : undefined;
  const start = samplePatchStart(deriveKey(key, "validation", index), grid.shape, network.patchSize, forced);
  return extractPatch({ channels, labels, shape: grid.shape }, start, network.patchSize);
}

/** @param overlaps per class: voxels in both, and voxels of the one plus voxels of the other. */
function countOverlaps(
  logits: Float32Array,
  labels: Uint8Array,
  overlaps: readonly { both: number; either: number }[],
): void {
  for (let voxel = 0; voxel < labels.length; voxel++) {
    let best = 0;
    for (let c = 1; c < overlaps.length; c++) {
      if (logits[c * labels.length + voxel] > logits[best * labels.length + voxel]) best = c;
    }
    overlaps[best].either += 1;
    overlaps[labels[voxel]].either += 1;
    if (best === labels[voxel]) overlaps[best].both += 1;
  }
}
