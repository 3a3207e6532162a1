// SPDX-License-Identifier: MIT
/// @file pool.hpp
/// Pooling operators: what an element of src becomes before it joins (lift), how two join, what
/// joins nothing, and what becomes of a result (lower). And which taps an average counts.
#pragma once

#include "problem.hpp"
#include "../simd/simd.hpp"

SWCONV_BEGIN_NAMESPACE
namespace pooling {

/// Averages count taps. `compact` operators have one copy of each loop: slower and smaller. Those not
/// `is_known` look at each operation what it is.
struct max_of {
  static constexpr bool counts = false, idempotent = true, compact = false, has_quick = true;
  template <class V>
  static SWCONV_ALWAYS_INLINE V identity() {
    return V::set1(-__builtin_inff());
  }
  template <class V>
  static SWCONV_ALWAYS_INLINE V lift(V x) {
    return x;
  }
  template <class V>
  static SWCONV_ALWAYS_INLINE V join(V a, V x) {
    return V::max(a, x);
  }
  /// The same of operands without a NaN.
  template <class V>
  static SWCONV_ALWAYS_INLINE V quick(V a, V x) {
    return V::at_least(x, a);
  }
  template <class V>
  static SWCONV_ALWAYS_INLINE V lower(V x) {
    return x;
  }
};

struct sum_of {
  static constexpr bool counts = true, idempotent = false, compact = false, is_known = true;
  template <class V>
  static SWCONV_ALWAYS_INLINE V identity() {
    return V::zero();
  }
  template <class V>
  static SWCONV_ALWAYS_INLINE V lift(V x) {
    return x;
  }
  template <class V>
  static SWCONV_ALWAYS_INLINE V join(V a, V x) {
    return V::add(a, x);
  }
  template <class V>
  static SWCONV_ALWAYS_INLINE V lower(V x) {
    return x;
  }
};

/// The other kinds, chosen at run time, so that they share their code. The minimum is the maximum of
/// the negatives, negated.
struct other_of {
  static constexpr bool counts = false, idempotent = false, compact = true, is_known = false;
  swconv_pool_kind kind = SWCONV_POOL_L1;

  template <class V>
  SWCONV_ALWAYS_INLINE V identity() const {
    return kind == SWCONV_POOL_MIN ? V::set1(-__builtin_inff()) : V::zero();
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V lift(V x) const {
    if (hidden() == SWCONV_POOL_L2) return V::mul(x, x);
    const V negative = V::sub(V::zero(), x);
    return hidden() == SWCONV_POOL_MIN ? negative : V::max(x, negative);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V join(V a, V x) const {
    return hidden() == SWCONV_POOL_MIN ? V::max(a, x) : V::add(a, x);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V lower(V x) const {
    if (kind == SWCONV_POOL_L1) return x;
    return kind == SWCONV_POOL_MIN ? V::sub(V::zero(), x) : V::sqrt(x);
  }

 private:
  /// Without this the compiler makes a copy of every loop for every kind.
  SWCONV_ALWAYS_INLINE swconv_pool_kind hidden() const {
    swconv_pool_kind k = kind;
    __asm__("" : "+r"(k));
    return k;
  }
};

/// Taps of one window that count for the average: inside src, or inside src and padding.
SWCONV_ALWAYS_INLINE int64_t counted_taps(const axis &a, int64_t o, bool pads, int64_t pad_end) {
  const int64_t x = a.start(o);
  const int64_t lo = a.least(a.tap_at(x, pads ? -a.pad : 0), a.taps);
  const int64_t hi = a.least(a.tap_at(x, a.in + (pads ? pad_end : 0)), a.taps);
  return hi > lo ? hi - lo : 0;
}

}  // namespace pooling
SWCONV_END_NAMESPACE
