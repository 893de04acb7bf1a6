import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { freemem, tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { availableMemoryBytes } from "./available-memory.ts";

const MIB = 2 ** 20;
let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "residua-memory-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function files(contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(contents)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), text);
  }
}

it("is what the system has left where nothing limits the process", async () => {
  const free = freemem();
  expect(availableMemoryBytes(root) / free).toBeCloseTo(1, 1);
});

it("is what the tightest control group above the process has left, cached files counted as free", async () => {
  await files({
    "proc/self/cgroup": "0::/slurm/job_7/step_0\n",
    "sys/fs/cgroup/slurm/memory.max": "max\n",
    "sys/fs/cgroup/slurm/memory.current": `${900 * MIB}\n`,
    "sys/fs/cgroup/slurm/job_7/memory.max": `${64 * MIB}\n`,
    "sys/fs/cgroup/slurm/job_7/memory.current": `${50 * MIB}\n`,
    "sys/fs/cgroup/slurm/job_7/memory.stat": `anon 1\ninactive_file ${20 * MIB}\nactive_file 5\n`,
    "sys/fs/cgroup/slurm/job_7/step_0/memory.max": `${100 * MIB}\n`,
    "sys/fs/cgroup/slurm/job_7/step_0/memory.current": `${50 * MIB}\n`,
  });
  expect(availableMemoryBytes(root)).toBe(34 * MIB);
});

it("reads the limits of the older control groups, and those of a container at the mount", async () => {
  await files({
    "proc/self/cgroup": "11:cpu,cpuacct:/docker/a\n4:memory:/docker/a\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": `${48 * MIB}\n`,
    "sys/fs/cgroup/memory/memory.usage_in_bytes": `${40 * MIB}\n`,
    "sys/fs/cgroup/memory/memory.stat": `inactive_file 1\ntotal_inactive_file ${2 * MIB}\n`,
  });
  expect(availableMemoryBytes(root)).toBe(10 * MIB);
});

it("is nothing, not less, where a group is over its limit", async () => {
  await files({
    "proc/self/cgroup": "0::/\n",
    "sys/fs/cgroup/memory.max": `${10 * MIB}\n`,
    "sys/fs/cgroup/memory.current": `${11 * MIB}\n`,
  });
  expect(availableMemoryBytes(root)).toBe(0);
});
