import { describe, expect, it } from "vitest";
import type { Triple } from "../../domain/grid.ts";
import { createEngine } from "../engines.ts";
import { trainingSchema } from "../training-schema.ts";
import { type MemoryRequest, requireMemory, trainingBytes } from "./memory.ts";
import { recipeOf } from "./recipe.ts";
import { planForTraining } from "./training-plan.ts";

const config = trainingSchema.parse({ preset: "nnunet" });
const fingerprint = {
  spacingsMm: Array<Triple>(50).fill([1, 1, 1]),
  shapesAfterCrop: Array<Triple>(50).fill([40, 56, 40]),
  foregroundIntensities: [],
  medianRelativeSizeAfterCrop: 1,
};
const replan: MemoryRequest["replan"] = (change) =>
  planForTraining({ kind: "nnunet", config, fingerprint, classes: 3, inputChannels: 1, change });
const request: MemoryRequest = {
  kind: "nnunet",
  plan: replan({ batchSize: 9 }),
  options: {},
  recipe: recipeOf("nnunet", config),
  engine: createEngine({ name: "onnx" }),
  replan,
};
const GIB = 2 ** 30;

describe("a training that does not fit into memory", () => {
  it("is refused with what it takes, what there is, and a plan that fits", async () => {
    const needed = await trainingBytes(request, request.plan);
    const refused = requireMemory({ ...request, availableBytes: needed / 2 });
    await expect(refused).rejects.toMatchObject({ name: "UsageError", code: "memory-insufficient" });
    const message = await refused.then(
      () => "",
      (error: Error) => error.message,
    );
    expect(message).toContain(`40x56x40 and a batch of 9 takes ${(needed / GIB).toFixed(1)} GiB`);
    expect(message).toContain(`${(needed / 2 / GIB).toFixed(1)} GiB of memory are available`);
    const [, patch, batch] = /--patch ([\d,]+) --batch (\d+)/.exec(message) ?? [];
    const patchSize = patch.split(",").map(Number) as unknown as Triple;
    const fitting = planForTraining({
      kind: "nnunet",
      config: { ...config, patchSize: [...patchSize], batchSize: Number(batch) },
      fingerprint,
      classes: 3,
      inputChannels: 1,
    });
    expect(fitting.patchSize).toEqual(patchSize);
    expect(await trainingBytes(request, fitting)).toBeLessThanOrEqual(needed / 2);
  });

  it("is let be where it fits, and says so where no plan would", async () => {
    await requireMemory({ ...request, availableBytes: 1000 * GIB });
    await expect(requireMemory({ ...request, availableBytes: 2 ** 20 })).rejects.toThrow(
      /No plan of this data set/,
    );
  });

  it("takes more for a larger batch, patch or network", async () => {
    const bytes = (plan: MemoryRequest["plan"]) => trainingBytes(request, plan);
    const usual = await bytes(replan({ batchSize: 2 }));
    expect(await bytes(replan({ batchSize: 4 }))).toBeGreaterThan(usual);
    const smaller = replan({ batchSize: 2, memoryReference: 10_000_000 });
    expect(await bytes(smaller)).toBeLessThan(usual);
  });
});
