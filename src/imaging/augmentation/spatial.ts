/** Rotation, scaling and reversal of patches. */
import type { Triple } from "../../domain/grid.ts";
import type { RandomStream } from "../../domain/random.ts";
import type { Patch, PatchSource } from "../patches.ts";
import type { AugmentationOptions } from "./options.ts";

/** Row-major 3 x 3: `source offset = matrix · patch offset`, both from the centre of the patch, (slice, row, column). */
export type AffineMatrix = readonly number[];

/** Draws a rotation and a scaling; undefined where neither happens, so that the caller can copy instead. */
export function drawAffine(
  stream: RandomStream,
  { rotation, scaling }: AugmentationOptions,
): AffineMatrix | undefined {
  const rotates = stream.bernoulli(rotation.probability);
  const scales = stream.bernoulli(scaling.probability);
  const angles = [0, 0, 0];
  for (const axis of rotation.axes) {
    angles[axis] = (stream.uniform(-rotation.maximumDegrees, rotation.maximumDegrees) * Math.PI) / 180;
  }
  const factor = stream.uniform(scaling.range[0], scaling.range[1]);
  if (!rotates && !scales) return undefined;
  const matrix = rotates ? rotationMatrix(angles) : [1, 0, 0, 0, 1, 0, 0, 0, 1];
  if (!scales) return matrix;
  // Scaling acts on the patch's own axes, before the rotation.
  return matrix.map((value, i) => (scaling.axes.includes(i % 3) ? value * factor : value));
}

/** Rotations about the slice, then the row, then the column axis, by angles in radians. */
export function rotationMatrix([a, b, c]: readonly number[]): AffineMatrix {
  const aboutSlice = [1, 0, 0, 0, Math.cos(a), -Math.sin(a), 0, Math.sin(a), Math.cos(a)];
  const aboutRow = [Math.cos(b), 0, Math.sin(b), 0, 1, 0, -Math.sin(b), 0, Math.cos(b)];
  const aboutColumn = [Math.cos(c), -Math.sin(c), 0, Math.sin(c), Math.cos(c), 0, 0, 0, 1];
  return multiply(aboutColumn, multiply(aboutRow, aboutSlice));
}

function multiply(a: AffineMatrix, b: AffineMatrix): AffineMatrix {
  return Array.from({ length: 9 }, (_, i) => {
    const row = i - (i % 3);
    const column = i % 3;
    return a[row] * b[column] + a[row + 1] * b[column + 3] + a[row + 2] * b[column + 6];
  });
}

/**
 * Samples a patch through an affine map, channels linearly and classes by the nearest voxel, straight from the whole image, so that a
 * rotated patch has no empty corners unless the image ends there; beyond the image all is 0.
 *
 * @param start index of the first voxel of the untransformed patch, about whose centre the map turns. @param size (slice, row, column).
 */
export function samplePatch(
  { channels, labels, shape }: PatchSource,
  start: Triple,
  size: Triple,
  matrix: AffineMatrix,
): Patch {
  const voxels = size[0] * size[1] * size[2];
  const sampled = new Float32Array(channels.length * voxels);
  const classes = new Uint8Array(voxels);
  const half = size.map((n) => (n - 1) / 2);
  const centre = start.map((s, axis) => s + half[axis]);
  const [m0, m1, m2, m3, m4, m5, m6, m7, m8] = matrix;
  const [depth, height, width] = shape;
  const plane = height * width;
  const lastX = depth - 1;
  const lastY = height - 1;
  const lastZ = width - 1;

  for (let i = 0, voxel = 0; i < size[0]; i++) {
    for (let j = 0; j < size[1]; j++) {
      const u = i - half[0];
      const v = j - half[1];
      for (let k = 0; k < size[2]; k++, voxel++) {
        const w = k - half[2];
        const x = centre[0] + m0 * u + m1 * v + m2 * w;
        const y = centre[1] + m3 * u + m4 * v + m5 * w;
        const z = centre[2] + m6 * u + m7 * v + m8 * w;
        if (x <= -1 || y <= -1 || z <= -1 || x >= depth || y >= height || z >= width) continue;
        const a = Math.floor(x);
        const b = Math.floor(y);
        const c = Math.floor(z);
        const fx = x - a;
        const fy = y - b;
        const fz = z - c;
        const nearX = fx < 0.5 ? a : a + 1;
        const nearY = fy < 0.5 ? b : b + 1;
        const nearZ = fz < 0.5 ? c : c + 1;
        if (nearX >= 0 && nearY >= 0 && nearZ >= 0 && nearX <= lastX && nearY <= lastY && nearZ <= lastZ) {
          classes[voxel] = labels[nearX * plane + nearY * width + nearZ];
        }
        const at = a * plane + b * width + c;
        if (a >= 0 && b >= 0 && c >= 0 && a < lastX && b < lastY && c < lastZ) {
          for (let n = 0, to = voxel; n < channels.length; n++, to += voxels) {
            const channel = channels[n];
            const p = at + plane;
            const q00 = channel[at] + fz * (channel[at + 1] - channel[at]);
            const q01 = channel[at + width] + fz * (channel[at + width + 1] - channel[at + width]);
            const q10 = channel[p] + fz * (channel[p + 1] - channel[p]);
            const q11 = channel[p + width] + fz * (channel[p + width + 1] - channel[p + width]);
            const near = q00 + fy * (q01 - q00);
            sampled[to] = near + fx * (q10 + fy * (q11 - q10) - near);
          }
        } else {
          // On the border: corners beyond the image count as 0.
          for (let corner = 0; corner < 8; corner++) {
            const da = corner >> 2;
            const db = (corner >> 1) & 1;
            const dc = corner & 1;
            if (a + da < 0 || b + db < 0 || c + dc < 0) continue;
            if (a + da > lastX || b + db > lastY || c + dc > lastZ) continue;
            const weight = (da ? fx : 1 - fx) * (db ? fy : 1 - fy) * (dc ? fz : 1 - fz);
            const from = at + da * plane + db * width + dc;
            for (let n = 0, to = voxel; n < channels.length; n++, to += voxels) {
              sampled[to] += weight * channels[n][from];
            }
          }
        }
      }
    }
  }
  return { channels: sampled, labels: classes, shape: size, channelCount: channels.length };
}

/** The patch with the given axes reversed. */
export function mirrorPatch(patch: Patch, axes: readonly number[]): Patch {
  if (axes.length === 0) return patch;
  const { channels, labels, shape, channelCount } = patch;
  const mirrored = new Float32Array(channels.length);
  for (let c = 0; c < channelCount; c++) {
    const from = c * labels.length;
    mirror(
      channels.subarray(from, from + labels.length),
      mirrored.subarray(from, from + labels.length),
      shape,
      axes,
    );
  }
  const classes = new Uint8Array(labels.length);
  mirror(labels, classes, shape, axes);
  return { channels: mirrored, labels: classes, shape, channelCount };
}

function mirror<A extends Float32Array | Uint8Array>(
  source: A,
  target: A,
  [slices, rows, columns]: Triple,
  axes: readonly number[],
): void {
  const [flipSlices, flipRows, flipColumns] = [0, 1, 2].map((axis) => axes.includes(axis));
  for (let i = 0; i < slices; i++) {
    const a = flipSlices ? slices - 1 - i : i;
    for (let j = 0; j < rows; j++) {
      const b = flipRows ? rows - 1 - j : j;
      const from = (a * rows + b) * columns;
      const to = (i * rows + j) * columns;
      if (flipColumns) for (let k = 0; k < columns; k++) target[to + k] = source[from + columns - 1 - k];
      else target.set(source.subarray(from, from + columns), to);
    }
  }
}
