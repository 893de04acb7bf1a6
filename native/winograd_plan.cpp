#include "winograd_plan.h"

#include <algorithm>
#include <dnnl.hpp>

namespace residua::winograd {
namespace {

// What a block's transformed tiles may take of a core's second-level cache, of 1 MiB or more on processors with these instructions.
constexpr Index kBlockBytes = 256 << 10;
constexpr Index kGradientBytes = 400 << 10;
// Sums up to this size stay in that cache beside a block.
constexpr Index kNearSums = 640 << 10;
// All parts of a gradient's sums.
constexpr Index kMostSums = 8 << 20;
constexpr Index kFewestTiles = 64;
// Input channels of a task of the weight gradient.
constexpr Index kChunk = 64;
constexpr Index kFewestTasks = 64;

Index bytesOf(Storage storage) { return static_cast<Index>(storageSize(storage)); }

Index tileCount(const Geometry& g) { return g.samples * g.tiles[0] * g.tiles[1] * g.tiles[2]; }

Index roundDown(Index value, Index unit) { return value / unit * unit; }

bool hasAmx() {
  const auto isa = static_cast<int>(dnnl::get_effective_cpu_isa());
  const auto amx = static_cast<int>(dnnl::cpu_isa::avx512_core_amx);
  return (isa & amx) == amx;
}

}  // namespace

Geometry geometryOf(const Shape& x, const Shape& y) {
  Geometry g{x[0], x[1], y[1], {x[2], x[3], x[4]}, {}};
  for (int axis = 0; axis < 3; axis++) g.tiles[axis] = (g.size[axis] + 1) / 2;
  return g;
}

const Kernels* choose(const Sizes& sizes, Storage activations) {
  const Shape& w = sizes.w;
  if (w.size() != 5 || w[2] != 3 || w[3] != 3 || w[4] != 3) return nullptr;
  if (sizes.stride != Shape{1, 1, 1} || sizes.padding != Shape{1, 1, 1}) return nullptr;
  if (w[0] % kVector != 0 || w[1] % kVector != 0) return nullptr;
  if (tileCount(geometryOf(sizes.x, sizes.y)) < kFewestTiles) return nullptr;
  if (activations == Storage::bf16) return hasAmx() ? nullptr : kernelsBf16();
  return kernelsF32();
}

Index convolutionBlock(const Geometry& g, Storage activations) {
  const Index perTile = kPositions * (g.inputs * bytesOf(activations) + kBlock / 2 * bytesOf(Storage::f32));
  const Index fitting = std::clamp<Index>(kBlockBytes / perTile, 18, 96);
  // Enough blocks for several threads, where there are so many tiles.
  return roundDown(std::clamp<Index>(tileCount(g) / 8, 18, fitting), kTileRows);
}

Index weightBlocks(const WeightTransform& w) { return (w.outputs + kBlock - 1) / kBlock; }

Index convolutionBlocks(const Convolution& c) { return (tileCount(c.geometry) + c.blockTiles - 1) / c.blockTiles; }

void planWeightGradient(WeightGradient& w, Storage activations) {
  const Geometry& g = w.geometry;
  w.chunk = std::min(g.inputs, kChunk);
  const Index near = kPositions * w.chunk * g.outputs * bytesOf(Storage::f32);
  w.sliceTasks = near <= kNearSums ? 1 : 4;
  const Index perTile = kPositions / 4 * (w.chunk + g.outputs) * bytesOf(activations);
  w.blockTiles = roundDown(std::clamp<Index>(kGradientBytes / perTile, 16, 256), 8);
  // Two lines more than the numbers take, so that positions do not all fall into the same sets of the cache.
  w.positionPitch = g.inputs * g.outputs + 32;
  w.partPitch = kPositions * w.positionPitch;
  const Index whole = w.partPitch * bytesOf(Storage::f32);
  const Index blocks = (tileCount(g) + w.blockTiles - 1) / w.blockTiles;
  const Index tasks = (g.inputs + w.chunk - 1) / w.chunk * w.sliceTasks;
  w.parts = std::min({(kFewestTasks + tasks - 1) / tasks, kMostSums / whole, blocks / 16});
  w.parts = std::max<Index>(w.parts, 1);
}

Index weightGradientTasks(const WeightGradient& w) {
  return w.parts * ((w.geometry.inputs + w.chunk - 1) / w.chunk) * w.sliceTasks;
}

std::size_t weightGradientSums(const WeightGradient& w) {
  return static_cast<std::size_t>(w.parts * w.partPitch) * sizeof(float);
}

}  // namespace residua::winograd
