// The order in which a kernel goes through its domain: axes sorted by memory, merged where they follow one another, and cut into tiles
// of two inner axes that fit the first-level cache.
#pragma once

#include "kernel.h"

namespace residua {

// Numbers of a tile.
inline constexpr Index kTileSize = 512;

struct Axis {
  Index size;
  bool reduced;
  // One stride per access of the kernel: leaves, stores, reductions, in this order.
  Shape strides;
};

struct Iteration {
  // Outer axes: those that are kept, then those that are reduced, each outermost first.
  std::vector<Axis> kept, reduced;
  Axis rows, columns;
  // Rows and columns of a full tile.
  Index tileRows, tileColumns;
};

Iteration planIteration(const Kernel& kernel);

}  // namespace residua
