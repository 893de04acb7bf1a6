import { describe, expect, it } from "vitest";
import { randomKey } from "../../src/domain/random.ts";
import type { Plan } from "../../src/networks/plan.ts";
import { createUNet } from "../../src/networks/unet.ts";
import { batchSource } from "../../src/study/segmentation/batches.ts";
import type { SegmentationCase } from "../../src/study/segmentation/cases.ts";
import { PreparedStore } from "../../src/study/segmentation/prepared-store.ts";
import { RECIPES } from "../../src/study/segmentation/recipe.ts";
import { cases, EDGE, madeCase, PLAN } from "./made-training.ts";

describe("batches", () => {
  const network = createUNet(PLAN);
  const make = (members: readonly SegmentationCase[], key = randomKey(1)) =>
    batchSource({
      cases: members,
      store: new PreparedStore(PLAN),
      network,
      plan: PLAN,
      recipe: RECIPES.nnunet.compact,
      key,
    });

  it("are the same bits for the same key and step, in whatever order they are asked for", async () => {
    const [one, other] = [make(cases), make(cases)];
    const forward = [await one(0), await one(1), await one(2)];
    const backward = [await other(2), await other(1), await other(0)].reverse();
    expect(backward).toEqual(forward);
  });

  it("differ between steps and keys", async () => {
    const batches = [await make(cases)(0), await make(cases)(1), await make(cases, randomKey(2))(0)];
    expect(new Set(batches.map(({ image }) => image.join())).size).toBe(3);
  });

  it("hold tumour in the forced sample of every step, which few patches hold by chance", async () => {
    const source = make(cases);
    let byChance = 0;
    for (let step = 0; step < 12; step++) {
      const { labels0 } = await source(step);
      const half = labels0.length / 2;
      expect(labels0.slice(half).includes(1)).toBe(true);
      if (labels0.slice(0, half).includes(1)) byChance++;
    }
    expect(byChance).toBeLessThan(12);
  });

  it("draw from the given cases alone", async () => {
    const asked: string[] = [];
    const spied = cases.map((entry) => ({
      ...entry,
      load() {
        asked.push(entry.id);
        return entry.load();
      },
    }));
    const source = make(spied.slice(0, 2));
    for (let step = 0; step < 6; step++) await source(step);
    expect(asked.sort()).toEqual(["case-1", "case-2"]);
  });

  it("are blank outside the voxels that the image is normalised in, whatever augmentation did there", async () => {
    const plan: Plan = { ...PLAN, normalisation: ["z-score-nonzero"] };
    const half = madeCase(5);
    const blank = (voxel: number) => voxel % EDGE < 6 && voxel > EDGE;
    const halved: SegmentationCase = {
      ...half,
      async load() {
        const { value, issues } = await half.load();
        const channels = value.channels.map((data) => data.map((x, i) => (blank(i) ? 0 : x)));
        return { value: { ...value, channels }, issues };
      },
    };
    const store = new PreparedStore(plan);
    const recipe = RECIPES.nnunet.compact;
    const unmasked = {
      async get(member: SegmentationCase) {
        const stored = await store.get(member);
        const { outside: _, ...prepared } = stored.prepared;
        return { ...stored, prepared, trainingLabels: prepared.labels };
      },
    } as PreparedStore;
    const zerosIn = async (from: PreparedStore) => {
      const source = batchSource({ cases: [halved], store: from, network, plan, recipe, key: randomKey(1) });
      let zeros = 0;
      for (let step = 0; step < 20; step++) {
        const { image, labels0 } = await source(step);
        expect(labels0.every((label) => label === 0 || label === 1)).toBe(true);
        zeros += image.filter((value) => value === 0).length;
      }
      return zeros;
    };
    // Noise, gamma and contrast leave something else than 0 there.
    expect(await zerosIn(store)).toBeGreaterThan(1.1 * (await zerosIn(unmasked)));
    const { prepared } = await store.get(halved);
    expect(prepared.outside?.reduce((sum, value) => sum + value, 0)).toBe(
      Array.from({ length: EDGE ** 3 }, (_, i) => i).filter(blank).length,
    );
  });
});
