// Shapes, strides and views: how a logical tensor lies in a buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace residua {

using Index = std::int64_t;
using Shape = std::vector<Index>;

// What the numbers of a buffer are stored as. Arithmetic is always fp32.
enum class Storage { f32, bf16, i32, bytes };

std::size_t storageSize(Storage storage);

// A tensor in a buffer: element (i0, i1, …) is at offset + Σ i·stride, counted in elements.
struct View {
  int buffer = -1;
  Index offset = 0;
  Shape shape;
  Shape strides;
};

Index elementCount(const Shape& shape);

// Row-major strides.
Shape plainStrides(const Shape& shape);
// Strides of [N, C, …] with the channels innermost: [N, …, C] in memory.
Shape channelsLastStrides(const Shape& shape);

// Whether strides agree along every axis of more than one element.
bool sameStrides(const Shape& shape, const Shape& a, const Shape& b);

// Views that move nothing. `broadcastTo` aligns axes at the right, as NumPy does.
View broadcastTo(const View& view, const Shape& shape);
View permuted(const View& view, const Shape& order);
View sliced(const View& view, const Shape& start, const Shape& stop);
// The same elements in another shape, where strides can say it.
std::optional<View> reshaped(const View& view, const Shape& shape);
// Each axis i split into [size / parts[i], parts[i]].
View splitAxes(const View& view, const Shape& parts);

}  // namespace residua
