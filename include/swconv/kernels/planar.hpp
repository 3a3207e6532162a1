// SPDX-License-Identifier: MIT
/// @file planar.hpp
/// Convolution with neighbouring output columns in the lanes, for any filter, stride and dilation.
///
/// A tile is R output rows by X vectors of columns of one channel. Every loaded vector of src
/// feeds all rows that need it: rows of a tile are `row_step` apart, chosen so that
/// they share input rows whatever stride and dilation are. Input rows outside src are skipped,
/// columns outside are masked off, so padding contributes nothing.
#pragma once

#include "planar_rows.hpp"

SWCONV_BEGIN_NAMESPACE
namespace planar {

/// Tile for any filter size.
template <class V, int R, int X, int S, bool Edge>
SWCONV_NOINLINE void any_tile(const rows &r, int64_t w, int64_t n) {
  using cols = columns<V, S>;
  const problem &p = r.p;
  const int64_t x = p.w.start(w), dilation = p.w.dilation, stride = p.w.stride;
  const int64_t kw = p.w.taps, kh = p.h.taps, ratio = p.row_ratio;
  // Taps that reach no lane at all are not visited.
  const int64_t t0 = Edge ? p.w.first_tap(x + (n - 1) * stride) : 0;
  const int64_t t1 = Edge ? p.w.last_tap(x) : kw;
  accumulators<V, 1, R, X> acc;
  const int64_t row_weights = kw * r.pitch, back = ratio * row_weights;
  const float *f = r.weights, *plane = r.src;
  const int64_t y0 = p.h.start(r.h);

  // Taps [whole_lo, whole_hi) reach all n lanes: they need no mask but the one of the load.
  const int64_t whole_lo = Edge ? p.w.first_tap(x) : kw;
  const int64_t last = Edge ? p.w.last_tap(x + (n - 1) * stride) : kw;
  const int64_t whole_hi = last < whole_lo ? whole_lo : last;
  typename cols::reach whole;
  if constexpr (Edge) whole = cols::reach::first(n);

  const auto input_row = [&](const float *row, int64_t j, const float *fj,
                             auto all_rows) SWCONV_INLINE_LAMBDA {
    fj += t0 * r.pitch;
    const auto taps = [&](int64_t from, int64_t to, auto masked) SWCONV_INLINE_LAMBDA {
      for (int64_t t = from; t < to; ++t, fj += r.pitch) {
        V s[X];
        typename cols::reach m;
        if constexpr (decltype(masked)::value)
          m = typename cols::reach(x + t * dilation, stride, p.w.in);
        SWCONV_UNROLL
        for (int i = 0; i < X; ++i) {
          const int64_t at = x + t * dilation + i * V::size * stride;
          if constexpr (decltype(masked)::value)
            s[i] = cols::load_masked(row, at, stride, m);
          else if constexpr (Edge)
            s[i] = cols::load_masked(row, at, stride, whole);
          else
            s[i] = cols::load(row, at, stride);
        }
        SWCONV_UNROLL
        for (int q = 0; q < R; ++q) {
          const int64_t k = j - q * ratio;
          if (!all_rows && (k < 0 || k >= kh)) continue;
          const V weight = V::broadcast(fj - q * back);
          SWCONV_UNROLL
          for (int i = 0; i < X; ++i) {
            V &a = acc.v[0][q][i];
            if constexpr (decltype(masked)::value)
              a = V::fma_masked(m.lanes, weight, s[i], a);
            else
              a = V::fma(weight, s[i], a);
          }
        }
      }
    };
    if constexpr (Edge) {
      taps(t0, axis::least(whole_lo, t1), simd::index<1>{});
      taps(whole_lo, axis::least(whole_hi, t1), simd::index<0>{});
      taps(whole_hi > t0 ? whole_hi : t0, t1, simd::index<1>{});
    } else {
      taps(0, kw, simd::index<0>{});
    }
  };

  // Input rows j of the tile: those inside src, [j0, j1).
  const int64_t rows_read = kh + (R - 1) * ratio;
  const int64_t j0 = axis::least(p.h.tap_at(y0, 0), rows_read);
  const int64_t j1 = axis::least(p.h.tap_at(y0, p.h.in), rows_read);
  for (int64_t ic = 0; ic < p.in_channels; ++ic, plane += p.src.c, f += kh * row_weights) {
    for (int64_t j = j0; j < j1; ++j) {
      const float *const row = plane + (y0 + j * p.h.dilation) * p.src.h;
      const float *const fj = f + j * row_weights;
      if constexpr (R == 1)
        input_row(row, j, fj, simd::index<1>{});
      else if (!Edge && j >= (R - 1) * ratio && j < kh)  // edges are not worth the code
        input_row(row, j, fj, simd::index<1>{});
      else
        input_row(row, j, fj, simd::index<0>{});
    }
  }
  acc.template store<Edge>(r, w, n);
}

/// Kernel for any filter and column stride but 1; S is pair_stride or any_stride.
template <int S>
void run_any(const problem &p, const run_pointers &ptr, const block &b) {
  const epilogue ep(p, ptr, b);
  for (int64_t c = b.c0; c < b.c1; ++c)
    run_channels<4>(p, ptr, b, ep, c, [&](auto n, const rows &r) SWCONV_INLINE_LAMBDA {
      using V = simd::isa::full;
      walk_columns<2, S>(
          p.w, b.w0, b.w1, [&](int64_t w) { any_tile<V, n, 2, S, false>(r, w, V::size); },
          [&](int64_t w) { any_tile<V, n, 1, S, false>(r, w, V::size); },
          [&](int64_t w, int64_t count) { any_tile<V, n, 1, S, true>(r, w, count); });
    });
}

}  // namespace planar
SWCONV_END_NAMESPACE
