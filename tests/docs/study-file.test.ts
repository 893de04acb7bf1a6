import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { parseStudy } from "../../src/study/study-file.ts";

it("documents the defaults that the code has", () => {
  const page = readFileSync(path.join(import.meta.dirname, "../../docs/study-file.md"), "utf8");
  const [, documented] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const least = "name: Example\noutcome: { rcb: rcb_score }\nmodels: [volume]\n";
  expect(parseStudy(documented, "docs/study-file.md").config).toEqual(parseStudy(least, "least").config);
});
