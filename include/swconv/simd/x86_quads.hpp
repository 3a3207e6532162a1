// SPDX-License-Identifier: MIT
/// @file x86_quads.hpp
/// Quads of lanes in 256-bit vectors: the same for AVX2 and for the half vector of AVX-512.
#pragma once

#include "arithmetic.hpp"

SWCONV_BEGIN_NAMESPACE
namespace simd {

/// Where a shuffle within quads puts every other element of two vectors of N.
template <int N>
struct unordered_lanes {
  static constexpr int column_of(int lane) { return lane / 4 * 2 + lane % 2 + lane / 2 % 2 * (N / 2); }
  static constexpr int lane_of(int column) {
    return column % (N / 2) / 2 * 4 + column % 2 + column / (N / 2) * 2;
  }
  /// The lane of the column `more` after that of this lane; without one, the last.
  static constexpr int later(int lane, int more) {
    return lane_of(column_of(lane) + more < N ? column_of(lane) + more : N - 1);
  }
  /// A bit for every column, moved to its lane.
  static SWCONV_ALWAYS_INLINE unsigned mask(unsigned columns) {
    return spread(columns & ((1u << N / 2) - 1u)) | spread(columns >> N / 2) << 2;
  }

 private:
  /// Two bits of eight to each four of sixteen.
  static SWCONV_ALWAYS_INLINE unsigned spread(unsigned bits) {
    bits = (bits | bits << 4) & 0x0F0Fu;
    return (bits | bits << 2) & 0x3333u;
  }
};

template <class Self, class Arch>
struct quads_of_eight : arithmetic<Self, Arch> {
  static SWCONV_ALWAYS_INLINE Self even_unordered(Self lo, Self hi) {
    return Self::of(_mm256_shuffle_ps(lo.b, hi.b, _MM_SHUFFLE(2, 0, 2, 0)));
  }
  static SWCONV_ALWAYS_INLINE Self odd_unordered(Self lo, Self hi) {
    return Self::of(_mm256_shuffle_ps(lo.b, hi.b, _MM_SHUFFLE(3, 1, 3, 1)));
  }
  static SWCONV_ALWAYS_INLINE Self ordered(Self x) {
    return Self::of(_mm256_castpd_ps(
        _mm256_permute4x64_pd(_mm256_castps_pd(x.b), _MM_SHUFFLE(3, 1, 2, 0))));
  }
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
