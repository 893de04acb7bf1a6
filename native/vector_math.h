// Loops over short rows of fp32 numbers, compiled for several instruction sets and chosen when the add-on is loaded.
#pragma once

#include <cstdint>

#include "tensor.h"

namespace residua {

enum class Operation {
  add,
  subtract,
  multiply,
  divide,
  maximum,
  greater,
  equal,
  exp,
  log,
  sqrt,
  sigmoid,
  leakyRelu,
  leakyReluGrad,
  multiplyAdd,
};

// result[i] = operation(a[i], b[i], c[i]) for i < n; operands that an operation does not take are not read. `parameter` is the slope
// of the rectifiers. The result may be one of the operands.
void apply(Operation operation, float* result, const float* a, const float* b, const float* c, float parameter,
           int n);

void widenBf16(float* to, const std::uint16_t* from, int n);
// Rounds to the nearest, ties to even; a NaN stays a NaN.
void narrowBf16(std::uint16_t* to, const float* from, int n);
void widenI32(float* to, const std::int32_t* from, int n);

float sumOf(const float* values, int n);
float largestOf(const float* values, int n);
// totals[i] += values[i]
void accumulate(float* totals, const float* values, int n);
// Adds all rows to the first, in halves; the others are left undefined.
void foldRows(float* values, int rows, int columns);
// totals[i] = max(totals[i], values[i]), NaN wherever one is
void accumulateLargest(float* totals, const float* values, int n);
// totals[i] += (values[i] − centre[i])²
void accumulateSquares(float* totals, const float* values, const float* centre, int n);

}  // namespace residua
