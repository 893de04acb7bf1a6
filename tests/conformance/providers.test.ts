import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { createOnnxEngine } from "../../src/engine/onnx/engine.ts";
import { ONNX_PROVIDERS, providersHere } from "../../src/engine/onnx/providers.ts";

/** Chromium's own Vulkan loader, and its driver that computes on the processor. */
const CHROMIUM = "/usr/lib/chromium";
const DRIVER = `${CHROMIUM}/vk_swiftshader_icd.json`;
const noDriver = !(existsSync(DRIVER) && existsSync(`${CHROMIUM}/libvulkan.so.1`));
if (noDriver)
  process.stderr.write(
    `Skipped: WebGPU on Chromium's SwiftShader, there is no ${DRIVER} (Debian: chromium).\n`,
  );

describe("execution providers", () => {
  const absent = ONNX_PROVIDERS.filter((provider) => !providersHere().includes(provider));
  it.runIf(absent.length > 0)("are refused where the installed runtime lacks them, with those it has", () => {
    for (const provider of absent) {
      expect(() => createOnnxEngine({ provider })).toThrow(
        expect.objectContaining({ code: "engine-provider", message: expect.stringContaining("offers cpu") }),
      );
    }
  });

  // In a process of its own, since the loader reads the variables once and a driver that fails may take its process with it.
  it.skipIf(noDriver)("give the processor's numbers by WebGPU for a training step", async () => {
    const step = new URL("./provider-step.ts", import.meta.url).pathname;
    const run = async (provider: string) => {
      const env = { ...process.env, VK_ICD_FILENAMES: DRIVER, LD_LIBRARY_PATH: CHROMIUM };
      const { stdout } = await promisify(execFile)(process.execPath, [step, provider], { env });
      return JSON.parse(stdout) as Record<string, number[]>;
    };
    const [onProcessor, byWebGpu] = [await run("cpu"), await run("webgpu")];
    expect(Object.keys(byWebGpu)).toEqual(["loss", "weight", "up"]);
    for (const [name, values] of Object.entries(onProcessor)) {
      const scale = Math.max(...values.map(Math.abs));
      expect(scale, name).toBeGreaterThan(1e-3);
      byWebGpu[name].forEach((value, i) => {
        expect(Math.abs(value - values[i]) / scale, `${name} ${i}`).toBeLessThan(1e-4);
      });
    }
  });
});
