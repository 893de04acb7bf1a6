/** What each primitive makes of its operands: the shape and element type of its result, or a typed refusal. */
import { GraphError } from "./graph-error.ts";
import type { Attributes, DType, Primitive, Shape, Spatial } from "./primitives.ts";

/** Shape and element type of a value. */
export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

interface ShapeRule<P extends Primitive> {
  /** Number of operands; `undefined` for one or more. */
  readonly operands: number | undefined;
  readonly result: (attributes: Attributes[P], ...operands: readonly TensorType[]) => TensorType;
}

/**
 * The type of `primitive(attributes, ...operands)`.
 *
 * @throws {GraphError} `graph-operands`, `graph-dtype` or `graph-shape`, naming the primitive and the operands' shapes.
 */
export function resultType<P extends Primitive>(
  primitive: P,
  attributes: Attributes[P],
  operands: readonly TensorType[],
): TensorType {
  const rule: ShapeRule<P> = SHAPE_RULES[primitive];
  if (rule.operands === undefined ? operands.length === 0 : operands.length !== rule.operands) {
    throw new GraphError(
      "graph-operands",
      `${primitive} takes ${rule.operands ?? "one or more"} operands; found ${operands.length}`,
    );
  }
  try {
    return rule.result(attributes, ...operands);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new GraphError(error.code, `${describeCall(primitive, attributes, operands)}: ${error.message}`);
  }
}

function describeCall(primitive: string, attributes: object, operands: readonly TensorType[]): string {
  const types = operands.map(({ shape, dtype }) => `${dtype}[${shape.join(", ")}]`).join(", ");
  const settings = Object.entries(attributes).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return `${primitive}(${types})${settings.join("")}`;
}

/** Number of elements of a shape. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function refuse(message: string): never {
  throw new GraphError("graph-shape", message);
}

function expect(holds: boolean, message: string): void {
  if (!holds) refuse(message);
}

function expectFloats(...operands: readonly TensorType[]): void {
  if (operands.some(({ dtype }) => dtype !== "f32"))
    throw new GraphError("graph-dtype", "expected f32 operands");
}

function floats(shape: Shape): TensorType {
  return { shape, dtype: "f32" };
}

const elementwise = {
  operands: 1,
  result: (_: unknown, x: TensorType) => {
    expectFloats(x);
    return x;
  },
};

const broadcasting = {
  operands: 2,
  result: (_: unknown, a: TensorType, b: TensorType) => {
    expectFloats(a, b);
    return floats(broadcastShapes(a.shape, b.shape));
  },
};

function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const sizeA = a[axis - rank + a.length] ?? 1;
    const sizeB = b[axis - rank + b.length] ?? 1;
    expect(sizeA === sizeB || sizeA === 1 || sizeB === 1, "sizes along an axis must be equal or 1");
    return sizeA === 1 ? sizeB : sizeA;
  });
}

const reduction = {
  operands: 1,
  result: ({ axes }: { readonly axes: readonly number[] }, x: TensorType) => {
    expectFloats(x);
    expectAxes(axes, x.shape);
    return floats(x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)));
  },
};

function expectAxes(axes: readonly number[], shape: Shape): void {
  const valid = axes.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < shape.length);
  expect(valid && new Set(axes).size === axes.length, `expected distinct axes below ${shape.length}`);
}

function expectSizes(shape: Shape): void {
  expect(
    shape.every((size) => Number.isInteger(size) && size > 0),
    "expected whole positive sizes",
  );
}

function expectImage(x: TensorType, name: string): void {
  expectFloats(x);
  expect(x.shape.length === 5, `expected ${name} with 5 axes`);
}

/** Spatial size of the result of a convolution. */
export function convolutionOutputSize(
  input: Spatial,
  kernel: Spatial,
  stride: Spatial,
  padding: Spatial,
): Spatial {
  const along = (axis: 0 | 1 | 2) =>
    Math.floor((input[axis] + 2 * padding[axis] - kernel[axis]) / stride[axis]) + 1;
  return [along(0), along(1), along(2)];
}

function spatialOf({ shape }: TensorType): Spatial {
  return [shape[2], shape[3], shape[4]];
}

function expectWindows(stride: Spatial, padding: Spatial): void {
  expect(
    stride.every((step) => Number.isInteger(step) && step >= 1),
    "expected strides from 1",
  );
  expect(
    padding.every((zeros) => Number.isInteger(zeros) && zeros >= 0),
    "expected paddings from 0",
  );
}

function expectOutputSize(
  found: Spatial,
  input: Spatial,
  kernel: Spatial,
  attributes: { stride: Spatial; padding: Spatial },
): void {
  const size = convolutionOutputSize(input, kernel, attributes.stride, attributes.padding);
  expect(sameShape(found, size), `expected dy of spatial size ${size.join("x")}`);
}

function expectMoments(x: TensorType, moments: TensorType): void {
  expect(x.shape.length >= 3, "expected x [N, C, ...] with a spatial axis");
  expect(
    sameShape(moments.shape, [2, x.shape[0], x.shape[1]]),
    `expected moments [2, ${x.shape[0]}, ${x.shape[1]}]`,
  );
}

export const SHAPE_RULES: { readonly [P in Primitive]: ShapeRule<P> } = {
  fill: {
    operands: 0,
    result: ({ shape }) => {
      expectSizes(shape);
      return floats(shape);
    },
  },
  add: broadcasting,
  subtract: broadcasting,
  multiply: broadcasting,
  divide: broadcasting,
  maximum: broadcasting,
  greater: broadcasting,
  exp: elementwise,
  log: elementwise,
  sqrt: elementwise,
  sigmoid: elementwise,
  leakyRelu: elementwise,
  leakyReluGrad: {
    operands: 2,
    result: (_, y, dy) => {
      expectFloats(y, dy);
      expect(sameShape(y.shape, dy.shape), "expected y and dy of one shape");
      return y;
    },
  },
  stopGradient: elementwise,
  sum: reduction,
  max: reduction,
  reshape: {
    operands: 1,
    result: ({ shape }, x) => {
      expectSizes(shape);
      expect(
        elementCount(shape) === elementCount(x.shape),
        `expected a shape of ${elementCount(x.shape)} elements`,
      );
      return { shape, dtype: x.dtype };
    },
  },
  transpose: {
    operands: 1,
    result: ({ order }, x) => {
      expectAxes(order, x.shape);
      expect(order.length === x.shape.length, `expected an order of all ${x.shape.length} axes`);
      return { shape: order.map((axis) => x.shape[axis]), dtype: x.dtype };
    },
  },
  broadcast: {
    operands: 1,
    result: ({ shape }, x) => {
      expectSizes(shape);
      const fits =
        shape.length === x.shape.length && x.shape.every((size, axis) => size === 1 || size === shape[axis]);
      expect(fits, "expected as many axes, each of equal size or 1 before");
      return { shape, dtype: x.dtype };
    },
  },
  slice: {
    operands: 1,
    result: ({ start, stop }, x) => {
      const fits =
        start.length === x.shape.length &&
        stop.length === x.shape.length &&
        x.shape.every((size, axis) => start[axis] >= 0 && start[axis] < stop[axis] && stop[axis] <= size);
      expect(fits, "expected 0 <= start < stop <= size along each axis");
      const shape = start.map((first, axis) => stop[axis] - first);
      expectSizes(shape);
      return { shape, dtype: x.dtype };
    },
  },
  pad: {
    operands: 1,
    result: ({ before, after }, x) => {
      expectFloats(x);
      const fits = [before, after].every(
        (zeros) =>
          zeros.length === x.shape.length && zeros.every((count) => Number.isInteger(count) && count >= 0),
      );
      expect(fits, "expected a whole number of zeros before and after each axis");
      return floats(x.shape.map((size, axis) => before[axis] + size + after[axis]));
    },
  },
  concat: {
    operands: undefined,
    result: ({ axis }, ...parts) => {
      const [first] = parts;
      expectAxes([axis], first.shape);
      for (const part of parts) {
        const fits =
          part.dtype === first.dtype &&
          part.shape.length === first.shape.length &&
          part.shape.every((size, i) => i === axis || size === first.shape[i]);
        expect(fits, `expected equal types and sizes but along axis ${axis}`);
      }
      const joined = parts.reduce((total, part) => total + part.shape[axis], 0);
      return { shape: first.shape.map((size, i) => (i === axis ? joined : size)), dtype: first.dtype };
    },
  },
  matmul: {
    operands: 2,
    result: (_, a, b) => {
      expectFloats(a, b);
      const rank = a.shape.length;
      const fits =
        rank >= 2 &&
        b.shape.length === rank &&
        sameShape(a.shape.slice(0, -2), b.shape.slice(0, -2)) &&
        a.shape[rank - 1] === b.shape[rank - 2];
      expect(fits, "expected [.., M, K] and [.., K, N] with equal leading axes");
      return floats([...a.shape.slice(0, -1), b.shape[rank - 1]]);
    },
  },
  conv: {
    operands: 2,
    result: ({ stride, padding }, x, w) => {
      expectImage(x, "x");
      expectImage(w, "w");
      expectWindows(stride, padding);
      expect(x.shape[1] === w.shape[1], `expected w for ${x.shape[1]} input channels`);
      const size = convolutionOutputSize(spatialOf(x), spatialOf(w), stride, padding);
      expect(
        size.every((length) => length > 0),
        "the kernel is larger than the padded input",
      );
      return floats([x.shape[0], w.shape[0], ...size]);
    },
  },
  convInputGrad: {
    operands: 2,
    result: (attributes, dy, w) => {
      expectImage(dy, "dy");
      expectImage(w, "w");
      expectWindows(attributes.stride, attributes.padding);
      expectSizes(attributes.inputSize);
      expect(dy.shape[1] === w.shape[0], `expected w of ${dy.shape[1]} output channels`);
      expectOutputSize(spatialOf(dy), attributes.inputSize, spatialOf(w), attributes);
      return floats([dy.shape[0], w.shape[1], ...attributes.inputSize]);
    },
  },
  convWeightGrad: {
    operands: 2,
    result: (attributes, x, dy) => {
      expectImage(x, "x");
      expectImage(dy, "dy");
      expectWindows(attributes.stride, attributes.padding);
      expectSizes(attributes.kernel);
      expect(x.shape[0] === dy.shape[0], "expected x and dy of one batch size");
      expectOutputSize(spatialOf(dy), spatialOf(x), attributes.kernel, attributes);
      return floats([dy.shape[1], x.shape[1], ...attributes.kernel]);
    },
  },
  sumPool: {
    operands: 1,
    result: ({ window }, x) => {
      expectImage(x, "x");
      expectSizes(window);
      expect(
        window.every((size, axis) => x.shape[axis + 2] % size === 0),
        "expected spatial sizes that the window divides",
      );
      return floats([...x.shape.slice(0, 2), ...window.map((size, axis) => x.shape[axis + 2] / size)]);
    },
  },
  repeat: {
    operands: 1,
    result: ({ factor }, x) => {
      expectImage(x, "x");
      expectSizes(factor);
      return floats([...x.shape.slice(0, 2), ...factor.map((times, axis) => x.shape[axis + 2] * times)]);
    },
  },
  moments: {
    operands: 1,
    result: ({ eps }, x) => {
      expectFloats(x);
      expect(x.shape.length >= 3, "expected x [N, C, ...] with a spatial axis");
      expect(eps > 0, "expected a positive eps");
      return floats([2, x.shape[0], x.shape[1]]);
    },
  },
  normalise: {
    operands: 4,
    result: (_, x, moments, scale, shift) => {
      expectFloats(x, moments, scale, shift);
      expectMoments(x, moments);
      const channels = [x.shape[1]];
      expect(
        sameShape(scale.shape, channels) && sameShape(shift.shape, channels),
        `expected scale and shift [${channels}]`,
      );
      return x;
    },
  },
  normaliseSums: {
    operands: 3,
    result: (_, x, moments, dy) => {
      expectFloats(x, moments, dy);
      expectMoments(x, moments);
      expect(sameShape(x.shape, dy.shape), "expected x and dy of one shape");
      return moments;
    },
  },
  normaliseInputGrad: {
    operands: 5,
    result: (_, x, moments, scale, sums, dy) => {
      expectFloats(x, moments, scale, sums, dy);
      expectMoments(x, moments);
      expect(sameShape(scale.shape, [x.shape[1]]), `expected scale [${x.shape[1]}]`);
      expect(sameShape(sums.shape, moments.shape), `expected sums [${moments.shape.join(", ")}]`);
      expect(sameShape(x.shape, dy.shape), "expected x and dy of one shape");
      return x;
    },
  },
  oneHot: {
    operands: 1,
    result: ({ classes }, labels) => {
      if (labels.dtype !== "i32") throw new GraphError("graph-dtype", "expected i32 labels");
      expect(Number.isInteger(classes) && classes > 0, "expected a whole positive number of classes");
      expect(labels.shape.length >= 2 && labels.shape[1] === 1, "expected labels [N, 1, ...]");
      return floats([labels.shape[0], classes, ...labels.shape.slice(2)]);
    },
  },
};
