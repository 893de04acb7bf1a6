// Sums of the weight gradient over tiles, in the transformed domain. See winograd_avx512.h.
//
// One slice of positions (those with the same index along the first axis: 16 of 64) is done at a time, so that a block of many tiles
// stays in the second-level cache and the sums are read and written seldom.
#pragma once

#include "winograd_avx512.h"

namespace residua::winograd {
namespace {

constexpr Index kSlicePositions = 16;

// Tiles of a row, with one of nothing where the number is odd: products in bf16 take pairs.
RESIDUA_INLINE Index pairedColumns(const Geometry& g) { return (g.tiles[2] + 1) / 2 * 2; }

template <class Number>
RESIDUA_INLINE Index slicePitch(const WeightGradient& w, Index channels) {
  return w.blockTiles * channels + 64 / static_cast<Index>(sizeof(typename Number::Type));
}

// Which two of a tile's slices, and with which sign of the second, make a slice of positions: Bᵀ of x, A of dy (−1: none).
struct SliceRule {
  int first, second;
  float sign;
};
constexpr SliceRule kInputRules[4] = {{0, 2, -1}, {1, 2, 1}, {2, 1, -1}, {3, 1, -1}};
constexpr SliceRule kResultRules[4] = {{0, -1, 1}, {0, 1, 1}, {0, 1, -1}, {1, -1, 1}};

// Bᵀ x of a run of tiles, an even number, to [16 positions][tile][channel], in bf16 [tile / 2][channel][2].
template <class Number>
void spreadInput(const WeightGradient& w, const Run& run, int slice, Index channel, Index pitch, Index channels,
                 typename Number::Type* to) {
  const Geometry& g = w.geometry;
  const auto* x = static_cast<const typename Number::Type*>(w.x);
  const SliceRule rule = kInputRules[slice];
  const Vector sign = _mm512_set1_ps(rule.sign);
  Rows<Number, 8> rows;
  for (int i = 0; i < 4; i++) {
    rows.set(i, g, x, g.inputs, run.sample, 2 * run.slice - 1 + rule.first, 2 * run.row - 1 + i, channel);
    rows.set(4 + i, g, x, g.inputs, run.sample, 2 * run.slice - 1 + rule.second, 2 * run.row - 1 + i, channel);
  }
  Vector columns[8][4];
  const Index first = 2 * run.column - 1;
  for (Index j = 0; j < 2 * run.count + 2; j++) {
    auto& made = columns[j & 7];
    const Index column = first + j;
    if (column < 0 || column >= g.size[2]) {
      for (int i = 0; i < 4; i++) made[i] = _mm512_setzero_ps();
    } else {
      Vector t[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) t[i] = _mm512_fmadd_ps(rows.load(4 + i, column, 0), sign, rows.load(i, column, 0));
      transformInput(t[0], t[1], t[2], t[3]);
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) made[i] = t[i];
    }
    if (j < 5 || (j & 3) != 1) continue;
    // Columns j − 5 … j are those of two tiles.
    typename Number::Type* tiles = to + (j - 5) / 2 * channels;
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      Vector a[4], b[4];
#pragma GCC unroll 4
      for (int k = 0; k < 4; k++) a[k] = columns[(j - 5 + k) & 7][i], b[k] = columns[(j - 3 + k) & 7][i];
      transformInput(a[0], a[1], a[2], a[3]);
      transformInput(b[0], b[1], b[2], b[3]);
#pragma GCC unroll 4
      for (int k = 0; k < 4; k++) Number::storePair(tiles + (k * 4 + i) * pitch, channels, a[k], b[k]);
    }
  }
}

// A dy of a run of tiles, as above.
template <class Number>
void spreadResult(const WeightGradient& w, const Run& run, int slice, Index channel, Index pitch,
                  typename Number::Type* to) {
  const Geometry& g = w.geometry;
  const auto* dy = static_cast<const typename Number::Type*>(w.dy);
  const SliceRule rule = kResultRules[slice];
  const Vector sign = _mm512_set1_ps(rule.sign);
  Rows<Number, 4> rows;
  for (int i = 0; i < 2; i++) {
    rows.set(i, g, dy, g.outputs, run.sample, 2 * run.slice + rule.first, 2 * run.row + i, channel);
    rows.set(2 + i, g, dy, g.outputs, run.sample, rule.second < 0 ? -1 : 2 * run.slice + rule.second, 2 * run.row + i,
             channel);
  }
  for (Index tile = 0; tile < run.count; tile += 2) {
    Vector columns[4][4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      const Index column = 2 * (run.column + tile) + j;
      Vector a = _mm512_setzero_ps(), b = _mm512_setzero_ps();
      if (column < g.size[2]) {
        a = _mm512_fmadd_ps(rows.load(2, column, 0), sign, rows.load(0, column, 0));
        b = _mm512_fmadd_ps(rows.load(3, column, 0), sign, rows.load(1, column, 0));
      }
      columns[j][0] = a, columns[j][1] = a + b, columns[j][2] = a - b, columns[j][3] = b;
    }
    typename Number::Type* tiles = to + tile * g.outputs;
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      const Vector a = columns[0][i], b = columns[1][i], c = columns[2][i], d = columns[3][i];
      Number::storePair(tiles + i * pitch, g.outputs, a, c);
      Number::storePair(tiles + (4 + i) * pitch, g.outputs, a + b, c + d);
      Number::storePair(tiles + (8 + i) * pitch, g.outputs, a - b, c - d);
      Number::storePair(tiles + (12 + i) * pitch, g.outputs, b, d);
    }
  }
}

template <class Number>
std::size_t weightGradientScratch(const WeightGradient& w) {
  return static_cast<std::size_t>(kSlicePositions) * sizeof(typename Number::Type) *
         static_cast<std::size_t>(slicePitch<Number>(w, w.chunk) + slicePitch<Number>(w, w.geometry.outputs));
}

// The products of a block of tiles, for one slice of positions, added to the sums or their beginning.
template <class Number>
void sumSlice(const WeightGradient& w, int slice, Index channel, Index channels, Index tiles, float* part,
              const typename Number::Type* x, const typename Number::Type* dy, bool accumulates) {
  const Geometry& g = w.geometry;
  const Index xPitch = slicePitch<Number>(w, w.chunk), dyPitch = slicePitch<Number>(w, g.outputs);
  for (Index i = 0; i < kSlicePositions; i++) {
    const Index position = i / 4 * 16 + slice * 4 + i % 4;
    float* sums = part + position * w.positionPitch + channel * g.outputs;
    Index output = 0;
    for (; output + kBlock <= g.outputs; output += kBlock) {
      for (Index input = 0; input < channels; input += kRows) {
        multiply<Number, kRows, 2>(x + i * xPitch + input * Number::kDepth, Number::kDepth, channels * Number::kDepth,
                                   dy + i * dyPitch + output * Number::kDepth, g.outputs * Number::kDepth,
                                   sums + input * g.outputs + output, g.outputs, tiles / Number::kDepth, accumulates);
      }
    }
    if (output == g.outputs) continue;
    for (Index input = 0; input < channels; input += kRows) {
      multiply<Number, kRows, 1>(x + i * xPitch + input * Number::kDepth, Number::kDepth, channels * Number::kDepth,
                                 dy + i * dyPitch + output * Number::kDepth, g.outputs * Number::kDepth,
                                 sums + input * g.outputs + output, g.outputs, tiles / Number::kDepth, accumulates);
    }
  }
}

template <class Number>
void sumWeightGradient(const WeightGradient& w, Index task, void* scratch) {
  const Geometry& g = w.geometry;
  const Index chunks = (g.inputs + w.chunk - 1) / w.chunk;
  const int slices = static_cast<int>(4 / w.sliceTasks), firstSlice = static_cast<int>(task % w.sliceTasks) * slices;
  const Index channel = task / w.sliceTasks % chunks * w.chunk, part = task / w.sliceTasks / chunks;
  const Index channels = smaller(w.chunk, g.inputs - channel);
  const Index columns = pairedColumns(g), tiles = g.samples * g.tiles[0] * g.tiles[1] * columns;
  const Index blocks = (tiles + w.blockTiles - 1) / w.blockTiles;
  float* sums = w.sums + part * w.partPitch;
  const Index xPitch = slicePitch<Number>(w, w.chunk), dyPitch = slicePitch<Number>(w, g.outputs);
  auto* x = static_cast<typename Number::Type*>(scratch);
  auto* dy = x + kSlicePositions * xPitch;
  const Index firstBlock = blocks * part / w.parts, endBlock = blocks * (part + 1) / w.parts;
  for (Index block = firstBlock; block < endBlock; block++) {
    const Index first = block * w.blockTiles, count = smaller(w.blockTiles, tiles - first);
    for (int slice = firstSlice; slice < firstSlice + slices; slice++) {
      for (Index tile = 0; tile < count;) {
        const Run run = runAt(g, columns, first + tile, count - tile);
        for (Index c = 0; c < channels; c += 16) {
          spreadInput<Number>(w, run, slice, channel + c, xPitch, channels, x + tile * channels + c * Number::kDepth);
        }
        for (Index c = 0; c < g.outputs; c += 16) {
          spreadResult<Number>(w, run, slice, c, dyPitch, dy + tile * g.outputs + c * Number::kDepth);
        }
        tile += run.count;
      }
      sumSlice<Number>(w, slice, channel, channels, count, sums, x, dy, block > firstBlock);
    }
  }
}

}  // namespace
}  // namespace residua::winograd
