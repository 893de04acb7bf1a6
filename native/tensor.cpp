#include "tensor.h"

#include <numeric>

namespace residua {

std::size_t storageSize(Storage storage) {
  switch (storage) {
    case Storage::f32:
    case Storage::i32:
      return 4;
    case Storage::bf16:
      return 2;
    case Storage::bytes:
      return 1;
  }
  return 0;
}

Index elementCount(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), Index{1}, std::multiplies<Index>());
}

Shape plainStrides(const Shape& shape) {
  Shape strides(shape.size());
  Index step = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

Shape channelsLastStrides(const Shape& shape) {
  Shape strides(shape.size());
  strides[1] = 1;
  Index step = shape[1];
  for (std::size_t axis = shape.size(); axis-- > 2;) {
    strides[axis] = step;
    step *= shape[axis];
  }
  strides[0] = step;
  return strides;
}

bool sameStrides(const Shape& shape, const Shape& a, const Shape& b) {
  for (std::size_t axis = 0; axis < shape.size(); axis++) {
    if (shape[axis] > 1 && a[axis] != b[axis]) return false;
  }
  return true;
}

View broadcastTo(const View& view, const Shape& shape) {
  View result{view.buffer, view.offset, shape, Shape(shape.size(), 0)};
  const std::size_t lead = shape.size() - view.shape.size();
  for (std::size_t axis = 0; axis < view.shape.size(); axis++) {
    if (view.shape[axis] > 1) result.strides[lead + axis] = view.strides[axis];
  }
  return result;
}

View permuted(const View& view, const Shape& order) {
  View result{view.buffer, view.offset, {}, {}};
  for (Index axis : order) {
    result.shape.push_back(view.shape[axis]);
    result.strides.push_back(view.strides[axis]);
  }
  return result;
}

View sliced(const View& view, const Shape& start, const Shape& stop) {
  View result = view;
  for (std::size_t axis = 0; axis < start.size(); axis++) {
    result.offset += start[axis] * view.strides[axis];
    result.shape[axis] = stop[axis] - start[axis];
  }
  return result;
}

std::optional<View> reshaped(const View& view, const Shape& shape) {
  // Old axes of one element say nothing; the others are matched group by group with new ones of equal product.
  Shape sizes, strides;
  for (std::size_t axis = 0; axis < view.shape.size(); axis++) {
    if (view.shape[axis] == 1) continue;
    sizes.push_back(view.shape[axis]);
    strides.push_back(view.strides[axis]);
  }
  View result{view.buffer, view.offset, shape, Shape(shape.size(), 0)};
  std::size_t from = 0, to = 0;
  while (from < sizes.size()) {
    while (shape[to] == 1) to++;
    std::size_t fromEnd = from + 1, toEnd = to + 1;
    Index oldProduct = sizes[from], newProduct = shape[to];
    while (oldProduct != newProduct) {
      if (oldProduct < newProduct) {
        if (strides[fromEnd - 1] != strides[fromEnd] * sizes[fromEnd]) return std::nullopt;
        oldProduct *= sizes[fromEnd++];
      } else {
        newProduct *= shape[toEnd++];
      }
    }
    // The group's old axes must follow one another without gaps, which the loop has checked as it grew.
    Index step = strides[fromEnd - 1];
    for (std::size_t axis = toEnd; axis-- > to;) {
      result.strides[axis] = shape[axis] == 1 ? 0 : step;
      step *= shape[axis];
    }
    from = fromEnd;
    to = toEnd;
  }
  return result;
}

View splitAxes(const View& view, const Shape& parts) {
  View result{view.buffer, view.offset, {}, {}};
  for (std::size_t axis = 0; axis < parts.size(); axis++) {
    result.shape.push_back(view.shape[axis] / parts[axis]);
    result.strides.push_back(view.strides[axis] * parts[axis]);
    result.shape.push_back(parts[axis]);
    result.strides.push_back(view.strides[axis]);
  }
  return result;
}

}  // namespace residua
