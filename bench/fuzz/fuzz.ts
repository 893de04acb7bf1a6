/**
 * Reads 10,000 changed files in a process of its own and watches it: every file must be refused by a typed error or read right, within 5 s
 * and 2 GiB. `images` are DICOM, NIfTI and NRRD, `tables` CSV, XLSX and the JSON files of layouts.
 *
 *     node bench/fuzz/fuzz.ts [CASES] [FIRST] [images|tables]
 */
import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkCase } from "../../tests/fuzz/check.ts";
import { fuzzCase, SEED } from "../../tests/fuzz/mutations.ts";
import { checkTableCase, prepareFolder } from "../../tests/fuzz/table-check.ts";
import { tableCase } from "../../tests/fuzz/table-mutations.ts";

const LONGEST_MS = 5_000;
const LARGEST_MIB = 2_048;

const print = (line: string) => process.stdout.write(`${line}\n`);

interface Report {
  readonly number: number;
  readonly verdict: string;
  readonly failed: boolean;
  readonly milliseconds: number;
  readonly peakMiB: number;
}

interface Target {
  readonly prepare: (folder: string) => void;
  /** Makes a file, which takes time of its own, and says how it is checked. */
  readonly make: (number: number) => {
    readonly name: string;
    readonly check: (folder: string) => Promise<string>;
  };
}

const TARGETS: Readonly<Record<string, Target>> = {
  images: {
    prepare: () => undefined,
    make(number) {
      const made = fuzzCase(number);
      return { name: made.name, check: (folder) => checkCase(made, folder) };
    },
  },
  tables: {
    prepare(folder) {
      prepareFolder(folder, readFileSync(join(import.meta.dirname, "../../tests/golden/io/nifti/int16.nii")));
    },
    make(number) {
      const made = tableCase(number);
      return { name: made.name, check: async (folder) => (await checkTableCase(made, folder)).join(", ") };
    },
  },
};

const kind = process.argv[4] ?? "images";
const target = TARGETS[kind];
if (target === undefined) throw new Error(`"${kind}" is neither ${Object.keys(TARGETS).join(" nor ")}.`);
if (process.send === undefined) watch(Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 0));
else await work(Number(process.argv[2]), Number(process.argv[3]));

/** The child: one report per file. Processor time counts, since a busy machine lets any file wait. */
async function work(first: number, end: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "residua-fuzz-"));
  target.prepare(folder);
  for (let number = first; number < end; number++) {
    const made = target.make(number);
    const started = process.cpuUsage();
    let verdict: string;
    let failed = false;
    try {
      verdict = await made.check(folder);
    } catch (error) {
      verdict = String(error);
      failed = true;
    }
    const { user, system } = process.cpuUsage(started);
    const peakMiB = process.resourceUsage().maxRSS / 1024;
    process.send?.({
      number,
      verdict,
      failed,
      milliseconds: (user + system) / 1000,
      peakMiB,
    } satisfies Report);
  }
  rmSync(folder, { recursive: true });
  process.disconnect();
}

/** The parent: starts the child again behind a file at which it hung or died. */
function watch(count: number, first: number): void {
  const verdicts = new Map<string, number>();
  const failures: string[] = [];
  let [slowest, largest] = [0, 0];
  const start = (from: number) => {
    let next = from;
    const child = fork(import.meta.filename, [String(from), String(first + count), kind]);
    const bite = () => {
      failures.push(`${next} ${target.make(next).name}: no answer`);
      child.kill("SIGKILL");
    };
    // Ten times the limit, since others may use the processor.
    let dog = setTimeout(bite, 10 * LONGEST_MS);
    child.on("message", (message) => {
      const { number, verdict, failed, milliseconds, peakMiB } = message as Report;
      clearTimeout(dog);
      dog = setTimeout(bite, 10 * LONGEST_MS);
      next = number + 1;
      slowest = Math.max(slowest, milliseconds);
      largest = Math.max(largest, peakMiB);
      if (failed) failures.push(`${number} ${verdict}`);
      else verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      if (milliseconds > LONGEST_MS)
        failures.push(`${number} ${target.make(number).name}: ${milliseconds} ms`);
    });
    child.on("exit", (code) => {
      clearTimeout(dog);
      if (next < first + count) {
        if (code !== null) failures.push(`${next} ${target.make(next).name}: the process died (${code})`);
        start(next + 1);
        return;
      }
      if (largest > LARGEST_MIB) failures.push(`peak memory ${Math.round(largest)} MiB`);
      for (const [verdict, n] of [...verdicts].sort((a, b) => b[1] - a[1])) print(`${n}\t${verdict}`);
      print(
        `seed ${SEED}, ${count} files, slowest ${Math.round(slowest)} ms of processor time, peak ${Math.round(largest)} MiB`,
      );
      for (const failure of failures) print(`FAILED ${failure}`);
      process.exitCode = failures.length === 0 ? 0 : 1;
    });
  };
  start(first);
}
