// The kernels of winograd.h with operands in bf16, for AVX512-BF16. Transforms are in fp32.
#if defined(__x86_64__) && defined(__GNUC__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma"))), \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")
#endif

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12's own intrinsics pass undefined vectors by way of an uninitialised variable.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "winograd_convolution.h"
#include "winograd_gradient.h"
#include "winograd_weights.h"

namespace residua::winograd {
namespace {

// Positions of 32 halves so that those of two vectors alternate.
alignas(64) const std::uint16_t kAlternate[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                  8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};

struct Half {
  using Type = std::uint16_t;
  using Operand = __m512i;
  static constexpr Index kDepth = 2;

  static RESIDUA_INLINE Vector load(const Type* from) {
    const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
  static RESIDUA_INLINE Operand operand(const Type* from) { return _mm512_loadu_si512(from); }
  static RESIDUA_INLINE Operand spread(const Type* from) {
    return _mm512_set1_epi32(*reinterpret_cast<const int __attribute__((may_alias))*>(from));
  }
  static RESIDUA_INLINE Vector multiplyAdd(Operand a, Operand b, Vector sum) {
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
  }
  template <int V>
  static RESIDUA_INLINE void store(Type* to, const Vector (&values)[V]) {
    if constexpr (V == 2) {
      _mm512_storeu_si512(to, (__m512i)_mm512_cvtne2ps_pbh(values[1], values[0]));
    } else {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), (__m256i)_mm512_cvtneps_pbh(values[0]));
    }
  }
  static RESIDUA_INLINE void storePair(Type* to, Index, Vector a, Vector b) {
    const __m512i order = _mm512_load_si512(kAlternate);
    _mm512_storeu_si512(to, _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(b, a)));
  }
  static RESIDUA_INLINE void storeGroup(Type* to, const Vector (&group)[2]) { storePair(to, 0, group[0], group[1]); }
};

const Kernels kKernels = {convolutionScratch<Half>,    convolve<Half>,          transformWeights<Half>,
                          weightGradientScratch<Half>, sumWeightGradient<Half>, finishWeightGradient};

}  // namespace

const Kernels* kernelsBf16() {
  const bool has = __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return has ? &kKernels : nullptr;
}

}  // namespace residua::winograd

#if defined(__clang__)
#pragma clang attribute pop
#endif

#else

#include "winograd.h"

namespace residua::winograd {

const Kernels* kernelsBf16() { return nullptr; }

}  // namespace residua::winograd

#endif
