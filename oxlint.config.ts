import { defineConfig } from "oxlint";
import { ALLOWED_IMPORTS, FILE_LAYERS, LAYERS } from "./tests/architecture/walls.ts";

/** Only the import walls and cycles; formatting and all other rules are Biome's (biome.json). */
export default defineConfig({
  plugins: ["import"],
  categories: { correctness: "off" },
  rules: { "import/no-cycle": "error" },
  overrides: LAYERS.map((layer) => ({
    files: [`src/${layer}/**`],
    excludeFiles: ["**/*.test.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            ...LAYERS.filter((other) => other !== layer && !ALLOWED_IMPORTS[layer].includes(other)).map(
              (other) => ({ group: [`**/${other}/**`], message: `${layer} may not import ${other}` }),
            ),
            ...(FILE_LAYERS.includes(layer)
              ? []
              : [{ group: ["node:fs", "node:fs/*"], message: "only io and study touch files" }]),
          ],
        },
      ],
    },
  })),
});
