/** Prepared cases by identifier: a part in memory, the rest on disk, so that no image is prepared twice. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { deserialize, serialize } from "node:v8";
import type { Issue } from "../../domain/issues.ts";
import { deriveKey, randomKey } from "../../domain/random.ts";
import { type ForegroundVoxels, foregroundVoxels } from "../../imaging/patches.ts";
import { readBytes, writeAtomically } from "../../io/files.ts";
import type { Plan } from "../../networks/plan.ts";
import type { SegmentationCase } from "./cases.ts";
import { cropCase, type PreparedCase, prepareCase } from "./prepare.ts";

export interface StoredCase {
  readonly prepared: PreparedCase;
  /** The classes, with `OUTSIDE` for voxels that are blanked in training; as the case has them where none are. */
  readonly trainingLabels: Uint8Array | undefined;
  readonly foreground: ForegroundVoxels;
  readonly issues: readonly Issue[];
}

/** Of what is kept on disk; it changes with `StoredCase`. */
const STORED_FORM = 2;

/** Memory for prepared cases, in bytes. */
const DEFAULT_BUDGET_BYTES = 2 * 2 ** 30;

export class PreparedStore {
  readonly #plan: Plan;
  readonly #folder: string | undefined;
  readonly #budgetBytes: number;
  /** In the order of use, the least recent first. */
  readonly #kept = new Map<string, { readonly stored: StoredCase; readonly bytes: number }>();
  #bytes = 0;

  /** @param folder Where cases that do not fit into memory are kept; without it they are prepared again. */
  constructor(plan: Plan, folder?: string, budgetBytes = DEFAULT_BUDGET_BYTES) {
    this.#plan = plan;
    this.#folder = folder;
    this.#budgetBytes = budgetBytes;
  }

  async get(segmentationCase: SegmentationCase): Promise<StoredCase> {
    const { id } = segmentationCase;
    const kept = this.#kept.get(id);
    if (kept !== undefined) {
      this.#kept.delete(id);
      this.#kept.set(id, kept);
      return kept.stored;
    }
    const stored = await this.#fetch(segmentationCase);
    this.#keep(id, stored);
    return stored;
  }

  async #fetch(segmentationCase: SegmentationCase): Promise<StoredCase> {
    if (this.#folder === undefined) return prepare(segmentationCase, this.#plan);
    const file = path.join(this.#folder, `${await cacheName(segmentationCase, this.#plan)}.bin`);
    if (existsSync(file)) return deserialize(await readBytes(file)) as StoredCase;
    const stored = await prepare(segmentationCase, this.#plan);
    await writeAtomically(file, serialize(stored));
    return stored;
  }

  #keep(id: string, stored: StoredCase): void {
    const { channels, labels } = stored.prepared;
    const bytes = channels.reduce((sum, data) => sum + data.byteLength, labels?.byteLength ?? 0);
    this.#kept.set(id, { stored, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#kept) {
      if (this.#bytes <= this.#budgetBytes || oldest === id) break;
      this.#kept.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }
}

async function prepare(segmentationCase: SegmentationCase, plan: Plan): Promise<StoredCase> {
  const { value: loaded, issues } = await segmentationCase.load();
  const prepared = prepareCase(cropCase(loaded, segmentationCase.id), plan);
  // Which voxels stand for a class is a property of the case, not of a training.
  const key = deriveKey(randomKey(0), "foreground", segmentationCase.id);
  const foreground = prepared.labels === undefined ? new Map() : foregroundVoxels(prepared.labels, key);
  return { prepared, trainingLabels: trainingLabels(prepared), foreground, issues };
}

/** No class: a voxel outside the mask that the image is normalised in. */
export const OUTSIDE = 255;

function trainingLabels({ labels, outside }: PreparedCase): Uint8Array | undefined {
  return outside === undefined
    ? labels
    : labels?.map((label, voxel) => (outside[voxel] === 1 ? OUTSIDE : label));
}

/** Path, size and time of change of each file: other facts, other contents. */
export function fileFacts(files: readonly string[]): Promise<(readonly [string, number, number])[]> {
  return Promise.all(
    files.map(async (file) => {
      const { size, mtimeMs } = await stat(file);
      return [path.resolve(file), size, mtimeMs] as const;
    }),
  );
}

/** Changes with the plan and with any of the files. */
async function cacheName({ id, files }: SegmentationCase, plan: Plan): Promise<string> {
  const text = JSON.stringify([
    id,
    await fileFacts(files),
    plan.spacingMm,
    plan.normalisation,
    process.versions.v8,
    STORED_FORM,
  ]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
