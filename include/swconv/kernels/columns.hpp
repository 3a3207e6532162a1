// SPDX-License-Identifier: MIT
/// @file columns.hpp
/// How lanes that are neighbouring output columns read a row of src: which lanes a tap reaches, and
/// the load itself for stride 1, stride 2 and any other. Shared by the planar and pooling kernels.
#pragma once

#include "../simd/simd.hpp"
#include "problem.hpp"

SWCONV_BEGIN_NAMESPACE

/// Strides that have their own load; 0 stands for any other.
enum column_stride : int { any_stride = 0, unit_stride = 1, pair_stride = 2 };

/// Loads of V::size output columns that are S apart in src.
template <class V, int S>
struct columns {
  static SWCONV_ALWAYS_INLINE int64_t ceil_div(int64_t a, int64_t b) {
    return a <= 0 ? 0 : (a + b - 1) / b;
  }

  /// Which lanes of a vector that starts at position x lie inside a row of `in` elements, and what
  /// a load needs to know of it.
  struct reach {
    typename V::mask lanes;
    typename V::mask part[S == pair_stride ? 2 : 1];  ///< of the two vectors that are deinterleaved
    int64_t lo, hi;

    // cppcheck-suppress uninitMemberVar ; assigned before use, and not set twice
    SWCONV_ALWAYS_INLINE reach() = default;
    SWCONV_ALWAYS_INLINE reach(int64_t x, int64_t stride, int64_t in) {
      if constexpr (S == unit_stride) {
        part[0] = lanes = V::lanes(-x, in - x);
      } else if constexpr (S == pair_stride) {
        lanes = V::lanes((1 - x) >> 1, (in - x + 1) >> 1);
        part[0] = V::lanes(-x, in - x);
        part[1] = V::lanes(-x - V::size, in - x - V::size);
      } else {
        lo = ceil_div(-x, stride);
        hi = ceil_div(in - x, stride);
        lanes = V::lanes(lo, hi);
      }
    }
    /// The same with its masks in registers, for a loop.
    SWCONV_ALWAYS_INLINE reach held() const {
      reach r = *this;
      r.lanes = V::held_mask(lanes);
      SWCONV_UNROLL
      for (auto &m : r.part) m = V::held_mask(m);
      return r;
    }
    /// The first n lanes, known to be inside the row.
    static SWCONV_ALWAYS_INLINE reach first(int64_t n) {
      reach r;
      r.lo = 0;
      r.hi = n;
      r.lanes = V::lanes(0, n);
      r.part[0] = V::lanes(0, S == pair_stride ? 2 * n - 1 : n);
      if constexpr (S == pair_stride) r.part[1] = V::lanes(0, 2 * n - 1 - V::size);
      return r;
    }
  };

  /// All lanes from position x of a row of `in` elements; the caller knows they are inside, and for
  /// pair_stride so is the element after the last.
  static SWCONV_ALWAYS_INLINE V load(const float *row, int64_t x, int64_t stride) {
    if constexpr (S == unit_stride)
      return V::load(row + x);
    else if constexpr (S == pair_stride)
      return V::even(V::load(row + x), V::load(row + x + V::size));
    else
      return gather(row + x, stride, V::lanes(0, V::size), 0, V::size);
  }
  /// The lanes of m; the others are zero and touch no memory outside the row.
  static SWCONV_ALWAYS_INLINE V load_masked(const float *row, int64_t x, int64_t stride,
                                            const reach &m) {
    if constexpr (S == unit_stride)
      return V::load_masked(row + x, m.lanes);
    else if constexpr (S == pair_stride)
      return V::even(V::load_masked(row + x, m.part[0]),
                     V::load_masked(row + x + V::size, m.part[1]));
    else
      return gather(row + x, stride, m.lanes, m.lo, m.hi);
  }
  /// Lane i from p[i * stride] for the lanes of m, which are lo … hi-1.
  static SWCONV_ALWAYS_INLINE V gather(const float *p, int64_t stride, typename V::mask m,
                                       int64_t lo, int64_t hi) {
    if (stride < (int64_t{1} << 26)) return V::gather(p, stride, m);
    float lane[V::size] = {};  // offsets beyond 32 bits
    for (int64_t i = lo; i < hi && i < V::size; ++i) lane[i] = p[i * stride];
    return V::load(lane);
  }
  /// May X whole vectors of outputs from w be read without masks for every tap?
  template <int X>
  static SWCONV_ALWAYS_INLINE bool inside(const axis &a, int64_t w) {
    return a.inside(w, X * V::size + (S == pair_stride));
  }
};

/// Calls `whole` where X whole vectors lie inside the row, `one` where one does, else `edge`, until columns
/// [w0, w1) are covered: whole(w), one(w), edge(w, n).
template <int X, int S, class Whole, class One, class Edge>
SWCONV_ALWAYS_INLINE void walk_columns(const axis &a, int64_t w0, int64_t w1, Whole &&whole, One &&one,
                                       Edge &&edge) {
  using V = simd::isa::full;
  for (int64_t w = w0; w < w1;) {
    const int64_t left = w1 - w;
    if (left >= X * V::size && columns<V, S>::template inside<X>(a, w)) {
      whole(w);
      w += X * V::size;
    } else if (left >= V::size && columns<V, S>::template inside<1>(a, w)) {
      one(w);
      w += V::size;
    } else {
      const int64_t n = left < V::size ? left : V::size;
      edge(w, n);
      w += n;
    }
  }
}

SWCONV_END_NAMESPACE
