// Which convolutions go by winograd.h, and in what pieces.
#pragma once

#include "tensor.h"
#include "winograd.h"

namespace residua::winograd {

// Sizes of a convolution: x [N, C, D, H, W], w [outputs, inputs, …], y.
struct Sizes {
  Shape x, w, y, stride, padding;
};

// The kernels for a convolution with activations in a storage; null where the library's are to do it.
//
// A rule on shapes alone, so that a machine always decides the same: kernels of 3x3x3, stride 1, padding 1, channels in whole vectors,
// and so many tiles that transforming the weights costs little beside the products. Where the processor has AMX the library's bf16
// convolutions are faster still.
const Kernels* choose(const Sizes& sizes, Storage activations);

// Of the channels-first shapes of x and y.
Geometry geometryOf(const Shape& x, const Shape& y);

// Pieces of the work, for the second-level cache. They depend on shapes only: results do not depend on the number of threads.
Index convolutionBlock(const Geometry& geometry, Storage activations);
Index weightBlocks(const WeightTransform& transform);
Index convolutionBlocks(const Convolution& convolution);
// Fills in the pitches, parts, chunk, sliceTasks and blockTiles.
void planWeightGradient(WeightGradient& gradient, Storage activations);
Index weightGradientTasks(const WeightGradient& gradient);
std::size_t weightGradientSums(const WeightGradient& gradient);

}  // namespace residua::winograd
