/** Codebooks of trained vector-quantised networks. */
import { alignCodes } from "../../features/code-alignment.ts";
import { VQ_DEFAULTS } from "../../networks/vq.ts";
import type { SegmentationModel } from "./model-folder.ts";

/**
 * For each model the common number of each of its codes: that of its partner in the first model's codebook. Undefined for networks
 * without codes.
 */
export function codeNumbers(models: readonly SegmentationModel[]): readonly Int32Array[] | undefined {
  const [{ description }] = models;
  if (description.network !== "vq") return undefined;
  const { dimensions } = description.vq ?? VQ_DEFAULTS;
  const codebooks = models.map(({ state }) => codebookOf(state));
  return codebooks.map((codebook) => alignCodes(codebook, codebooks[0], dimensions));
}

/** [codes, dimensions]: what training by gradient and revival have made together (see `quantise`). */
function codebookOf(state: ReadonlyMap<string, Float32Array>): Float32Array {
  const codebook = state.get("quantiser.codebook")!;
  const shift = state.get("quantiser.shift");
  return shift === undefined ? codebook : codebook.map((value, i) => value + shift[i]);
}
