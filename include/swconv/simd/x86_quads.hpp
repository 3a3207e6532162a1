// SPDX-License-Identifier: MIT
/// @file x86_quads.hpp
/// Quads of lanes in 256-bit vectors: the same for AVX2 and for the half vector of AVX-512.
#pragma once

#include "arithmetic.hpp"

SWCONV_BEGIN_NAMESPACE
namespace simd {

template <class Self, class Arch>
struct quads_of_eight : arithmetic<Self, Arch> {
  /// Lanes 4i … 4i+3 from p + i * distance.
  static SWCONV_ALWAYS_INLINE Self quads(const float *p, int64_t distance) {
    const __m256 x = _mm256_castps128_ps256(_mm_loadu_ps(p));
    return Self::of(_mm256_insertf128_ps(x, _mm_loadu_ps(p + distance), 1));
  }
  /// Transposes the 4 × 4 elements of each quad of lanes.
  static SWCONV_ALWAYS_INLINE void transpose_quads(Self &x, Self &y, Self &z, Self &w) {
    const __m256 xy = _mm256_unpacklo_ps(x.b, y.b), zw = _mm256_unpacklo_ps(z.b, w.b);
    const __m256 xy2 = _mm256_unpackhi_ps(x.b, y.b), zw2 = _mm256_unpackhi_ps(z.b, w.b);
    x = Self::of(_mm256_shuffle_ps(xy, zw, _MM_SHUFFLE(1, 0, 1, 0)));
    y = Self::of(_mm256_shuffle_ps(xy, zw, _MM_SHUFFLE(3, 2, 3, 2)));
    z = Self::of(_mm256_shuffle_ps(xy2, zw2, _MM_SHUFFLE(1, 0, 1, 0)));
    w = Self::of(_mm256_shuffle_ps(xy2, zw2, _MM_SHUFFLE(3, 2, 3, 2)));
  }
  /// The first, or the last, quads of x and y.
  static SWCONV_ALWAYS_INLINE Self low_halves(Self x, Self y) {
    return Self::of(_mm256_permute2f128_ps(x.b, y.b, 0x20));
  }
  static SWCONV_ALWAYS_INLINE Self high_halves(Self x, Self y) {
    return Self::of(_mm256_permute2f128_ps(x.b, y.b, 0x31));
  }
};

}  // namespace simd
SWCONV_END_NAMESPACE
