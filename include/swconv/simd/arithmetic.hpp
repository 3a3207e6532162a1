// SPDX-License-Identifier: MIT
/// @file arithmetic.hpp
/// The part of a vector type that xsimd provides: arithmetic, whole loads and stores, comparison.
/// What xsimd does not have (slides, partial access, transposes) stands in the file of each ISA.
///
/// Every architecture here is our own type in the tagged namespace: xsimd's templates then carry
/// our tag in their symbols and cannot be merged with those of another object. xsimd's exp, tanh and
/// erf are not used for the same reason: at -O0 they call untagged helpers (see math.hpp).
#pragma once

#include <stdint.h>

#include "unroll.hpp"

/// Give our architecture tag ARCH the registers of xsimd's BASE.
#define SWCONV_XSIMD_REGISTERS(ARCH, BASE)                                     \
  template <class T>                                                           \
  struct simd_register<T, ARCH> {                                              \
    using register_type = typename simd_register<T, BASE>::register_type;      \
    register_type data;                                                        \
    operator register_type() const noexcept { return data; }                   \
  };                                                                           \
  template <class T>                                                           \
  struct has_simd_register<T, ARCH> : has_simd_register<T, BASE> {}

#include <xsimd/xsimd.hpp>

SWCONV_BEGIN_NAMESPACE
namespace simd {

/// Base of a vector type `Self` over xsimd's architecture `Arch`.
template <class Self, class Arch>
struct arithmetic {
  using element = float;
  using batch = xsimd::batch<float, Arch>;
  using flags = xsimd::batch_bool<float, Arch>;
  static constexpr int size = static_cast<int>(batch::size);
  static constexpr bool slides = true;

  batch b;

  static SWCONV_ALWAYS_INLINE Self of(batch x) {
    Self s;
    s.b = x;
    return s;
  }
  static SWCONV_ALWAYS_INLINE Self zero() { return of(batch(0.0f)); }
  static SWCONV_ALWAYS_INLINE Self set1(float x) { return of(batch(x)); }
  static SWCONV_ALWAYS_INLINE Self broadcast(const float *p) { return of(batch(*p)); }
  static SWCONV_ALWAYS_INLINE Self load(const float *p) { return of(batch::load_unaligned(p)); }
  SWCONV_ALWAYS_INLINE void store(float *p) const { b.store_unaligned(p); }

  static SWCONV_ALWAYS_INLINE Self add(Self x, Self y) { return of(x.b + y.b); }
  static SWCONV_ALWAYS_INLINE Self sub(Self x, Self y) { return of(x.b - y.b); }
  static SWCONV_ALWAYS_INLINE Self mul(Self x, Self y) { return of(x.b * y.b); }
  static SWCONV_ALWAYS_INLINE Self div(Self x, Self y) { return of(x.b / y.b); }
  /// x * y + z; instruction sets with FMA replace it by the fused one.
  static SWCONV_ALWAYS_INLINE Self fma(Self x, Self y, Self z) {
    return of(xsimd::fma(x.b, y.b, z.b));
  }
  /// The larger of x and the bound; NaN in x stays NaN.
  static SWCONV_ALWAYS_INLINE Self at_least(Self x, Self bound) {
    return of(xsimd::max(bound.b, x.b));
  }
  /// The smaller of x and the bound; NaN in x stays NaN.
  static SWCONV_ALWAYS_INLINE Self at_most(Self x, Self bound) {
    return of(xsimd::min(bound.b, x.b));
  }
  /// Maximum for pooling: NaN in either operand makes NaN. x86 returns the second operand where
  /// they are unordered, so that one of the two maxima is NaN, and so are its bits with any others.
  static SWCONV_ALWAYS_INLINE Self max(Self acc, Self x) {
    return of(xsimd::max(acc.b, x.b) | xsimd::max(x.b, acc.b));
  }
  static SWCONV_ALWAYS_INLINE Self sqrt(Self x) { return of(xsimd::sqrt(x.b)); }
  // Where partial access is masked, a mask replaces the next three.
  /// The first n lanes, for many stores.
  using head = int64_t;
  static SWCONV_ALWAYS_INLINE head head_of(int64_t n) { return n; }
  SWCONV_ALWAYS_INLINE void store_head(float *p, head h) const {
    static_cast<const Self *>(this)->store_first(p, h);
  }
  /// Keeps a mask in its register, if masks have their own.
  template <class Mask>
  static SWCONV_ALWAYS_INLINE const Mask &held_mask(const Mask &m) {
    return m;
  }
  // Wider vectors replace the next four: they shuffle within quads.
  /// The even or odd lanes of two vectors, in the order that takes the fewest shuffles.
  static SWCONV_ALWAYS_INLINE Self even_unordered(Self lo, Self hi) { return Self::even(lo, hi); }
  static SWCONV_ALWAYS_INLINE Self odd_unordered(Self lo, Self hi) { return Self::odd(lo, hi); }
  /// Brings their lanes into order.
  static SWCONV_ALWAYS_INLINE Self ordered(Self x) { return x; }
  /// Where unordered columns have the lanes of m.
  template <class Mask>
  static SWCONV_ALWAYS_INLINE Mask unordered(Mask m) {
    return m;
  }
  // Wider vectors replace the next two: there a quad is a part of a vector.
  /// Lanes 4i … 4i+3 from p + i * distance.
  static SWCONV_ALWAYS_INLINE Self quads(const float *p, int64_t) {
    static_assert(size == 4, "one quad");
    return load(p);
  }
  /// Transposes the 4 × 4 elements of each quad of lanes.
  static SWCONV_ALWAYS_INLINE void transpose_quads(Self &x, Self &y, Self &z, Self &w) {
    const Self xz = Self::zip_lo(x, z), yw = Self::zip_lo(y, w);
    const Self xz2 = Self::zip_hi(x, z), yw2 = Self::zip_hi(y, w);
    x = Self::zip_lo(xz, yw);
    y = Self::zip_hi(xz, yw);
    z = Self::zip_lo(xz2, yw2);
    w = Self::zip_hi(xz2, yw2);
  }
  /// x < 0 ? y : z
  static SWCONV_ALWAYS_INLINE Self if_negative(Self x, Self y, Self z) {
    return of(xsimd::select(x.b < batch(0.0f), y.b, z.b));
  }
};

}  // namespace simd
SWCONV_END_NAMESPACE
