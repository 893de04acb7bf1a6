import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SILENT } from "./progress.ts";
import { type FinishedStage, type RunContext, runStage } from "./stage.ts";

describe("a stage", () => {
  let run: RunContext;
  let made: number;
  beforeEach(async () => {
    run = { folder: await mkdtemp(path.join(tmpdir(), "residua-stage-")), seed: 1, progress: SILENT };
    made = 0;
  });
  afterEach(() => rm(run.folder, { recursive: true, force: true }));

  const at = (name: string) => path.join(run.folder, name);
  const manifest = () => at("stages/part/one.json");

  function stage(inputs: unknown = { a: 1 }, context = run): Promise<FinishedStage<number>> {
    return runStage(context, {
      name: "part/one",
      inputs,
      async make() {
        made++;
        await writeFile(at("out.txt"), "result");
        return { value: 7, outputs: ["out.txt"], issues: [] };
      },
    });
  }

  it("is taken as it is where neither inputs nor outputs have changed", async () => {
    const first = await stage();
    const again = await stage();
    expect([first.cached, again.cached, made]).toEqual([false, true, 1]);
    expect(again).toEqual({ ...first, cached: true });
  });

  it.each<[string, () => Promise<unknown>]>([
    ["an output was changed", () => writeFile(at("out.txt"), "resulT")],
    ["an output was deleted", () => rm(at("out.txt"))],
    ["its manifest was deleted", () => rm(manifest())],
    [
      "its manifest was cut off",
      async () => writeFile(manifest(), (await readFile(manifest(), "utf8")).slice(0, 99)),
    ],
    ["its manifest holds no manifest", () => writeFile(manifest(), "null")],
    [
      "its manifest lacks its outputs",
      async () => {
        const { outputHashes, ...rest } = JSON.parse(await readFile(manifest(), "utf8"));
        await writeFile(manifest(), JSON.stringify(rest));
      },
    ],
  ])("is made again where %s, with the same result", async (_, damage) => {
    const first = await stage();
    await damage();
    const again = await stage();
    expect([again.cached, made]).toEqual([false, 2]);
    expect(again.hash).toBe(first.hash);
    expect(await readFile(at("out.txt"), "utf8")).toBe("result");
  });

  it("is made again, under another hash, where an input or the seed has changed", async () => {
    const hashes = [await stage(), await stage({ a: 2 }), await stage({ a: 2 }, { ...run, seed: 2 })].map(
      ({ hash }) => hash,
    );
    expect(made).toBe(3);
    expect(new Set(hashes).size).toBe(3);
  });

  it("leaves no manifest where making it fails, so that it is made the next time", async () => {
    const failing = runStage(run, {
      name: "part/one",
      inputs: { a: 1 },
      make: () => Promise.reject(new Error("disk full")),
    });
    await expect(failing).rejects.toThrow("disk full");
    expect(await readdir(run.folder)).toEqual([]);
    expect((await stage()).cached).toBe(false);
  });

  it("leaves no manifest where an output that it promises is not there", async () => {
    const lying = runStage(run, {
      name: "part/one",
      inputs: { a: 1 },
      make: async () => ({ value: 1, outputs: ["absent.txt"], issues: [] }),
    });
    await expect(lying).rejects.toMatchObject({ code: "file-missing" });
    expect(await readdir(run.folder)).toEqual([]);
  });
});
