import { describe, expect, it } from "vitest";
import { resultType } from "./shape-rules.ts";

describe("shape rules", () => {
  const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });
  const unit = [1, 1, 1] as const;
  const none = [0, 0, 0] as const;
  it.each([
    ["sizes that do not broadcast", () => resultType("add", {}, [f32(2, 3), f32(2)]), "graph-shape"],
    ["too few operands", () => resultType("add", {}, [f32(2)]), "graph-operands"],
    ["labels in arithmetic", () => resultType("exp", {}, [{ shape: [1], dtype: "i32" }]), "graph-dtype"],
    ["a repeated axis", () => resultType("sum", { axes: [1, 1] }, [f32(2, 2)]), "graph-shape"],
    ["a partial order", () => resultType("transpose", { order: [0] }, [f32(2, 2)]), "graph-shape"],
    ["a reshape to another count", () => resultType("reshape", { shape: [5] }, [f32(2, 2)]), "graph-shape"],
    ["a slice beyond the end", () => resultType("slice", { start: [0], stop: [3] }, [f32(2)]), "graph-shape"],
    ["unequal inner sizes", () => resultType("matmul", {}, [f32(2, 3), f32(2, 3)]), "graph-shape"],
    [
      "a window that does not divide",
      () => resultType("sumPool", { window: [2, 1, 1] }, [f32(1, 1, 3, 2, 2)]),
      "graph-shape",
    ],
    [
      "a kernel for other channels",
      () => resultType("conv", { stride: unit, padding: none }, [f32(1, 2, 3, 3, 3), f32(4, 3, 1, 1, 1)]),
      "graph-shape",
    ],
    [
      "a kernel larger than the image",
      () => resultType("conv", { stride: unit, padding: none }, [f32(1, 2, 3, 3, 3), f32(4, 2, 5, 1, 1)]),
      "graph-shape",
    ],
    [
      "a gradient that is not of the convolution's result",
      () =>
        resultType("convInputGrad", { stride: [2, 2, 2], padding: none, inputSize: [9, 4, 4] }, [
          f32(1, 4, 2, 2, 2),
          f32(4, 2, 2, 2, 2),
        ]),
      "graph-shape",
    ],
    [
      "moments of other samples",
      () => resultType("normalise", {}, [f32(1, 2, 4), f32(2, 2, 2), f32(2), f32(2)]),
      "graph-shape",
    ],
  ])("refuse %s", (_, call, code) => {
    expect(call).toThrow(expect.objectContaining({ code }));
  });

  it("name the primitive, the operands and what was expected", () => {
    expect(() => resultType("matmul", {}, [f32(2, 3), f32(2, 3)])).toThrow(
      "matmul(f32[2, 3], f32[2, 3]): expected [.., M, K] and [.., K, N] with equal leading axes",
    );
  });
});
