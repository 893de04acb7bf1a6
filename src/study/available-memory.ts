/** How much memory a process may still take, here and in a container or a cluster's job. */
import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import path from "node:path";

/**
 * Bytes that can be had without swapping: what the system calls available (Linux: `MemAvailable`), and no more than what any control
 * group of the process has left of its limit. Cached files that the kernel gives up count as available.
 */
export function availableMemoryBytes(root = "/"): number {
  return Math.min(freemem(), ...groupsOf(root).map((group) => leftIn(group)));
}

interface GroupFiles {
  readonly folder: string;
  readonly limit: string;
  readonly usage: string;
  /** The key in `memory.stat` of file pages that the kernel gives up first. */
  readonly cache: string;
}

const UNIFIED = { limit: "memory.max", usage: "memory.current", cache: "inactive_file" };
const LEGACY = {
  limit: "memory.limit_in_bytes",
  usage: "memory.usage_in_bytes",
  cache: "total_inactive_file",
};

/** The memory groups of this process and all above them (cgroups(7)); none where the system has none. */
function groupsOf(root: string): GroupFiles[] {
  const lines = read(path.join(root, "proc/self/cgroup"))?.trim().split("\n") ?? [];
  return lines.flatMap((line) => {
    const [, controllers = "", place = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const isUnified = controllers === "";
    if (!isUnified && !controllers.split(",").includes("memory")) return [];
    const mount = path.join(root, "sys/fs/cgroup", isUnified ? "" : "memory");
    const parts = place.split("/").filter((part) => part !== "" && part !== "..");
    return parts
      .map((_, i) => path.join(mount, ...parts.slice(0, i + 1)))
      .concat(mount)
      .map((folder) => ({ folder, ...(isUnified ? UNIFIED : LEGACY) }));
  });
}

function leftIn({ folder, limit, usage, cache }: GroupFiles): number {
  const most = Number(read(path.join(folder, limit))?.trim()); // "max", or absent: no number
  const used = Number(read(path.join(folder, usage))?.trim());
  if (!(Number.isFinite(most) && Number.isFinite(used))) return Number.POSITIVE_INFINITY;
  const stat = read(path.join(folder, "memory.stat")) ?? "";
  const cached = Number(new RegExp(`^${cache} (\\d+)$`, "m").exec(stat)?.[1] ?? 0);
  return Math.max(0, most - used + cached);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
