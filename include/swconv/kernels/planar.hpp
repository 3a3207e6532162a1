// SPDX-License-Identifier: MIT
/// @file planar.hpp
/// Convolution with neighbouring output columns in the lanes: depthwise, few output channels,
/// single-channel images, channel multipliers.
///
/// A tile is R output rows by C output channels by X vectors of columns. Every loaded vector of src
/// feeds all rows and channels that need it: rows of a tile are `row_step` apart, chosen so that
/// they share input rows whatever stride and dilation are. Input rows outside src are skipped,
/// columns outside are masked off, so padding contributes nothing.
#pragma once

#include "planar_rows.hpp"

SWCONV_BEGIN_NAMESPACE
namespace planar {

/// One input row of a square tile: loaded once, shifted in registers for every tap (the paper's
/// vector slide). Stride S deinterleaves the row into S phases first.
template <class V, int X, int K, int S, bool Edge>
struct sliding_row {
  static_assert(S == 1 || S == 2, "phases by even and odd");
  static constexpr int N = V::size;
  static constexpr int beyond = (K - 2 + N) / N;         ///< vectors for the K - 1 elements behind
  static constexpr int loads = S * X + beyond;
  static constexpr int vectors = X + (K - 1) / S / N + 1;  ///< of each phase

  V phase[S][vectors];

  /// `part` selects the elements inside the row, of each load of an edge tile.
  SWCONV_ALWAYS_INLINE sliding_row(const float *row, const typename V::mask (&part)[loads]) {
    V v[S * vectors + S];
    SWCONV_UNROLL
    for (int i = 0; i < S * vectors + S; ++i)
      if (i >= loads)
        v[i] = V::zero();
      else if (Edge)
        v[i] = V::load_masked(row + i * N, part[i < loads ? i : 0]);
      else if (i + 1 < loads)
        v[i] = V::load(row + i * N);
      else
        v[i] = V::load_first(row + i * N, K - 1 - (beyond - 1) * N);
    SWCONV_UNROLL
    for (int i = 0; i < vectors; ++i) {
      phase[0][i] = S == 1 ? v[i] : V::even(v[S * i], v[S * i + 1]);
      if (S == 2) phase[S - 1][i] = V::odd(v[S * i], v[S * i + 1]);
    }
  }
  template <int T>
  SWCONV_ALWAYS_INLINE V tap(int i) const {
    constexpr int shift = T / S % N, from = T / S / N;
    if constexpr (shift == 0)
      return phase[T % S][i + from];
    else
      return V::template slide<shift>(phase[T % S][i + from], phase[T % S][i + from + 1]);
  }
};

/// Tile with a square K × K filter and row_ratio = S, without column dilation, everything unrolled.
/// For groups of one output channel, whose taps lie next to each other.
template <class V, int R, int X, int K, int S, bool Edge>
SWCONV_NOINLINE void square_tile(const rows &r, int64_t w, int64_t n) {
  using row_of = sliding_row<V, X, K, S, Edge>;
  const problem &p = r.p;
  const int64_t x = p.w.start(w);
  accumulators<V, 1, R, X> acc;
  typename V::mask part[row_of::loads], lanes[K];
  if constexpr (Edge) {
    SWCONV_UNROLL
    for (int i = 0; i < row_of::loads; ++i)
      part[i] = V::lanes(-x - i * V::size, p.w.in - x - i * V::size);
    SWCONV_UNROLL
    for (int t = 0; t < K; ++t) lanes[t] = typename columns<V, S>::reach(x + t, S, p.w.in).lanes;
  }
  const float *f = r.weights, *plane = r.src + x;
  const int64_t y0 = p.h.start(r.h);
  for (int64_t ic = 0; ic < p.in_channels; ++ic, plane += p.src.c, f += K * K) {
    SWCONV_UNROLL
    for (int j = 0; j < K + (R - 1) * S; ++j) {
      const int64_t y = y0 + j * p.h.dilation;
      if (static_cast<uint64_t>(y) >= static_cast<uint64_t>(p.h.in)) continue;
      const row_of row(plane + y * p.src.h, part);
      simd::unroll<K>([&](auto tap) SWCONV_INLINE_LAMBDA {
        constexpr int t = decltype(tap)::value;
        V s[X];
        SWCONV_UNROLL
        for (int i = 0; i < X; ++i) s[i] = row.template tap<t>(i);
        SWCONV_UNROLL
        for (int q = 0; q < R; ++q) {
          const int k = j - q * S;
          if (k < 0 || k >= K) continue;
          const V weight = V::broadcast(f + k * K + t);
          SWCONV_UNROLL
          for (int i = 0; i < X; ++i) {
            V &a = acc.v[0][q][i];
            if constexpr (Edge)
              a = V::fma_masked(lanes[t], weight, s[i], a);
            else
              a = V::fma(weight, s[i], a);
          }
        }
      });
    }
  }
  acc.template store<Edge>(r, w, n);
}

/// Tile for any filter size.
template <class V, int C, int R, int X, int S, bool Edge>
SWCONV_NOINLINE void any_tile(const rows &r, int64_t w, int64_t n) {
  using cols = columns<V, S>;
  const problem &p = r.p;
  const int64_t x = p.w.start(w), dilation = p.w.dilation, stride = p.w.stride;
  const int64_t kw = p.w.taps, kh = p.h.taps, ratio = p.row_ratio;
  // Taps that reach no lane at all are not visited.
  const int64_t t0 = Edge ? p.w.first_tap(x + (n - 1) * stride) : 0;
  const int64_t t1 = Edge ? p.w.last_tap(x) : kw;
  accumulators<V, C, R, X> acc;
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
          SWCONV_UNROLL
          for (int c = 0; c < C; ++c) {
            const V weight = V::broadcast(fj - q * back + c);
            SWCONV_UNROLL
            for (int i = 0; i < X; ++i) {
              V &a = acc.v[c][q][i];
              if constexpr (decltype(masked)::value)
                a = V::fma_masked(m.lanes, weight, s[i], a);
              else
                a = V::fma(weight, s[i], a);
            }
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

/// One row group of a tile family F, whose `tile<V, X, Edge>` does the work.
template <class F, int X, int S, class H = simd::isa::half>
SWCONV_ALWAYS_INLINE void run_columns(const rows &r, int64_t w0, int64_t w1) {
  using V = simd::isa::full;
  walk_columns<X, S, H>(
      r.p.w, w0, w1, [&](int64_t w) { F::template tile<V, X, false>(r, w, V::size); },
      [&](int64_t w) { F::template tile<V, 1, false>(r, w, V::size); },
      [&](int64_t w, int64_t n) { F::template tile<V, 1, true>(r, w, n); },
      [&](int64_t w, int64_t n) { F::template tile<H, 1, true>(r, w, n); });
}

template <int R, int K, int S>
struct square {
  template <class V, int X, bool Edge>
  static void tile(const rows &r, int64_t w, int64_t n) {
    square_tile<V, R, X, K, S, Edge>(r, w, n);
  }
};
template <int C, int R, int S>
struct any {
  template <class V, int X, bool Edge>
  static void tile(const rows &r, int64_t w, int64_t n) {
    any_tile<V, C, R, X, S, Edge>(r, w, n);
  }
};

/// Kernel for square K × K filters with stride S both ways.
template <int K, int S>
void run_square(const problem &p, const run_pointers &ptr, const block &b) {
  const epilogue ep(p, ptr, b);
  constexpr int R = simd::isa::has_fma ? 4 : 2;  // the baseline gets less code
  run_channels<R>(p, ptr, b, ep, 0, [&](auto n, const rows &r) SWCONV_INLINE_LAMBDA {
    // Half vectors would not be worth their code: narrow planes have channels in the lanes.
    run_columns<square<n, K, S>, 2, S, simd::isa::full>(r, b.w0, b.w1);
  });
}

/// Kernel for any filter and column stride but 1; S is pair_stride or any_stride.
template <int S>
void run_any(const problem &p, const run_pointers &ptr, const block &b) {
  const epilogue ep(p, ptr, b);
  constexpr int X = simd::isa::registers >= 32 ? 2 : 1;
  constexpr int64_t pack_lanes = simd::isa::full::size;
  for (int64_t c = b.c0; c < b.c1;) {
    // A tile's channels lie in one packed block.
    const int64_t left = axis::least(b.c1 - c, pack_lanes - c % pack_lanes);
    if (S != any_stride && left >= 4) {
      run_channels<2>(p, ptr, b, ep, c, [&](auto n, const rows &r) SWCONV_INLINE_LAMBDA {
        run_columns<any<4, n, S>, X, S, simd::isa::full>(r, b.w0, b.w1);
      });
      c += 4;
    } else {
      run_channels<4>(p, ptr, b, ep, c, [&](auto n, const rows &r) SWCONV_INLINE_LAMBDA {
        run_columns<any<1, n, S>, 2, S, simd::isa::full>(r, b.w0, b.w1);
      });
      c += 1;
    }
  }
}

}  // namespace planar
SWCONV_END_NAMESPACE
