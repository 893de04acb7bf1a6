// The convolution of a block of tiles: transformed input, 64 products with the weights, transformed result, all within the
// second-level cache. See winograd_avx512.h.
#pragma once

#include "winograd_avx512.h"

namespace residua::winograd {
namespace {

// A line more than the tiles take, so that positions do not all fall into the same sets of the cache.
constexpr Index kPadding = 64;

template <class Number>
RESIDUA_INLINE Index inputPitch(const Convolution& c) {
  return c.blockTiles * c.geometry.inputs + kPadding / static_cast<Index>(sizeof(typename Number::Type));
}
RESIDUA_INLINE Index resultPitch(const Convolution& c) {
  return c.blockTiles * kBlock + kPadding / static_cast<Index>(sizeof(float));
}

// Bᵀ x of a run, V vectors of channels from `channel`, to `to`: [position][tile][channel].
template <class Number, int V>
void transformRun(const Convolution& c, const Run& run, Index channel, typename Number::Type* to) {
  const Geometry& g = c.geometry;
  const auto* x = static_cast<const typename Number::Type*>(c.x);
  const Index pitch = inputPitch<Number>(c);
  Rows<Number, 16> rows;
  for (int i = 0; i < 16; i++) {
    rows.set(i, g, x, g.inputs, run.sample, 2 * run.slice - 1 + i / 4, 2 * run.row - 1 + i % 4, channel);
  }
  // The last four columns, transformed along slices and rows.
  Vector columns[4][16][V];
  const Index first = 2 * run.column - 1;
  for (Index j = 0; j < 2 * run.count + 2; j++) {
    auto& made = columns[j & 3];
    const Index column = first + j;
    if (column < 0 || column >= g.size[2]) {
      for (int i = 0; i < 16; i++) {
        for (int v = 0; v < V; v++) made[i][v] = _mm512_setzero_ps();
      }
    } else {
#pragma GCC unroll 2
      for (int v = 0; v < V; v++) {
        Vector t[16];
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) t[i] = rows.load(i, column, v);
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) transformInput(t[i], t[4 + i], t[8 + i], t[12 + i]);
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) transformInput(t[4 * i], t[4 * i + 1], t[4 * i + 2], t[4 * i + 3]);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) made[i][v] = t[i];
      }
    }
    if (j < 3 || (j & 1) == 0) continue;
    const auto &c0 = columns[(j + 1) & 3], &c1 = columns[(j + 2) & 3], &c2 = columns[(j + 3) & 3], &c3 = columns[j & 3];
    typename Number::Type* tile = to + (j - 3) / 2 * g.inputs + channel;
    for (int i = 0; i < 16; i++) {
      Vector t[4][V];
#pragma GCC unroll 2
      for (int v = 0; v < V; v++) {
        t[0][v] = c0[i][v], t[1][v] = c1[i][v], t[2][v] = c2[i][v], t[3][v] = c3[i][v];
        transformInput(t[0][v], t[1][v], t[2][v], t[3][v]);
      }
#pragma GCC unroll 4
      for (int p = 0; p < 4; p++) Number::template store<V>(tile + (p * 16 + i) * pitch, t[p]);
    }
  }
}

// Products of R tiles with V vectors of results at the four positions of a column axis, and Aᵀ along it, in registers: the products of
// the two outer positions are summed onto those of the inner ones.
template <class Number, int R, int V>
RESIDUA_INLINE void multiplyColumns(const typename Number::Type* a, Index aPosition, Index aRow,
                                    const typename Number::Type* b, Index bPosition, float* c, Index cPosition,
                                    Index steps) {
  Vector sums[2][R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) sums[0][r][v] = sums[1][r][v] = _mm512_setzero_ps();
  }
  const auto pass = [&](int first, int second) __attribute__((always_inline)) {
    const typename Number::Type *a0 = a + first * aPosition, *a1 = a + second * aPosition;
    const typename Number::Type *b0 = b + first * bPosition, *b1 = b + second * bPosition;
    for (Index step = 0; step < steps; step++) {
      typename Number::Operand right[2][V];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) {
        right[0][v] = Number::operand(b0 + v * 16 * Number::kDepth);
        right[1][v] = Number::operand(b1 + v * 16 * Number::kDepth);
      }
#pragma GCC unroll 16
      for (int r = 0; r < R; r++) {
        const auto left0 = Number::spread(a0 + r * aRow), left1 = Number::spread(a1 + r * aRow);
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) {
          sums[0][r][v] = Number::multiplyAdd(left0, right[0][v], sums[0][r][v]);
          sums[1][r][v] = Number::multiplyAdd(left1, right[1][v], sums[1][r][v]);
        }
      }
      a0 += Number::kDepth, a1 += Number::kDepth;
      b0 += V * 16 * Number::kDepth, b1 += V * 16 * Number::kDepth;
    }
  };
  pass(1, 2);
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      const Vector sum = sums[0][r][v] + sums[1][r][v];
      sums[1][r][v] = sums[0][r][v] - sums[1][r][v];
      sums[0][r][v] = sum;
    }
  }
  pass(0, 3);
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      _mm512_storeu_ps(c + r * kBlock + v * 16, sums[0][r][v]);
      _mm512_storeu_ps(c + cPosition + r * kBlock + v * 16, sums[1][r][v]);
    }
  }
}

// Aᵀ along one axis.
RESIDUA_INLINE void transformResult(const Vector& a, const Vector& b, const Vector& c, const Vector& d, Vector& p,
                                    Vector& q) {
  const Vector sum = b + c, difference = b - c;
  p = a + sum;
  q = difference + d;
}

// Aᵀ along slices and rows of one tile and vector of channels, m [column of 2, slice, row] at a pitch; result [slice, row, column].
RESIDUA_INLINE void transformTile(const float* m, Index pitch, Vector (&result)[8]) {
#pragma GCC unroll 2
  for (int column = 0; column < 2; column++) {
    Vector rows[2][4];  // [row of 2][slice]
#pragma GCC unroll 4
    for (int slice = 0; slice < 4; slice++) {
      const float* at = m + (column * 16 + slice * 4) * pitch;
      transformResult(_mm512_loadu_ps(at), _mm512_loadu_ps(at + pitch), _mm512_loadu_ps(at + 2 * pitch),
                      _mm512_loadu_ps(at + 3 * pitch), rows[0][slice], rows[1][slice]);
    }
#pragma GCC unroll 2
    for (int row = 0; row < 2; row++) {
      transformResult(rows[row][0], rows[row][1], rows[row][2], rows[row][3], result[row * 2 + column],
                      result[4 + row * 2 + column]);
    }
  }
}

// Results of a run, V vectors of channels from `channel`, from m [column of 2, slice, row][tile][32].
template <class Number, int V>
void finishRun(const Convolution& c, const Run& run, Index channel, const float* m) {
  const Geometry& g = c.geometry;
  const Index pitch = resultPitch(c);
  auto* wide = static_cast<float*>(c.y);
  auto* narrow = static_cast<typename Number::Type*>(c.y);
  for (Index k = 0; k < run.count; k++) {
    Vector result[V][8];
    for (int v = 0; v < V; v++) transformTile(m + k * kBlock + v * 16, pitch, result[v]);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
      const Index slice = 2 * run.slice + i / 4, row = 2 * run.row + i / 2 % 2, column = 2 * (run.column + k) + i % 2;
      if (slice >= g.size[0] || row >= g.size[1] || column >= g.size[2]) continue;
      const Index voxel = ((run.sample * g.size[0] + slice) * g.size[1] + row) * g.size[2] + column;
      Vector made[V];
      for (int v = 0; v < V; v++) made[v] = result[v][i];
      if (c.isWide) {
        for (int v = 0; v < V; v++) _mm512_storeu_ps(wide + voxel * g.outputs + channel + v * 16, made[v]);
      } else {
        Number::template store<V>(narrow + voxel * g.outputs + channel, made);
      }
    }
  }
}

template <class Number>
std::size_t convolutionScratch(const Convolution& c) {
  return static_cast<std::size_t>(kPositions * inputPitch<Number>(c)) * sizeof(typename Number::Type) +
         static_cast<std::size_t>(kPositions / 2 * resultPitch(c)) * sizeof(float);
}

template <class Number, int V>
void multiplyAndFinish(const Convolution& c, Index first, Index count, Index channel, const typename Number::Type* input,
                       float* products) {
  const Geometry& g = c.geometry;
  const Index pitch = inputPitch<Number>(c), productPitch = resultPitch(c);
  const auto* weights = static_cast<const typename Number::Type*>(c.weights) + channel * kPositions * g.inputs;
  const Index weightPitch = g.inputs * V * 16;
  for (Index i = 0; i < 16; i++) {
    for (Index tile = 0; tile < count; tile += kTileRows) {
      multiplyColumns<Number, kTileRows, V>(input + i * pitch + tile * g.inputs, 16 * pitch, g.inputs,
                                            weights + i * weightPitch, 16 * weightPitch,
                                            products + i * productPitch + tile * kBlock, 16 * productPitch,
                                            g.inputs / Number::kDepth);
    }
  }
  for (Index tile = 0; tile < count;) {
    const Run run = runAt(g, g.tiles[2], first + tile, count - tile);
    finishRun<Number, V>(c, run, channel, products + tile * kBlock);
    tile += run.count;
  }
}

template <class Number>
void convolve(const Convolution& c, Index block, void* scratch) {
  const Geometry& g = c.geometry;
  const Index tiles = g.samples * g.tiles[0] * g.tiles[1] * g.tiles[2];
  const Index first = block * c.blockTiles, count = smaller(c.blockTiles, tiles - first);
  auto* input = static_cast<typename Number::Type*>(scratch);
  auto* products = reinterpret_cast<float*>(input + kPositions * inputPitch<Number>(c));
  for (Index tile = 0; tile < count;) {
    const Run run = runAt(g, g.tiles[2], first + tile, count - tile);
    Index channel = 0;
    for (; channel + 32 <= g.inputs; channel += 32) {
      transformRun<Number, 2>(c, run, channel, input + tile * g.inputs);
    }
    if (channel < g.inputs) transformRun<Number, 1>(c, run, channel, input + tile * g.inputs);
    tile += run.count;
  }
  Index channel = 0;
  for (; channel + kBlock <= g.outputs; channel += kBlock) {
    multiplyAndFinish<Number, 2>(c, first, count, channel, input, products);
  }
  if (channel < g.outputs) multiplyAndFinish<Number, 1>(c, first, count, channel, input, products);
}

}  // namespace
}  // namespace residua::winograd
