// SPDX-License-Identifier: MIT
/// @file planar_square.hpp
/// Small square filters with columns in the lanes, for groups of one output channel: depthwise
/// layers and single-channel images.
///
/// A group of output rows is one function: a loop over the columns, with taps unrolled, and rows
/// (planar_square_rows.hpp). Every vector of src feeds all rows that need it. Neighbouring taps are loads;
/// every other element is picked in registers where masks are free. The two ends of a row are mostly one tile:
/// alone, each would have too few sums to keep the multipliers busy.
#pragma once

#include <type_traits>

#include "planar_square_rows.hpp"

SWCONV_BEGIN_NAMESPACE
namespace planar {

template <class V, int S>
using reach_of = typename columns<V, S>::reach;

/// The taps of X vectors of columns by loads. Stride 2 picks every other element of two vectors.
template <class V, int X, int K, int S>
struct loaded_row {
  static constexpr int columns = V::size;                     ///< of a vector
  static constexpr int elements = (X * columns - 1) * S + K;  ///< that are read
  const float *row;

  SWCONV_ALWAYS_INLINE explicit loaded_row(const float *at) : row(at) {}
  /// Tap T; nothing is read in front of tap First or behind tap Last, to which all taps lie in the row.
  template <int T, int First = 0, int Last = K - 1>
  SWCONV_ALWAYS_INLINE V tap(int i) const {
    static_assert(S == 1 || First < Last, "one tap alone needs a mask");
    constexpr int N = V::size;
    if constexpr (S == 1) {
      return V::load(row + T + i * N);
    } else if constexpr ((T - First) % 2 == 1 || T == Last) {
      const float *const at = row + (T > First ? T - 1 : T) + 2 * i * N;
      return V::odd_unordered(V::load(at), V::load(at + N));
    } else {
      const float *const at = row + T + 2 * i * N;
      return V::even_unordered(V::load(at), V::load(at + N));
    }
  }
  /// Tap T of the lanes of m.
  template <int T>
  SWCONV_ALWAYS_INLINE V masked(const reach_of<V, S> &m) const {
    if constexpr (S == 1)
      return V::load_masked(row + T, m.lanes);
    else
      return V::even_unordered(V::load_masked(row + T, m.part[0]),
                               V::load_masked(row + T + V::size, m.part[1]));
  }
  static SWCONV_ALWAYS_INLINE V ordered(V v) { return S == 1 ? v : V::ordered(v); }
  static SWCONV_ALWAYS_INLINE typename V::mask unordered(typename V::mask m) {
    return S == 1 ? m : V::unordered(m);
  }
};

/// The same with every element loaded once, and moved in registers for every tap: vectors of columns
/// whose taps all lie in S vectors of the row, so that their last lanes stay empty. Stride 2 takes
/// the even and the odd elements apart once: one operand less in every shuffle, which some CPUs need
/// for their FMAs.
template <class V, int X, int K, int S>
struct moved_row {
  static constexpr int N = V::size, columns = (S * N - K) / S + 1;
  static constexpr int elements = S * (columns * (X - 1) + N);
  V v[X][S];  ///< of stride 2 the even elements and the odd ones, unordered

  SWCONV_ALWAYS_INLINE explicit moved_row(const float *at) {
    simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
      const float *const from = at + i * S * columns;
      put(i, V::load(from), S == 1 ? V::zero() : V::load(from + (S - 1) * N));
    });
  }
  /// Without what the masks leave out.
  SWCONV_ALWAYS_INLINE moved_row(const float *at, const typename V::mask (&part)[S]) {
    static_assert(X == 1, "an end of the row");
    put(0, V::load_masked(at, part[0]),
        S == 1 ? V::zero() : V::load_masked(at + (S - 1) * N, part[S - 1]));
  }
  /// Both ends of a row: the first elements of the one and the last of the other are masked.
  SWCONV_ALWAYS_INLINE moved_row(const float *first, typename V::mask head, const float *last,
                                 typename V::mask tail) {
    static_assert(X == 2 && S == 2, "masked on one side each");
    put(0, V::load_masked(first, head), V::load(first + N));
    put(1, V::load(last), V::load_masked(last + N, tail));
  }
  template <int T>
  SWCONV_ALWAYS_INLINE V tap(int i) const {
    if constexpr (S == 2)
      return V::template unordered_from<T / 2>(v[i][T % 2]);
    else
      return V::template slide<T>(v[i][0], v[i][0]);
  }
  static SWCONV_ALWAYS_INLINE V ordered(V v) { return S == 1 ? v : V::ordered(v); }
  static SWCONV_ALWAYS_INLINE typename V::mask unordered(typename V::mask m) {
    return S == 1 ? m : V::unordered(m);
  }

 private:
  SWCONV_ALWAYS_INLINE void put(int i, V lo, V hi) {
    v[i][0] = S == 1 ? lo : V::even_unordered(lo, hi);
    if constexpr (S == 2) v[i][1] = V::odd_unordered(lo, hi);
  }
};

/// Are taps moved in registers? For that lanes must be allowed to stay empty. For stride 1 loads are
/// faster, but for the ends of rows by a small filter, where they are masked.
template <int K, int S, bool Edge = false>
constexpr bool moves =
    simd::isa::masks_are_free && !simd::isa::prefers_loads && (S == 2 || (Edge && K <= 3));
template <class V, int X, int K, int S>
using whole_row =
    std::conditional_t<moves<K, S>, moved_row<V, X, K, S>, loaded_row<V, X, K, S>>;
template <class V, int K, int S>
using edge_row =
    std::conditional_t<moves<K, S, true>, moved_row<V, 1, K, S>, loaded_row<V, 1, K, S>>;

/// Neighbouring columns some of which have taps outside the rows, or which are fewer than a vector:
/// what the rows of all planes share.
template <class V, int K, int S>
struct edge_columns {
  using cols = columns<V, S>;
  typename cols::reach reach[K];
  typename V::head head;  ///< the lanes of dst
  int64_t w, n;           ///< columns [w, w + n)
  int64_t t0, t1;         ///< taps that reach all of them

  // cppcheck-suppress uninitMemberVar ; assigned before use, and not set twice
  SWCONV_ALWAYS_INLINE edge_columns() = default;
  SWCONV_COLD edge_columns(const axis &a, int64_t first, int64_t w1) : w(first) {
    using row = edge_row<V, K, S>;
    const int64_t x = w * S - a.pad;
    // Where the row ends no lane has to stay empty: what a tap does not find lies in the padding.
    const int64_t most = x + S * V::size >= a.in ? V::size : row::columns;
    n = axis::least(w1 - w, most);
    for (int t = 0; t < K; ++t) {
      reach[t] = typename cols::reach(x + t, S, a.in);
      reach[t].lanes = row::unordered(reach[t].lanes);
    }
    head = V::head_of(n);
    t0 = -x;
    t1 = a.in - (x + (n - 1) * S);
  }
};

/// Do the first and the last `lanes` columns of a row of loads have all taps inside it but the first half
/// of the former's and the last half of the latter's?
inline bool loaded_ends_fit(const axis &a, int64_t lanes) {
  const int64_t cut = a.taps / 2, before = a.start(lanes - 1) + a.taps - a.in;
  const int64_t after = a.start(a.out - 1) + a.taps - a.in;
  return a.out > lanes && a.start(a.out - lanes) >= 0 && a.pad <= cut && before <= 0 && after <= cut;
}

/// The first and the last vector of columns of whole rows. Only the first taps of the one and the
/// last taps of the other may lie outside the rows.
template <class V, int K, int S>
struct row_ends {
  using cols = columns<V, S>;
  static constexpr int N = V::size, count = whole_row<V, 1, K, S>::columns;  ///< columns of each
  static constexpr int cut = K / 2;                                          ///< taps that may
  typename cols::reach reach[2][cut];  ///< of these
  int64_t w;                           ///< where the last vector begins
  int64_t skip;                        ///< its first lanes are columns that have been filled before
  typename V::mask rest;               ///< the others

  // cppcheck-suppress uninitMemberVar ; assigned before use, and not set twice
  SWCONV_ALWAYS_INLINE row_ends() = default;
  SWCONV_COLD row_ends(const axis &a, int64_t filled)
      : w(a.out - count), skip(filled > w ? filled - w : 0), rest(V::lanes(skip, count)) {
    const int64_t x = w * S - a.pad;
    for (int t = 0; t < cut; ++t) {
      reach[0][t] = typename cols::reach(t - a.pad, S, a.in);
      reach[1][t] = typename cols::reach(x + K - cut + t, S, a.in);
      for (auto &r : reach) r[t].lanes = whole_row<V, 2, K, S>::unordered(r[t].lanes);
    }
    if constexpr (moves<K, S>) reach[1][0].part[1] = V::lanes(0, a.in - x - N);
  }
  /// Which tap of those that may lie outside is tap t of the first or last vector? Or -1.
  static constexpr int outer(int end, int t) {
    return end == 0 ? (t < cut ? t : -1) : t < K - cut ? -1 : t - (K - cut);
  }
  static SWCONV_ALWAYS_INLINE bool fit(const axis &a) {
    const int64_t x = (a.out - count) * S - a.pad;  // of the last vector
    if constexpr (!moves<K, S>) return loaded_ends_fit(a, N);
    const int64_t after = x + (count - 1) * S + K - a.in;
    if (x < 0 || a.out <= count || a.pad > cut || after > cut) return false;
    return 2 * N - a.pad <= a.in && x + N <= a.in;
  }
};

/// How columns [w0, w1) are cut into vectors, X together where none has taps outside the rows, and
/// with Ends, the ends of whole rows together.
template <int X, int K, int S, bool Ends>
struct square_columns {
  using V = simd::isa::full;
  /// Are single vectors taken without masks? If not, an edge has as many columns.
  static constexpr bool ones = !Ends || !simd::isa::masks_are_free ||
                               edge_row<V, K, S>::columns < whole_row<V, 1, K, S>::columns;
  static constexpr int most = 4;  ///< edges kept: no more occur unless pads are wider than vectors
  int64_t w0, w1, limit, pad, in;
  int count = 0;
  bool ends;
  edge_columns<V, K, S> edges[most];
  row_ends<V, K, S> both;

  SWCONV_ALWAYS_INLINE square_columns(const axis &a, const block &b)
      : w0(b.w0),
        w1(b.w1),
        limit(b.w1),
        pad(a.pad),
        in(a.in),
        ends(Ends && w0 == 0 && w1 == a.out && row_ends<V, K, S>::fit(a)) {
    if (ends) {
      w0 = both.count;
      w1 -= w0;
    }
    const int64_t filled = find_edges(a);
    if (ends && filled < a.out) {
      both = row_ends<V, K, S>(a, filled);
    } else if (ends) {  // whole tiles reach the end
      ends = false;
      w0 = count = 0;
      w1 = a.out;
      find_edges(a);
    }
  }
  /// Calls many(w) for X vectors from column w, one(w) for one, and edge(w), which returns how many
  /// columns it has. Returns the column behind the last, which may be beyond w1 before the ends.
  template <class Many, class One, class Edge>
  SWCONV_ALWAYS_INLINE int64_t walk(Many &&many, One &&one, Edge &&edge) const {
    int64_t w = w0;
    while (w < w1) {
      if (whole<X>(w)) {
        many(w);
        w += X * whole_row<V, X, K, S>::columns;
      } else if (ones && whole<1>(w)) {
        one(w);
        w += whole_row<V, 1, K, S>::columns;
      } else {
        w += edge(w);
      }
    }
    return w;
  }
  SWCONV_ALWAYS_INLINE int64_t find_edges(const axis &a) {
    return walk([](int64_t) {}, [](int64_t) {},
                [&](int64_t w) {
                  const edge_columns<V, K, S> e(a, w, w1);
                  if (count < most) edges[count++] = e;
                  return e.n;
                });
  }
  /// Can N vectors from column w do without masks?
  template <int N>
  SWCONV_ALWAYS_INLINE bool whole(int64_t w) const {
    using row = whole_row<V, N, K, S>;
    const int64_t x = w * S - pad;
    return x >= 0 && x + row::elements <= in && w + N * row::columns <= limit;
  }
};

/// Are the two ends of a row one tile? Not of filters of two taps where masks are not free: they cut so
/// little that it is not worth its code.
template <int K>
constexpr bool joins_ends = tall || (simd::isa::has_fma && K > 2);

/// The columns of a group of rows.
template <class Rows, class V, int K, int S>
struct square_rows : Rows {
  using cols = columns<V, S>;
  using Rows::Rows;

  using Rows::out;

  /// X vectors of columns from w, all of whose taps lie inside the rows.
  template <int X>
  SWCONV_NOINLINE void whole(int64_t w) const {
    using row_type = whole_row<V, X, K, S>;
    static_assert(row_type::columns == V::size || (X == 2 && 2 * row_type::columns >= V::size),
                  "whole vectors are stored but the last");
    this->template walk<X, row_type>(
        w * S - this->pad, {w, row_type::columns, row_type::columns, 0},
        [](const float *at) SWCONV_INLINE_LAMBDA { return row_type(at); },
        [](const row_type &row, auto t, auto i)
            SWCONV_INLINE_LAMBDA { return row.template tap<t>(i); },
        [](V &a, V weight, V s, auto, auto) SWCONV_INLINE_LAMBDA { a = V::fma(weight, s, a); },
        [&](V v, float *row, auto i) SWCONV_INLINE_LAMBDA {
          float *const at = row + w + i * row_type::columns;
          if (row_type::columns == V::size || i < X - 1)  // the next vector overwrites what is too much
            v.store(at);
          else
            v.store_head(at, V::head_of(row_type::columns));
        });
  }

  /// Columns some of which have taps outside the rows.
  SWCONV_NOINLINE void edge(const edge_columns<V, K, S> &e) const {
    typename cols::reach reach[K];
    simd::unroll<K>([&](auto t) SWCONV_INLINE_LAMBDA { reach[t] = e.reach[t].held(); });
    using row_type = edge_row<V, K, S>;
    this->template walk<1, row_type>(
        e.w * S - this->pad, {e.w, e.n, e.n, 0},
        [&](const float *at) SWCONV_INLINE_LAMBDA {
          if constexpr (moves<K, S, true>)
            return row_type(at, reach[0].part);
          else
            return row_type(at);
        },
        [&](const row_type &row, auto t, auto) SWCONV_INLINE_LAMBDA {
          if constexpr (moves<K, S, true>)
            return row.template tap<t>(0);
          else
            return row.template masked<t>(reach[t]);
        },
        [&](V &a, V weight, V s, auto t, auto) SWCONV_INLINE_LAMBDA {
          // Where joined ends take most rows, those left are not worth two forms.
          const bool cut = joins_ends<K> || t < e.t0 || t >= e.t1;
          a = cut ? V::fma_masked(reach[t].lanes, weight, s, a) : V::fma(weight, s, a);
        },
        [&](V v, float *row, auto) SWCONV_INLINE_LAMBDA {
          v.store_head(row + e.w, e.head);
        });
  }

  /// Both ends of the rows.
  SWCONV_NOINLINE void ends(const row_ends<V, K, S> &e) const {
    using both = row_ends<V, K, S>;
    typename cols::reach reach[2][both::cut];
    simd::unroll<both::cut>([&](auto t) SWCONV_INLINE_LAMBDA {
      reach[0][t] = e.reach[0][t].held();
      reach[1][t] = e.reach[1][t].held();
    });
    const int64_t between = e.w * S;
    using loaded = loaded_row<V, 1, K, S>;
    this->template walk<2, whole_row<V, 2, K, S>>(
        -this->pad, {0, e.count, e.w, e.skip},
        [&](const float *at) SWCONV_INLINE_LAMBDA {
          if constexpr (moves<K, S>)
            return moved_row<V, 2, K, S>(at, reach[0][0].part[0], at + between, reach[1][0].part[1]);
          else
            return at;
        },
        [&](const auto &row, auto t, auto i) SWCONV_INLINE_LAMBDA {
          constexpr int outer = both::outer(i, t);
          if constexpr (moves<K, S>)
            return row.template tap<t>(i);
          else if constexpr (outer >= 0)
            return loaded(row + i * between).template masked<t>(reach[i][outer]);
          else
            return loaded(row + i * between)
                .template tap<t, i == 0 ? both::cut : 0, K - 1 - i * both::cut>(0);
        },
        [&](V &a, V weight, V s, auto t, auto i) SWCONV_INLINE_LAMBDA {
          constexpr int outer = both::outer(i, t);
          if constexpr (outer >= 0)
            a = V::fma_masked(reach[i][outer].lanes, weight, s, a);
          else
            a = V::fma(weight, s, a);
        },
        [&](V v, float *row, auto i) SWCONV_INLINE_LAMBDA {
          if constexpr (both::count < V::size)
            v.store_head(row + i * e.w, i > 0 ? e.rest : V::head_of(e.count));
          else  // columns that are filled get the same values again
            v.store(row + i * e.w);
        });
  }
};

/// Taps that are moved want registers, too.
template <class V, int R, int K, int S>
using tile_of = square_tile<V, R, K, S, moves<K, S> ? K + 4 : 3>;

/// Rows that fit half a vector, which some CPUs compute in half the time: they are one edge. Larger
/// filters have most of their taps in the padding there, and other kernels are faster.
using narrow = simd::isa::half;
template <int K>
constexpr bool has_narrow =
    tall && narrow::size < simd::isa::full::size && (K == 3 || K == 5);

/// The same of a group of rows of so many planes.
template <int R, int K, int S>
SWCONV_NOINLINE void run_narrow_rows(const rows &r, int64_t planes,
                                     const edge_columns<narrow, K, S> &e) {
  square_rows<tile_of<narrow, R, K, S>, narrow, K, S>(r, planes).edge(e);
}

/// The columns of a group of rows of so many planes, each vector in all planes before the next.
template <int R, int X, int K, int S, bool Ends>
SWCONV_NOINLINE void run_square_rows(const rows &r, int64_t planes,
                                     const square_columns<X, K, S, Ends> &c) {
  using V = simd::isa::full;
  using together =
      std::conditional_t<is_strip<K>, square_strip<V, K, S>, tile_of<V, is_strip<K> ? 1 : R, K, S>>;
  const square_rows<together, V, K, S> group(r, planes);
  int edge = 0;
  c.walk([&](int64_t w) SWCONV_INLINE_LAMBDA { group.template whole<X>(w); },
         [&]([[maybe_unused]] int64_t w) SWCONV_INLINE_LAMBDA {
           if constexpr (square_columns<X, K, S, Ends>::ones) group.template whole<1>(w);
         },
         [&](int64_t w) SWCONV_INLINE_LAMBDA {
           edge_columns<V, K, S> other;
           const bool kept = edge < c.count;
           if (!kept) other = edge_columns<V, K, S>(r.p.w, w, c.w1);
           const edge_columns<V, K, S> &e = kept ? c.edges[edge++] : other;
           group.edge(e);
           return e.n;
         });
  if constexpr (Ends)
    if (c.ends) group.ends(c.both);
}

/// Kernel for square K × K filters with stride S both ways.
template <int K, int S>
void run_square(const problem &p, const run_pointers &ptr, const block &b) {
  constexpr int R = square_rows_of_group<K>;
  constexpr int X = 2;
  edge_columns<narrow, K, S> few;
  bool is_few = false;
  if constexpr (has_narrow<K>) {
    if (b.w1 - b.w0 <= narrow::size) {
      few = edge_columns<narrow, K, S>(p.w, b.w0, b.w1);
      is_few = few.n == b.w1 - b.w0;
    }
  }
  block others = b;  // no columns are left where all are few
  if (is_few) others.w1 = others.w0;
  const square_columns<X, K, S, joins_ends<K>> columns(p.w, others);
  // Small planes by the cacheful: what one is asked for is the same for all.
  constexpr int64_t small = 24 << 10, cached = 96 << 10;
  const int64_t bytes = (b.h1 - b.h0) * S * p.w.in * p.in_channels * 4;
  const int64_t together = bytes < small ? cached / (bytes + 1) : 1;
  block some = b;
  for (; some.g < b.g_end; some.g += together) {
    const epilogue ep(p, ptr, some);
    const int64_t planes = axis::least(b.g_end - some.g, together);
    const auto each = [&](auto n, const rows &r) SWCONV_INLINE_LAMBDA {
      if constexpr (has_narrow<K>)
        if (is_few) return run_narrow_rows<n, K, S>(r, planes, few);
      run_square_rows<n, X, K, S, joins_ends<K>>(r, planes, columns);
    };
    run_channels<R, is_strip<K> ? -1 : 0>(p, ptr, some, ep, 0, each);
  }
}

}  // namespace planar
SWCONV_END_NAMESPACE
