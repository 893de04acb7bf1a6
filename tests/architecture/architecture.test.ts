import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { ALLOWED_IMPORTS, FILE_LAYERS, LAYERS, type Layer } from "./walls.ts";

const SOURCE = path.resolve(import.meta.dirname, "../../src");
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;"']*?from\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)|(?:^|\n)import\s*["']([^"']+)["']/g;

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => path.join(SOURCE, file));

/** Module specifiers of a source text, type-only imports included. */
function specifiers(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3]);
}

const layerOf = (file: string) => path.relative(SOURCE, file).split(path.sep)[0] as Layer;
const nameOf = (file: string) => path.relative(SOURCE, file);

const imports = new Map(
  files.map((file) => {
    const found = specifiers(readFileSync(file, "utf8"));
    const local = found
      .filter((name) => name.startsWith("."))
      .map((name) => path.resolve(path.dirname(file), name));
    return [file, { local, packages: found.filter((name) => !name.startsWith(".")) }] as const;
  }),
);

describe("architecture", () => {
  it("finds every kind of import statement", () => {
    const text = `import a from "./a.ts";\nimport type {\n B } from './b.ts';\nexport * from "./c.ts";\nimport "./d.ts";\nawait import("./e.ts");`;
    expect(specifiers(text).sort()).toEqual(["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts"]);
  });

  it("has no folder under src that is not a known layer", () => {
    expect([...new Set(files.map(layerOf))].filter((layer) => !LAYERS.includes(layer))).toEqual([]);
  });

  it("lets each layer import only the layers below it", () => {
    const crossings = [...imports].flatMap(([file, { local }]) =>
      local
        // Unit tests may read golden values.
        .filter((target) => !(file.endsWith(".test.ts") && target.includes("/tests/golden/")))
        .filter((target) => layerOf(target) !== layerOf(file))
        .filter((target) => !ALLOWED_IMPORTS[layerOf(file)]?.includes(layerOf(target)))
        .map((target) => `${nameOf(file)} imports ${nameOf(target)}`),
    );
    expect(crossings).toEqual([]);
  });

  it("has no import cycle, types included", () => {
    const cycles: string[] = [];
    const state = new Map<string, "open" | "done">();
    const visit = (file: string, trail: readonly string[]): void => {
      if (state.get(file) === "done") return;
      if (state.get(file) === "open") {
        cycles.push([...trail.slice(trail.indexOf(file)), file].map(nameOf).join(" → "));
        return;
      }
      state.set(file, "open");
      for (const target of imports.get(file)?.local ?? []) visit(target, [...trail, file]);
      state.set(file, "done");
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it("touches files only in io and study", () => {
    const touching = [...imports]
      .filter(([file]) => !FILE_LAYERS.includes(layerOf(file)))
      .filter(([file]) => !file.endsWith(".test.ts"))
      .filter(([, { packages }]) => packages.some((name) => /^node:fs/.test(name)))
      .map(([file]) => nameOf(file));
    expect(touching).toEqual([]);
  });

  it("has no drawer without a subject", () => {
    const drawers = files
      .map(nameOf)
      .filter((file) => /(^|\/)(utils?|helpers?|common|misc|index)(\.ts|\/)/.test(file));
    expect(drawers).toEqual([]);
  });

  it("keeps each file to one idea: at most 500 lines", () => {
    const long = files
      // Generated.
      .filter((file) => !/(_pb|confidentiality-table)\.ts$/.test(file))
      .map((file) => [nameOf(file), readFileSync(file, "utf8").split("\n").length] as const)
      .filter(([, lines]) => lines > 500);
    expect(long).toEqual([]);
  });
});
