/**
 * The weight gradient of a convolution as matrix products over voxels.
 *
 * ONNX has no operator for it, and the runtime's convolution is slow with an image for a kernel. Here the rows of the image that
 * the kernel's slices and rows meet are gathered (one copy per kernel slice and row), its columns are met by shifting the other
 * operand (one copy per kernel column), and one product over all voxels gives all kernel positions. The gathered rows are
 * made for some slices at a time, so that they stay in the cache.
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
  const { phases, shifts } = kernelColumns(stride, kernel);
  const columns = writer.node("Reshape", [sums, writer.integers([-1, outputs])]);
  const rows = writer.node("Transpose", [columns], { perm: [1, 0] }); // [O, C · phase · kernel row · shift]
  if (phases === 1) return writer.node("Reshape", [rows, result]);
  const split = writer.integers([outputs * inputs, phases, kernel[0] * kernel[1] * shifts]);
  const joined = writer.node("Transpose", [writer.node("Reshape", [rows, split])], { perm: [0, 2, 1] });
  const all = writer.integers([outputs, inputs, kernel[0], kernel[1], shifts * phases]);
  const range = [0, kernel[2], 4].map((value) => writer.integers([value]));
  return writer.node("Slice", [writer.node("Reshape", [joined, all]), ...range]);
};

/** Kernel column k is shift · phases + phase: the phase selects columns of a, the shift moves b. */
function kernelColumns(stride: Spatial, kernel: Spatial): { phases: number; shifts: number } {
  return { phases: Math.min(stride[2], kernel[2]), shifts: Math.ceil(kernel[2] / stride[2]) };
}

/** [A, phase, kernel slice, kernel row, shift, B]: Σ over samples and voxels j of a[j·stride + k − padding]·b[j]. */
function correlate(writer: OnnxModelWriter, a: LoweredValue, b: LoweredValue, settings: Correlation): string {
  const { stride, kernel } = settings;
  const [samples, channelsA] = a.shape;
  const channelsB = b.shape[1];
  const [depth, height, width] = spatial(b);
  const { phases, shifts } = kernelColumns(stride, kernel);
  const columns = width + shifts - 1;
  const size = {
    slices: (depth - 1) * stride[0] + kernel[0],
    rows: (height - 1) * stride[1] + kernel[1],
    columns,
  };
  const image = phaseRows(writer, a, size, settings);
  const shifted = shiftedColumns(writer, b, shifts, settings.mirrored);

  const gatheredRows = phases * kernel[0] * kernel[1];
  const bytesPerSlice = 4 * samples * channelsA * gatheredRows * height * columns;
  const slices = Math.max(1, Math.floor(CHUNK_BYTES / bytesPerSlice));
  const parts: string[] = [];
  for (let first = 0; first < depth; first += slices) {
    const last = Math.min(depth, first + slices);
    const voxels = (last - first) * height * columns;
    const indices = rowIndices(writer, settings, phases, size, { first, last, height });
    const gathered = writer.node("Gather", [image, indices], { axis: 2 });
    const left = writer.node("Reshape", [
      gathered,
      writer.integers([samples, channelsA * gatheredRows, voxels]),
    ]);
    const range = [first, last, 2].map((value) => writer.integers([value]));
    const some = first === 0 && last === depth ? shifted : writer.node("Slice", [shifted, ...range]);
    const right = writer.node("Reshape", [some, writer.integers([samples, shifts * channelsB, voxels])]);
    parts.push(writer.node("FusedMatMul", [left, right], { transB: 1 }, RUNTIME_DOMAIN));
  }
  const perSample = parts.length === 1 ? parts[0] : writer.node("Sum", parts);
  return writer.node("ReduceSum", [perSample, writer.integers([0])], { keepdims: 0 });
}

/** a [N, C, D, H, W] padded, its columns apart by phase: [N, C, phase · slice · row, columns]. */
function phaseRows(
  writer: OnnxModelWriter,
  a: LoweredValue,
  { slices, rows, columns }: { readonly slices: number; readonly rows: number; readonly columns: number },
  { stride, padding }: Correlation,
): string {
  const [samples, channels] = a.shape;
  const step = stride[2];
  const wanted = [slices, rows, columns * step];
  const after = wanted.map((size, axis) => size - a.shape[axis + 2] - padding[axis]);
  const untouched = [...padding, ...after].every((zeros) => zeros === 0);
  const pads = writer.integers([0, 0, ...padding, 0, 0, ...after]);
  const padded = untouched ? a.name : writer.node("Pad", [a.name, pads]);
  const lines = writer.integers([samples, channels, step * slices * rows, columns]);
  if (step === 1) return writer.node("Reshape", [padded, lines]);
  const split = writer.integers([samples, channels, slices * rows, columns, step]);
  const perm = [0, 1, 4, 2, 3];
  const apart = writer.node("Transpose", [writer.node("Reshape", [padded, split])], { perm });
  return writer.node("Reshape", [apart, lines]);
}

/** b [N, B, D, H, W] moved by 0 … shifts − 1 columns: [N, shift · B, D, H, W + shifts − 1]. */
function shiftedColumns(writer: OnnxModelWriter, b: LoweredValue, shifts: number, mirrored: boolean): string {
  if (shifts === 1) return b.name;
  const moved = Array.from({ length: shifts }, (_, shift) => {
    const pads = [0, 0, 0, 0, shift, 0, 0, 0, 0, shifts - 1 - shift];
    return writer.node("Pad", [b.name, writer.integers(pads)]);
  });
  if (mirrored) moved.reverse();
  return writer.node("Concat", moved, { axis: 1 });
}

/** [phase · kernel slice · kernel row, output row]: the row of `phaseRows` that each output row of some slices meets. */
function rowIndices(
  writer: OnnxModelWriter,
  { stride, kernel, mirrored }: Correlation,
  phases: number,
  image: { readonly slices: number; readonly rows: number },
  output: { readonly first: number; readonly last: number; readonly height: number },
): string {
  const indices: number[] = [];
  const along = (axis: 0 | 1) =>
    Array.from({ length: kernel[axis] }, (_, k) => (mirrored ? kernel[axis] - 1 - k : k));
  for (let phase = 0; phase < phases; phase++) {
    for (const kd of along(0)) {
      for (const kh of along(1)) {
        for (let d = output.first; d < output.last; d++) {
          const slice = phase * image.slices + d * stride[0] + kd;
          for (let h = 0; h < output.height; h++) indices.push(slice * image.rows + h * stride[1] + kh);
        }
      }
    }
  }
  const kernelRows = phases * kernel[0] * kernel[1];
  return writer.integers(indices, [kernelRows, indices.length / kernelRows]);
}
