// SPDX-License-Identifier: MIT
/// @file planar_square.hpp
/// Small square filters with columns in the lanes, for groups of one output channel: depthwise
/// layers and single-channel images.
///
/// A group of R output rows is one function: a loop over the columns, with rows and taps unrolled.
/// Every vector of src feeds all rows that need it. Neighbouring taps are loads where the ISA does
/// not mind that they straddle vectors, and else slides of registers (the paper's vector slide).
#pragma once

#include "planar_rows.hpp"

SWCONV_BEGIN_NAMESPACE
namespace planar {

/// The taps of one input row by loads. Stride 2 picks every other element of two vectors.
template <class V, int X, int K, int S>
struct loaded_row {
  const float *row;

  SWCONV_ALWAYS_INLINE loaded_row(const float *at, const typename V::mask &) : row(at) {}
  static SWCONV_ALWAYS_INLINE typename V::mask last() { return V::lanes(0, V::size); }
  template <int T>
  SWCONV_ALWAYS_INLINE V tap(int i) const {
    constexpr int N = V::size;
    if constexpr (S == 1) {
      return V::load(row + T + i * N);
    } else if constexpr (T % 2 == 1 || T == K - 1) {  // nothing behind the last tap is read
      const float *const at = row + (T > 0 ? T - 1 : 0) + 2 * i * N;
      return V::odd_unordered(V::load(at), V::load(at + N));
    } else {
      const float *const at = row + T + 2 * i * N;
      return V::even_unordered(V::load(at), V::load(at + N));
    }
  }
  static SWCONV_ALWAYS_INLINE V ordered(V v) { return S == 1 ? v : V::ordered(v); }
};

/// The same with every element loaded once, and shifted in registers for every tap. Stride 2
/// deinterleaves the row into phases first.
template <class V, int X, int K, int S>
struct sliding_row {
  static_assert(S == 1 || S == 2, "phases by even and odd");
  static constexpr int N = V::size;
  static constexpr int beyond = (K - 2 + N) / N;           ///< vectors for the K - 1 elements behind
  static constexpr int loads = S * X + beyond;
  static constexpr int vectors = X + (K - 1) / S / N + 1;  ///< of each phase

  V phase[S][vectors];

  /// The elements of the last load that are needed.
  static SWCONV_ALWAYS_INLINE typename V::mask last() {
    return V::lanes(0, K - S - (beyond - 1) * N);
  }
  SWCONV_ALWAYS_INLINE sliding_row(const float *row, const typename V::mask &needed) {
    V v[S * vectors + S];
    SWCONV_UNROLL
    for (int i = 0; i < S * vectors + S; ++i)
      v[i] = i >= loads      ? V::zero()
             : i + 1 < loads ? V::load(row + i * N)
                             : V::load_masked(row + i * N, needed);
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
  static SWCONV_ALWAYS_INLINE V ordered(V v) { return v; }
};

/// R output rows, row_step apart, that share input rows.
template <class V, int R, int K, int S>
struct square_rows {
  using cols = columns<V, S>;
  static constexpr int read = K + (R - 1) * S;  ///< input rows

  /// The weights of a channel: in registers where they fit beside so many sums, else in memory.
  template <int Sums>
  struct weights {
    static constexpr bool fit = K * K + Sums + 3 <= simd::isa::registers;
    const float *taps;
    V held[fit ? K * K : 1];

    SWCONV_ALWAYS_INLINE explicit weights(const float *f) : taps(f) {
      if constexpr (fit)
        simd::unroll<K * K>(
            [&](auto i) SWCONV_INLINE_LAMBDA { held[i] = V::held(V::broadcast(f + i)); });
    }
    SWCONV_ALWAYS_INLINE V at(int i) const {
      if constexpr (fit)
        return held[i];
      else
        return V::broadcast(taps + i);
    }
  };

  const rows &r;
  // Copies of what every vector needs: what r refers to might change with every store, for all that
  // the compiler knows.
  const float *first, *taps;  ///< input row 0, column 0; the first weight
  int64_t step;               ///< floats from an input row to the next
  int64_t channels, plane;    ///< input channels, and floats from one to the next
  row_output<V> out;
  uint32_t inside;  ///< which input rows lie inside src

  SWCONV_ALWAYS_INLINE explicit square_rows(const rows &group)
      : r(group),
        taps(r.weights),
        step(r.p.h.dilation * r.p.src.h),
        channels(r.p.in_channels),
        plane(r.p.src.c),
        out(r),
        inside(0) {
    const problem &p = r.p;
    const int64_t y = p.h.start(r.h);
    first = r.src + y * p.src.h;
    for (int j = 0; j < read; ++j)
      if (static_cast<uint64_t>(y + j * p.h.dilation) < static_cast<uint64_t>(p.h.in))
        inside |= 1u << j;
  }

  /// Calls f(position x of an input row, index of the row, weights) for the rows inside src.
  template <int Sums, class F>
  SWCONV_ALWAYS_INLINE void walk(int64_t x, F &&f) const {
    const float *from = first + x, *f_taps = taps;
    for (int64_t ic = 0; ic < channels; ++ic, from += plane, f_taps += K * K) {
      const weights<Sums> all(f_taps);
      const float *row = from;
      simd::unroll<read>([&](auto j) SWCONV_INLINE_LAMBDA {
        if (inside >> j & 1) f(row, j, all);
        row += step;
        SWCONV_OPAQUE(row);
      });
    }
  }

  /// X whole vectors of columns from w, all of whose taps lie inside the rows.
  template <int X>
  SWCONV_ALWAYS_INLINE void whole(int64_t w) const {
    using row_of = std::conditional_t<simd::isa::prefers_loads, loaded_row<V, X, K, S>,
                                      sliding_row<V, X, K, S>>;
    const typename V::mask last = row_of::last();
    V acc[R][X];
    simd::unroll<R * X>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i / X][i % X] = V::zero(); });
    walk<R * X>(w * S - r.p.w.pad, [&](const float *at, auto j, const auto &f) SWCONV_INLINE_LAMBDA {
      const row_of row(at, last);
      simd::unroll<K>([&](auto t) SWCONV_INLINE_LAMBDA {
        V s[X];
        simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
          s[i] = V::held(row.template tap<decltype(t)::value>(i));
        });
        simd::unroll<R>([&](auto q) SWCONV_INLINE_LAMBDA {
          constexpr int k = decltype(j)::value - decltype(q)::value * S;
          if constexpr (k >= 0 && k < K) {
            const V weight = f.at(k * K + t);
            simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
              acc[q][i] = V::fma(weight, s[i], acc[q][i]);
            });
          }
        });
      });
    });
    simd::unroll<R * X>([&](auto i) SWCONV_INLINE_LAMBDA {
      acc[i / X][i % X] = row_of::ordered(acc[i / X][i % X]);
    });
    out.template store<false>(acc, w, V::size);
  }

  /// n columns from w, fewer than a vector or some with taps outside the rows.
  SWCONV_ALWAYS_INLINE void edge(int64_t w, int64_t n) const {
    const problem &p = r.p;
    const int64_t x = w * S - p.w.pad;
    typename cols::reach reach[K];
    simd::unroll<K>([&](auto t) SWCONV_INLINE_LAMBDA {
      reach[t] = typename cols::reach(x + t, S, p.w.in);
    });
    // Taps [t0, t1) reach all n columns.
    const int64_t t0 = -x, t1 = p.w.in - (x + (n - 1) * S);
    V acc[R][1];
    simd::unroll<R>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i][0] = V::zero(); });
    walk<R>(x, [&](const float *at, auto j, const auto &f) SWCONV_INLINE_LAMBDA {
      simd::unroll<K>([&](auto t) SWCONV_INLINE_LAMBDA {
        const V s = V::held(cols::load_masked(at, t, S, reach[t]));
        const bool cut = simd::isa::masks_are_free || t < t0 || t >= t1;
        simd::unroll<R>([&](auto q) SWCONV_INLINE_LAMBDA {
          constexpr int k = decltype(j)::value - decltype(q)::value * S;
          if constexpr (k >= 0 && k < K) {
            V &a = acc[q][0];
            const V weight = f.at(k * K + t);
            a = cut ? V::fma_masked(reach[t].lanes, weight, s, a) : V::fma(weight, s, a);
          }
        });
      });
    });
    out.template store<true>(acc, w, n);
  }
};

/// Columns [w0, w1) of a group of rows.
template <int R, int K, int S>
SWCONV_NOINLINE void run_square_rows(const rows &r, int64_t w0, int64_t w1) {
  using V = simd::isa::full;
  constexpr int64_t N = V::size;
  constexpr int X = 2;
  const square_rows<V, R, K, S> group(r);
  // Columns [lo, hi) have all their taps inside the rows.
  const axis &a = r.p.w;
  const int64_t lo = (a.pad + S - 1) / S, fit = a.in + a.pad - K;
  const int64_t hi = axis::least(fit >= 0 ? fit / S + 1 : 0, w1);
  for (int64_t w = w0; w < w1;) {
    if (w >= lo && w + X * N <= hi) {
      group.template whole<X>(w);
      w += X * N;
    } else if (X > 1 && w >= lo && w + N <= hi) {
      group.template whole<1>(w);
      w += N;
    } else {
      const int64_t n = axis::least(N, w1 - w);
      group.edge(w, n);
      w += n;
    }
  }
}

/// Kernel for square K × K filters with stride S both ways.
template <int K, int S>
void run_square(const problem &p, const run_pointers &ptr, const block &b) {
  constexpr int R = simd::isa::has_fma ? 4 : 2;  // the baseline gets less code
  constexpr int fewer = K > 3 ? 1 : R / 2;       // not worth the code of larger filters
  block one = b;
  for (; one.g < b.g_end; ++one.g) {
    const epilogue ep(p, ptr, one);
    run_channels<R, fewer>(p, ptr, one, ep, 0, [&](auto n, const rows &r) SWCONV_INLINE_LAMBDA {
      run_square_rows<n, K, S>(r, b.w0, b.w1);
    });
  }
}

}  // namespace planar
SWCONV_END_NAMESPACE
