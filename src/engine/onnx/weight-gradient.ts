/**
 * The weight gradient of a convolution as matrix products over voxels.
 *
 * ONNX has no operator for it, and the runtime's convolution is slow with an image for a kernel. Here the image rows that the
 * kernel's slices and rows meet are gathered (one copy per kernel slice and row); the other operand's rows are laid out on the image's
 * columns (one copy per kernel column, made by a product with matrices of 0 and 1, which unlike padding uses all threads); one product
 * over all voxels then gives all kernel positions. Rows are gathered for some slices at a time, so that they stay in the cache.
 */
import type { Spatial } from "../../graph/primitives.ts";
import { type LoweredValue, type Lowering, spatial } from "./lowering-call.ts";
import { type OnnxModelWriter, RUNTIME_DOMAIN } from "./model-writer.ts";

/** Gathered rows that are made at a time, in bytes. */
const CHUNK_BYTES = 32 * 2 ** 20;

interface Correlation {
  readonly stride: Spatial;
  readonly padding: Spatial;
  readonly kernel: Spatial;
  /** Whether the kernel's positions are given in reverse order. */
  readonly mirrored: boolean;
}

/** dw [O, C, …kernel] from x [N, C, …] and dy [N, O, …]. */
export const weightGradientByProducts: Lowering<"convWeightGrad"> = ({
  writer,
  attributes,
  operands,
  shape,
}) => {
  const [x, dy] = operands;
  const { stride, padding, kernel } = attributes;
  const [outputs, inputs] = shape;
  const result = writer.integers(shape);
  // The operand with fewer channels is gathered: Σ dy[j]·x[j + k] = Σ x[i]·dy[i − k], whose kernel is mirrored.
  const canSwap = stride.every((step) => step === 1) && kernel.every((size, i) => size > padding[i]);
  if (canSwap && outputs < inputs) {
    const around = kernel.map((size, i) => size - 1 - padding[i]) as unknown as Spatial;
    const sums = correlate(writer, dy, x, { stride, padding: around, kernel, mirrored: true });
    const rows = writer.node("Reshape", [sums, writer.integers([outputs, -1, inputs])]);
    return writer.node("Reshape", [writer.node("Transpose", [rows], { perm: [0, 2, 1] }), result]);
  }
  const sums = correlate(writer, x, dy, { stride, padding, kernel, mirrored: false });
  const columns = writer.node("Reshape", [sums, writer.integers([-1, outputs])]);
  return writer.node("Reshape", [writer.node("Transpose", [columns], { perm: [1, 0] }), result]);
};

/** [A, kernel slice, kernel row, kernel column, B]: Σ over samples and voxels j of a[j·stride + k − padding]·b[j]. */
function correlate(writer: OnnxModelWriter, a: LoweredValue, b: LoweredValue, settings: Correlation): string {
  const { kernel } = settings;
  const [samples, channelsA] = a.shape;
  const channelsB = b.shape[1];
  const [depth, height, width] = spatial(b);
  const columns = a.shape[4];
  const image = rowsWithZero(writer, a);
  const placement = columnPlacement(writer, width, columns, settings);

  const kernelRows = kernel[0] * kernel[1];
  const bytesPerSlice = 4 * samples * channelsA * kernelRows * height * columns;
  const slices = Math.max(1, Math.floor(CHUNK_BYTES / bytesPerSlice));
  const parts: string[] = [];
  for (let first = 0; first < depth; first += slices) {
    const last = Math.min(depth, first + slices);
    const voxels = (last - first) * height * columns;
    const indices = rowIndices(spatial(a), settings, { first, last, height });
    const met = writer.integers(indices, [kernelRows, (last - first) * height]);
    const gathered = writer.node("Gather", [image, met], { axis: 2 });
    const left = writer.node("Reshape", [
      gathered,
      writer.integers([samples, channelsA * kernelRows, voxels]),
    ]);
    const range = [first, last, 2].map((value) => writer.integers([value]));
    const some = slices >= depth ? b.name : writer.node("Slice", [b.name, ...range]);
    const rows = writer.integers([samples, 1, channelsB * (last - first) * height, width]);
    const placed = writer.node("MatMul", [writer.node("Reshape", [some, rows]), placement]);
    const right = writer.node("Reshape", [placed, writer.integers([samples, kernel[2] * channelsB, voxels])]);
    parts.push(writer.node("FusedMatMul", [left, right], { transB: 1 }, RUNTIME_DOMAIN));
  }
  const perSample = parts.length === 1 ? parts[0] : writer.node("Sum", parts);
  return writer.node("ReduceSum", [perSample, writer.integers([0])], { keepdims: 0 });
}

/** a [N, A, D, H, W] as [N, A, D · H + 1, W], the last row being zeros. */
function rowsWithZero(writer: OnnxModelWriter, a: LoweredValue): string {
  const [samples, channels, depth, height, width] = a.shape;
  const rows = writer.node("Reshape", [a.name, writer.integers([samples, channels, depth * height, width])]);
  return writer.node("Pad", [rows, writer.integers([0, 0, 0, 0, 0, 0, 1, 0])]);
}

/** [kernel slice · row, output slice · row]: the image row that each output row of some slices meets, the last where it is outside. */
function rowIndices(
  [depth, height]: Spatial,
  { stride, padding, kernel, mirrored }: Correlation,
  output: { readonly first: number; readonly last: number; readonly height: number },
): number[] {
  const positions = (axis: 0 | 1) => {
    const ascending = Array.from({ length: kernel[axis] }, (_, k) => k - padding[axis]);
    return mirrored ? ascending.reverse() : ascending;
  };
  const indices: number[] = [];
  for (const kd of positions(0)) {
    for (const kh of positions(1)) {
      for (let slice = output.first; slice < output.last; slice++) {
        const d = slice * stride[0] + kd;
        for (let row = 0; row < output.height; row++) {
          const h = row * stride[1] + kh;
          const inside = d >= 0 && d < depth && h >= 0 && h < height;
          indices.push(inside ? d * height + h : depth * height);
        }
      }
    }
  }
  return indices;
}

/** [1, kernel column, width, columns]: 1 where an output column meets an image column. */
function columnPlacement(
  writer: OnnxModelWriter,
  width: number,
  columns: number,
  { stride, padding, kernel, mirrored }: Correlation,
): string {
  const size = kernel[2];
  const matrices = new Array<number>(size * width * columns).fill(0);
  for (let i = 0; i < size; i++) {
    const k = mirrored ? size - 1 - i : i;
    for (let j = 0; j < width; j++) {
      const column = j * stride[2] + k - padding[2];
      if (column >= 0 && column < columns) matrices[(i * width + j) * columns + column] = 1;
    }
  }
  return writer.floats(matrices, [1, size, width, columns]);
}
