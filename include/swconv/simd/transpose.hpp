// SPDX-License-Identifier: MIT
/// @file transpose.hpp
/// As many vectors as they have lanes, transposed.
#pragma once

#include "simd.hpp"

SWCONV_BEGIN_NAMESPACE
namespace simd {

template <class V, int N>
SWCONV_ALWAYS_INLINE void transpose(V (&v)[N]) {
  static_assert(N == V::size, "a square");
  V out[N];
  if constexpr (N == 8) {
    // Within quads of lanes first: shuffles across a whole vector of eight are slow.
    V::transpose_quads(v[0], v[1], v[2], v[3]);
    V::transpose_quads(v[4], v[5], v[6], v[7]);
    SWCONV_UNROLL
    for (int i = 0; i < 4; ++i) {
      out[i] = V::low_halves(v[i], v[i + 4]);
      out[i + 4] = V::high_halves(v[i], v[i + 4]);
    }
    SWCONV_UNROLL
    for (int i = 0; i < N; ++i) v[i] = out[i];
  } else {
    SWCONV_UNROLL
    for (int stage = 1; stage < N; stage *= 2) {
      SWCONV_UNROLL
      for (int i = 0; i < N / 2; ++i) {
        out[2 * i] = V::zip_lo(v[i], v[i + N / 2]);
        out[2 * i + 1] = V::zip_hi(v[i], v[i + N / 2]);
      }
      SWCONV_UNROLL
      for (int i = 0; i < N; ++i) v[i] = out[i];
    }
  }
}

}  // namespace simd
SWCONV_END_NAMESPACE
