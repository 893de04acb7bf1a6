/** Every primitive on every engine, forward and gradient, against PyTorch and against finite differences. */
import { describe, expect, it } from "vitest";
import type { Executable, TensorData } from "../../src/engine/engine.ts";
import { GraphBuilder, type Value } from "../../src/graph/builder.ts";
import { appendGradients } from "../../src/graph/gradients.ts";
import type { Primitive } from "../../src/graph/primitives.ts";
import { ENGINES } from "./engines.ts";
import { floatsOf, type PrimitiveCase, readGolden, relativeError, valuesOf } from "./golden.ts";

const TOLERANCE = 1e-4;

/** What the suite expects of the gradient of a primitive; a primitive that is missing here does not compile. */
const GRADIENTS: {
  readonly [P in Primitive]: "differentiable" | "zero" | "refused" | "no operands" | "labels";
} = {
  fill: "no operands",
  add: "differentiable",
  subtract: "differentiable",
  multiply: "differentiable",
  divide: "differentiable",
  maximum: "differentiable",
  greater: "zero",
  exp: "differentiable",
  log: "differentiable",
  sqrt: "differentiable",
  sigmoid: "differentiable",
  leakyRelu: "differentiable",
  leakyReluGrad: "differentiable",
  stopGradient: "zero",
  sum: "differentiable",
  max: "differentiable",
  reshape: "differentiable",
  transpose: "differentiable",
  broadcast: "differentiable",
  slice: "differentiable",
  pad: "differentiable",
  concat: "differentiable",
  matmul: "differentiable",
  conv: "differentiable",
  convInputGrad: "differentiable",
  convWeightGrad: "differentiable",
  sumPool: "differentiable",
  repeat: "differentiable",
  moments: "differentiable",
  normalise: "differentiable",
  normaliseSums: "refused",
  normaliseInputGrad: "refused",
  oneHot: "labels",
};

const { cases } = readGolden<{ cases: readonly PrimitiveCase[] }>("primitives.json");

interface Traced {
  readonly builder: GraphBuilder;
  readonly operands: readonly Value[];
  readonly result: Value;
  readonly inputs: Record<string, TensorData>;
}

function trace({ primitive, attributes, operands }: PrimitiveCase): Traced {
  const builder = new GraphBuilder(primitive);
  const values = operands.map(({ shape, dtype }, i) => builder.input(`x${i}`, shape, dtype));
  const result = builder.apply(primitive, attributes, ...values);
  builder.output("result", result);
  const inputs = Object.fromEntries(operands.map((operand, i) => [`x${i}`, valuesOf(operand)]));
  return { builder, operands: values, result, inputs };
}

/** Adds the gradients of Σ result·cotangent as outputs `gradient0`, …, one per f32 operand. */
function traceGradients(golden: PrimitiveCase): Traced {
  const traced = trace(golden);
  const { builder, operands, result, inputs } = traced;
  if (golden.cotangent === undefined) throw new Error(`a case of ${golden.primitive} without a cotangent`);
  const cotangent = builder.input("cotangent", golden.cotangent.shape);
  inputs.cotangent = valuesOf(golden.cotangent);
  const loss = builder.sum(builder.multiply(result, cotangent));
  const floats = operands.filter(({ dtype }) => dtype === "f32");
  appendGradients(builder, loss, floats).forEach((gradient, i) => {
    builder.output(`gradient${i}`, gradient);
  });
  return traced;
}

function title({ primitive, attributes, operands }: PrimitiveCase): string {
  const settings = Object.entries(attributes).map(([name, value]) => ` ${name} ${value}`);
  return `${primitive}(${operands.map(({ shape }) => `[${shape}]`).join(", ")})${settings.join("")}`;
}

/**
 * The derivative along a direction by central differences of the engine's own forward pass, with the sum in double precision.
 * A step of 2⁻⁶ balances the error of fp32 (about 1e-7/step) and that of the difference (step²).
 */
async function directionalDerivative(
  executable: Executable,
  golden: PrimitiveCase,
  inputs: Readonly<Record<string, TensorData>>,
  direction: ReadonlyMap<string, Float32Array>,
): Promise<number> {
  const step = 2 ** -6;
  const cotangent = valuesOf(golden.cotangent as never);
  const along = async (length: number) => {
    const moved = { ...inputs };
    for (const [name, delta] of direction) {
      const start = inputs[name];
      moved[name] = Float32Array.from(delta, (d, i) => start[i] + length * d);
    }
    const { result } = await executable.run(moved);
    return result.reduce((sum, value, i) => sum + value * cotangent[i], 0);
  };
  return ((await along(step)) - (await along(-step))) / (2 * step);
}

describe("golden values", () => {
  it("cover every primitive", () => {
    expect(new Set(cases.map(({ primitive }) => primitive))).toEqual(new Set(Object.keys(GRADIENTS)));
  });
});

describe.each(ENGINES)("the $name engine", (engine) => {
  describe.each(cases.map((golden) => [title(golden), golden] as const))("runs %s", (_, golden) => {
    const kind = GRADIENTS[golden.primitive];

    if (kind === "differentiable" || kind === "zero") {
      it("with the value and the gradients of PyTorch", async () => {
        const { builder, inputs } = traceGradients(golden);
        const executable = await engine.compile(builder.finish());
        const outputs = await executable.run(inputs);
        await executable.dispose();
        expect(relativeError(outputs.result, floatsOf(golden.result))).toBeLessThan(TOLERANCE);
        expect(golden.gradients?.length).toBeGreaterThan(0);
        golden.gradients?.forEach((gradient, i) => {
          expect(relativeError(outputs[`gradient${i}`], floatsOf(gradient))).toBeLessThan(TOLERANCE);
        });
      });
    } else {
      it("with the value of PyTorch", async () => {
        const { builder, inputs } = trace(golden);
        const executable = await engine.compile(builder.finish());
        const { result } = await executable.run(inputs);
        await executable.dispose();
        expect(relativeError(result, floatsOf(golden.result))).toBeLessThan(TOLERANCE);
      });
    }

    if (kind === "refused") {
      it("and refuses to differentiate it", () => {
        const { builder, operands, result } = trace(golden);
        expect(() => appendGradients(builder, builder.sum(result), operands)).toThrow(
          expect.objectContaining({ code: "graph-not-differentiable" }),
        );
      });
    }
  });

  // One case per primitive is enough here: the formulas are the same for all shapes, which PyTorch has checked.
  const firstCases = [
    ...new Map(cases.map((golden) => [golden.primitive, golden]).reverse() as [Primitive, PrimitiveCase][]),
  ]
    .map(([, golden]) => golden)
    .filter(({ primitive }) => GRADIENTS[primitive] === "differentiable");
  it.each(firstCases.map((golden) => [golden.primitive, golden] as const))(
    "agrees with finite differences of its own %s",
    async (_, golden) => {
      const forward = trace(golden);
      const backward = traceGradients(golden);
      const [executable, differentiated] = await Promise.all([
        engine.compile(forward.builder.finish()),
        engine.compile(backward.builder.finish()),
      ]);
      const gradients = await differentiated.run(backward.inputs);
      const direction = new Map<string, Float32Array>();
      let expected = 0;
      let scale = 0;
      golden.operands.forEach(({ dtype }, i) => {
        // The mask operand of leakyReluGrad stays, since the gradient by it is zero but for jumps.
        if (dtype !== "f32" || (golden.primitive === "leakyReluGrad" && i === 0)) return;
        const gradient = gradients[`gradient${i}`];
        const delta = Float32Array.from(gradient, (_, j) => Math.sin(1 + 7 * j + i));
        direction.set(`x${i}`, delta);
        for (let j = 0; j < delta.length; j++) {
          expected += gradient[j] * delta[j];
          scale += (gradient[j] * delta[j]) ** 2;
        }
      });
      const found = await directionalDerivative(executable, golden, forward.inputs, direction);
      await Promise.all([executable.dispose(), differentiated.dispose()]);
      expect(Math.abs(found - expected)).toBeLessThan(5e-3 * Math.sqrt(scale) + 1e-4);
    },
  );
});
