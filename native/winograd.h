// Convolutions of 3x3x3, stride 1, padding 1, with 64 products for 8 results instead of 216: Winograd's minimal filtering
// F(2x2x2, 3x3x3), as Lavin & Gray (2016), "Fast algorithms for convolutional neural networks", CVPR, arXiv 1509.09308.
//
// A result tile of 2x2x2 is y = Aᵀ[(G w) ⊙ (Bᵀ x)], with the matrices applied along each of the three axes:
//   Bᵀ = 1  0 -1  0     G = 1    0   0     Aᵀ = 1  1  1  0
//        0  1  1  0         1/2  1/2 1/2        0  1 -1  1
//        0 -1  1  0         1/2 -1/2 1/2
//        0 -1  0  1         0    0   1
// The gradient of the weights is the transpose: Gᵀ[Σ over tiles (Bᵀ x) ⊙ (A dy)].
//
// This header is read by files that are compiled for one instruction set each: it must define no function.
#pragma once

#include <cstddef>
#include <cstdint>

namespace residua::winograd {

using Index = std::int64_t;

// Positions of a transformed tile of 4x4x4, numbered (column, slice, row).
inline constexpr Index kPositions = 64;
// Result channels that are worked on together; also the block of transformed weights.
inline constexpr Index kBlock = 32;
// Tiles that are multiplied together; blocks have a multiple of them.
inline constexpr Index kTileRows = 6;
// Channels come in whole vectors.
inline constexpr Index kVector = 16;

// Tensors are [sample, slice, row, column, channel] in memory.
struct Geometry {
  Index samples;
  // Channels of x and of y.
  Index inputs, outputs;
  // Voxels along each axis, of x as of y, and tiles of 2: ceil(size / 2).
  Index size[3];
  Index tiles[3];
};

// y = w * x, or dx = wᵀ * dy with transformed weights of that kind.
struct Convolution {
  Geometry geometry;
  const void* x;
  // From `transformWeights`.
  const void* weights;
  void* y;
  // Whether y is fp32 although x is bf16.
  bool isWide;
  // Tiles that are worked on together.
  Index blockTiles;
};

// Weights [outputs, inputs, 27] to blocks [outputs / 32][position][inputs][≤ 32], bf16 in pairs of inputs.
struct WeightTransform {
  Index inputs, outputs;
  const float* weights;
  // Elements from an input, or output, to the next.
  Index inputStride, outputStride;
  // Whether each kernel is mirrored along all axes, as input gradients want it.
  bool isMirrored;
  void* to;
};

struct WeightGradient {
  Geometry geometry;
  const void* x;
  const void* dy;
  // [part][position][inputs][outputs] at pitches of `partPitch` and `positionPitch` numbers, each part the sum over a range of tiles.
  float* sums;
  Index partPitch, positionPitch;
  Index parts;
  // Input channels of a task; tasks per part: those chunks times `sliceTasks` (1 or 4) groups of positions.
  Index chunk, sliceTasks;
  Index blockTiles;
  // [outputs, inputs, 27]
  float* dw;
};

// The kernels for one storage and instruction set. Ranges of work are independent of each other.
struct Kernels {
  std::size_t (*convolutionScratch)(const Convolution&);
  // One block of tiles; scratch is aligned to 64 bytes.
  void (*convolve)(const Convolution&, Index block, void* scratch);
  // One block of outputs.
  void (*transformWeights)(const WeightTransform&, Index block);
  std::size_t (*weightGradientScratch)(const WeightGradient&);
  // One task of `parts · chunks · sliceTasks`.
  void (*sumWeightGradient)(const WeightGradient&, Index task, void* scratch);
  // The weights of one input channel.
  void (*finishWeightGradient)(const WeightGradient&, Index input);
};

// Null where the processor, or the compiler, lacks the instructions.
const Kernels* kernelsF32();
const Kernels* kernelsBf16();

}  // namespace residua::winograd
