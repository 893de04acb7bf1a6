import { describe, expect, it } from "vitest";
import { GraphBuilder } from "./builder.ts";
import { appendGradients } from "./gradients.ts";
import { printGraph } from "./print.ts";

describe("printing", () => {
  it("gives one line per node of a step", () => {
    const b = new GraphBuilder("step");
    const x = b.input("image", [2, 1, 4, 4, 4]);
    const w = b.state("weight", [2, 1, 3, 3, 3], { kind: "normal", standardDeviation: 0.1 });
    const y = b.relu(b.conv(x, w, [2, 2, 2], [1, 1, 1]));
    const loss = b.scalar(b.mean(b.multiply(y, y)));
    b.output("loss", loss);
    const [gradient] = appendGradients(b, loss, [w]);
    b.update(w, b.subtract(w, b.multiply(gradient, 0.5)));
    expect(printGraph(b.finish())).toMatchInlineSnapshot(`
      "graph step
        %0 = input image f32[2, 1, 4, 4, 4]
        %1 = state weight f32[2, 1, 3, 3, 3] normal(0.1)
        %2 = conv %0 %1 stride=[2, 2, 2] padding=[1, 1, 1] : f32[2, 2, 2, 2, 2]
        %3 = leakyRelu %2 slope=0 : f32[2, 2, 2, 2, 2]
        %4 = multiply %3 %3 : f32[2, 2, 2, 2, 2]
        %5 = sum %4 axes=[0, 1, 2, 3, 4] : f32[1, 1, 1, 1, 1]
        %6 = fill value=0.03125 : f32[]
        %7 = multiply %5 %6 : f32[1, 1, 1, 1, 1]
        %8 = reshape %7 : f32[]
        %9 = multiply %6 %3 : f32[2, 2, 2, 2, 2]
        %10 = add %9 %9 : f32[2, 2, 2, 2, 2]
        %11 = leakyReluGrad %3 %10 slope=0 : f32[2, 2, 2, 2, 2]
        %12 = convWeightGrad %0 %11 stride=[2, 2, 2] padding=[1, 1, 1] kernel=[3, 3, 3] : f32[2, 1, 3, 3, 3]
        %13 = fill value=0.5 : f32[]
        %14 = multiply %12 %13 : f32[2, 1, 3, 3, 3]
        %15 = subtract %1 %14 : f32[2, 1, 3, 3, 3]
        output loss = %8
        update weight = %15
      "
    `);
  });
});
