import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "tests/**/*.test.ts"],
    testTimeout: 60_000,
    // Two cores: more workers only make the numeric suites wait for each other.
    maxWorkers: 2,
    reporters: ["default", "./scripts/closing-line.ts"],
  },
});
