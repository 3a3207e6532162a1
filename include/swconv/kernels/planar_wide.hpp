// SPDX-License-Identifier: MIT
/// @file planar_wide.hpp
/// The planar tile for unit column stride: C output channels by R output rows by X vectors of
/// columns, as many accumulators as registers allow.
///
/// Each shifted vector is an unaligned load: it crosses a cache line more often than not, which
/// costs about as much as half an FMA, where a register slide costs a whole one (docs/kernels.md, "signal").
/// So the tile is tall: a loaded vector serves up to R rows. The weights of a tile's rows must then
/// come from addresses that differ by constants, or the address arithmetic would fill the machine:
/// a copy of the filter, [ic][kw][kh][c], is made once per block.
#pragma once

#include "planar_rows.hpp"

SWCONV_BEGIN_NAMESPACE
namespace planar {

/// Rows and vectors of a tile of C channels.
template <int C>
struct wide_shape {
  static constexpr bool large = simd::isa::registers >= 32;
  static constexpr int R = C == 1 ? 6 : 3;
  static constexpr int fewer = C == 1 ? 3 : 1;  ///< rows of a smaller tile
  static constexpr int X = large ? 4 : 2;
};

constexpr int wide_rows_of(int64_t channels) {
  return channels < 2 ? wide_shape<1>::R : wide_shape<2>::R;
}

/// Floats of the copy of the filter, for each tile [ic][kw][kh][c], that lie on the stack: half of
/// most L1 caches. A channel with more weights needs workspace.
constexpr int64_t wide_capacity = 6144;

inline int64_t wide_taps(const problem &p) { return p.in_channels * p.h.taps * p.w.taps; }

/// Bytes of workspace of run_wide.
inline int64_t wide_workspace(const problem &p) {
  return wide_taps(p) <= wide_capacity ? 0 : 4 * axis::least(p.out_channels, 2) * wide_taps(p);
}

SWCONV_NOINLINE inline void copy_filter(float *to, const problem &p, const float *packed,
                                        int64_t pitch, int64_t channels) {
  for (int64_t ic = 0; ic < p.in_channels; ++ic)
    for (int64_t t = 0; t < p.w.taps; ++t)
      for (int64_t k = 0; k < p.h.taps; ++k)
        for (int64_t c = 0; c < channels; ++c)
          *to++ = packed[((ic * p.h.taps + k) * p.w.taps + t) * pitch + c];
}

/// Fetches the lines of dst that a tile will write in its first `channels`, which a store would wait for.
template <class V, int C, int R, int X>
SWCONV_ALWAYS_INLINE void prefetch_dst(const rows &r, int64_t w, int64_t channels = C) {
  const float *const dst = r.dst + r.c * r.p.dst.c + r.h * r.p.dst.h + w;
  SWCONV_UNROLL
  for (int i = 0; i < C * R * X; ++i) {
    if (i / (R * X) >= channels) break;
    if (i % X * V::size % 16 == 0)
      __builtin_prefetch(
          dst + i / (R * X) * r.p.dst.c + i / X % R * r.p.row_step * r.p.dst.h + i % X * V::size,
          1);
  }
}

/// Fetches what a tile will read of an input channel. Planes are far apart, and no hardware prefetcher
/// follows so many.
template <class V, int X>
SWCONV_ALWAYS_INLINE void prefetch_src(const float *plane, int64_t line, int64_t j0, int64_t j1) {
  for (int64_t j = j0; j < j1; ++j)
    for (int i = 0; i < X * V::size; i += 16)
      __builtin_prefetch(plane + j * line + i, 0, 2);
}

/// Rows Q0 … Q1 of the tile against one input row; f points at the weight of row 0, tap 0.
template <int Q0, int Q1, bool Tail, class V, int C, int R, int X>
SWCONV_ALWAYS_INLINE void wide_row(accumulators<V, C, R, X> &acc, const float *s, const float *f,
                                   int64_t taps, int64_t dilation, int64_t step,
                                   typename V::mask last) {
  const auto load = [&](int64_t t, int i) SWCONV_INLINE_LAMBDA {
    const float *const from = s + t + i * V::size;
    return V::held(Tail && i == X - 1 ? V::load_masked(from, last) : V::load(from));
  };
  const auto multiply = [&](const V(&v)[X], const float *weights) SWCONV_INLINE_LAMBDA {
    SWCONV_UNROLL
    for (int q = Q0; q <= Q1; ++q) {
      SWCONV_UNROLL
      for (int c = 0; c < C; ++c) {
        const V weight = V::broadcast(weights - q * C + c);
        SWCONV_UNROLL
        for (int i = 0; i < X; ++i) acc.v[c][q][i] = V::fma(weight, v[i], acc.v[c][q][i]);
      }
    }
  };
  V v[X];
  int64_t t = 0;
  if constexpr (C == 1 && X > 1 && !simd::isa::prefers_loads) {
    // Every other tap by slides, which leaves both kinds of ports some room.
    if (dilation == 1)
      for (; t + 2 <= taps; t += 2, s += 2, f += 2 * step) {
        SWCONV_UNROLL
        for (int i = 0; i < X; ++i) v[i] = load(0, i);
        multiply(v, f);
        SWCONV_UNROLL
        for (int i = 0; i < X; ++i)
          v[i] = i < X - 1 ? V::template slide<1>(v[i], v[i < X - 1 ? i + 1 : i]) : load(1, i);
        multiply(v, f + step);
      }
  }
  for (; t < taps; ++t, s += dilation, f += step) {
    SWCONV_UNROLL
    for (int i = 0; i < X; ++i) v[i] = load(0, i);
    multiply(v, f);
  }
}

/// Are sums of tiles of R rows kept between input channels? The baseline gets less code.
template <int R>
constexpr bool takes_parts = R > 1 && simd::isa::has_fma;

/// Some of the input channels, and where the sums of a tile are kept before and after them.
struct channel_part {
  int64_t begin, end;
  float *sums = nullptr;
};

/// All taps of all columns lie inside the row. Of the last vector n lanes are wanted.
/// The filter has at least R - 1 rows.
/// Rows of a tile are neighbours in the sense of row_step; row_ratio is 1, or R is.
template <class V, int C, int R, int X, bool Tail>
SWCONV_NOINLINE void wide_tile(const rows &r, int64_t w, int64_t n, const channel_part &part) {
  const problem &p = r.p;
  const int64_t kw = p.w.taps, kh = p.h.taps, dilation = p.w.dilation;
  const int64_t step = kh * C, y0 = p.h.start(r.h), line = p.h.dilation * p.src.h;
  const float *f = r.weights + part.begin * kw * step;
  const float *plane = r.src + part.begin * p.src.c + p.w.start(w) + y0 * p.src.h;
  const int64_t rows_read = kh + R - 1;
  const int64_t j0 = axis::least(p.h.tap_at(y0, 0), rows_read);
  const int64_t j1 = axis::least(p.h.tap_at(y0, p.h.in), rows_read);
  const typename V::mask last = V::lanes(0, n);
  constexpr bool parts = X > 1 && takes_parts<R>;
  const bool begun = parts && part.begin > 0, to_be_continued = parts && part.end < p.in_channels;
  if constexpr (!Tail || simd::isa::masks_are_free)
    if (!to_be_continued) prefetch_dst<V, C, R, X>(r, w);
  // What is read next: the next tile, or the next part's channels.
  const int64_t ahead = to_be_continued ? (part.end - part.begin) * p.src.c : begun ? 0 : X * V::size;
  const bool many = X > 1 && p.in_channels >= 8 && ahead > 0;
  accumulators<V, C, R, X> acc;
  if (begun) acc.load(part.sums);
  for (int64_t ic = part.begin; ic < part.end; ++ic, plane += p.src.c, f += kw * step) {
    const auto row = [&](auto q0, auto q1, int64_t j) SWCONV_INLINE_LAMBDA {
      wide_row<decltype(q0)::value, decltype(q1)::value, Tail>(acc, plane + j * line, f + j * C, kw,
                                                               dilation, step, last);
    };
    if (many && (!to_be_continued || ic + (part.end - part.begin) < p.in_channels))
      prefetch_src<V, X>(plane + ahead, line, j0, j1);
    // The first rows of src reach only the first rows of the tile, the last ones only the last.
    simd::unroll<R - 1>([&](auto q) SWCONV_INLINE_LAMBDA {
      if (q >= j0 && q < j1) row(simd::index<0>{}, q, q);
    });
    const int64_t end = axis::least(kh, j1);
    for (int64_t j = j0 > R - 1 ? j0 : R - 1; j < end; ++j)
      row(simd::index<0>{}, simd::index<R - 1>{}, j);
    simd::unroll<R - 1>([&](auto q) SWCONV_INLINE_LAMBDA {
      if (kh + q >= j0 && kh + q < j1)
        row(simd::index<decltype(q)::value + 1>{}, simd::index<R - 1>{}, kh + q);
    });
  }
  if (to_be_continued)
    acc.keep(part.sums);
  else
    acc.template store<Tail>(r, w, n);
}

/// Up to one vector of columns, of which n lanes are wanted and some taps fall into the padding.
template <class V, int C, int R>
SWCONV_NOINLINE void wide_edge(const rows &r, int64_t w, int64_t n) {
  const problem &p = r.p;
  const int64_t x = p.w.start(w), dilation = p.w.dilation, kw = p.w.taps, kh = p.h.taps;
  // Taps that reach no lane at all are not visited; [whole0, whole1) reach all n lanes.
  const int64_t t0 = p.w.first_tap(x + n - 1), t1 = p.w.last_tap(x);
  const int64_t whole0 = p.w.first_tap(x), whole1 = p.w.last_tap(x + n - 1);
  const int64_t step = kh * C, y0 = p.h.start(r.h);
  const typename V::mask first = V::lanes(0, n);
  const int64_t rows_read = kh + R - 1;
  const int64_t j0 = axis::least(p.h.tap_at(y0, 0), rows_read);
  const int64_t j1 = axis::least(p.h.tap_at(y0, p.h.in), rows_read);
  accumulators<V, C, R, 1> acc;
  const float *f = r.weights, *plane = r.src + y0 * p.src.h;
  for (int64_t ic = 0; ic < p.in_channels; ++ic, plane += p.src.c, f += kw * step)
    for (int64_t j = j0; j < j1; ++j) {
      const float *const row = plane + j * p.h.dilation * p.src.h;
      const float *fj = f + j * C + t0 * step;
      for (int64_t t = t0; t < t1; ++t, fj += step) {
        const int64_t at = x + t * dilation;
        typename V::mask m = first;
        if (t < whole0 || t >= whole1) m = V::lanes(-at, axis::least(n, p.w.in - at));
        const V s = V::load_masked(row + at, m);
        SWCONV_UNROLL
        for (int q = 0; q < R; ++q) {
          const int64_t k = j - q;
          if (R > 1 && static_cast<uint64_t>(k) >= static_cast<uint64_t>(kh)) continue;
          SWCONV_UNROLL
          for (int c = 0; c < C; ++c) {
            V &a = acc.v[c][q][0];
            a = V::fma_masked(m, V::broadcast(fj - q * C + c), s, a);
          }
        }
      }
    }
  acc.template store<true>(r, w, n);
}

/// Is src larger than most caches? Then its planes are read in long runs, which the hardware fetches ahead.
inline bool far_src(const problem &p) { return p.in_channels >= 8 && p.in_channels * p.src.c > (1 << 21); }

/// Whole tiles of columns from w on, while they end before `end`: two input channels of many tiles, then the
/// next two. Returns where it stopped.
template <int C, int R, int X>
SWCONV_NOINLINE int64_t wide_by_parts(const rows &r, int64_t w, int64_t end) {
  using V = simd::isa::full;
  constexpr int64_t width = X * V::size, floats = C * R * width, most = 3072 / floats;
  static_assert(most > 0, "room for a tile");
  alignas(64) float sums[most * floats];
  const int64_t tiles = axis::least((end - w) / width, most), channels = r.p.in_channels;
  for (int64_t first = 0; first < channels; first += 2) {
    channel_part part{first, axis::least(first + 2, channels), sums};
    for (int64_t i = 0; i < tiles; ++i, part.sums += floats)
      wide_tile<V, C, R, X, simd::isa::masks_are_free>(r, w + i * width, V::size, part);
  }
  return w + tiles * width;
}

/// The columns [w0, w1) of one group of R rows.
template <int C, int R, int X>
SWCONV_NOINLINE void wide_columns(const rows &r, int64_t w0, int64_t w1) {
  using V = simd::isa::full;
  const axis &a = r.p.w;
  const channel_part all{0, r.p.in_channels};
  for (int64_t w = w0; w < w1;) {
    // Columns from here on that no tap leaves.
    const int64_t left = w1 - w;
    const int64_t end = axis::least(w1, a.in - (a.taps - 1) * a.dilation + a.pad);
    if (a.start(w) < 0 || end - w < axis::least(left, V::size)) {
      // Not beyond the first column that is inside: from there on nothing needs a mask.
      const int64_t n = axis::least(left, V::size);
      wide_edge<V, C, R>(r, w, n);
      w += n;
      continue;
    }
    // A whole tile, or most of one at the end of the row; else vector by vector.
    const int64_t inside = end - w;
    if (inside >= X * V::size) {
      if constexpr (takes_parts<R>)
        if (inside >= 2 * X * V::size && far_src(r.p)) {
          w = wide_by_parts<C, R, X>(r, w, end);
          continue;
        }
      wide_tile<V, C, R, X, simd::isa::masks_are_free>(r, w, V::size, all);
      w += X * V::size;
    } else if (simd::isa::masks_are_free && end == w1 && inside > (X - 1) * V::size) {
      wide_tile<V, C, R, X, simd::isa::masks_are_free>(r, w, inside - (X - 1) * V::size, all);
      w = w1;
    } else {
      const int64_t n = axis::least(inside, V::size);
      wide_tile<V, C, R, 1, true>(r, w, n, all);
      w += n;
    }
  }
}

/// C channels of one group of rows; the filter is a copy.
template <int C>
SWCONV_NOINLINE void wide_rows(rows &r, const block &b, int64_t h0, int64_t h1) {
  using shape = wide_shape<C>;
  constexpr int X = shape::X;
  const problem &p = r.p;
  const auto rows_of = [&](auto n, int64_t h, int64_t) SWCONV_INLINE_LAMBDA {
    constexpr int R = decltype(n)::value;
    r.h = h;
    wide_columns<C, R, X>(r, b.w0, b.w1);
  };
  // A tile of R rows wants a filter of R - 1 rows at least.
  if (p.row_ratio == 1 && p.h.taps >= shape::R - 1)
    walk_rows<shape::R, shape::fewer>(h0, h1, p.row_step, rows_of);
  else if (p.row_ratio == 1 && p.h.taps >= shape::fewer - 1)
    walk_rows<shape::fewer>(h0, h1, p.row_step, rows_of);
  else
    walk_rows<1>(h0, h1, 1, rows_of);
}

/// Kernel for unit column stride and any filter.
inline void run_wide(const problem &p, const run_pointers &ptr, const block &b) {
  const epilogue ep(p, ptr, b);
  constexpr int64_t pack_lanes = simd::isa::full::size, row_group = 6;
  const int64_t taps = wide_taps(p);
  const bool small = taps <= wide_capacity;
  float near[wide_capacity];
  float *const filter = small ? near : static_cast<float *>(ptr.workspace);
  rows r{p,
         ep,
         ptr.src + b.n * p.src.n + b.g * p.in_channels * p.src.c,
         ptr.dst + b.n * p.dst.n + b.g * p.out_channels * p.dst.c,
         nullptr,
         0,
         0,
         0};
  const int64_t room = small ? wide_capacity / taps : axis::least(p.out_channels, 2);
  for (int64_t c0 = b.c0, c1; c0 < b.c1; c0 = c1) {
    // As many channels as the copy holds, in tiles of 2 and 1; one packed block has a tile's.
    const auto channels_at = [&](int64_t c) SWCONV_INLINE_LAMBDA {
      int64_t most = axis::least(b.c1 - c, pack_lanes - c % pack_lanes);
      most = axis::least(most, room - (c - c0));
      return axis::least(most, 2);
    };
    c1 = c0;
    for (int64_t n; c1 < b.c1 && (n = channels_at(c1)) > 0; c1 += n) {
      const int64_t first = c1 / pack_lanes * pack_lanes;
      copy_filter(filter + (c1 - c0) * taps, p,
                  ptr.filter + (b.g * p.out_channels + first) * taps + (c1 - first),
                  axis::least(p.out_channels - first, pack_lanes), n);
    }
    // Rows outside channels: all channels use rows of src while they are near.
    for (int64_t h = b.h0, h1; h < b.h1; h = h1) {
      h1 = axis::least(h + row_group * p.row_step, b.h1);
      for (int64_t c = c0, n; c < c1; c += n) {
        n = channels_at(c);
        r.c = c;
        r.weights = filter + (c - c0) * taps;
        if (n == 2)
          wide_rows<2>(r, b, h, h1);
        else
          wide_rows<1>(r, b, h, h1);
      }
    }
  }
}

}  // namespace planar
SWCONV_END_NAMESPACE
