#include "iteration.h"

#include <algorithm>

namespace residua {
namespace {

std::vector<const View*> accessesOf(const Kernel& kernel) {
  std::vector<const View*> views;
  for (const auto& leaf : kernel.leaves) views.push_back(&leaf.view);
  for (const auto& store : kernel.stores) views.push_back(&store.to.view);
  for (const auto& reduction : kernel.reductions) views.push_back(&reduction.to.view);
  return views;
}

// The access whose memory order the kernel follows: what it writes, else the largest thing that it reads.
const View* guideOf(const Kernel& kernel) {
  if (!kernel.stores.empty()) return &kernel.stores[0].to.view;
  const View* guide = nullptr;
  Index largest = -1;
  for (const auto& leaf : kernel.leaves) {
    Index count = 1;
    for (std::size_t axis = 0; axis < kernel.domain.size(); axis++) {
      if (leaf.view.strides[axis] != 0) count *= kernel.domain[axis];
    }
    if (count > largest) {
      largest = count;
      guide = &leaf.view;
    }
  }
  return guide;
}

bool follows(const Axis& outer, const Axis& inner) {
  if (outer.reduced != inner.reduced) return false;
  for (std::size_t i = 0; i < inner.strides.size(); i++) {
    if (outer.strides[i] != inner.strides[i] * inner.size) return false;
  }
  return true;
}

}  // namespace

Iteration planIteration(const Kernel& kernel) {
  const auto views = accessesOf(kernel);
  const View* guide = guideOf(kernel);
  std::vector<std::size_t> order;
  for (std::size_t axis = 0; axis < kernel.domain.size(); axis++) {
    if (kernel.domain[axis] > 1) order.push_back(axis);
  }
  if (guide != nullptr) {
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      // An axis along which the guide does not vary goes outside.
      const Index left = guide->strides[a] == 0 ? INT64_MAX : guide->strides[a];
      const Index right = guide->strides[b] == 0 ? INT64_MAX : guide->strides[b];
      return left > right;
    });
  }
  std::vector<Axis> axes;
  for (std::size_t axis : order) {
    Axis next{kernel.domain[axis], !kernel.reductions.empty() && kernel.reduced[axis], {}};
    for (const View* view : views) next.strides.push_back(view->strides[axis]);
    if (!axes.empty() && follows(axes.back(), next)) {
      next.size *= axes.back().size;
      axes.back() = next;
    } else {
      axes.push_back(next);
    }
  }
  const Axis single{1, false, Shape(views.size(), 0)};
  while (axes.size() < 2) axes.insert(axes.begin(), single);

  Iteration iteration;
  iteration.columns = axes.back();
  axes.pop_back();
  iteration.rows = axes.back();
  axes.pop_back();
  for (const auto& axis : axes) (axis.reduced ? iteration.reduced : iteration.kept).push_back(axis);
  iteration.tileColumns = std::min(iteration.columns.size, kTileSize);
  iteration.tileRows = std::clamp<Index>(kTileSize / iteration.tileColumns, 1, iteration.rows.size);
  return iteration;
}

}  // namespace residua
