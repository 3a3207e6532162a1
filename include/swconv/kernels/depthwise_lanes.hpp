// SPDX-License-Identifier: MIT
/// @file depthwise_lanes.hpp
/// Groups of one channel in and out, with neighbouring channels in the lanes: any filter, stride,
/// dilation and map.
///
/// The rows of src that a band of output rows needs are transposed into the workspace, a vector of
/// channels per pixel, and so are the weights; results go back the same way. In between a tile is
/// two output rows by a few pixels. A tap costs one FMA per pixel and row, all loads are aligned,
/// no lane idles whatever the width, and a tap in the padding is left out for just the pixels it
/// concerns, which on small maps under large filters is most of them.
#pragma once

#include "epilogue.hpp"
#include "filter_access.hpp"

SWCONV_BEGIN_NAMESPACE
namespace depthwise_lanes {

using V = simd::isa::full;
constexpr int64_t N = V::size;
/// Pixels of a tile: two rows of them, two vectors of weights and a pixel fill the registers.
constexpr int most_pixels = simd::isa::registers >= 32 ? 7 : simd::isa::has_fma ? 6 : 4;

/// Sizes of the parts of the workspace, in floats, and of the bands that fit it.
struct layout {
  int64_t band;      ///< output rows whose src rows are held at a time
  int64_t stage;     ///< output rows that are finished at a time
  int64_t src_rows;  ///< rows of src for a band
  int64_t weights, src, dst, cuts;

  SWCONV_ALWAYS_INLINE explicit layout(const problem &p) {
    constexpr int64_t cache = 1 << 16;  // floats: part of the second-level cache
    constexpr int64_t near = 1 << 13;   // floats: part of the first-level cache
    const int64_t reach = (p.h.taps - 1) * p.h.dilation + 1, least_rows = 2 * p.row_step;
    const int64_t fit = cache / (p.w.in * N);
    band = fit >= p.h.in ? p.h.out : fit <= reach ? 1 : (fit - reach) / p.h.stride + 1;
    if (band < least_rows) band = least_rows;
    if (band > p.h.out) band = p.h.out;
    src_rows = axis::least(p.h.in, (band - 1) * p.h.stride + reach);
    stage = near / (p.w.out * N);
    stage = stage < least_rows ? least_rows : stage - stage % least_rows;
    if (stage > band) stage = band;
    weights = p.h.taps * p.w.taps * N;
    // A tile with fewer pixels than it has room for may touch what lies behind the last row.
    src = (src_rows * p.w.in + (most_pixels - 1) * p.w.stride) * N;
    dst = stage * p.w.out * N;
    cuts = (p.w.taps * 2 + N - 1) / N * N;
  }
  SWCONV_ALWAYS_INLINE int64_t floats() const { return weights + src + dst + cuts; }
};

inline int64_t workspace(const problem &p) { return layout(p).floats() * 4; }

/// One channel in and out per group, and a workspace whose size is no question.
inline bool serves(const problem &p) {
  constexpr int64_t most = int64_t{1} << 31;
  return p.in_channels == 1 && p.out_channels == 1 && p.groups > 1 && p.h.out > 0 && p.w.out > 0 &&
         p.w.in > 0 && p.w.in < most && p.w.out < most && p.h.taps < most && p.w.taps < most &&
         p.h.dilation < most && p.w.stride < most && p.h.stride < most && p.row_step < most &&
         p.h.taps * p.h.dilation < most / 16;
}

/// n elements of each of the first `channels` channels, `step` apart, to vectors of channels.
SWCONV_NOINLINE inline void to_lanes(const float *from, int64_t step, int64_t channels, int64_t n,
                                     float *to) {
  if (channels < N || n < 4) {
    for (int64_t i = 0; i < n; ++i)
      for (int64_t c = 0; c < N; ++c) to[i * N + c] = c < channels ? from[c * step + i] : 0.0f;
    return;
  }
  const float *const second = from + step, *const third = second + step, *const last = third + step;
  for (int64_t i = 0; i < n; i += 4) {
    const int64_t at = i < n - 4 ? i : n - 4;  // the last group may overlap the one before
    V x = V::quads(from + at, 4 * step), y = V::quads(second + at, 4 * step);
    V z = V::quads(third + at, 4 * step), u = V::quads(last + at, 4 * step);
    V::transpose_quads(x, y, z, u);
    float *const out = to + at * N;
    x.store(out);
    y.store(out + N);
    z.store(out + 2 * N);
    u.store(out + 3 * N);
  }
}

/// The way back.
SWCONV_NOINLINE inline void from_lanes(const float *from, int64_t step, int64_t channels, int64_t n,
                                       float *to) {
  if (channels < N || n < 4) {
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t i = 0; i < n; ++i) to[c * step + i] = from[i * N + c];
    return;
  }
  float *const second = to + step, *const third = second + step, *const last = third + step;
  for (int64_t i = 0; i < n; i += 4) {
    const int64_t at = i < n - 4 ? i : n - 4;
    const float *const in = from + at * N;
    V x = V::load(in), y = V::load(in + N), z = V::load(in + 2 * N), u = V::load(in + 3 * N);
    V::transpose_quads(x, y, z, u);
    x.store_quads(to + at, 4 * step);
    y.store_quads(second + at, 4 * step);
    z.store_quads(third + at, 4 * step);
    u.store_quads(last + at, 4 * step);
  }
}

/// A block of up to N channels at work.
struct lanes {
  const problem &p;
  const epilogue &ep;
  const float *weights, *src;  ///< in the workspace; src from row first_y
  float *dst;                  ///< in the workspace, from row first_h
  const int32_t *cuts;         ///< first and last pixel of the tile that each tap reaches
  int64_t first_y, first_h;
  int64_t channel, channels;
};

/// The taps of a tile. Those from begin to end reach some of its n pixels, those from whole to
/// whole_end all of them. If stepwise, the taps before reach pixels from first_from, one more with
/// each tap, down to last_from, and those behind pixels up to first_to, one less with each, down to
/// last_to.
struct reach {
  int64_t begin, whole, whole_end, end;
  int first_from, last_from, first_to, last_to;
  bool stepwise;  ///< is that so? Not if a tap is cut on both sides, or with a stride or dilation

  /// n pixels from column w; fills `cuts` with the first and last pixel of every tap.
  SWCONV_ALWAYS_INLINE reach(const axis &a, int64_t w, int64_t n, int32_t *cuts) {
    const int64_t x0 = a.start(w);
    begin = a.first_tap(x0 + (n - 1) * a.stride);
    end = begin;
    whole = whole_end = -1;
    first_from = last_from = first_to = last_to = 0;
    stepwise = a.stride == 1 && a.dilation == 1;
    for (int64_t x = x0 + begin * a.dilation; end < a.taps && x < a.in; ++end, x += a.dilation) {
      int from = 0, to = static_cast<int>(n);
      while (x + from * a.stride < 0) ++from;
      while (to > from && x + (to - 1) * a.stride >= a.in) --to;
      cuts[2 * end] = from;
      cuts[2 * end + 1] = to;
      if (from == 0 && to == n) {
        if (whole < 0) whole = end;
        whole_end = end + 1;
      } else if (to == n) {
        if (first_from == 0) first_from = from;
        last_from = from;
      } else {
        if (from != 0) stepwise = false;
        if (first_to == 0) first_to = to;
        last_to = to;
      }
    }
    if (whole < 0)
      whole = whole_end =
          first_to == 0 ? end : begin + (first_from != 0 ? first_from - last_from + 1 : 0);
  }
};

/// The two rows of a tile of P pixels.
template <int P>
struct accumulators {
  V row[2][P];
};

/// Pixels From … To-1 of one tap, for the rows that it concerns.
template <int From, int To, bool Q0, bool Q1, int P>
SWCONV_ALWAYS_INLINE void pixels(accumulators<P> &a, const float *f0, const float *f1,
                                 const float *s, int64_t stride) {
  const V w0 = V::load(f0), w1 = V::load(f1);
  simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
    constexpr int k = decltype(i)::value;
    if constexpr (k >= From && k < To) {
      const V x = V::load(s + k * stride);
      if constexpr (Q0) a.row[0][k] = V::fma(w0, x, a.row[0][k]);
      if constexpr (Q1) a.row[1][k] = V::fma(w1, x, a.row[1][k]);
    }
  });
}

/// The taps of one row of src, with unit stride and dilation. `Q0`, `Q1`: which rows of the tile it
/// belongs to. Pixels from n to P hold nothing that is kept.
template <bool Q0, bool Q1, int P>
SWCONV_ALWAYS_INLINE void stepwise_taps(accumulators<P> &a, const reach &r, const float *s,
                                        const float *f0, const float *f1) {
  s += r.begin * N;
  f0 += r.begin * N;
  f1 += r.begin * N;
  if (r.first_from != 0)
    simd::unroll<P - 1>([&](auto i) SWCONV_INLINE_LAMBDA {
      constexpr int from = P - 1 - decltype(i)::value;
      if (from <= r.first_from && from >= r.last_from) {
        pixels<from, P, Q0, Q1>(a, f0, f1, s, N);
        s += N, f0 += N, f1 += N;
      }
    });
  for (int64_t t = r.whole_end - r.whole; t > 0; --t, s += N, f0 += N, f1 += N)
    pixels<0, P, Q0, Q1>(a, f0, f1, s, N);
  if (r.first_to == 0) return;
  simd::unroll<P - 1>([&](auto i) SWCONV_INLINE_LAMBDA {
    constexpr int to = P - 1 - decltype(i)::value;
    if (to <= r.first_to && to >= r.last_to) {
      pixels<0, to, Q0, Q1>(a, f0, f1, s, N);
      s += N, f0 += N, f1 += N;
    }
  });
}

/// The same for any stride and dilation.
template <bool Q0, bool Q1, int P>
SWCONV_ALWAYS_INLINE void any_taps(accumulators<P> &a, const reach &r, const lanes &l, int n,
                                   const float *s, const float *f0, const float *f1) {
  const int64_t stride = l.p.w.stride * N, step = l.p.w.dilation * N;
  s += r.begin * step;
  f0 += r.begin * N;
  f1 += r.begin * N;
  for (int64_t t = r.begin; t < r.end; ++t, s += step, f0 += N, f1 += N) {
    const int from = l.cuts[2 * t], to = l.cuts[2 * t + 1];
    if (from == 0 && (to == P || to == n)) {
      pixels<0, P, Q0, Q1>(a, f0, f1, s, stride);
    } else {
      const V w0 = V::load(f0), w1 = V::load(f1);
      simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
        if (i >= from && i < to) {
          const V x = V::load(s + i * stride);
          if constexpr (Q0) a.row[0][i] = V::fma(w0, x, a.row[0][i]);
          if constexpr (Q1) a.row[1][i] = V::fma(w1, x, a.row[1][i]);
        }
      });
    }
  }
}

/// n pixels from column w of rows h and, where `rows` is 2, h + row_step.
template <int P, bool Unit>
SWCONV_NOINLINE void tile(const lanes &l, const reach &r, int64_t h, int64_t rows, int64_t w,
                          int64_t n) {
  const problem &p = l.p;
  const int64_t kh = p.h.taps, ratio = p.row_ratio, filter_row = p.w.taps * N;
  accumulators<P> a;
  simd::unroll<2 * P>([&](auto i) SWCONV_INLINE_LAMBDA { a.row[i / P][i % P] = V::zero(); });
  const int64_t y0 = p.h.start(h);
  const int64_t src_row = p.w.in * N;
  const float *const plane = l.src + p.w.start(w) * N;
  const int64_t j1 = axis::least(p.h.tap_at(y0, p.h.in), kh + (rows - 1) * ratio);
  const auto taps = [&](const float *s, const float *f0, const float *f1, auto q0,
                        auto q1) SWCONV_INLINE_LAMBDA {
    constexpr bool first = decltype(q0)::value != 0, second = decltype(q1)::value != 0;
    if constexpr (Unit)
      stepwise_taps<first, second>(a, r, s, f0, f1);
    else
      any_taps<first, second>(a, r, l, static_cast<int>(n), s, f0, f1);
  };
  for (int64_t j = p.h.tap_at(y0, 0); j < j1; ++j) {
    const float *const s = plane + (y0 + j * p.h.dilation - l.first_y) * src_row;
    const float *const f0 = l.weights + j * filter_row, *const f1 = f0 - ratio * filter_row;
    const bool first = j < kh, second = rows == 2 && j >= ratio;
    if (first && second)
      taps(s, f0, f1, simd::index<1>{}, simd::index<1>{});
    else if (first)
      taps(s, f0, f0, simd::index<1>{}, simd::index<0>{});
    else if (second)
      taps(s, f1, f1, simd::index<0>{}, simd::index<1>{});
  }
  if (l.ep.affine) {
    const V scale = l.ep.template scale_over<V>(l.channel, l.channels);
    const V bias = l.ep.template bias_over<V>(l.channel, l.channels);
    simd::unroll<2 * P>([&](auto i) SWCONV_INLINE_LAMBDA {
      a.row[i / P][i % P] = V::fma(a.row[i / P][i % P], scale, bias);
    });
  }
  if (l.ep.clamp)
    simd::unroll<2 * P>([&](auto i) SWCONV_INLINE_LAMBDA {
      a.row[i / P][i % P] = l.ep.clamped(a.row[i / P][i % P]);
    });
  float *const dst = l.dst + ((h - l.first_h) * p.w.out + w) * N;
  const int64_t below = p.row_step * p.w.out * N;
  simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
    if (i < n) {
      a.row[0][i].store(dst + i * N);
      if (rows == 2) a.row[1][i].store(dst + below + i * N);
    }
  });
}

using tile_fn = void (*)(const lanes &, const reach &, int64_t, int64_t, int64_t, int64_t);

/// The smallest tile for n pixels.
SWCONV_ALWAYS_INLINE tile_fn tile_for(int64_t n, bool stepwise) {
  if (!stepwise) return &tile<most_pixels, false>;
  constexpr int most = most_pixels;
  return n == most       ? &tile<most, true>
         : n == most - 1 ? &tile<most - 1, true>
         : n == most - 2 ? &tile<most - 2, true>
                         : &tile<(most > 4 ? most - 3 : 1), true>;
}

/// Rows h0 … h1-1, columns w0 … w1-1.
SWCONV_ALWAYS_INLINE void tiles(const lanes &l, int32_t *cuts, int64_t h0, int64_t h1, int64_t w0,
                                int64_t w1) {
  const int64_t step = l.p.row_step, count = (w1 - w0 + most_pixels - 1) / most_pixels;
  for (int64_t i = 0, w = w0; i < count; ++i) {
    const int64_t n = (w1 - w + count - i - 1) / (count - i);  // tiles of nearly equal width
    const reach r(l.p.w, w, n, cuts);
    const tile_fn tile = tile_for(n, r.stepwise);
    for (int64_t h = h0; h < h1;) {
      // Rows in pairs that are row_step apart.
      const int64_t group = axis::least(2 * step, h1 - h);
      for (int64_t q = 0; q < step && q < group; ++q)
        tile(l, r, h + q, q + step < group ? 2 : 1, w, n);
      h += group;
    }
    w += n;
  }
}

/// Finished rows first_h … h1-1 to dst, whose row 0, column 0 of the first channel is `to`.
SWCONV_NOINLINE inline void finish(const lanes &l, float *to, int64_t h1, int64_t w0, int64_t w1) {
  const problem &p = l.p;
  const int64_t rows = h1 - l.first_h;
  if (l.ep.general && l.ep.residual == nullptr) {
    for (int64_t i = 0; i < rows * p.w.out; ++i)
      activate(V::load(l.dst + i * N), *l.ep.spec).store(l.dst + i * N);
  }
  for (int64_t h = l.first_h; h < h1; ++h) {
    const float *const row = l.dst + (h - l.first_h) * p.w.out * N;
    float *const out = to + h * p.dst.h;
    if (l.ep.residual == nullptr) {
      if (p.dst.h == p.w.out && w1 - w0 == p.w.out) {  // rows follow each other on both sides
        from_lanes(row, p.dst.c, l.channels, rows * p.w.out, out);
        return;
      }
      from_lanes(row + w0 * N, p.dst.c, l.channels, w1 - w0, out + w0);
      continue;
    }
    for (int64_t c = 0; c < l.channels; ++c)
      for (int64_t w = w0; w < w1; w += N) {
        const int64_t n = axis::least(w1 - w, N);
        float x[N] = {};
        for (int64_t i = 0; i < n; ++i) x[i] = row[(w + i) * N + c];
        l.ep.finish(V::load(x), l.channel + c, h, w, n).store_first(out + c * p.dst.c + w, n);
      }
  }
}

/// Kernel for all of them.
inline void run(const problem &p, const run_pointers &ptr, const block &b) {
  const epilogue ep(p, ptr, block{b.n, 0, 0, 0, 0, 0, 0, 0, 0});
  const layout room(p);
  float *const weights = static_cast<float *>(ptr.workspace), *const src = weights + room.weights;
  float *const dst = src + room.src;
  int32_t *const cuts = reinterpret_cast<int32_t *>(dst + room.dst);
  const int64_t taps = p.h.taps * p.w.taps;
  const int64_t reach = (p.h.taps - 1) * p.h.dilation;
  // The last vector of channels may overlap the one before, whose results it repeats; but not where
  // a residual might lie in dst.
  const bool overlap = b.g_end - b.g >= N && ep.residual == nullptr;
  for (int64_t block_start = b.g; block_start < b.g_end; block_start += N) {
    const int64_t c = overlap ? axis::least(block_start, b.g_end - N) : block_start;
    lanes l{p, ep, weights, src, dst, cuts, 0, 0, c, axis::least(b.g_end - c, N)};
    const float *const from = ptr.src + b.n * p.src.n + c * p.src.c;
    float *const to = ptr.dst + b.n * p.dst.n + c * p.dst.c;
    to_lanes(taps_of_channel(p, ptr, c, 0).first, taps, l.channels, taps, weights);
    for (int64_t band = b.h0; band < b.h1; band += room.band) {
      const int64_t band_end = axis::least(band + room.band, b.h1);
      int64_t y0 = p.h.start(band), y1 = p.h.start(band_end - 1) + reach + 1;
      if (y0 < 0) y0 = 0;
      if (y1 > p.h.in) y1 = p.h.in;
      l.first_y = y0;
      if (p.src.h == p.w.in) {
        if (y1 > y0) to_lanes(from + y0 * p.src.h, p.src.c, l.channels, (y1 - y0) * p.w.in, src);
      } else {
        for (int64_t y = y0; y < y1; ++y)
          to_lanes(from + y * p.src.h, p.src.c, l.channels, p.w.in, src + (y - y0) * p.w.in * N);
      }
      for (int64_t h = band; h < band_end; h += room.stage) {
        const int64_t end = axis::least(h + room.stage, band_end);
        l.first_h = h;
        tiles(l, cuts, h, end, b.w0, b.w1);
        finish(l, to, end, b.w0, b.w1);
      }
    }
  }
}

}  // namespace depthwise_lanes
SWCONV_END_NAMESPACE
