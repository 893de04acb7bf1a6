import { afterAll, describe, expect, it } from "vitest";
import { RandomStream, randomKey } from "../domain/random.ts";
import { fitForest } from "./random-forest.ts";
import { TreeWorkers } from "./tree-workers.ts";

const draw = new RandomStream(randomKey(1));
const training = {
  x: { columns: ["a", "b", "c"], values: new Float64Array(3 * 50).map(() => draw.normal()) },
  target: Float64Array.from({ length: 50 }, () => Math.max(0, draw.normal())),
  weights: Float64Array.from({ length: 50 }, () => draw.uniform(0.5, 2)),
};

describe("a forest grown on threads", () => {
  const pools = [1, 2, 3].map((threads) => new TreeWorkers(threads));
  afterAll(() => Promise.all(pools.map((workers) => workers.dispose())));

  it("is the same for any number of threads, bit by bit", async () => {
    for (const options of [{ trees: 7 }, { trees: 8, splitter: "random-rank", minLeafRows: 2 }] as const) {
      const expected = fitForest(training, options, randomKey(2));
      for (const workers of pools)
        expect(await workers.fit(training, options, randomKey(2))).toEqual(expected);
    }
  });

  it("is its own however many are asked for at once", async () => {
    const seeds = [1, 2, 3, 4, 5];
    const forests = await Promise.all(
      seeds.map((seed) => pools[1].fit(training, { trees: 5 }, randomKey(seed))),
    );
    expect(forests).toEqual(seeds.map((seed) => fitForest(training, { trees: 5 }, randomKey(seed))));
  });

  it("is refused as it is on one thread", async () => {
    const short = { ...training, target: [1, 2] };
    await expect(pools[1].fit(short, {}, randomKey(1))).rejects.toMatchObject({ code: "forest-target" });
    expect(() => new TreeWorkers(0)).toThrow(expect.objectContaining({ code: "forest-threads" }));
  });

  it("is told of where the threads are ended under it", async () => {
    const workers = new TreeWorkers(1);
    const fits = [1, 2].map((seed) => workers.fit(training, { trees: 5000 }, randomKey(seed)));
    const refused = Promise.all(
      fits.map((fit) => expect(fit).rejects.toMatchObject({ code: "forest-thread" })),
    );
    await workers.dispose();
    await refused;
  });
});
