// SPDX-License-Identifier: MIT
/// @file depthwise.hpp
/// Groups of one input channel, filters of 3 × 3 and 5 × 5, with neighbouring output columns in the
/// lanes. A call fills all planes of a block: masks and row ranges depend on the shape alone and are
/// made once, and the filter of a plane stays in registers for all of it.
///
/// A tile is R output rows by one vector of columns. Each source row is loaded once per tap of the
/// filter's width and feeds every output row that needs it. Taps outside the row are masked off
/// lane by lane in the vectors at the edges, source rows outside are skipped.
#pragma once

#include "columns.hpp"
#include "epilogue.hpp"
#include "filter_access.hpp"

SWCONV_BEGIN_NAMESPACE
namespace depthwise {

/// The vectors from which the taps of S × K columns are made. Stride 2 loads two neighbours and
/// keeps every other element.
template <class V, int K, int S>
struct taps_of {
  static_assert(S == 1 || S == 2, "strides with a load of their own");
  static constexpr int N = V::size;
  static constexpr int loads = S == 1 ? K : K + 1;
  /// Stride 2: taps 2i and 2i+1 come from the pair 2i; the last of an odd number of taps is the odd
  /// half of the pair one element earlier, so that nothing behind the last tap is read.
  static constexpr int64_t offset(int load) {
    const int pair = load / 2 * 2;
    return S == 1 ? load : (pair == K - 1 ? pair - 1 : pair) + load % 2 * N;
  }
};

/// One vector of output columns, and what an edge cuts from it.
template <class V, int K, int S>
struct column {
  using from = taps_of<V, K, S>;
  int64_t w, n;
  bool edge;                            ///< some tap or lane lies outside
  typename V::mask tap[K];              ///< lanes whose tap lies inside the row
  typename V::mask part[S == 1 ? 1 : from::loads];  ///< elements of each load that do

  SWCONV_ALWAYS_INLINE void set(const axis &a, int64_t first, int64_t end) {
    w = first;
    n = axis::least(end - w, V::size);
    edge = n < V::size || !a.inside(w, V::size);
    if (!edge) return;
    const int64_t x = a.start(w);
    for (int t = 0; t < K; ++t)
      tap[t] = typename columns<V, S>::reach(x + t * a.dilation, S, a.in).lanes;
    if constexpr (S != 1)
      for (int i = 0; i < from::loads; ++i) {
        const int64_t at = x + from::offset(i);
        part[i] = V::lanes(-at, a.in - at);
      }
  }
};

/// What all planes of a block share. Columns are handled up to `most` vectors at a time.
template <class V, int K, int S>
struct shape {
  static constexpr int most = 16;
  const problem &p;
  const run_pointers &ptr;
  const epilogue &ep;
  float *rows;  ///< room for a tile
  int vectors;
  column<V, K, S> at[most];
};

/// One plane of dst.
struct plane {
  const float *src;  ///< row 0, column 0
  float *dst;
  int64_t group, channel;  ///< channel counts through all groups
};

/// The filter of a plane: the first taps in registers, as many as fit beside a tile, the others
/// broadcast from memory where they are used.
template <class V, int K>
struct taps {
  static constexpr int kept = K == 3 ? 9 : simd::isa::registers >= 32 ? 15 : 0;
  V in_register[kept + 1];  // one more, so that there is an array
  const float *first;

  SWCONV_ALWAYS_INLINE explicit taps(const float *f) : first(f) {
    SWCONV_UNROLL
    for (int t = 0; t < kept; ++t) in_register[t] = V::broadcast(f + t);
  }
  SWCONV_ALWAYS_INLINE V at(const float *f, int t) const {
    return t < kept ? in_register[t < kept ? t : 0] : V::broadcast(f + t);
  }
};

/// Rows of a tile to dst by way of memory, for residuals and the rarer activations.
template <class V>
SWCONV_NOINLINE void finish_rows(const problem &p, const epilogue &ep, const plane &to,
                                 const float *rows, int64_t count, int64_t h, int64_t w,
                                 int64_t n) {
  for (int64_t q = 0; q < count; ++q, h += p.row_step)
    ep.finish(V::load(rows + q * V::size), to.channel, h, w, n)
        .store_first(to.dst + h * p.dst.h + w, n);
}

/// One tile: R rows from h, row_step apart.
template <class V, int R, int K, int S, bool Edge>
SWCONV_ALWAYS_INLINE void tile(const shape<V, K, S> &s, const column<V, K, S> &at, const plane &to,
                               const taps<V, K> &weights, int64_t h) {
  using from = taps_of<V, K, S>;
  const problem &p = s.p;
  const float *const src = to.src + p.w.start(at.w);
  const int64_t dilation = S == 1 ? p.w.dilation : 1, down = p.h.dilation, rows_in = p.h.in;
  const int64_t row_pitch = down * p.src.h, n = at.n;
  typename V::mask lanes[K], part[S == 1 ? 1 : from::loads];
  if constexpr (Edge) {
    SWCONV_UNROLL
    for (int t = 0; t < K; ++t) {
      lanes[t] = at.tap[t];
      V::keep(lanes[t]);
    }
    if constexpr (S != 1) {
      SWCONV_UNROLL
      for (int i = 0; i < from::loads; ++i) part[i] = at.part[i];
    }
  }
  V acc[R];
  SWCONV_UNROLL
  for (int q = 0; q < R; ++q) acc[q] = V::zero();
  int64_t y = p.h.start(h), offset = y * p.src.h;
  SWCONV_UNROLL
  for (int j = 0; j < K + (R - 1) * S; ++j, y += down, offset += row_pitch) {
    if (static_cast<uint64_t>(y) >= static_cast<uint64_t>(rows_in)) continue;
    const float *const row = src + offset;
    V x[K];
    if constexpr (S == 1) {
      SWCONV_UNROLL
      for (int t = 0; t < K; ++t)
        x[t] = Edge ? V::load_masked(row + t * dilation, lanes[t]) : V::load(row + t * dilation);
    } else {
      V v[from::loads];
      SWCONV_UNROLL
      for (int i = 0; i < from::loads; ++i)
        v[i] = Edge ? V::load_masked(row + from::offset(i), part[i])
                    : V::load(row + from::offset(i));
      SWCONV_UNROLL
      for (int t = 0; t < K; ++t)
        x[t] = t % 2 == 1 || t == K - 1 ? V::odd(v[t / 2 * 2], v[t / 2 * 2 + 1])
                                        : V::even(v[t / 2 * 2], v[t / 2 * 2 + 1]);
    }
    const float *f = weights.first;
    SWCONV_OPAQUE(f);
    SWCONV_UNROLL
    for (int t = 0; t < K; ++t) {
      SWCONV_UNROLL
      for (int q = 0; q < R; ++q) {
        const int k = j - q * S;
        if (k < 0 || k >= K) continue;
        const V weight = weights.at(f, k * K + t);
        if constexpr (Edge)
          acc[q] = V::fma_masked(lanes[t], weight, x[t], acc[q]);
        else
          acc[q] = V::fma(weight, x[t], acc[q]);
      }
    }
  }
  if (s.ep.affine) {
    const V scale = s.ep.template scale_of<V>(to.channel), bias = s.ep.template bias_of<V>(to.channel);
    SWCONV_UNROLL
    for (int q = 0; q < R; ++q) acc[q] = V::fma(acc[q], scale, bias);
  }
  if (s.ep.clamp) {
    SWCONV_UNROLL
    for (int q = 0; q < R; ++q) acc[q] = s.ep.clamped(acc[q]);
  }
  if (s.ep.general) {
    SWCONV_UNROLL
    for (int q = 0; q < R; ++q) acc[q].store(s.rows + q * V::size);
    finish_rows<V>(p, s.ep, to, s.rows, R, h, at.w, n);
    return;
  }
  float *dst = to.dst + h * p.dst.h + at.w;
  const int64_t step = p.row_step * p.dst.h;
  SWCONV_UNROLL
  for (int q = 0; q < R; ++q, dst += step)
    if (Edge)
      acc[q].store_first(dst, n);
    else
      acc[q].store(dst);
}

/// `planes` neighbouring planes, in each `tiles` tiles of R rows, one below the other, over all
/// columns.
template <class V, int R, int K, int S>
SWCONV_NOINLINE void strip(const shape<V, K, S> &s, plane to, int64_t planes, int64_t h0,
                           int64_t tiles) {
  const problem &p = s.p;
  const int64_t per_group = p.out_channels;
  for (; planes > 0; --planes) {
    const tap_pointer at = taps_of_channel(p, s.ptr, to.group, to.channel - to.group * per_group);
    float side_by_side[K * K];
    const float *f = at.first;
    if (at.pitch != 1) {
      for (int t = 0; t < K * K; ++t) side_by_side[t] = f[t * at.pitch];
      f = side_by_side;
    }
    const taps<V, K> weights(f);
    int64_t h = h0;
    for (int64_t i = tiles; i > 0; --i, h += R * p.row_step) {
      const auto *column = s.at;
      for (int v = s.vectors; v > 0; --v, ++column)
        if (column->edge)
          tile<V, R, K, S, true>(s, *column, to, weights, h);
        else
          tile<V, R, K, S, false>(s, *column, to, weights, h);
    }
    to.dst += p.dst.c;
    if (++to.channel == (to.group + 1) * per_group) {
      ++to.group;
      to.src += p.src.c;
    }
  }
}

/// `rows` rows, row_step apart, in tiles of at most R whose heights differ by one at most.
template <class V, int R, int K, int S>
struct strips {
  using strip_fn = void (*)(const shape<V, K, S> &, plane, int64_t, int64_t, int64_t);
  strip_fn tall, low;
  int64_t talls, lows, tall_rows;

  template <int... I>
  static SWCONV_ALWAYS_INLINE strip_fn of_height(int64_t rows, std::integer_sequence<int, I...>) {
    static constexpr strip_fn all[] = {&strip<V, I + 1, K, S>...};
    return all[rows - 1];
  }
  SWCONV_ALWAYS_INLINE explicit strips(int64_t rows) {
    constexpr auto heights = std::make_integer_sequence<int, R>{};
    const int64_t tiles = (rows + R - 1) / R, height = rows / tiles;
    talls = rows - height * tiles;
    lows = tiles - talls;
    low = of_height(height, heights);
    tall = talls > 0 ? of_height(height + 1, heights) : low;
    tall_rows = talls * (height + 1);
  }
  SWCONV_ALWAYS_INLINE void run(const shape<V, K, S> &s, const plane &to, int64_t planes,
                                int64_t h) const {
    if (talls > 0) tall(s, to, planes, h, talls);
    low(s, to, planes, h + tall_rows * s.p.row_step, lows);
  }
};

/// Layers of the square kernels beyond filter size and column stride: rows of a tile must share
/// source rows as its columns do. A single plane has better kernels.
template <int S>
bool serves(const problem &p) {
  return p.in_channels == 1 && p.groups > 1 && p.row_ratio == S;
}

/// Kernel for K × K filters of groups with one input channel, stride S both ways.
template <int K, int S>
void run(const problem &p, const run_pointers &ptr, const block &b) {
  using V = simd::isa::full;
  // Without masks in hardware every masked load is a switch: not worth the code of tall tiles.
  constexpr int R = V::size >= 8 ? 8 : 2;
  constexpr int64_t chunk = shape<V, K, S>::most * V::size;
  const epilogue ep(p, ptr, block{b.n, 0, 0, 0, 0, 0, 0, 0, 0});
  alignas(64) float rows[R * V::size];
  shape<V, K, S> s{p, ptr, ep, rows, 0, {}};
  const float *const src = ptr.src + b.n * p.src.n;
  float *const dst = ptr.dst + b.n * p.dst.n;
  // A few planes at a time, so that the second strip finds them in the cache. Where a group's
  // channels are split there are as many as the block has.
  const bool whole = b.c1 - b.c0 == p.out_channels;
  const int64_t last = b.g_end * p.out_channels;
  for (int64_t w = b.w0; w < b.w1; w += chunk) {
    s.vectors = 0;
    for (int64_t v = w; v < b.w1 && s.vectors < shape<V, K, S>::most; v += V::size)
      s.at[s.vectors++].set(p.w, v, b.w1);
    for (int64_t phase = 0; phase < p.row_step && b.h0 + phase < b.h1; ++phase) {
      const int64_t count = p.row_step == 1 ? b.h1 - b.h0
                                            : (b.h1 - b.h0 - phase + p.row_step - 1) / p.row_step;
      const strips<V, R, K, S> all(count);
      const int64_t most = all.talls > 0 ? 8 : last;
      for (int64_t c = b.g * p.out_channels + b.c0; c < last;) {
        const int64_t g = p.out_channels == 1 ? c : c / p.out_channels;
        const int64_t planes = whole ? axis::least(last - c, most) : b.c1 - b.c0;
        all.run(s, plane{src + g * p.src.c, dst + c * p.dst.c, g, c}, planes, b.h0 + phase);
        c += whole ? planes : p.out_channels;
      }
    }
  }
}

}  // namespace depthwise
SWCONV_END_NAMESPACE
