// What the kernels of winograd.h share, in AVX-512, over a type `Number` that says how operands of products are stored. Only for files
// that are compiled for these instructions; everything is local to them.
#pragma once

#include <immintrin.h>

#include "winograd.h"

namespace residua::winograd {
namespace {

#define RESIDUA_INLINE inline __attribute__((always_inline))

using Vector = __m512;

constexpr Index kRows = 8;  // of a tile of the products

RESIDUA_INLINE Index smaller(Index a, Index b) { return a < b ? a : b; }

// Bᵀ along one axis.
RESIDUA_INLINE void transformInput(Vector& a, Vector& b, Vector& c, Vector& d) {
  const Vector p = a - c, q = b + c, r = c - b, s = d - b;
  a = p, b = q, c = r, d = s;
}

// R rows by V vectors of products, c = a · b or c += a · b. `a` is read number by number (pair by pair in bf16).
template <class Number, int R, int V>
RESIDUA_INLINE void multiply(const typename Number::Type* a, Index aRow, Index aStep, const typename Number::Type* b,
                             Index bStep, float* c, Index cRow, Index steps, bool accumulates) {
  Vector sums[R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) sums[r][v] = accumulates ? _mm512_loadu_ps(c + r * cRow + v * 16) : _mm512_setzero_ps();
  }
  for (Index step = 0; step < steps; step++) {
    typename Number::Operand right[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) right[v] = Number::operand(b + v * 16 * Number::kDepth);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      const auto left = Number::spread(a + r * aRow);
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) sums[r][v] = Number::multiplyAdd(left, right[v], sums[r][v]);
    }
    a += aStep;
    b += bStep;
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) _mm512_storeu_ps(c + r * cRow + v * 16, sums[r][v]);
  }
}

alignas(64) const std::uint32_t kZeros[32] = {};

// Rows of an image that are read together, from their column 0; a row outside the image is zeros.
template <class Number, int Count>
struct Rows {
  const typename Number::Type* start[Count];
  Index step[Count];

  RESIDUA_INLINE void set(int i, const Geometry& g, const typename Number::Type* image, Index channels, Index sample,
                          Index slice, Index row, Index channel) {
    const bool isInside = slice >= 0 && slice < g.size[0] && row >= 0 && row < g.size[1];
    step[i] = isInside ? channels : 0;
    start[i] = isInside ? image + (((sample * g.size[0] + slice) * g.size[1] + row) * g.size[2]) * channels + channel
                        : reinterpret_cast<const typename Number::Type*>(kZeros);
  }
  RESIDUA_INLINE Vector load(int i, Index column, int vector) const {
    return Number::load(start[i] + column * step[i] + vector * 16);
  }
};

// A run of tiles of one row.
struct Run {
  Index sample, slice, row, column, count;
};

// The run that starts at a tile, of at most `most` tiles, where rows have `columns` tiles.
RESIDUA_INLINE Run runAt(const Geometry& g, Index columns, Index tile, Index most) {
  Run run;
  run.column = tile % columns;
  run.count = smaller(columns - run.column, most);
  tile /= columns;
  run.row = tile % g.tiles[1];
  tile /= g.tiles[1];
  run.slice = tile % g.tiles[0];
  run.sample = tile / g.tiles[0];
  return run;
}

}  // namespace
}  // namespace residua::winograd
