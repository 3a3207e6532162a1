// SPDX-License-Identifier: MIT
/// @file x86_avx512.hpp
/// AVX-512 (F, VL, BW, DQ): 16 lanes, and 8 lanes for narrow rows. Partial access is masked in
/// hardware: a lane that is not selected touches no memory.
#pragma once

#include <immintrin.h>

#include <type_traits>

#include "arithmetic.hpp"
#include "x86_quads.hpp"

SWCONV_BEGIN_NAMESPACE
namespace simd {
struct arch_avx512 : xsimd::avx512bw {};
struct arch_avx512_half : xsimd::fma3<xsimd::avx2> {};

/// A bool register that carries our tag in its name; xsimd's own is shared by all its users.
template <class T>
struct flags_avx512 {
  using register_type = std::conditional_t<sizeof(T) == 8, __mmask8, __mmask16>;
  register_type data;
  flags_avx512() = default;
  flags_avx512(register_type r) noexcept : data(r) {}
  operator register_type() const noexcept { return data; }
};
}  // namespace simd
SWCONV_END_NAMESPACE

namespace xsimd {
namespace types {
SWCONV_XSIMD_REGISTERS(::swconv::simd::arch_avx512, avx512f);
SWCONV_XSIMD_REGISTERS(::swconv::simd::arch_avx512_half, avx2);
template <class T>
struct get_bool_simd_register<T, ::swconv::simd::arch_avx512> {
  static_assert(sizeof(T) >= 4, "bytes and words are not used");
  using type = ::swconv::simd::flags_avx512<T>;
};
}  // namespace types
}  // namespace xsimd

/// Keeps an extraction apart from the masked store that follows: as one instruction, which g++ 12
/// makes of the two, they fault on memory that the mask leaves out.
#define SWCONV_KEEP_APART(x) __asm__("" : "+v"(x))

SWCONV_BEGIN_NAMESPACE
namespace simd {

/// Bits lo … hi-1 of N; both bounds are clamped to 0 … N.
template <int N>
SWCONV_ALWAYS_INLINE unsigned lane_bits(int64_t lo, int64_t hi) {
  lo = lo < 0 ? 0 : lo > N ? N : lo;
  hi = hi < 0 ? 0 : hi > N ? N : hi;
  // g++ would clamp in vector registers and carry the counts back, at four times the cost.
  __asm__("" : "+r"(lo), "+r"(hi));
  return ((1u << hi) - 1u) & ~((1u << lo) - 1u);
}

struct f32x16 : arithmetic<f32x16, arch_avx512> {
  using mask = __mmask16;
  using head = mask;

  static SWCONV_ALWAYS_INLINE mask lanes(int64_t lo, int64_t hi) {
    return static_cast<mask>(lane_bits<16>(lo, hi));
  }
  static SWCONV_ALWAYS_INLINE bool all(mask m) { return m == 0xFFFF; }
  static SWCONV_ALWAYS_INLINE f32x16 of(__m512 x) { return arithmetic::of(batch(x)); }
  /// xsimd 8.1 has no fused form for AVX-512: its own would multiply and add.
  static SWCONV_ALWAYS_INLINE f32x16 fma(f32x16 x, f32x16 y, f32x16 z) {
    return of(_mm512_fmadd_ps(x.b, y.b, z.b));
  }
  static SWCONV_ALWAYS_INLINE f32x16 load_masked(const float *p, mask m) {
    return of(_mm512_maskz_loadu_ps(m, p));
  }
  static SWCONV_ALWAYS_INLINE f32x16 load_first(const float *p, int64_t n) {
    return load_masked(p, lanes(0, n));
  }
  SWCONV_ALWAYS_INLINE void store_first(float *p, int64_t n) const {
    store_head(p, lanes(0, n));
  }
  SWCONV_ALWAYS_INLINE void store_head(float *p, head h) const { _mm512_mask_storeu_ps(p, h, b); }
  static SWCONV_ALWAYS_INLINE head head_of(int64_t n) { return lanes(0, n); }
  static SWCONV_ALWAYS_INLINE f32x16 select(mask m, f32x16 x, f32x16 y) {
    return of(_mm512_mask_blend_ps(m, y.b, x.b));
  }
  /// Keeps a loaded value in its register. g++ would rather load it again in each FMA that uses it.
  static SWCONV_ALWAYS_INLINE f32x16 held(f32x16 v) {
    __m512 x = v.b;
    __asm__("" : "+v"(x));
    return of(x);
  }
  static SWCONV_ALWAYS_INLINE mask held_mask(mask m) {
    __asm__("" : "+Yk"(m));
    return m;
  }
  static SWCONV_ALWAYS_INLINE f32x16 fma_masked(mask m, f32x16 x, f32x16 y, f32x16 z) {
    return of(_mm512_mask3_fmadd_ps(x.b, y.b, z.b, m));
  }
  /// Lanes K … K+15 of the 32 lanes lo, hi.
  template <int K>
  static SWCONV_ALWAYS_INLINE f32x16 slide(f32x16 lo, f32x16 hi) {
    if constexpr (K == 0) return lo;
    return of(_mm512_castsi512_ps(
        _mm512_alignr_epi32(_mm512_castps_si512(hi.b), _mm512_castps_si512(lo.b), K)));
  }
  /// The lanes of f32x16::moved that are `by` further on, 0 … 15.
  static SWCONV_ALWAYS_INLINE __m512i further(int64_t by) {
    const __m512i iota = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_add_epi32(iota, _mm512_set1_epi32(static_cast<int>(by)));
  }
  /// A slide by as many lanes as is known at run time only.
  static SWCONV_ALWAYS_INLINE f32x16 moved(f32x16 lo, f32x16 hi, __m512i lanes) {
    return of(_mm512_permutex2var_ps(lo.b, lanes, hi.b));
  }
  static SWCONV_ALWAYS_INLINE f32x16 even(f32x16 lo, f32x16 hi) {
    const __m512i i =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return of(_mm512_permutex2var_ps(lo.b, i, hi.b));
  }
  static SWCONV_ALWAYS_INLINE f32x16 odd(f32x16 lo, f32x16 hi) {
    const __m512i i =
        _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return of(_mm512_permutex2var_ps(lo.b, i, hi.b));
  }
  static SWCONV_ALWAYS_INLINE f32x16 even_unordered(f32x16 lo, f32x16 hi) {
    return of(_mm512_shuffle_ps(lo.b, hi.b, _MM_SHUFFLE(2, 0, 2, 0)));
  }
  static SWCONV_ALWAYS_INLINE f32x16 odd_unordered(f32x16 lo, f32x16 hi) {
    return of(_mm512_shuffle_ps(lo.b, hi.b, _MM_SHUFFLE(3, 1, 3, 1)));
  }
  static SWCONV_ALWAYS_INLINE f32x16 ordered(f32x16 x) {
    // Masked by all: the plain form names an undefined vector, of which g++ 12 warns.
    return of(_mm512_castpd_ps(_mm512_maskz_permutexvar_pd(
        0xFF, _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), _mm512_castps_pd(x.b))));
  }
  /// Unordered columns, each moved T columns down; the last T are of no use.
  template <int T>
  static SWCONV_ALWAYS_INLINE f32x16 unordered_from(f32x16 x) {
    constexpr auto at = [](int lane) { return unordered_lanes<16>::later(lane, T); };
    if constexpr (T == 0) return x;
    const __m512i i =
        _mm512_setr_epi32(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9),
                          at(10), at(11), at(12), at(13), at(14), at(15));
    return of(_mm512_permutexvar_ps(i, x.b));
  }
  /// Where unordered columns have the bits of m.
  static SWCONV_ALWAYS_INLINE mask unordered(mask m) {
    return static_cast<mask>(unordered_lanes<16>::mask(m));
  }
  static SWCONV_ALWAYS_INLINE f32x16 zip_lo(f32x16 x, f32x16 y) {
    const __m512i i = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    return of(_mm512_permutex2var_ps(x.b, i, y.b));
  }
  static SWCONV_ALWAYS_INLINE f32x16 zip_hi(f32x16 x, f32x16 y) {
    const __m512i i =
        _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    return of(_mm512_permutex2var_ps(x.b, i, y.b));
  }
  /// 2^n for integral n in -126 … 127.
  static SWCONV_ALWAYS_INLINE f32x16 pow2(f32x16 n) {
    return of(_mm512_scalef_ps(_mm512_set1_ps(1.0f), n.b));
  }
  /// Lane i from p[i * step] where selected, else 0. step < 2^26.
  static SWCONV_ALWAYS_INLINE f32x16 gather(const float *p, int64_t step, mask m) {
    const __m512i iota = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i i = _mm512_mullo_epi32(iota, _mm512_set1_epi32(static_cast<int>(step)));
    return of(_mm512_mask_i32gather_ps(_mm512_setzero_ps(), m, i, p, 4));
  }
  /// The inverse of quads.
  SWCONV_ALWAYS_INLINE void store_quads(float *p, int64_t distance) const {
    _mm_storeu_ps(p, _mm512_castps512_ps128(b));
    _mm_storeu_ps(p + distance, _mm512_extractf32x4_ps(b, 1));
    _mm_storeu_ps(p + 2 * distance, _mm512_extractf32x4_ps(b, 2));
    _mm_storeu_ps(p + 3 * distance, _mm512_extractf32x4_ps(b, 3));
  }
  /// Lanes 4i … 4i+3 from p + i * distance.
  static SWCONV_ALWAYS_INLINE f32x16 quads(const float *p, int64_t distance) {
    __m512 x = _mm512_castps128_ps512(_mm_loadu_ps(p));
    x = _mm512_insertf32x4(x, _mm_loadu_ps(p + distance), 1);
    x = _mm512_insertf32x4(x, _mm_loadu_ps(p + 2 * distance), 2);
    return of(_mm512_insertf32x4(x, _mm_loadu_ps(p + 3 * distance), 3));
  }
  /// Transposes the 4 × 4 elements of each quad of lanes.
  static SWCONV_ALWAYS_INLINE void transpose_quads(f32x16 &x, f32x16 &y, f32x16 &z, f32x16 &w) {
    const __m512 xy = _mm512_unpacklo_ps(x.b, y.b), zw = _mm512_unpacklo_ps(z.b, w.b);
    const __m512 xy2 = _mm512_unpackhi_ps(x.b, y.b), zw2 = _mm512_unpackhi_ps(z.b, w.b);
    x = of(_mm512_shuffle_ps(xy, zw, _MM_SHUFFLE(1, 0, 1, 0)));
    y = of(_mm512_shuffle_ps(xy, zw, _MM_SHUFFLE(3, 2, 3, 2)));
    z = of(_mm512_shuffle_ps(xy2, zw2, _MM_SHUFFLE(1, 0, 1, 0)));
    w = of(_mm512_shuffle_ps(xy2, zw2, _MM_SHUFFLE(3, 2, 3, 2)));
  }
};

struct f32x8 : quads_of_eight<f32x8, arch_avx512_half> {
  using mask = __mmask8;
  using head = mask;

  static SWCONV_ALWAYS_INLINE mask lanes(int64_t lo, int64_t hi) {
    return static_cast<mask>(lane_bits<8>(lo, hi));
  }
  static SWCONV_ALWAYS_INLINE bool all(mask m) { return m == 0xFF; }
  static SWCONV_ALWAYS_INLINE f32x8 of(__m256 x) { return arithmetic::of(batch(x)); }
  static SWCONV_ALWAYS_INLINE f32x8 fma(f32x8 x, f32x8 y, f32x8 z) {
    return of(_mm256_fmadd_ps(x.b, y.b, z.b));
  }
  static SWCONV_ALWAYS_INLINE f32x8 load_masked(const float *p, mask m) {
    return of(_mm256_maskz_loadu_ps(m, p));
  }
  static SWCONV_ALWAYS_INLINE f32x8 load_first(const float *p, int64_t n) {
    return load_masked(p, lanes(0, n));
  }
  SWCONV_ALWAYS_INLINE void store_first(float *p, int64_t n) const {
    store_head(p, lanes(0, n));
  }
  SWCONV_ALWAYS_INLINE void store_head(float *p, head h) const { _mm256_mask_storeu_ps(p, h, b); }
  static SWCONV_ALWAYS_INLINE head head_of(int64_t n) { return lanes(0, n); }
  static SWCONV_ALWAYS_INLINE f32x8 select(mask m, f32x8 x, f32x8 y) {
    return of(_mm256_mask_blend_ps(m, y.b, x.b));
  }
  /// Keeps a loaded value in its register. g++ would rather load it again in each FMA that uses it.
  static SWCONV_ALWAYS_INLINE f32x8 held(f32x8 v) {
    __m256 x = v.b;
    __asm__("" : "+v"(x));
    return of(x);
  }
  static SWCONV_ALWAYS_INLINE mask held_mask(mask m) {
    __asm__("" : "+Yk"(m));
    return m;
  }
  static SWCONV_ALWAYS_INLINE f32x8 fma_masked(mask m, f32x8 x, f32x8 y, f32x8 z) {
    return of(_mm256_mask3_fmadd_ps(x.b, y.b, z.b, m));
  }
  template <int K>
  static SWCONV_ALWAYS_INLINE f32x8 slide(f32x8 lo, f32x8 hi) {
    return of(_mm256_castsi256_ps(
        _mm256_alignr_epi32(_mm256_castps_si256(hi.b), _mm256_castps_si256(lo.b), K)));
  }
  static SWCONV_ALWAYS_INLINE f32x8 even(f32x8 lo, f32x8 hi) {
    const __m256i i = _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14);
    return of(_mm256_permutex2var_ps(lo.b, i, hi.b));
  }
  static SWCONV_ALWAYS_INLINE f32x8 odd(f32x8 lo, f32x8 hi) {
    const __m256i i = _mm256_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15);
    return of(_mm256_permutex2var_ps(lo.b, i, hi.b));
  }
  /// Unordered columns, each moved T columns down; the last T are of no use.
  template <int T>
  static SWCONV_ALWAYS_INLINE f32x8 unordered_from(f32x8 x) {
    constexpr auto at = [](int lane) { return unordered_lanes<8>::later(lane, T); };
    if constexpr (T == 0) return x;
    const __m256i i = _mm256_setr_epi32(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
    return of(_mm256_permutevar8x32_ps(x.b, i));
  }
  /// Where unordered columns have the bits of m.
  static SWCONV_ALWAYS_INLINE mask unordered(mask m) {
    return static_cast<mask>(unordered_lanes<8>::mask(m));
  }
  static SWCONV_ALWAYS_INLINE f32x8 zip_lo(f32x8 x, f32x8 y) {
    const __m256i i = _mm256_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11);
    return of(_mm256_permutex2var_ps(x.b, i, y.b));
  }
  static SWCONV_ALWAYS_INLINE f32x8 zip_hi(f32x8 x, f32x8 y) {
    const __m256i i = _mm256_setr_epi32(4, 12, 5, 13, 6, 14, 7, 15);
    return of(_mm256_permutex2var_ps(x.b, i, y.b));
  }
  static SWCONV_ALWAYS_INLINE f32x8 pow2(f32x8 n) {
    return of(_mm256_scalef_ps(_mm256_set1_ps(1.0f), n.b));
  }
  static SWCONV_ALWAYS_INLINE f32x8 gather(const float *p, int64_t step, mask m) {
    const __m256i iota = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i i = _mm256_mullo_epi32(iota, _mm256_set1_epi32(static_cast<int>(step)));
    return of(_mm256_mmask_i32gather_ps(_mm256_setzero_ps(), m, i, p, 4));
  }
};

/// What the kernels build on: vector types and the register file.
struct isa {
  using full = f32x16;
  using half = f32x8;
  static constexpr const char *name = "avx512";
  static constexpr bool has_fma = true;
  static constexpr double slide_cost = 2;  ///< of one slide with its FMA, in FMAs
  static constexpr bool prefers_loads = false;   ///< of shifted vectors, to slides
  static constexpr bool masks_are_free = true;  ///< one bit a lane, in registers of their own
  static constexpr int registers = 32;
};

}  // namespace simd
SWCONV_END_NAMESPACE
