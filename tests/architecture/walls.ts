/**
 * The import walls: which layer may import which. The linter (oxlint.config.ts) and the architecture test read
 * this one constant; docs/architecture.md explains it.
 */
export const LAYERS = [
  "domain",
  "graph",
  "io",
  "imaging",
  "networks",
  "engine",
  "features",
  "models",
  "statistics",
  "report",
  "study",
  "cli",
] as const;

export type Layer = (typeof LAYERS)[number];

export const ALLOWED_IMPORTS: Readonly<Record<Layer, readonly Layer[]>> = {
  domain: [],
  graph: [],
  io: ["domain"],
  imaging: ["domain"],
  networks: ["graph", "domain"],
  engine: ["graph", "domain"],
  features: ["engine", "domain"],
  models: ["domain"],
  statistics: ["domain"],
  report: ["statistics", "domain"],
  study: [
    "report",
    "statistics",
    "models",
    "features",
    "engine",
    "networks",
    "imaging",
    "io",
    "graph",
    "domain",
  ],
  cli: ["study", "report", "io", "domain"],
};

/** Layers that may touch files. */
export const FILE_LAYERS: readonly Layer[] = ["io", "study"];
