// SPDX-License-Identifier: MIT
/// @file planar_rows.hpp
/// What the planar tiles have in common: which rows of dst a tile fills, its accumulators and their
/// way to dst, and the walk over rows.
#pragma once

#include "columns.hpp"
#include "epilogue.hpp"
#include "filter_access.hpp"

SWCONV_BEGIN_NAMESPACE
namespace planar {

/// What the tiles of a group of output rows share.
struct rows {
  const problem &p;
  const epilogue &ep;
  const float *src;      ///< first channel of the group, row 0, column 0
  float *dst;            ///< channel 0 of the group, row 0, column 0
  const float *weights;  ///< first tap of channel c
  int64_t pitch;         ///< floats from tap to tap
  int64_t c, h;          ///< first channel and first row of the tile
  int64_t count = 0;     ///< rows to be filled, if the tile may be taller
};

/// A vector of n columns of a tile through residual and activation to dst.
template <class V>
SWCONV_NOINLINE void finish_vector(const rows &r, const V &v, int64_t c, int64_t h, int64_t w,
                                   int64_t n) {
  r.ep.finish(v, c, h, w, n).store_first(r.dst + c * r.p.dst.c + h * r.p.dst.h + w, n);
}

/// The accumulators of a tile, and their way to dst.
template <class V, int C, int R, int X>
struct accumulators {
  V v[C][R][X];

  SWCONV_ALWAYS_INLINE accumulators() {
    SWCONV_UNROLL
    for (int i = 0; i < C * R * X; ++i) v[i / (R * X)][i / X % R][i % X] = V::zero();
  }
  /// Sums of a part, and back.
  SWCONV_ALWAYS_INLINE void load(const float *from) {
    SWCONV_UNROLL
    for (int i = 0; i < C * R * X; ++i) v[i / (R * X)][i / X % R][i % X] = V::load(from + i * V::size);
  }
  SWCONV_ALWAYS_INLINE void keep(float *to) const {
    SWCONV_UNROLL
    for (int i = 0; i < C * R * X; ++i) v[i / (R * X)][i / X % R][i % X].store(to + i * V::size);
  }
  /// Columns from w; of the last vector the first n, which are fewer than V::size only if Edge; the first
  /// `channels`.
  template <bool Edge>
  SWCONV_ALWAYS_INLINE void store(const rows &r, int64_t w, int64_t n, int64_t channels = C) {
    if (r.ep.affine) {
      SWCONV_UNROLL
      for (int c = 0; c < C; ++c) {
        if (c >= channels) break;
        const V scale = r.ep.template scale_of<V>(r.c + c);
        const V bias = r.ep.template bias_of<V>(r.c + c);
        SWCONV_UNROLL
        for (int i = 0; i < R * X; ++i)
          v[c][i / X][i % X] = V::fma(v[c][i / X][i % X], scale, bias);
      }
    }
    if (r.ep.clamp) {
      SWCONV_UNROLL
      for (int i = 0; i < C * R * X; ++i) {
        V &x = v[i / (R * X)][i / X % R][i % X];
        x = r.ep.clamped(x);
      }
    }
    if (r.ep.general) {
      const accumulators copy = *this;  // so that only the copy has an address
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t q = 0; q < R; ++q)
          for (int64_t i = 0; i < X; ++i)
            finish_vector(r, copy.v[c][q][i], r.c + c, r.h + q * r.p.row_step, w + i * V::size,
                          i == X - 1 ? n : V::size);
      return;
    }
    float *const dst = r.dst + r.c * r.p.dst.c + r.h * r.p.dst.h + w;
    const int64_t dst_row = r.p.row_step * r.p.dst.h;
    SWCONV_UNROLL
    for (int i = 0; i < C * R * X; ++i) {
      const int c = i / (R * X), q = i / X % R;
      if (c >= channels) break;
      float *const to = dst + c * r.p.dst.c + q * dst_row + (i % X) * V::size;
      if (Edge && i % X == X - 1)
        v[c][q][i % X].store_first(to, n);
      else
        v[c][q][i % X].store(to);
    }
  }
};

/// An absent bias: it adds nothing to any number.
static constexpr float no_bias = -0.0f;

/// Which columns of a row of dst some vectors of sums are: n of each, from w on and `apart` from vector to
/// vector. The first `skip` of the last are filled already.
struct dst_columns {
  int64_t w, n, apart, skip;
};

/// The way to dst for a loop over the columns of a group of rows: copies of what every tile needs,
/// since what `rows` refers to might change with every store, for all that the compiler knows.
template <class V>
struct row_output {
  const rows &r;
  float *dst;           ///< first row, column 0
  int64_t step, plane;  ///< floats from row to row, from channel to channel
  int64_t count;        ///< of rows
  const float *scale, *bias;
  float lo, hi;
  int64_t bias_step;  ///< 0 where there is none
  bool clamp, general;
  bool simple;  ///< bias and limits are all that is to be done

  SWCONV_ALWAYS_INLINE explicit row_output(const rows &group)
      : r(group),
        dst(r.dst + r.c * r.p.dst.c + r.h * r.p.dst.h),
        step(r.p.row_step * r.p.dst.h),
        plane(r.p.dst.c),
        count(r.count),
        scale(r.ep.scale ? r.ep.scale + r.c : nullptr),
        bias(r.ep.bias ? r.ep.bias + r.c : &no_bias),
        lo(r.ep.lo),
        hi(r.ep.hi),
        bias_step(r.ep.bias != nullptr),
        clamp(r.ep.clamp),
        general(r.ep.general),
        simple(!general && scale == nullptr) {}

  /// What a sum comes to, if that is simple.
  SWCONV_ALWAYS_INLINE V simply(V sum, V more, bool limits) const {
    sum = V::add(sum, more);
    if (__builtin_expect(limits, 0)) sum = limited(sum);
    return sum;
  }
  /// X neighbouring vectors of columns from w, of the first row of channel r.c.
  template <int X>
  SWCONV_ALWAYS_INLINE void store(const V (&acc)[X], int64_t w) const {
    const V more = V::broadcast(bias);
    if (__builtin_expect(simple, 1)) {
      simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
        simply(acc[i], more, clamp).store(dst + w + i * V::size);
      });
    } else {
      float sums[X * V::size];
      simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i].store(sums + i * V::size); });
      finish(sums, X, {w, V::size, V::size, 0}, 0, 0);
    }
  }
  /// The first n columns of one vector.
  SWCONV_ALWAYS_INLINE void store_first(V acc, int64_t w, int64_t n) const {
    float sums[V::size];
    if (__builtin_expect(simple, 1)) return simply(acc, V::broadcast(bias), clamp).store_first(dst + w, n);
    acc.store(sums);
    finish(sums, 1, {w, n, n, 0}, 0, 0);
  }
  /// Sums of any kind to row q of channel r.c + c.
  SWCONV_NOINLINE void finish(const float *sums, int64_t vectors, const dst_columns &to, int64_t c,
                              int64_t q) const {
    const V more = V::broadcast(bias + c * bias_step);
    for (int64_t i = 0; i < vectors; ++i, sums += V::size) {
      const int64_t skip = i == vectors - 1 ? to.skip : 0, n = to.n - skip;
      const int64_t w = to.w + i * to.apart + skip;
      if (n <= 0) continue;
      V v = V::load_first(sums + skip, n);
      v = scale ? V::fma(v, V::broadcast(scale + c), more) : V::add(v, more);
      if (clamp) v = limited(v);
      if (general)
        finish_vector(r, v, r.c + c, r.h + q * r.p.row_step, w, n);
      else
        v.store_first(dst + c * plane + q * step + w, n);
    }
  }

 private:
  SWCONV_ALWAYS_INLINE V limited(V a) const {
    return V::at_most(V::at_least(a, V::set1(lo)), V::set1(hi));
  }
};

/// Visits the rows of a block in groups of R rows that are row_step apart, the rest in groups of Fewer
/// and one by one, or if Fewer is 0 as one group that is not full; if it is -1, in groups of R at most, of
/// about as many rows each.
/// f(index<R>, h, count) handles rows h, h + row_step, …
template <int R, int Fewer = 1, class F>
SWCONV_ALWAYS_INLINE void walk_rows(int64_t h0, int64_t h1, int64_t step, F &&f) {
  for (int64_t phase = 0; phase < step && h0 + phase < h1; ++phase) {
    int64_t h = h0 + phase;
    int64_t left = step == 1 ? h1 - h : (h1 - h + step - 1) / step;
    if constexpr (Fewer < 0) {
      for (int64_t parts = (left + R - 1) / R; parts > 0; --parts) {
        const int64_t count = (left + parts - 1) / parts;
        f(simd::index<R>{}, h, count);
        h += count * step;
        left -= count;
      }
      continue;
    }
    for (; left >= R; left -= R, h += R * step) f(simd::index<R>{}, h, R);
    if constexpr (Fewer > 1)
      for (; left >= Fewer; left -= Fewer, h += Fewer * step) f(simd::index<Fewer>{}, h, Fewer);
    if constexpr (Fewer == 0) {
      if (left > 0) f(simd::index<R>{}, h, left);
    } else if constexpr (R > 1) {
      for (; left > 0; --left, h += step) f(simd::index<1>{}, h, 1);
    }
  }
}

/// Sets up the rows of one block and visits them for channels c … c+C-1.
template <int R, int Fewer = 1, class F>
SWCONV_ALWAYS_INLINE void run_channels(const problem &p, const run_pointers &ptr, const block &b,
                                       const epilogue &ep, int64_t c, F &&f) {
  const tap_pointer taps = taps_of_channel(p, ptr, b.g, c);
  rows r{p,
         ep,
         ptr.src + b.n * p.src.n + b.g * p.in_channels * p.src.c,
         ptr.dst + b.n * p.dst.n + b.g * p.out_channels * p.dst.c,
         taps.first,
         taps.pitch,
         c,
         0};
  walk_rows<R, Fewer>(b.h0, b.h1, p.row_step,
                        [&](auto n, int64_t h, int64_t count) SWCONV_INLINE_LAMBDA {
                          r.h = h;
                          r.count = count;
                          f(n, r);
                        });
}

}  // namespace planar
SWCONV_END_NAMESPACE
