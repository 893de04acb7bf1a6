/** The short run; `node bench/fuzz/fuzz.ts` is the long one, which also watches time and memory. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkCase } from "./check.ts";
import { fuzzCase } from "./mutations.ts";

const CASES = 450;
const folder = mkdtempSync(join(tmpdir(), "residua-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("changed DICOM, NIfTI and NRRD files", () => {
  it("are refused with a typed error or read as an independent reader reads them", async () => {
    const verdicts = new Map<string, number>();
    for (let number = 0; number < CASES; number++) {
      const verdict = await checkCase(fuzzCase(number), folder);
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    }
    // Both happen, else the changes are too small or too large to say anything.
    expect(verdicts.get("read")).toBeGreaterThan(CASES / 10);
    expect(verdicts.size).toBeGreaterThan(5);
  });
});
