// SPDX-License-Identifier: MIT
/// @file planar_channels.hpp
/// The planar tile for many output channels of few input channels, as of a network's first layer:
/// C channels of one row by X vectors of columns.
///
/// A loaded vector of src serves C channels, so loads that cross cache lines cost nothing, and the
/// sums go to dst as they are, without a transposition. For any column stride but 1 the rows of src
/// are first taken apart into as many rows, of every stride-th column each, in which the stride is 1.
#pragma once

#include "planar_wide.hpp"

SWCONV_BEGIN_NAMESPACE
namespace planar {

constexpr bool channels_large = simd::isa::registers >= 32;
/// Channels of the largest tile, which lie in one packed block; vectors of a tile of C channels: 8 sums
/// without FMA, 12 or 24 with.
constexpr int channels_most = channels_large && simd::isa::full::size >= 8 ? 8 : 4;
template <int C>
constexpr int channels_vectors = !simd::isa::has_fma ? 2 : channels_large && C == 4 ? 6 : 3;
/// Rows of dst that are computed at a time.
constexpr int64_t channels_rows = 4;

/// What the tiles of a few rows of dst share; r.h, src, j0 and j1 are those of one row.
struct channels_tiles {
  rows &r;
  const float *src;       ///< first input channel, row of tap 0, column 0 of dst
  int64_t plane;          ///< floats from input channel to input channel
  const float *weights;   ///< of the tiles' first channel, and floats from tap to tap
  int64_t pitch;
  const int64_t *offset;  ///< of each tap: floats from src to its element
  void *masks[2];         ///< for a tile at the beginning of a row and for others: those made last,
  int64_t masks_from[2];  ///< and for which column and size, or -1
  int64_t t0[2], t1[2];   ///< taps that reach any lane of it
  int64_t j0, j1;         ///< rows of the window inside src
  int64_t channels;       ///< of a tile's that are wanted
};

/// Lanes of the vector of columns from w that tap t reaches inside src, at most n.
template <class V>
SWCONV_ALWAYS_INLINE typename V::mask channels_reach(const axis &a, int64_t t, int64_t w, int64_t n) {
  const int64_t at = a.start(w) + t * a.dilation;
  const auto first = [&](int64_t x) SWCONV_INLINE_LAMBDA {
    return x <= 0 ? 0 : a.stride == 1 ? x : (x + a.stride - 1) / a.stride;
  };
  return V::lanes(first(-at), axis::least(n, first(a.in - at)));
}

/// Columns from w; with Edge of each vector those lanes that its masks select for each tap, and of the last
/// n lanes are wanted.
template <class V, int C, int X, bool Edge>
SWCONV_NOINLINE void channels_tile(const channels_tiles &l, int64_t w, int64_t n, int edge) {
  const problem &p = l.r.p;
  const int64_t kw = p.w.taps, pitch = l.pitch;
  const int64_t taps = Edge ? l.t1[edge] - l.t0[edge] : (l.j1 - l.j0) * kw;
  const int64_t *const first = l.offset + l.j0 * kw, *const end = l.offset + l.j1 * kw;
  const float *weights = l.weights + l.j0 * kw * pitch, *plane = l.src + w;
  const int64_t filter_plane = p.h.taps * kw * pitch;
  using mask = typename V::mask;
  const mask *const masks = static_cast<const mask *>(l.masks[edge]);
  prefetch_dst<V, C, 1, X>(l.r, w, l.channels);
  accumulators<V, C, 1, X> acc;
  const auto run = [&](const int64_t *offset, const float *f) SWCONV_INLINE_LAMBDA {
    const mask *of_tap = masks;
    for (const int64_t *const last = offset + taps; offset < last; ++offset, f += pitch, of_tap += X) {
      const float *const from = plane + *offset;
      V s[X];
      mask m[X];
      SWCONV_UNROLL
      for (int i = 0; i < X; ++i) {
        if constexpr (Edge) {
          m[i] = V::held_mask(of_tap[i]);
          s[i] = V::load_masked(from + i * V::size, m[i]);
        } else {
          s[i] = V::held(V::load(from + i * V::size));
        }
      }
      SWCONV_UNROLL
      for (int c = 0; c < C; ++c) {
        const V weight = V::broadcast(f + c);
        SWCONV_UNROLL
        for (int i = 0; i < X; ++i) {
          V &a = acc.v[c][0][i];
          a = Edge ? V::fma_masked(m[i], weight, s[i], a) : V::fma(weight, s[i], a);
        }
      }
    }
  };
  for (int64_t ic = 0; ic < p.in_channels; ++ic, plane += l.plane, weights += filter_plane) {
    if constexpr (Edge) {
      const int64_t t0 = l.t0[edge];
      const float *f = weights + t0 * pitch;
      for (const int64_t *offset = first; offset < end; offset += kw, f += kw * pitch) run(offset + t0, f);
    } else {
      run(first, weights);
    }
  }
  acc.template store<Edge>(l.r, w, n, l.channels);
}

/// The masks of a tile of `vectors` from w, if they are not those made last. w0 is where the row begins.
SWCONV_NOINLINE inline int channels_edge(channels_tiles &t, int64_t w, int64_t n, int64_t vectors, int64_t w0) {
  using V = simd::isa::full;
  const axis &a = t.r.p.w;
  const int edge = w != w0;
  static_assert(channels_vectors<4> < 8, "a key holds column and size");
  if (t.masks_from[edge] == 8 * w + vectors) return edge;
  t.masks_from[edge] = 8 * w + vectors;
  t.t0[edge] = a.first_tap(a.start(w + (vectors - 1) * V::size + n - 1));
  t.t1[edge] = a.last_tap(a.start(w));
  typename V::mask *m = static_cast<typename V::mask *>(t.masks[edge]);
  for (int64_t k = t.t0[edge]; k < t.t1[edge]; ++k)
    for (int64_t i = 0; i < vectors; ++i)
      *m++ = channels_reach<V>(a, k, w + i * V::size, i == vectors - 1 ? n : int64_t{V::size});
  return edge;
}

/// Columns [w0, w1) of a row. Where masks are vectors, one that needs them is a tile of its own.
template <int C>
SWCONV_NOINLINE void channels_row(channels_tiles &t, int64_t w0, int64_t w1) {
  using V = simd::isa::full;
  constexpr int most = channels_vectors<C>;
  constexpr bool wide_edges = simd::isa::masks_are_free;
  const axis &a = t.r.p.w;
  for (int64_t w = w0; w < w1;) {
    // Vectors that are left; where masks are vectors, whole ones inside src, or one that is not.
    int64_t vectors = (w1 - w + V::size - 1) / V::size;
    if constexpr (!wide_edges) {
      const int64_t last = a.in - 1 - (a.taps - 1) * a.dilation - a.start(w);
      const int64_t inside = a.start(w) < 0 || last < 0 ? 0 : axis::least(last / a.stride + 1, w1 - w);
      vectors = inside >= V::size ? inside / V::size : 1;
    }
    // A last vector alone waits for its own sums: two of about the same size instead. There is no tile of five.
    int64_t x = vectors == most + 1 ? (vectors + 1) / 2 : axis::least(vectors, most);
    if (x == 5) x = 3;
    const int64_t n = axis::least(w1 - w - (x - 1) * V::size, V::size);
    const bool whole = n == V::size && a.inside(w, x * V::size) && !(wide_edges && C * x < 16);
    const int edge = whole ? 0 : channels_edge(t, w, n, x, w0);
    const auto tile = [&](auto size) SWCONV_INLINE_LAMBDA {
      constexpr int X = decltype(size)::value;
      if constexpr (X <= most) {
        if (x != X) return;
        // Where masks cost little small tiles have no code of their own without.
        constexpr bool never_whole = wide_edges && C * X < 16;
        if constexpr (wide_edges || X == 1) {
          if (never_whole || !whole) return channels_tile<V, C, X, true>(t, w, n, edge);
        }
        if constexpr (!never_whole) channels_tile<V, C, X, false>(t, w, n, 0);
      }
    };
    tile(simd::index<1>{});
    tile(simd::index<2>{});
    tile(simd::index<3>{});
    tile(simd::index<4>{});
    tile(simd::index<6>{});
    w += x * V::size;
  }
}

/// How many rows of dst have their windows taken apart at a time: those that are neighbours in src.
inline int64_t channels_group(const problem &p) {
  const int64_t most = p.h.dilation == 1 && p.h.stride <= p.h.taps ? channels_rows : 1;
  return p.h.out < 1 ? 1 : axis::least(most, p.h.out);
}
/// Rows of src in the windows of `group` rows of dst.
inline int64_t channels_src_rows(const problem &p, int64_t group) {
  return (group - 1) * p.h.stride + p.h.taps;
}
/// Columns of dst for which that is done at a time: whole tiles whose src stays in the second-level cache.
inline int64_t channels_columns(const problem &p) {
  constexpr int64_t unit = 6 * simd::isa::full::size, near = 1 << 15;
  const int64_t fit = near / (p.in_channels * channels_src_rows(p, channels_group(p)) * p.w.stride);
  return fit < unit ? unit : axis::least(fit / unit * unit, 512 / unit * unit);
}

/// How a row of src is taken apart for columns [w0, w1) of dst: into one row for each phase, of elements
/// phase + m · stride for m in [m0, m1), `pitch` floats apart.
struct channels_phases {
  int64_t m0, m1, pitch;

  channels_phases(const axis &a, int64_t w0, int64_t w1)
      : m0(below(-a.pad, a.stride) + w0),
        m1(below((a.taps - 1) * a.dilation - a.pad, a.stride) + w1) {
    if (m0 < 0) m0 = 0;
    m1 = axis::least(m1, (a.in + a.stride - 1) / a.stride);
    pitch = m1 > m0 ? (m1 - m0 + 15) / 16 * 16 : 0;
  }
  /// At most so many floats apart, wherever w0 is.
  static int64_t widest(const axis &a, int64_t columns) {
    columns = axis::least(a.out, columns) + (a.taps - 1) * a.dilation / a.stride;
    return (axis::least(columns + 1, (a.in + a.stride - 1) / a.stride) + 15) / 16 * 16;
  }
  /// x / by, rounded down.
  static int64_t below(int64_t x, int64_t by) { return x >= 0 ? x / by : -((-x + by - 1) / by); }
  /// From column w of dst to the element of tap t, in floats.
  int64_t offset(const axis &a, int64_t t) const {
    const int64_t x = t * a.dilation - a.pad, m = below(x, a.stride);
    return (x - m * a.stride) * pitch + m - m0;
  }
  /// One row of src.
  SWCONV_NOINLINE void split(float *to, const axis &a, const float *row) const {
    using V = simd::isa::full;
    if (a.stride == 2) {
      const auto both = [&](const V &lo, const V &hi) SWCONV_INLINE_LAMBDA {
        V::even(lo, hi).store(to);
        V::odd(lo, hi).store(to + pitch);
        to += V::size;
      };
      int64_t m = m0;
      for (; 2 * (m + V::size) <= a.in && m < m1; m += V::size)
        both(V::load(row + 2 * m), V::load(row + 2 * m + V::size));
      if (m < m1) {
        const int64_t left = a.in - 2 * m, more = left - V::size;
        both(V::load_first(row + 2 * m, axis::least(left, V::size)),
             more > 0 ? V::load_first(row + 2 * m + V::size, more) : V::zero());
      }
      return;
    }
    for (int64_t phase = 0; phase < a.stride; ++phase, to += pitch)
      for (int64_t m = m0; m < m1 && m * a.stride + phase < a.in; ++m)
        to[m - m0] = row[m * a.stride + phase];
  }
};

/// Floats of rows of src that are taken apart.
inline int64_t channels_src(const problem &p) {
  return p.in_channels * channels_src_rows(p, channels_group(p)) * p.w.stride *
         channels_phases::widest(p.w, channels_columns(p));
}
/// Few enough input channels and taps for what is kept near, and a window.
inline bool channels_serves(const problem &p) {
  if (wide_taps(p) > (1 << 12) || p.w.stride > 16 || p.h.taps * p.w.taps == 1) return false;
  if (p.w.stride == 1) return true;
  return channels_phases::widest(p.w, 1 << 10) <= (1 << 14) && channels_src(p) <= (1 << 18);
}

/// Floats or bytes of the parts of the workspace: the weights of channels that do not fill a tile, rows of
/// src, and what a tile is told of its taps.
struct channels_room {
  int64_t weights, src, offsets, masks;

  explicit channels_room(const problem &p)
      : weights((wide_taps(p) * channels_most + 15) / 16 * 16),
        src(p.w.stride > 1 ? channels_src(p) : 0),
        offsets((p.h.taps * p.w.taps + 7) / 8 * 8),
        masks((p.w.taps * channels_vectors<4> * static_cast<int64_t>(sizeof(simd::isa::full::mask)) + 63) / 64 * 64) {}
};

inline int64_t channels_workspace(const problem &p) {
  const channels_room room(p);
  return 4 * (room.weights + room.src) + 8 * room.offsets + 2 * room.masks;
}

/// Kernel for any filter and stride.
SWCONV_COLD inline void run_channel_tiles(const problem &p, const run_pointers &ptr, const block &b) {
  constexpr int64_t pack_lanes = simd::isa::full::size;
  const epilogue ep(p, ptr, b);
  const bool apart = p.w.stride > 1;
  const channels_room room(p);
  float *const padded = static_cast<float *>(ptr.workspace), *const near = padded + room.weights;
  int64_t *const offset = reinterpret_cast<int64_t *>(near + room.src);
  rows r{p,
         ep,
         nullptr,
         ptr.dst + b.n * p.dst.n + b.g * p.out_channels * p.dst.c,
         nullptr,
         0,
         0,
         0};
  const float *const src = ptr.src + b.n * p.src.n + b.g * p.in_channels * p.src.c;
  channels_tiles l{r, nullptr, 0, nullptr, 0, offset, {}, {-1, -1}, {}, {}, 0, 0, 0};
  char *const masks = reinterpret_cast<char *>(offset + room.offsets);
  l.masks[0] = masks;
  l.masks[1] = masks + room.masks;
  // Of a group's last tile some channels may be missing: their weights are zero.
  const int64_t rest = b.c1 % channels_most, size_of_rest = rest > 4 ? channels_most : 4;
  if (rest % 4 != 0) {
    const tap_pointer taps = taps_of_channel(p, ptr, b.g, b.c1 - rest);
    for (int64_t t = 0; t < wide_taps(p); ++t)
      for (int64_t c = 0; c < size_of_rest; ++c)
        padded[t * size_of_rest + c] = c < rest ? taps.first[t * taps.pitch + c] : 0.0f;
  }

  const int64_t group = apart ? channels_group(p) : channels_rows;
  // Blocks of columns of about the same size.
  int64_t columns = b.w1 - b.w0;
  if (apart) {
    const int64_t most = channels_columns(p), blocks = (columns + most - 1) / most;
    columns = ((columns + blocks - 1) / blocks + pack_lanes - 1) / pack_lanes * pack_lanes;
  }
  for (int64_t w0 = b.w0, w1; w0 < b.w1; w0 = w1) {
    w1 = axis::least(w0 + columns, b.w1);
    const channels_phases phases(p.w, w0, w1);
    l.masks_from[0] = l.masks_from[1] = -1;
    const int64_t line = apart ? p.w.stride * phases.pitch : p.h.dilation * p.src.h;
    for (int64_t j = 0; j < p.h.taps; ++j)
      for (int64_t t = 0; t < p.w.taps; ++t)
        offset[j * p.w.taps + t] = j * line + (apart ? phases.offset(p.w, t) : t * p.w.dilation - p.w.pad);
    for (int64_t h0 = b.h0, h1; h0 < b.h1; h0 = h1) {
      h1 = axis::least(h0 + group, b.h1);
      const int64_t y0 = p.h.start(h0);
      l.plane = p.src.c;
      if (apart) {
        l.plane = channels_src_rows(p, group) * line;
        float *to = near;
        for (int64_t ic = 0; ic < p.in_channels; ++ic, to += l.plane)
          for (int64_t j = 0; j < channels_src_rows(p, h1 - h0); ++j) {
            const int64_t y = y0 + j * p.h.dilation;
            if (y >= 0 && y < p.h.in)
              phases.split(to + j * line, p.w, src + ic * p.src.c + y * p.src.h);
          }
      }
      for (int64_t c = b.c0, size; c < b.c1; c += size) {
        const int64_t left = axis::least(b.c1 - c, pack_lanes - c % pack_lanes);
        size = left > 4 ? channels_most : 4;
        const tap_pointer taps = taps_of_channel(p, ptr, b.g, c);
        const bool whole = left >= size;
        l.weights = whole ? taps.first : padded;
        l.pitch = whole ? taps.pitch : size;
        l.channels = whole ? size : left;
        r.c = c;
        for (int64_t h = h0; h < h1; ++h) {
          const int64_t y = p.h.start(h);
          r.h = h;
          l.j0 = p.h.first_tap(y);
          l.j1 = p.h.last_tap(y);
          if (l.j1 < l.j0) l.j1 = l.j0;
          l.src = apart ? near + (h - h0) * p.h.stride * line : src + y * p.src.h;
          if (size == channels_most)
            channels_row<channels_most>(l, w0, w1);
          else
            channels_row<4>(l, w0, w1);
        }
      }
    }
  }
}

}  // namespace planar
SWCONV_END_NAMESPACE
