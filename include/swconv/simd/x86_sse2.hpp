// SPDX-License-Identifier: MIT
/// @file x86_sse2.hpp
/// Baseline x86-64 (SSE2): 4 lanes, no FMA, no masked access.
#pragma once

#include <emmintrin.h>

#include "arithmetic.hpp"
#include "range4.hpp"

SWCONV_BEGIN_NAMESPACE
namespace simd {
struct arch_sse2 : xsimd::sse2 {};
}  // namespace simd
SWCONV_END_NAMESPACE

namespace xsimd {
namespace types {
SWCONV_XSIMD_REGISTERS(::swconv::simd::arch_sse2, sse2);
}  // namespace types
}  // namespace xsimd

SWCONV_BEGIN_NAMESPACE
namespace simd {

struct f32x4 : arithmetic<f32x4, arch_sse2> {
  using mask = range4;

  static SWCONV_ALWAYS_INLINE mask lanes(int64_t lo, int64_t hi) { return make_range4(lo, hi); }
  static SWCONV_ALWAYS_INLINE bool all(mask m) { return m.hi - m.lo == 4; }
  static SWCONV_ALWAYS_INLINE f32x4 of(__m128 x) { return arithmetic::of(batch(x)); }
  static SWCONV_ALWAYS_INLINE f32x4 load_first(const float *p, int64_t n) {
    if (n >= 4) return load(p);
    switch (n) {
      case 3:
        return of(_mm_movelh_ps(_mm_castsi128_ps(_mm_loadu_si64(p)), _mm_load_ss(p + 2)));
      // Not _mm_load_sd: for g++ that reads a double, which must be aligned and is no float.
      case 2: return of(_mm_castsi128_ps(_mm_loadu_si64(p)));
      case 1: return of(_mm_load_ss(p));
      default: return zero();
    }
  }
  static SWCONV_ALWAYS_INLINE f32x4 load_masked(const float *p, mask m) {
    const __m128i x = _mm_castps_si128(load_first(p + m.lo, m.hi - m.lo).b);
    switch (m.lo) {
      case 0: return of(_mm_castsi128_ps(x));
      case 1: return of(_mm_castsi128_ps(_mm_slli_si128(x, 4)));
      case 2: return of(_mm_castsi128_ps(_mm_slli_si128(x, 8)));
      default: return of(_mm_castsi128_ps(_mm_slli_si128(x, 12)));
    }
  }
  SWCONV_ALWAYS_INLINE void store_first(float *p, int64_t n) const {
    if (n >= 4) {
      store(p);
      return;
    }
    if (n == 1) _mm_store_ss(p, b);
    if (n >= 2) _mm_storel_pi(reinterpret_cast<__m64 *>(p), b);
    if (n == 3) _mm_store_ss(p + 2, _mm_movehl_ps(b, b));
  }
  static SWCONV_ALWAYS_INLINE __m128 bits(mask m) {
    const auto at = [](int i) SWCONV_INLINE_LAMBDA {
      return _mm_loadu_ps(reinterpret_cast<const float *>(range4_bits + i));
    };
    return _mm_and_ps(at(4 - m.lo), at(8 - m.hi));
  }
  static SWCONV_ALWAYS_INLINE f32x4 select(mask m, f32x4 x, f32x4 y) {
    const __m128 k = bits(m);
    return of(_mm_or_ps(_mm_and_ps(k, x.b), _mm_andnot_ps(k, y.b)));
  }
  /// Keeps a loaded value in its register. g++ would rather load it again in each FMA that uses it.
  static SWCONV_ALWAYS_INLINE f32x4 held(f32x4 v) {
    __m128 x = v.b;
    __asm__("" : "+x"(x));
    return of(x);
  }
  static SWCONV_ALWAYS_INLINE f32x4 fma_masked(mask m, f32x4 x, f32x4 y, f32x4 z) {
    return select(m, fma(x, y, z), z);
  }
  /// Lanes K … K+3 of the 8 lanes lo, hi.
  template <int K>
  static SWCONV_ALWAYS_INLINE f32x4 slide(f32x4 lo, f32x4 hi) {
    const __m128i l = _mm_castps_si128(lo.b), h = _mm_castps_si128(hi.b);
    if constexpr (K == 0)
      return lo;
    else
      return of(_mm_castsi128_ps(
          _mm_or_si128(_mm_srli_si128(l, K * 4), _mm_slli_si128(h, 16 - K * 4))));
  }
  static SWCONV_ALWAYS_INLINE f32x4 even(f32x4 lo, f32x4 hi) {
    return of(_mm_shuffle_ps(lo.b, hi.b, _MM_SHUFFLE(2, 0, 2, 0)));
  }
  static SWCONV_ALWAYS_INLINE f32x4 odd(f32x4 lo, f32x4 hi) {
    return of(_mm_shuffle_ps(lo.b, hi.b, _MM_SHUFFLE(3, 1, 3, 1)));
  }
  static SWCONV_ALWAYS_INLINE f32x4 zip_lo(f32x4 x, f32x4 y) {
    return of(_mm_unpacklo_ps(x.b, y.b));
  }
  static SWCONV_ALWAYS_INLINE f32x4 zip_hi(f32x4 x, f32x4 y) {
    return of(_mm_unpackhi_ps(x.b, y.b));
  }
  /// 2^n for integral n in -126 … 127.
  static SWCONV_ALWAYS_INLINE f32x4 pow2(f32x4 n) {
    const __m128i e = _mm_add_epi32(_mm_cvtps_epi32(n.b), _mm_set1_epi32(127));
    return of(_mm_castsi128_ps(_mm_slli_epi32(e, 23)));
  }
  /// Lane i from p[i * step] where selected, else 0.
  static SWCONV_ALWAYS_INLINE f32x4 gather(const float *p, int64_t step, mask m) {
    const auto lane = [=](int i) SWCONV_INLINE_LAMBDA {
      return i >= m.lo && i < m.hi ? _mm_load_ss(p + i * step) : _mm_setzero_ps();
    };
    return of(_mm_movelh_ps(_mm_unpacklo_ps(lane(0), lane(1)), _mm_unpacklo_ps(lane(2), lane(3))));
  }
  /// The inverse of quads.
  SWCONV_ALWAYS_INLINE void store_quads(float *p, int64_t) const { store(p); }
};

struct isa {
  using full = f32x4;
  using half = f32x4;
  static constexpr const char *name = "sse2";
  static constexpr bool has_fma = false;
  static constexpr double slide_cost = 3;  ///< of one slide with its FMA, in FMAs
  static constexpr bool prefers_loads = true;   ///< of shifted vectors, to slides
  static constexpr bool masks_are_free = false;  ///< one bit a lane, in registers of their own
  static constexpr int registers = 16;
};

}  // namespace simd
SWCONV_END_NAMESPACE
