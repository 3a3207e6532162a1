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

/// The same without its first `skip` columns: the residual may be dst, and they are filled.
template <class V>
SWCONV_NOINLINE void finish_rest(const rows &r, const V &v, int64_t c, int64_t h, int64_t w,
                                 int64_t n, int64_t skip) {
  float lane[V::size];
  v.store(lane);
  finish_vector(r, V::load_first(lane + skip, n - skip), c, h, w + skip, n - skip);
}

/// The accumulators of a tile, and their way to dst.
template <class V, int C, int R, int X>
struct accumulators {
  V v[C][R][X];

  SWCONV_ALWAYS_INLINE accumulators() {
    SWCONV_UNROLL
    for (int i = 0; i < C * R * X; ++i) v[i / (R * X)][i / X % R][i % X] = V::zero();
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

/// The way to dst for a loop over the columns of a group of rows: copies of what every tile needs,
/// since what `rows` refers to might change with every store, for all that the compiler knows.
/// The sums may be those of more rows than are to be filled.
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

  SWCONV_ALWAYS_INLINE V limited(V a) const {
    return V::at_most(V::at_least(a, V::set1(lo)), V::set1(hi));
  }
  /// R rows by X vectors of columns from w, of channel r.c + c. The first is row q of the group, and
  /// begins `to` floats behind dst.
  template <int R, int X>
  SWCONV_ALWAYS_INLINE void store(V (&acc)[R][X], int64_t w, int64_t c = 0, int64_t q = 0,
                                  int64_t to = 0) const {
    if (finish(acc, c)) return rest(acc, c, q, w, V::size, V::size, 0);
    put(acc, dst + to + w, V::size,
        [](const V &v, float *at, auto) SWCONV_INLINE_LAMBDA { v.store(at); });
  }
  /// The same with n columns in each vector, which `head` selects.
  template <int R, int X>
  SWCONV_ALWAYS_INLINE void store_part(V (&acc)[R][X], int64_t w, int64_t n, typename V::head head,
                                       int64_t c = 0, int64_t q = 0, int64_t to = 0) const {
    if (finish(acc, c)) return rest(acc, c, q, w, n, n, 0);
    put(acc, dst + to + w, n,
        [head](const V &v, float *at, auto) SWCONV_INLINE_LAMBDA { v.store_head(at, head); });
  }
  /// n columns from 0 and n from w, whose first `skip` are filled; `others` selects the rest. Where masks
  /// are not free the vectors are whole, and the former get the same values again.
  template <int R>
  SWCONV_ALWAYS_INLINE void store_ends(V (&acc)[R][2], int64_t n, int64_t w, int64_t skip,
                                       typename V::mask others, int64_t c, int64_t q, int64_t to) const {
    if (finish(acc, c)) return rest(acc, c, q, 0, n, w, skip);
    const typename V::head head = V::head_of(n);
    put(acc, dst + to, w, [=](const V &v, float *at, auto i) SWCONV_INLINE_LAMBDA {
      if constexpr (simd::isa::masks_are_free)
        v.store_head(at, i > 0 ? others : head);
      else
        v.store(at);
    });
  }

 private:
  /// Scale, bias and limits; true if more is to be done. Accumulators are indexed by constants
  /// only, to stay in registers.
  template <int R, int X>
  SWCONV_ALWAYS_INLINE bool finish(V (&acc)[R][X], int64_t c) const {
    const auto each = [&](auto &&f) SWCONV_INLINE_LAMBDA {
      simd::unroll<R * X>([&](auto i) SWCONV_INLINE_LAMBDA { f(acc[i / X][i % X]); });
    };
    const V more = V::broadcast(bias + c * bias_step);
    if (__builtin_expect(scale == nullptr, 1)) {
      each([&](V &a) SWCONV_INLINE_LAMBDA { a = V::add(a, more); });
    } else {
      const V by = V::broadcast(scale + c);
      each([&](V &a) SWCONV_INLINE_LAMBDA { a = V::fma(a, by, more); });
    }
    if (__builtin_expect(clamp, 0))
      each([&](V &a) SWCONV_INLINE_LAMBDA { a = limited(a); });
    return __builtin_expect(general, 0);
  }
  /// What is more to be done, and n columns of vectors that are `apart` to dst; the last vector's
  /// first `skip` columns are filled.
  template <int R, int X>
  SWCONV_ALWAYS_INLINE void rest(V (&acc)[R][X], int64_t c, int64_t first, int64_t w, int64_t n,
                                 int64_t apart, int64_t skip) const {
    V copy[R][X];  // so that only the copy has an address
    simd::unroll<R * X>(
        [&](auto i) SWCONV_INLINE_LAMBDA { copy[i / X][i % X] = acc[i / X][i % X]; });
    for (int64_t q = 0; q < (R == 1 ? 1 : count); ++q)
      for (int64_t i = 0; i < X; ++i) {
        const int64_t h = r.h + (first + q) * r.p.row_step;
        if (skip > 0 && i == X - 1)
          finish_rest(r, copy[q][i], r.c + c, h, w + i * apart, n, skip);
        else
          finish_vector(r, copy[q][i], r.c + c, h, w + i * apart, n);
      }
  }
  template <int R, int X, class F>
  SWCONV_ALWAYS_INLINE void put(V (&acc)[R][X], float *to, int64_t apart, F &&f) const {
    const auto row = [&](auto q) SWCONV_INLINE_LAMBDA {
      simd::unroll<X>(
          [&](auto i) SWCONV_INLINE_LAMBDA { f(acc[q][i], to + i * apart, i); });
      to += step;
    };
    if (R == 1 || count == R)
      simd::unroll<R>(row);
    else
      simd::unroll<R - 1>([&](auto q) SWCONV_INLINE_LAMBDA {
        if (q < count) row(q);
      });
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
