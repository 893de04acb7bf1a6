import { describe, expect, it } from "vitest";
import type { Triple } from "../../domain/grid.ts";
import { deriveKey, RandomStream, randomKey } from "../../domain/random.ts";
import { extractPatch, type Patch, type PatchSource } from "../patches.ts";
import { augmentPatch, drawAugmentedPatch } from "./augment.ts";
import { changeContrast, changeGamma, drawFactor } from "./intensity.ts";
import {
  type AugmentationOptions,
  MIRROR_AUGMENTATION,
  NNUNET_AUGMENTATION,
  NNUNET_IN_PLANE_AUGMENTATION,
  nnunetAugmentation,
} from "./options.ts";
import { drawAffine, mirrorPatch, rotationMatrix, samplePatch } from "./spatial.ts";

const shape: Triple = [12, 14, 16];
const voxels = 12 * 14 * 16;

/** A source whose channels are functions of the voxel index. */
function sourceOf(...values: ((at: Triple) => number)[]): PatchSource {
  const at = (i: number): Triple => [Math.floor(i / 224), Math.floor(i / 16) % 14, i % 16];
  return {
    channels: values.map((value) => Float32Array.from({ length: voxels }, (_, i) => value(at(i)))),
    labels: Uint8Array.from({ length: voxels }, (_, i) => (values[0](at(i)) > 0 ? 1 : 0)),
    shape,
  };
}

const noisy = new RandomStream(randomKey(9));
const source = sourceOf(
  () => noisy.normal(),
  ([i, j, k]) => Math.sin(i) + Math.cos(j / 2) + k / 8 - 1,
);
const whole: Patch = extractPatch(source, [0, 0, 0], shape);

/** Everything off but the named parts, which always happen. */
function only(...names: (keyof AugmentationOptions)[]): AugmentationOptions {
  const entries = Object.entries(NNUNET_AUGMENTATION).map(([name, part]) => [
    name,
    { ...part, probability: names.includes(name as keyof AugmentationOptions) ? 1 : 0 },
  ]);
  return Object.fromEntries(entries) as AugmentationOptions;
}

function moments(values: Float32Array) {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) };
}

describe("augmentPatch", () => {
  it("gives the same patch for the same key, another for another, and leaves its input alone", () => {
    const before = whole.channels.slice();
    const options = only("rotation", "noise", "blur", "lowResolution", "gamma", "mirror");
    const first = augmentPatch(whole, randomKey(1), options);
    expect(augmentPatch(whole, randomKey(1), options)).toEqual(first);
    expect(augmentPatch(whole, randomKey(2), options).channels).not.toEqual(first.channels);
    expect(whole.channels).toEqual(before);
  });

  it("returns the patch itself, in new arrays, where nothing happens", () => {
    const same = augmentPatch(whole, randomKey(1), only());
    expect(same).toEqual(whole);
    expect(same.channels).not.toBe(whole.channels);
  });

  it("does each thing about as often as it should", () => {
    const small: PatchSource = {
      channels: [Float32Array.of(1, 5, 2, 9)],
      labels: new Uint8Array(4),
      shape: [1, 2, 2],
    };
    const plain = extractPatch(small, [0, 0, 0], [1, 2, 2]).channels;
    const runs = 3000;
    for (const name of ["noise", "brightness", "contrast", "invertedGamma", "gamma"] as const) {
      const options = { ...only(), [name]: NNUNET_AUGMENTATION[name] };
      let changed = 0;
      for (let i = 0; i < runs; i++) {
        const { channels } = drawAugmentedPatch(
          small,
          [0, 0, 0],
          [1, 2, 2],
          deriveKey(randomKey(3), i),
          options,
        );
        if (channels.some((value, at) => value !== plain[at])) changed++;
      }
      const p = NNUNET_AUGMENTATION[name].probability;
      expect(Math.abs(changed / runs - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / runs));
    }
  });

  it("decides once per patch, and draws a strength for each channel", () => {
    const options = { ...only(), brightness: { ...NNUNET_AUGMENTATION.brightness, probability: 0.5 } };
    const ones: PatchSource = {
      channels: [Float32Array.of(1), Float32Array.of(1)],
      labels: new Uint8Array(1),
      shape: [1, 1, 1],
    };
    const drawn = Array.from({ length: 100 }, (_, i) => [
      ...drawAugmentedPatch(ones, [0, 0, 0], [1, 1, 1], deriveKey(randomKey(10), i), options).channels,
    ]);
    expect(drawn.every(([a, b]) => (a === 1) === (b === 1))).toBe(true);
    const changed = drawn.filter(([a]) => a !== 1);
    expect(changed.length).toBeGreaterThan(20);
    expect(changed.length).toBeLessThan(80);
    expect(changed.every(([a, b]) => a !== b)).toBe(true);
  });

  it("mirrors each axis half of the time, channels and classes together", () => {
    const counts = new Map<string, number>();
    const runs = 800;
    const tiny: PatchSource = {
      channels: [Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)],
      labels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      shape: [2, 2, 2],
    };
    for (let i = 0; i < runs; i++) {
      const patch = drawAugmentedPatch(
        tiny,
        [0, 0, 0],
        [2, 2, 2],
        deriveKey(randomKey(5), i),
        MIRROR_AUGMENTATION,
      );
      expect([...patch.channels]).toEqual([...patch.labels]);
      const seen = patch.labels.join("");
      counts.set(seen, (counts.get(seen) ?? 0) + 1);
    }
    expect(counts.size).toBe(8);
    for (const count of counts.values()) {
      expect(Math.abs(count - runs / 8)).toBeLessThan(4 * Math.sqrt((runs * 7) / 64));
    }
  });
});

describe("spatial transforms", () => {
  const size: Triple = [5, 5, 5];
  const start: Triple = [4, 5, 6];
  const ramp = sourceOf(
    ([i, j, k]) => 2 * i - j + 0.5 * k,
    ([i]) => i,
  );

  it("copy exactly under the identity", () => {
    expect(samplePatch(source, start, size, [1, 0, 0, 0, 1, 0, 0, 0, 1])).toEqual(
      extractPatch(source, start, size),
    );
  });

  it("keep a linear ramp linear, turned about the centre of the patch", () => {
    const matrix = rotationMatrix([0.3, -0.4, 0.2]).map((v) => v * 0.8);
    const patch = samplePatch(ramp, start, size, matrix);
    for (let voxel = 0; voxel < 125; voxel++) {
      const offset = [Math.floor(voxel / 25) - 2, (Math.floor(voxel / 5) % 5) - 2, (voxel % 5) - 2];
      const [i, j, k] = [0, 1, 2].map(
        (axis) => start[axis] + 2 + offset.reduce((sum, v, c) => sum + v * matrix[3 * axis + c], 0),
      );
      expect(patch.channels[voxel]).toBeCloseTo(2 * i - j + 0.5 * k, 4);
      expect(patch.channels[125 + voxel]).toBeCloseTo(i, 4);
    }
  });

  it("turn a quarter about the slice axis as an exact permutation of voxels, classes too", () => {
    const quarter = samplePatch(source, start, size, rotationMatrix([Math.PI / 2, 0, 0]));
    const plain = extractPatch(source, start, size);
    for (let voxel = 0; voxel < 125; voxel++) {
      const [i, j, k] = [Math.floor(voxel / 25), Math.floor(voxel / 5) % 5, voxel % 5];
      const from = i * 25 + (4 - k) * 5 + j;
      expect(quarter.channels[voxel]).toBeCloseTo(plain.channels[from], 4);
      expect(quarter.labels[voxel]).toBe(plain.labels[from]);
    }
  });

  it("count voxels beyond the image as 0", () => {
    const ones = sourceOf(() => 1);
    const corner = samplePatch(ones, [-1, 0, 0], [3, 1, 1], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect([...corner.channels]).toEqual([0, 1, 1]);
    const half = samplePatch(ones, [0, 0, 0], [1, 1, 2], [1, 0, 0, 0, 1, 0, 0, 0, 2]);
    // Positions −0.5 and 1.5 along the columns.
    expect([...half.channels]).toEqual([0.5, 1]);
  });

  it("are rotations: orthogonal, of determinant 1", () => {
    const m = rotationMatrix([0.5, -0.2, 0.9]);
    for (let r = 0; r < 3; r++) {
      for (let s = 0; s < 3; s++) {
        const product = [0, 1, 2].reduce((sum, c) => sum + m[3 * r + c] * m[3 * s + c], 0);
        expect(product).toBeCloseTo(r === s ? 1 : 0, 12);
      }
    }
    const determinant =
      m[0] * (m[4] * m[8] - m[5] * m[7]) -
      m[1] * (m[3] * m[8] - m[5] * m[6]) +
      m[2] * (m[3] * m[7] - m[4] * m[6]);
    expect(determinant).toBeCloseTo(1, 12);
  });

  it("leave the slice direction alone in-plane", () => {
    for (let i = 0; i < 50; i++) {
      const matrix = drawAffine(new RandomStream(deriveKey(randomKey(6), i)), {
        ...NNUNET_IN_PLANE_AUGMENTATION,
        rotation: { ...NNUNET_IN_PLANE_AUGMENTATION.rotation, probability: 1 },
        scaling: { ...NNUNET_IN_PLANE_AUGMENTATION.scaling, probability: 1 },
      });
      expect(matrix?.slice(0, 4).concat(matrix[6])).toEqual([1, 0, 0, 0, 0]);
    }
  });

  it("are chosen by the shape of the patch", () => {
    expect(nnunetAugmentation([20, 64, 64])).toBe(NNUNET_IN_PLANE_AUGMENTATION);
    expect(nnunetAugmentation([64, 192, 192])).toBe(NNUNET_AUGMENTATION);
  });

  it("are undone by mirroring twice", () => {
    expect(mirrorPatch(mirrorPatch(whole, [0, 2]), [0, 2])).toEqual(whole);
  });
});

describe("intensity changes", () => {
  it("draw factors on both sides of 1 equally often, within the range", () => {
    const stream = new RandomStream(randomKey(8));
    const factors = Array.from({ length: 4000 }, () => drawFactor(stream, [0.7, 1.5]));
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.7);
    expect(Math.max(...factors)).toBeLessThan(1.5);
    expect(Math.abs(factors.filter((f) => f < 1).length - 2000)).toBeLessThan(4 * Math.sqrt(1000));
  });

  it("follow the gamma curve, up to the mean and deviation, which stay", () => {
    for (const inverted of [false, true]) {
      const channel = Float32Array.of(-2, -1, 0, 3, 6);
      const before = moments(channel);
      changeGamma(channel, 1.3, inverted);
      const after = moments(channel);
      expect(after.mean).toBeCloseTo(before.mean, 5);
      expect(after.deviation).toBeCloseTo(before.deviation, 5);
      const curve = [-2, -1, 0, 3, 6].map((v) => (inverted ? -(((6 - v) / 8) ** 1.3) : ((v + 2) / 8) ** 1.3));
      for (let i = 1; i < 4; i++) {
        const share = (channel[i] - channel[0]) / (channel[4] - channel[0]);
        expect(share).toBeCloseTo((curve[i] - curve[0]) / (curve[4] - curve[0]), 5);
      }
    }
  });

  it("leave a constant channel as it is", () => {
    const flat = new Float32Array(8).fill(3);
    changeGamma(flat, 0.8, false);
    changeContrast(flat, 1.2);
    expect([...flat]).toEqual(Array(8).fill(3));
  });

  it("stretch contrast about the mean within the old range", () => {
    const channel = Float32Array.of(0, 4, 5, 6, 10);
    changeContrast(channel, 1.25);
    expect([...channel]).toEqual([0, 3.75, 5, 6.25, 10]);
  });

  it("add noise of one deviation to all channels", () => {
    const zero: PatchSource = {
      channels: [new Float32Array(voxels), new Float32Array(voxels)],
      labels: new Uint8Array(voxels),
      shape,
    };
    const { channels } = drawAugmentedPatch(zero, [0, 0, 0], shape, randomKey(7), only("noise"));
    const [a, b] = [moments(channels.subarray(0, voxels)), moments(channels.subarray(voxels))];
    expect(a.deviation).toBeGreaterThan(0);
    expect(a.deviation).toBeLessThan(0.1);
    expect(b.deviation / a.deviation).toBeGreaterThan(0.9);
    expect(b.deviation / a.deviation).toBeLessThan(1.1);
    expect(channels[0]).not.toBe(channels[voxels]);
  });
});
