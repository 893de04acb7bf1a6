#include "vector_math.h"

#include <cmath>
#include <cstring>
#include <limits>

#if defined(__linux__) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif
#define INLINE inline __attribute__((always_inline))

namespace residua {
namespace {

INLINE float fromBits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

INLINE std::uint32_t toBits(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// exp(x) = 2^n·exp(r), |r| ≤ ln 2 / 2, by the polynomial of Cephes' expf (Moshier); error about 1 unit in the last place. The power of
// two is multiplied in two halves, so that results below the normal range come out right.
INLINE float exponential(float x) {
  constexpr float kRound = 12582912.0f;  // 1.5·2^23: adding it rounds to a whole number
  const float inside = x < -104.0f ? -104.0f : (x > 89.0f ? 89.0f : x);
  const float n = (inside * 1.44269504088896341f + kRound) - kRound;
  const float r = (inside - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float value = p * r * r + r + 1.0f;
  const std::int32_t power = static_cast<std::int32_t>(n);
  const std::int32_t half = power >> 1;
  const float low = fromBits(static_cast<std::uint32_t>(half + 127) << 23);
  const float high = fromBits(static_cast<std::uint32_t>(power - half + 127) << 23);
  const float result = value * low * high;
  return x != x ? x : result;
}

// log(x) by the polynomial of Cephes' logf (Moshier).
INLINE float logarithm(float x) {
  const bool tiny = x < 1.17549435e-38f;
  const float scaled = tiny ? x * 8388608.0f : x;
  const std::uint32_t bits = toBits(scaled);
  float exponent = static_cast<float>(static_cast<std::int32_t>(bits >> 23) - 126) - (tiny ? 23.0f : 0.0f);
  float m = fromBits((bits & 0x007fffffu) | 0x3f000000u);  // in [0.5, 1)
  const bool low = m < 0.707106781186547524f;
  exponent = low ? exponent - 1.0f : exponent;
  m = low ? m + m - 1.0f : m - 1.0f;
  const float z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = m * z * p;
  y += exponent * -2.12194440e-4f;
  y -= 0.5f * z;
  float result = m + y + exponent * 0.693359375f;
  result = x == std::numeric_limits<float>::infinity() ? x : result;
  result = x == 0.0f ? -std::numeric_limits<float>::infinity() : result;
  return x >= 0.0f ? result : std::numeric_limits<float>::quiet_NaN();
}

INLINE float larger(float a, float b) { return (a > b) || (a != a) ? a : b; }

}  // namespace

FOR_EACH_PROCESSOR
void apply(Operation operation, float* result, const float* a, const float* b, const float* c, float parameter,
           int n) {
  // Element i depends on elements i alone, so that the result may stand in for an operand.
  switch (operation) {
    case Operation::add:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = a[i] + b[i];
      return;
    case Operation::subtract:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = a[i] - b[i];
      return;
    case Operation::multiply:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = a[i] * b[i];
      return;
    case Operation::divide:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = a[i] / b[i];
      return;
    case Operation::maximum:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = larger(a[i], b[i]);
      return;
    case Operation::greater:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = a[i] > b[i] ? 1.0f : 0.0f;
      return;
    case Operation::equal:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = a[i] == b[i] ? 1.0f : 0.0f;
      return;
    case Operation::exp:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = exponential(a[i]);
      return;
    case Operation::log:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = logarithm(a[i]);
      return;
    case Operation::sqrt:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = std::sqrt(a[i]);
      return;
    case Operation::sigmoid:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = 1.0f / (1.0f + exponential(-a[i]));
      return;
    case Operation::leakyRelu:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = a[i] > 0.0f ? a[i] : parameter * a[i];
      return;
    case Operation::leakyReluGrad:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = a[i] > 0.0f ? b[i] : parameter * b[i];
      return;
    case Operation::multiplyAdd:
#pragma GCC ivdep
      for (int i = 0; i < n; i++) result[i] = a[i] * b[i] + c[i];
      return;
  }
}

FOR_EACH_PROCESSOR
void widenBf16(float* to, const std::uint16_t* from, int n) {
  for (int i = 0; i < n; i++) to[i] = fromBits(static_cast<std::uint32_t>(from[i]) << 16);
}

FOR_EACH_PROCESSOR
void narrowBf16(std::uint16_t* to, const float* from, int n) {
  for (int i = 0; i < n; i++) {
    const std::uint32_t bits = toBits(from[i]);
    const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const std::uint32_t quiet = (bits >> 16) | 0x40u;
    to[i] = static_cast<std::uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded);
  }
}

FOR_EACH_PROCESSOR
void widenI32(float* to, const std::int32_t* from, int n) {
  for (int i = 0; i < n; i++) to[i] = static_cast<float>(from[i]);
}

FOR_EACH_PROCESSOR
float sumOf(const float* values, int n) {
  // Sixteen running sums in a fixed order: fast on every instruction set and the same on each.
  float lanes[16] = {};
  int i = 0;
  for (; i + 16 <= n; i += 16) {
    for (int lane = 0; lane < 16; lane++) lanes[lane] += values[i + lane];
  }
  for (int lane = 0; i < n; i++, lane++) lanes[lane] += values[i];
  for (int width = 8; width > 0; width /= 2) {
    for (int lane = 0; lane < width; lane++) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

FOR_EACH_PROCESSOR
float largestOf(const float* values, int n) {
  float result = values[0];
  for (int i = 1; i < n; i++) result = larger(result, values[i]);
  return result;
}

FOR_EACH_PROCESSOR
void accumulate(float* totals, const float* values, int n) {
#pragma GCC ivdep
  for (int i = 0; i < n; i++) totals[i] += values[i];
}

void foldRows(float* values, int rows, int columns) {
  while (rows > 1) {
    const int kept = rows - rows / 2;
    accumulate(values, values + kept * columns, (rows - kept) * columns);
    rows = kept;
  }
}

FOR_EACH_PROCESSOR
void accumulateLargest(float* totals, const float* values, int n) {
#pragma GCC ivdep
  for (int i = 0; i < n; i++) totals[i] = larger(totals[i], values[i]);
}

FOR_EACH_PROCESSOR
void accumulateSquares(float* totals, const float* values, const float* centre, int n) {
#pragma GCC ivdep
  for (int i = 0; i < n; i++) totals[i] += (values[i] - centre[i]) * (values[i] - centre[i]);
}

}  // namespace residua
