// SPDX-License-Identifier: MIT
/// @file pool.hpp
/// Pooling: the sliding sum with e(t, x) = x. Lanes are neighbouring output columns, a tile is R
/// output rows. Each input row is reduced along its window once and then joins every output row
/// that needs it, so a kh × kw window costs kw + 1 operations per row read, not kh · kw.
///
/// Average: the sum over kw from the left, then the row sums from the top, then one division.
#pragma once

#include "columns.hpp"
#include "planar.hpp"

SWCONV_BEGIN_NAMESPACE
namespace pooling {

struct max_of {
  static constexpr bool counts = false;
  template <class V>
  static SWCONV_ALWAYS_INLINE V identity() {
    return V::set1(-__builtin_inff());
  }
  template <class V>
  static SWCONV_ALWAYS_INLINE V join(V a, V x) {
    return V::max(a, x);
  }
  /// What an element of src is before it joins.
  template <class V>
  static SWCONV_ALWAYS_INLINE V lift(V x) {
    return x;
  }
};

struct sum_of {
  static constexpr bool counts = true;
  template <class V>
  static SWCONV_ALWAYS_INLINE V identity() {
    return V::zero();
  }
  template <class V>
  static SWCONV_ALWAYS_INLINE V join(V a, V x) {
    return V::add(a, x);
  }
  /// What an element of src is before it joins.
  template <class V>
  static SWCONV_ALWAYS_INLINE V lift(V x) {
    return x;
  }
};

/// What the tiles of a group of output rows share.
struct rows {
  const problem &p;
  const float *src;  ///< row 0, column 0 of the channel
  float *dst;
  int64_t h;
};

/// Taps of one window that count for the average: inside src, or inside src and padding.
SWCONV_ALWAYS_INLINE int64_t counted_taps(const axis &a, int64_t o, bool pads, int64_t pad_end) {
  const int64_t x = a.start(o);
  const int64_t lo = a.least(a.tap_at(x, pads ? -a.pad : 0), a.taps);
  const int64_t hi = a.least(a.tap_at(x, a.in + (pads ? pad_end : 0)), a.taps);
  return hi > lo ? hi - lo : 0;
}

template <class V, class Op, int R, int X, int S, bool Edge>
SWCONV_NOINLINE void tile(const rows &r, int64_t w, int64_t n) {
  using cols = columns<V, S>;
  const problem &p = r.p;
  const int64_t x = p.w.start(w), stride = p.w.stride, dilation = p.w.dilation;
  const int64_t t0 = Edge ? p.w.first_tap(x + (n - 1) * stride) : 0;
  const int64_t t1 = Edge ? p.w.last_tap(x) : p.w.taps;
  V acc[R][X];
  SWCONV_UNROLL
  for (int i = 0; i < R * X; ++i) acc[i / X][i % X] = Op::template identity<V>();

  const int64_t y0 = p.h.start(r.h), ratio = p.row_ratio;
  const int64_t rows_read = p.h.taps + (R - 1) * ratio;
  const int64_t j0 = axis::least(p.h.tap_at(y0, 0), rows_read);
  const int64_t j1 = axis::least(p.h.tap_at(y0, p.h.in), rows_read);
  for (int64_t j = j0; j < j1; ++j) {
    const float *const row = r.src + (y0 + j * p.h.dilation) * p.src.h;
    V sum[X];
    SWCONV_UNROLL
    for (int i = 0; i < X; ++i) sum[i] = Op::template identity<V>();
    for (int64_t t = t0; t < t1; ++t) {
      SWCONV_UNROLL
      for (int i = 0; i < X; ++i) {
        const int64_t at = x + t * dilation + i * V::size * stride;
        if constexpr (Edge) {
          const typename cols::reach m(at, stride, p.w.in);
          const V s = cols::load_masked(row, at, stride, m);
          sum[i] = V::select(m.lanes, Op::join(sum[i], s), sum[i]);
        } else {
          sum[i] = Op::join(sum[i], cols::load(row, at, stride));
        }
      }
    }
    SWCONV_UNROLL
    for (int q = 0; q < R; ++q) {
      const int64_t k = j - q * ratio;
      if (k < 0 || k >= p.h.taps) continue;
      SWCONV_UNROLL
      for (int i = 0; i < X; ++i) acc[q][i] = Op::join(acc[q][i], sum[i]);
    }
  }

  V taps_w = V::set1(static_cast<float>(p.w.taps));
  if constexpr (Op::counts && Edge) {
    float count[V::size];
    for (int64_t i = 0; i < V::size; ++i)
      count[i] = static_cast<float>(counted_taps(p.w, w + i, p.count_include_pad, p.pad_end_w));
    taps_w = V::load(count);
  }
  SWCONV_UNROLL
  for (int q = 0; q < R; ++q) {
    const int64_t h = r.h + q * p.row_step;
    float *const dst = r.dst + h * p.dst.h + w;
    V divisor = V::zero();
    if constexpr (Op::counts)
      divisor = V::mul(taps_w, V::set1(static_cast<float>(
                                   counted_taps(p.h, h, p.count_include_pad, p.pad_end_h))));
    SWCONV_UNROLL
    for (int i = 0; i < X; ++i) {
      const V y = Op::counts ? V::div(acc[q][i], divisor) : acc[q][i];
      if constexpr (Edge)
        y.store_first(dst, n);
      else
        y.store(dst + i * V::size);
    }
  }
}

template <class Op, int R, int S>
struct tiles {
  template <class V, int X, bool Edge>
  static void tile(const rows &r, int64_t w, int64_t n) {
    pooling::tile<V, Op, R, X, S, Edge>(r, w, n);
  }
};

/// Kernel for operator Op and column stride S (any_stride too).
template <class Op, int S>
void run(const problem &p, const run_pointers &ptr, const block &b) {
  rows r{p, ptr.src + b.n * p.src.n + b.g * p.src.c, ptr.dst + b.n * p.dst.n + b.g * p.dst.c, 0};
  planar::walk_rows<4, false>(b.h0, b.h1, p.row_step, [&](auto n, int64_t h) SWCONV_INLINE_LAMBDA {
    using F = tiles<Op, decltype(n)::value, S>;
    using V = simd::isa::full;
    using H = simd::isa::half;
    r.h = h;
    walk_columns<2, S>(
        p.w, b.w0, b.w1, [&](int64_t w) { F::template tile<V, 2, false>(r, w, V::size); },
        [&](int64_t w) { F::template tile<V, 1, true>(r, w, V::size); },
        [&](int64_t w, int64_t m) { F::template tile<V, 1, true>(r, w, m); },
        [&](int64_t w, int64_t m) { F::template tile<H, 1, true>(r, w, m); });
  });
}

}  // namespace pooling
SWCONV_END_NAMESPACE
