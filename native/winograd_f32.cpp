// The kernels of winograd.h with operands in fp32, for AVX-512.
#if defined(__x86_64__) && defined(__GNUC__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma")
#endif

#include "winograd_convolution.h"
#include "winograd_gradient.h"
#include "winograd_weights.h"

namespace residua::winograd {
namespace {

struct Single {
  using Type = float;
  using Operand = Vector;
  // Numbers of the summed axis that one instruction takes.
  static constexpr Index kDepth = 1;

  static RESIDUA_INLINE Vector load(const float* from) { return _mm512_loadu_ps(from); }
  static RESIDUA_INLINE Operand operand(const float* from) { return _mm512_loadu_ps(from); }
  static RESIDUA_INLINE Operand spread(const float* from) { return _mm512_set1_ps(*from); }
  static RESIDUA_INLINE Vector multiplyAdd(Operand a, Operand b, Vector sum) { return _mm512_fmadd_ps(a, b, sum); }
  template <int V>
  static RESIDUA_INLINE void store(float* to, const Vector (&values)[V]) {
    for (int v = 0; v < V; v++) _mm512_storeu_ps(to + v * 16, values[v]);
  }
  static RESIDUA_INLINE void storeGroup(float* to, const Vector (&group)[1]) { _mm512_storeu_ps(to, group[0]); }
  static RESIDUA_INLINE void storePair(float* to, Index channels, Vector a, Vector b) {
    _mm512_storeu_ps(to, a);
    _mm512_storeu_ps(to + channels, b);
  }
};

const Kernels kKernels = {convolutionScratch<Single>,    convolve<Single>,          transformWeights<Single>,
                          weightGradientScratch<Single>, sumWeightGradient<Single>, finishWeightGradient};

}  // namespace

const Kernels* kernelsF32() {
  const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
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

const Kernels* kernelsF32() { return nullptr; }

}  // namespace residua::winograd

#endif
