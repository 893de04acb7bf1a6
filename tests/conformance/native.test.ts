/** What only the native engine promises, in each precision that the processor has. */
import { expect, it } from "vitest";
import type { NativeTimings } from "../../src/engine/native/addon.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { NATIVE_ENGINES } from "./engines.ts";

const hasNone = NATIVE_ENGINES.length === 0;

it.skipIf(hasNone)("takes the memory that it planned", async () => {
  const b = new GraphBuilder("two convolutions");
  const [w, v] = ["w", "v"].map((name) => b.state(name, [16, 16, 3, 3, 3], { kind: "constant", value: 0 }));
  const y = b.leakyRelu(b.conv(b.input("x", [2, 16, 20, 24, 20]), w, [1, 1, 1], [1, 1, 1]), 0.01);
  b.output("y", b.conv(y, v, [2, 2, 2], [1, 1, 1]));
  const graph = b.finish();
  for (const engine of NATIVE_ENGINES) {
    for (const threads of [1, 2]) {
      const executable = await engine.compile(graph, { threads });
      const timings = (await executable.timings?.()) as NativeTimings;
      await executable.dispose();
      expect(await engine.plannedBytes(graph, { threads })).toBe(timings.memoryBytes);
    }
  }
});
