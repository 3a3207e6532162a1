// SPDX-License-Identifier: MIT
/// @file x86_avx2.hpp
/// AVX2 with FMA: 8 lanes. Masks are vectors; masked loads and
/// stores of parts touch no memory of other lanes. The fused multiply-add is spelled out: whether xsimd fuses
/// for a type of ours depends on its version.
#pragma once

#include <immintrin.h>

#include "arithmetic.hpp"
#include "x86_quads.hpp"

SWCONV_BEGIN_NAMESPACE
namespace simd {
struct arch_avx2 : xsimd::fma3<xsimd::avx2> {};
}  // namespace simd
SWCONV_END_NAMESPACE

namespace xsimd {
namespace types {
SWCONV_XSIMD_REGISTERS(::swconv::simd::arch_avx2, avx2);
}  // namespace types
}  // namespace xsimd

SWCONV_BEGIN_NAMESPACE
namespace simd {

SWCONV_ALWAYS_INLINE int clamp_lane(int64_t x, int n) {
  return static_cast<int>(x < 0 ? 0 : x > n ? n : x);
}

struct f32x8 : quads_of_eight<f32x8, arch_avx2> {
  struct mask {
    __m256i bits;
  };
  using head = int64_t;  ///< of how many lanes: a masked store takes longer than stores of parts

  static SWCONV_ALWAYS_INLINE mask lanes(int64_t lo, int64_t hi) {
    const __m256i iota = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i below = _mm256_cmpgt_epi32(_mm256_set1_epi32(clamp_lane(hi, 8)), iota);
    const __m256i from = _mm256_cmpgt_epi32(_mm256_set1_epi32(clamp_lane(lo, 8)), iota);
    return {_mm256_andnot_si256(from, below)};
  }
  static SWCONV_ALWAYS_INLINE bool all(mask m) {
    return _mm256_movemask_ps(_mm256_castsi256_ps(m.bits)) == 0xFF;
  }
  static SWCONV_ALWAYS_INLINE f32x8 of(__m256 x) { return arithmetic::of(batch(x)); }
  static SWCONV_ALWAYS_INLINE f32x8 fma(f32x8 x, f32x8 y, f32x8 z) {
    return of(_mm256_fmadd_ps(x.b, y.b, z.b));
  }
  static SWCONV_ALWAYS_INLINE f32x8 load_masked(const float *p, mask m) {
    return of(_mm256_maskload_ps(p, m.bits));
  }
  static SWCONV_ALWAYS_INLINE f32x8 load_first(const float *p, int64_t n) {
    return load_masked(p, lanes(0, n));
  }
  SWCONV_ALWAYS_INLINE void store_first(float *p, int64_t n) const {
    store_head(p, n);
  }
  SWCONV_ALWAYS_INLINE void store_head(float *p, head n) const {
    if (n >= size) return store(p);
    __m128 part = _mm256_castps256_ps128(b);
    if (n & 4) {
      _mm_storeu_ps(p, part);
      part = _mm256_extractf128_ps(b, 1);
      p += 4;
    }
    if (n & 2) {
      _mm_storel_pi(reinterpret_cast<__m64 *>(p), part);
      part = _mm_movehl_ps(part, part);
      p += 2;
    }
    if (n & 1) _mm_store_ss(p, part);
  }
  static SWCONV_ALWAYS_INLINE head head_of(int64_t n) { return n; }
  static SWCONV_ALWAYS_INLINE f32x8 select(mask m, f32x8 x, f32x8 y) {
    return of(_mm256_blendv_ps(y.b, x.b, _mm256_castsi256_ps(m.bits)));
  }
  /// Keeps a loaded value in its register. g++ would rather load it again in each FMA that uses it.
  static SWCONV_ALWAYS_INLINE f32x8 held(f32x8 v) {
    __m256 x = v.b;
    __asm__("" : "+x"(x));
    return of(x);
  }
  static SWCONV_ALWAYS_INLINE f32x8 fma_masked(mask m, f32x8 x, f32x8 y, f32x8 z) {
    return select(m, fma(x, y, z), z);
  }
  /// Lanes K … K+7 of the 16 lanes lo, hi.
  template <int K>
  static SWCONV_ALWAYS_INLINE f32x8 slide(f32x8 lo, f32x8 hi) {
    if constexpr (K == 0) return lo;
    const __m256i l = _mm256_castps_si256(lo.b), h = _mm256_castps_si256(hi.b);
    const __m256i mid = _mm256_permute2x128_si256(l, h, 0x21);
    if constexpr (K == 4)
      return of(_mm256_castsi256_ps(mid));
    else if constexpr (K < 4)
      return of(_mm256_castsi256_ps(_mm256_alignr_epi8(mid, l, (K & 3) * 4)));
    else
      return of(_mm256_castsi256_ps(_mm256_alignr_epi8(h, mid, (K & 3) * 4)));
  }
  static SWCONV_ALWAYS_INLINE f32x8 even(f32x8 lo, f32x8 hi) {
    return ordered(even_unordered(lo, hi));
  }
  static SWCONV_ALWAYS_INLINE f32x8 odd(f32x8 lo, f32x8 hi) {
    return ordered(odd_unordered(lo, hi));
  }
  /// Where unordered columns have the lanes of m: the order is its own inverse.
  static SWCONV_ALWAYS_INLINE mask unordered(mask m) {
    return {_mm256_permute4x64_epi64(m.bits, _MM_SHUFFLE(3, 1, 2, 0))};
  }
  static SWCONV_ALWAYS_INLINE f32x8 zip_lo(f32x8 x, f32x8 y) {
    return of(_mm256_permute2f128_ps(_mm256_unpacklo_ps(x.b, y.b), _mm256_unpackhi_ps(x.b, y.b),
                                     0x20));
  }
  static SWCONV_ALWAYS_INLINE f32x8 zip_hi(f32x8 x, f32x8 y) {
    return of(_mm256_permute2f128_ps(_mm256_unpacklo_ps(x.b, y.b), _mm256_unpackhi_ps(x.b, y.b),
                                     0x31));
  }
  /// 2^n for integral n in -126 … 127.
  static SWCONV_ALWAYS_INLINE f32x8 pow2(f32x8 n) {
    const __m256i e = _mm256_add_epi32(_mm256_cvtps_epi32(n.b), _mm256_set1_epi32(127));
    return of(_mm256_castsi256_ps(_mm256_slli_epi32(e, 23)));
  }
  /// Lane i from p[i * step] where selected, else 0. step < 2^26.
  static SWCONV_ALWAYS_INLINE f32x8 gather(const float *p, int64_t step, mask m) {
    const __m256i iota = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i i = _mm256_mullo_epi32(iota, _mm256_set1_epi32(static_cast<int>(step)));
    // The intrinsic, with its index in ymm0: qemu up to 7.2 takes an index in ymm4 for none, and the
    // tests must be able to trust their emulator.
    __m256 lane = _mm256_setzero_ps();
    __m256i left = m.bits;
    __asm__("vgatherdps %1, (%2,%3,4), %0"
            : "+&x"(lane), "+&x"(left)
            : "r"(p), "Yz"(i)
            : "memory");
    return of(lane);
  }
  /// The inverse of quads.
  SWCONV_ALWAYS_INLINE void store_quads(float *p, int64_t distance) const {
    _mm_storeu_ps(p, _mm256_castps256_ps128(b));
    _mm_storeu_ps(p + distance, _mm256_extractf128_ps(b, 1));
  }
};

struct isa {
  using full = f32x8;
  using half = f32x8;  // four lanes of eight cost what eight cost
  static constexpr const char *name = "avx2";
  static constexpr bool has_fma = true;
  static constexpr double slide_cost = 4;  ///< of one slide with its FMA, in FMAs
  static constexpr bool prefers_loads = true;   ///< of shifted vectors, to slides
  static constexpr bool masks_are_free = false;  ///< one bit a lane, in registers of their own
  static constexpr int registers = 16;
};

}  // namespace simd
SWCONV_END_NAMESPACE
