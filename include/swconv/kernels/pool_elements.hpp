// SPDX-License-Identifier: MIT
/// @file pool_elements.hpp
/// Pooling of other elements than f32: maximum and minimum of bytes, and the maximum together with
/// where it lies. An element and its index make one 64-bit key, larger for a larger element and
/// among equals for the earlier one, so that the sliding maximum of keys finds both at a cost that
/// hardly depends on the window.
#pragma once

#include "../simd/wide.hpp"
#include "pool_slide.hpp"

SWCONV_BEGIN_NAMESPACE
namespace pooling {

/// Bytes are compared as u8 once the bits of `flip` are turned over: 0 for the maximum of u8, 0x80
/// of i8; the minimum is the maximum of the complements.
struct bytes_of {
  static constexpr bool counts = false, idempotent = true, compact = true, has_quick = false;
  uint8_t flip = 0;

  template <class V>
  SWCONV_ALWAYS_INLINE V identity() const {
    return V::set1(0);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V lift(V x) const {
    return V::bit_xor(x, V::set1(flip));
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V join(V a, V x) const {
    return V::max(a, x);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V lower(V x) const {
    return lift(x);
  }
};

struct keys_of {
  static constexpr bool counts = false, idempotent = true, compact = true, has_quick = false;
  template <class V>
  SWCONV_ALWAYS_INLINE V identity() const {
    return V::set1(INT64_MIN);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V lift(V x) const {
    return x;
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V join(V a, V x) const {
    return V::max(a, x);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V lower(V x) const {
    return x;
  }
};

/// Integers in the order of elements: equal zeros, all NaN alike and above infinity.
SWCONV_ALWAYS_INLINE int32_t rank_of(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  const int32_t ordered = bits ^ static_cast<int32_t>(static_cast<uint32_t>(bits >> 31) >> 1);
  return x != x ? INT32_MAX : x == 0.0f ? 0 : ordered;
}
SWCONV_ALWAYS_INLINE int32_t rank_of(uint8_t x) { return x; }
SWCONV_ALWAYS_INLINE int32_t rank_of(int8_t x) { return x; }

/// What joins nothing, as a result.
template <class T>
SWCONV_ALWAYS_INLINE T least_element() {
  return static_cast<T>(std::is_signed_v<T> ? -128 : 0);
}
template <>
SWCONV_ALWAYS_INLINE float least_element<float>() {
  return -__builtin_inff();
}

/// Elements of a worker's workspace: the keys of a plane, and what their pooling needs.
inline int64_t keys_elements(const problem &p) {
  return sliding::round_up(p.h.in * p.w.in, 8) + slide_parts<simd::wide<int64_t>>(p).elements();
}

/// One plane, dense in `indices`: `first` is the index of its first element. With `columns_first`
/// indices count along columns. A window without an element has index -1.
template <class T>
SWCONV_NOINLINE void max_with_indices(const problem &p, const T *src, T *dst, int64_t *indices,
                                      int64_t first, bool columns_first, int64_t *workspace) {
  const int64_t h = p.h.in, w = p.w.in;
  int64_t *const keys = workspace;
  for (int64_t y = 0; y < h; ++y) {
    const T *const row = src + y * p.src.h;
    for (int64_t x = 0; x < w; ++x)
      keys[y * w + x] =
          static_cast<int64_t>(uint64_t{static_cast<uint32_t>(rank_of(row[x]))} << 32 |
                               static_cast<uint32_t>(~static_cast<uint32_t>(y * w + x)));
  }
  problem q = p;
  q.src.h = w;
  q.dst.h = p.w.out;
  const block all{0, 0, 0, 1, 0, p.h.out, 0, p.w.out, 1};
  slide_plane<simd::wide<int64_t>, keys_of>({}, q, keys, indices,
                                            keys + sliding::round_up(h * w, 8), all)
      .run();
  for (int64_t y = 0; y < p.h.out; ++y)
    for (int64_t x = 0; x < p.w.out; ++x) {
      int64_t &index = indices[y * p.w.out + x];
      T &value = dst[y * p.dst.h + x];
      if (index == INT64_MIN) {
        index = -1;
        value = least_element<T>();
        continue;
      }
      const int64_t at = static_cast<uint32_t>(~static_cast<uint32_t>(index));
      if (p.src.h == w && !columns_first) {
        value = src[at];
        index = first + at;
        continue;
      }
      const int64_t row = at / w, column = at - row * w;
      value = src[row * p.src.h + column];
      index = first + (columns_first ? column * h + row : at);
    }
}

}  // namespace pooling
SWCONV_END_NAMESPACE
