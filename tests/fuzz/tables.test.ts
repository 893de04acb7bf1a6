/** The short run; `node bench/fuzz/fuzz.ts 10000 0 tables` is the long one, which also watches time and memory. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkTableCase, prepareFolder } from "./table-check.ts";
import { tableCase } from "./table-mutations.ts";

const CASES = 450;
const folder = mkdtempSync(join(tmpdir(), "residua-fuzz-tables-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("changed tables, workbooks and JSON files", () => {
  it("are refused with a typed error or read whole", async () => {
    prepareFolder(folder, readFileSync(join(import.meta.dirname, "../golden/io/nifti/int16.nii")));
    const verdicts = new Map<string, number>();
    for (let number = 0; number < CASES; number++) {
      for (const verdict of await checkTableCase(tableCase(number), folder)) {
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      }
    }
    // Both happen, else the changes are too small or too large to say anything.
    expect(verdicts.get("read")).toBeGreaterThan(CASES / 10);
    expect(verdicts.get("table-too-large")).toBeGreaterThan(0);
    expect(verdicts.size).toBeGreaterThan(8);
  }, 60_000);
});
