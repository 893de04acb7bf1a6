/** Real data that lie beside the project and are not part of it. */
import { existsSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../../../../shared/data");

export function sharedData(path: string): string {
  return join(ROOT, path);
}

/** Whether a data set is there; says so where a test must be skipped. */
export function hasSharedData(name: string): boolean {
  if (existsSync(sharedData(name))) return true;
  process.stderr.write(`Skipped: ../shared/data/${name} is absent.\n`);
  return false;
}
