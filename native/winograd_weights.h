// The transformed weights of a convolution, and the weights of which a transformed gradient is the sum. See winograd_avx512.h.
#pragma once

#include "winograd_avx512.h"

namespace residua::winograd {
namespace {

// G along one axis.
RESIDUA_INLINE void transformKernel(const Vector& a, const Vector& b, const Vector& c, Vector (&to)[4]) {
  const Vector half = _mm512_set1_ps(0.5f);
  const Vector outer = (a + c) * half, inner = b * half;
  to[0] = a;
  to[1] = outer + inner;
  to[2] = outer - inner;
  to[3] = c;
}

// Gᵀ along one axis.
RESIDUA_INLINE void foldKernel(const Vector& a, const Vector& b, const Vector& c, const Vector& d, Vector (&to)[3]) {
  const Vector half = _mm512_set1_ps(0.5f);
  const Vector sum = (b + c) * half;
  to[0] = a + sum;
  to[1] = (b - c) * half;
  to[2] = sum + d;
}

// G w of 16 outputs and one input, by position.
inline void transformVector(const WeightTransform& w, Index output, Index input, Vector (&to)[kPositions]) {
  alignas(64) float kernel[27][16];
  for (int lane = 0; lane < 16; lane++) {
    const float* from = w.weights + (output + lane) * w.outputStride + input * w.inputStride;
    for (int k = 0; k < 27; k++) kernel[w.isMirrored ? 26 - k : k][lane] = from[k];
  }
  Vector slices[4][3][3];
  for (int i = 0; i < 9; i++) {
    Vector t[4];
    transformKernel(_mm512_load_ps(kernel[i]), _mm512_load_ps(kernel[9 + i]), _mm512_load_ps(kernel[18 + i]), t);
    for (int p = 0; p < 4; p++) slices[p][i / 3][i % 3] = t[p];
  }
  for (int slice = 0; slice < 4; slice++) {
    Vector rows[3][4];  // [column][row]
    for (int column = 0; column < 3; column++) {
      transformKernel(slices[slice][0][column], slices[slice][1][column], slices[slice][2][column], rows[column]);
    }
    for (int row = 0; row < 4; row++) {
      Vector t[4];
      transformKernel(rows[0][row], rows[1][row], rows[2][row], t);
      for (int p = 0; p < 4; p++) to[p * 16 + slice * 4 + row] = t[p];
    }
  }
}

template <class Number>
void transformWeights(const WeightTransform& w, Index block) {
  const Index first = block * kBlock, width = smaller(kBlock, w.outputs - first);
  auto* to = static_cast<typename Number::Type*>(w.to) + first * kPositions * w.inputs;
  for (Index input = 0; input < w.inputs; input += Number::kDepth) {
    for (Index lane = 0; lane < width; lane += 16) {
      Vector transformed[Number::kDepth][kPositions];
      for (Index k = 0; k < Number::kDepth; k++) transformVector(w, first + lane, input + k, transformed[k]);
      for (Index position = 0; position < kPositions; position++) {
        Vector group[Number::kDepth];
        for (Index k = 0; k < Number::kDepth; k++) group[k] = transformed[k][position];
        Number::storeGroup(to + (position * w.inputs + input) * width + lane * Number::kDepth, group);
      }
    }
  }
}

inline void finishWeightGradient(const WeightGradient& w, Index input) {
  const Geometry& g = w.geometry;
  for (Index output = 0; output < g.outputs; output += 16) {
    const float* from = w.sums + input * g.outputs + output;
    const auto total = [&](Index position) {
      Vector sum = _mm512_loadu_ps(from + position * w.positionPitch);
      for (Index part = 1; part < w.parts; part++) {
        sum += _mm512_loadu_ps(from + part * w.partPitch + position * w.positionPitch);
      }
      return sum;
    };
    Vector slices[4][3][3];  // [slice][row][column]
    for (int slice = 0; slice < 4; slice++) {
      Vector rows[4][3];
      for (int row = 0; row < 4; row++) {
        const Index at = slice * 4 + row;
        foldKernel(total(at), total(16 + at), total(32 + at), total(48 + at), rows[row]);
      }
      for (int column = 0; column < 3; column++) {
        Vector t[3];
        foldKernel(rows[0][column], rows[1][column], rows[2][column], rows[3][column], t);
        for (int row = 0; row < 3; row++) slices[slice][row][column] = t[row];
      }
    }
    alignas(64) float kernel[27][16];
    for (int i = 0; i < 9; i++) {
      Vector t[3];
      foldKernel(slices[0][i / 3][i % 3], slices[1][i / 3][i % 3], slices[2][i / 3][i % 3], slices[3][i / 3][i % 3], t);
      for (int slice = 0; slice < 3; slice++) _mm512_store_ps(kernel[slice * 9 + i], t[slice]);
    }
    for (int lane = 0; lane < 16; lane++) {
      float* to = w.dw + ((output + lane) * g.inputs + input) * 27;
      for (int k = 0; k < 27; k++) to[k] = kernel[k][lane];
    }
  }
}

}  // namespace
}  // namespace residua::winograd
