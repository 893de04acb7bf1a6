/** Versions recorded in manifests and reports. */
import { readFileSync } from "node:fs";

export interface Versions {
  readonly residua: string;
  readonly node: string;
  readonly platform: string;
}

/** This package's own manifest stands one level above `src/` and above `dist/`. */
const packageJson = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

export const VERSIONS: Versions = {
  residua: packageJson.version,
  node: process.versions.node,
  platform: `${process.platform}-${process.arch}`,
};
