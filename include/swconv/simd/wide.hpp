// SPDX-License-Identifier: MIT
/// @file wide.hpp
/// Vectors of any arithmetic type for sliding sums, by the vector extension of g++ and clang: whole
/// and partial loads, and the elementwise operators of sliding_sum. And `single`, a vector of one
/// element of any trivially copyable type, for functors that know no vectors.
#pragma once

#include <stdint.h>
#include <string.h>

#include <type_traits>

#include "simd.hpp"
#include "unroll.hpp"

SWCONV_BEGIN_NAMESPACE
namespace simd {

#if defined(SWCONV_ISA_AVX512)
constexpr int wide_bytes = 64;
#elif defined(SWCONV_ISA_AVX2)
constexpr int wide_bytes = 32;
#else
constexpr int wide_bytes = 16;
#endif

/// The unsigned type whose sums and products wrap as those of T do on every machine.
template <class T>
struct wrapping {
  using type = T;
};
template <>
struct wrapping<int32_t> {
  using type = uint32_t;
};

template <class T>
struct wide {
  using element = T;
  static constexpr int size = wide_bytes / static_cast<int>(sizeof(T));
  typedef T lanes_type __attribute__((vector_size(wide_bytes)));
  typedef typename wrapping<T>::type wrap_type __attribute__((vector_size(wide_bytes)));

  /// SSE2 has no maximum of i32 and i64, and g++ would go through it lane by lane.
  static constexpr bool selects_by_bits =
      (std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t>) && wide_bytes == 16;

  lanes_type x;

  static SWCONV_ALWAYS_INLINE wide load(const T *p) {
    wide v;
    memcpy(&v.x, p, sizeof v.x);
    return v;
  }
  SWCONV_ALWAYS_INLINE void store(T *p) const { memcpy(p, &x, sizeof x); }
  static SWCONV_ALWAYS_INLINE wide set1(T a) {
    wide v;
    v.x = a - lanes_type{};
    return v;
  }
  static SWCONV_ALWAYS_INLINE wide broadcast(const T *p) { return set1(*p); }
  /// The first n elements; the other lanes are anything.
  static SWCONV_ALWAYS_INLINE wide load_first(const T *p, int64_t n) {
    if (n >= size) return load(p);
    T lane[size];
    copy_some(lane, p, n);
    return load(lane);
  }
  SWCONV_ALWAYS_INLINE void store_first(T *p, int64_t n) const {
    if (n >= size) return store(p);
    T lane[size];
    store(lane);
    copy_some(p, lane, n);
  }
  /// Out of line: rare, and large where it is inlined.
  static SWCONV_NOINLINE void copy_some(T *to, const T *from, int64_t n) {
    memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
  }

  static SWCONV_ALWAYS_INLINE wide of(lanes_type x) {
    wide v;
    v.x = x;
    return v;
  }
  static constexpr bool slides = wide_bytes > 16 && sizeof(T) >= 4;
#if defined(SWCONV_ISA_AVX512)
  /// Lanes K … K+size-1 of the lanes lo, hi.
  template <int K>
  static SWCONV_ALWAYS_INLINE wide slide(wide lo, wide hi) {
    return of(reinterpret_cast<lanes_type>(
        _mm512_alignr_epi32(reinterpret_cast<__m512i>(hi.x), reinterpret_cast<__m512i>(lo.x),
                            K * static_cast<int>(sizeof(T) / 4))));
  }
#elif defined(SWCONV_ISA_AVX2)
  template <int K>
  static SWCONV_ALWAYS_INLINE wide slide(wide lo, wide hi) {
    constexpr int bytes = K * static_cast<int>(sizeof(T));
    const __m256i l = reinterpret_cast<__m256i>(lo.x), h = reinterpret_cast<__m256i>(hi.x);
    const __m256i middle = _mm256_permute2x128_si256(l, h, 0x21);
    if constexpr (bytes == 16) return of(reinterpret_cast<lanes_type>(middle));
    return of(reinterpret_cast<lanes_type>(
        bytes < 16 ? _mm256_alignr_epi8(middle, l, bytes & 15)
                   : _mm256_alignr_epi8(h, middle, bytes & 15)));
  }
#endif
  static SWCONV_ALWAYS_INLINE wide add(wide a, wide b) {
    return of(reinterpret_cast<lanes_type>(reinterpret_cast<wrap_type>(a.x) +
                                           reinterpret_cast<wrap_type>(b.x)));
  }
  static SWCONV_ALWAYS_INLINE wide mul(wide a, wide b) {
    return of(reinterpret_cast<lanes_type>(reinterpret_cast<wrap_type>(a.x) *
                                           reinterpret_cast<wrap_type>(b.x)));
  }
  /// NaN in either operand makes NaN.
  static SWCONV_ALWAYS_INLINE wide max(wide a, wide b) {
    if constexpr (selects_by_bits) return of((a.x & (a.x > b.x)) | (b.x & ~(a.x > b.x)));
    return of(((a.x > b.x) | (a.x != a.x)) ? a.x : b.x);
  }
  static SWCONV_ALWAYS_INLINE wide min(wide a, wide b) {
    if constexpr (selects_by_bits) return of((a.x & (a.x < b.x)) | (b.x & ~(a.x < b.x)));
    return of(((a.x < b.x) | (a.x != a.x)) ? a.x : b.x);
  }
  /// Of operands without a NaN.
  static SWCONV_ALWAYS_INLINE wide greater(wide a, wide b) { return of(a.x > b.x ? a.x : b.x); }
  static SWCONV_ALWAYS_INLINE wide lesser(wide a, wide b) { return of(a.x < b.x ? a.x : b.x); }
  static SWCONV_ALWAYS_INLINE wide bit_and(wide a, wide b) { return of(a.x & b.x); }
  static SWCONV_ALWAYS_INLINE wide bit_or(wide a, wide b) { return of(a.x | b.x); }
  static SWCONV_ALWAYS_INLINE wide bit_xor(wide a, wide b) { return of(a.x ^ b.x); }
};

/// One element of any type.
template <class T>
struct single {
  using element = T;
  static constexpr int size = 1;
  static constexpr bool slides = false;

  T x;

  static SWCONV_ALWAYS_INLINE single of(const T &x) { return {x}; }
  static SWCONV_ALWAYS_INLINE single load(const T *p) { return {*p}; }
  SWCONV_ALWAYS_INLINE void store(T *p) const { *p = x; }
  static SWCONV_ALWAYS_INLINE single load_first(const T *p, int64_t) { return {*p}; }
  SWCONV_ALWAYS_INLINE void store_first(T *p, int64_t) const { *p = x; }
};

}  // namespace simd
SWCONV_END_NAMESPACE
