/**
 * Stages with manifests. A stage is made once for given inputs; an interrupted or repeated run takes what is
 * already there and goes on.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Issue } from "../domain/issues.ts";
import { hashFile, writeAtomically } from "../io/files.ts";
import type { Progress } from "./progress.ts";
import { VERSIONS, type Versions } from "./versions.ts";

/** What a study run carries from stage to stage. */
export interface RunContext {
  /** Folder of the results. */
  readonly folder: string;
  readonly seed: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** What a stage leaves behind. */
export interface StageResult<T> {
  /** Small, JSON-serialisable; kept in the manifest. */
  readonly value: T;
  /** Files written, relative to the run folder. */
  readonly outputs: readonly string[];
  readonly issues: readonly Issue[];
}

export interface StageManifest<T> extends StageResult<T> {
  readonly stage: string;
  /** Hash of everything that the result depends on. */
  readonly inputsHash: string;
  /** Everything that the result depends on: configuration, content hashes of files, hashes of earlier stages. */
  readonly inputs: unknown;
  readonly seed: number;
  readonly versions: Versions;
  readonly outputHashes: Readonly<Record<string, string>>;
  readonly finishedAt: string;
  readonly seconds: number;
}

export interface Stage<T> {
  /** Unique within the run; slashes make folders: `train/nnunet/fold-0`. */
  readonly name: string;
  readonly inputs: unknown;
  make(): Promise<StageResult<T>>;
}

/** A finished stage and the hash by which later stages refer to it. */
export interface FinishedStage<T> extends StageManifest<T> {
  readonly hash: string;
  readonly cached: boolean;
}

/**
 * Runs a stage, or takes its result where its inputs and its outputs are unchanged. The manifest is written
 * last, so a stage that was interrupted is made again.
 */
export async function runStage<T>(run: RunContext, stage: Stage<T>): Promise<FinishedStage<T>> {
  const inputsHash = hashJson({ inputs: stage.inputs, seed: run.seed, package: VERSIONS.residua });
  const file = path.join(run.folder, "stages", `${stage.name}.json`);
  const known = await readManifest<T>(file);
  if (known !== undefined && known.inputsHash === inputsHash && (await outputsIntact(run, known))) {
    return { ...known, hash: manifestHash(known), cached: true };
  }
  const start = performance.now();
  const result = await stage.make();
  const outputHashes: Record<string, string> = {};
  for (const output of result.outputs) outputHashes[output] = await hashFile(path.join(run.folder, output));
  const manifest: StageManifest<T> = {
    stage: stage.name,
    inputsHash,
    inputs: stage.inputs,
    seed: run.seed,
    versions: VERSIONS,
    ...result,
    outputHashes,
    finishedAt: new Date().toISOString(),
    seconds: Number(((performance.now() - start) / 1000).toFixed(3)),
  };
  await writeAtomically(file, `${JSON.stringify(manifest, null, 1)}\n`);
  return { ...manifest, hash: manifestHash(manifest), cached: false };
}

/** Hash of a JSON value; keys in their order of insertion. */
export function hashJson(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

function manifestHash(manifest: StageManifest<unknown>): string {
  return hashJson([manifest.inputsHash, manifest.value, manifest.outputHashes]);
}

async function readManifest<T>(file: string): Promise<StageManifest<T> | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    const manifest = JSON.parse(await readFile(file, "utf8")) as Partial<StageManifest<T>> | null;
    // A manifest that is damaged or cannot be read is as good as none: the stage is made again.
    return manifest?.outputHashes === undefined ? undefined : (manifest as StageManifest<T>);
  } catch {
    return undefined;
  }
}

async function outputsIntact(run: RunContext, manifest: StageManifest<unknown>): Promise<boolean> {
  for (const [output, hash] of Object.entries(manifest.outputHashes)) {
    const file = path.join(run.folder, output);
    if (!existsSync(file) || (await hashFile(file)) !== hash) return false;
  }
  return true;
}
