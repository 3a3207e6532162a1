// SPDX-License-Identifier: MIT
/// @file winograd_planes.hpp
/// Large depthwise filters in the domain of the Toom-Cook points (math = fast; docs/fast.md). Lanes
/// are channels, as in winograd.hpp. The filter is cut into pieces of m × m taps; at each point the
/// pieces slide over the tiles as a small filter slides over pixels, so one set of transformed
/// tiles serves all of them.
#pragma once

#include "winograd.hpp"

SWCONV_BEGIN_NAMESPACE
namespace winograd {

/// One row of tiles against the pieces of one row of the filter (First) or, for the row of results
/// above or below, of the previous one (Second).
template <bool First, bool Second, int RR, int P>
SWCONV_ALWAYS_INLINE void slide_row(V (&acc)[RR][P], const float *u, int64_t pieces,
                                    const float *x) {
  for (int64_t k = 0; k < pieces; ++k, u += lanes, x += lanes) {
    V first, second;
    if constexpr (First) first = V::load(u);
    if constexpr (Second) second = V::load(u - pieces * lanes);
    simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
      const V value = V::load(x + i * lanes);
      if constexpr (First) acc[0][i] = V::fma(first, value, acc[0][i]);
      if constexpr (Second) acc[RR - 1][i] = V::fma(second, value, acc[RR - 1][i]);
    });
  }
}

/// RR (1 or 2) rows by P tiles of products at one point: the pieces of the filter slide over tiles.
template <int RR, int P>
SWCONV_NOINLINE void slide(const tiling &t, const float *u, const float *values, int64_t row,
                           float *products, int64_t tile, int64_t products_row) {
  V acc[RR][P];
  simd::unroll<RR * P>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i / P][i % P] = V::zero(); });
  const int64_t pieces = t.w.pieces, step = pieces * lanes;
  if constexpr (RR == 1) {
    for (int64_t y = 0; y < t.h.pieces; ++y, values += row, u += step)
      slide_row<true, false>(acc, u, pieces, values);
  } else {
    slide_row<true, false>(acc, u, pieces, values);
    for (int64_t y = 1; y < t.h.pieces; ++y)
      slide_row<true, true>(acc, u + y * step, pieces, values + y * row);
    slide_row<false, true>(acc, u + t.h.pieces * step, pieces, values + t.h.pieces * row);
  }
  simd::unroll<RR * P>([&](auto i) SWCONV_INLINE_LAMBDA {
    acc[i / P][i % P].store(products + i / P * products_row + i % P * tile);
  });
}

using slide_fn = void (*)(const tiling &, const float *, const float *, int64_t, float *, int64_t,
                          int64_t);

/// Two rows of accumulators beside two weights and a value.
constexpr int slide_tiles = simd::isa::registers >= 32 ? 14 : 6;

template <int RR, int... I>
SWCONV_ALWAYS_INLINE slide_fn sliding_of(int64_t tiles, std::integer_sequence<int, I...>) {
  constexpr slide_fn table[] = {&slide<RR, I + 1>...};
  return table[tiles - 1];
}
SWCONV_ALWAYS_INLINE slide_fn sliding(int64_t rows, int64_t tiles) {
  return rows == 2 ? sliding_of<2>(tiles, std::make_integer_sequence<int, slide_tiles>{})
                   : sliding_of<1>(tiles, std::make_integer_sequence<int, slide_tiles>{});
}

inline bool planes_serve(const problem &p) { return p.tiles.block_tiles > 0 && p.tiles.planes; }
inline int64_t planes_workspace(const problem &p) {
  const tiling &t = p.tiles;
  const int64_t rows = t.block_rows, tiles = t.block_tiles;
  return 4 * lanes *
             (t.points() * ((rows + t.h.pieces - 1) * (tiles + t.w.pieces - 1) + 1) +
              rows * tiles * (t.points() + 1)) +
         4 * t.stage_floats(lanes);
}

/// A block counts blocks of channels, rows of tiles (of all images) and tiles of a row.
inline void run_planes(const problem &p, const run_pointers &ptr, const block &b) {
  const tiling &t = p.tiles;
  problem q = p;  // the channels of all groups as those of one
  q.groups = 1;
  const int64_t pieces = t.h.pieces * t.w.pieces, points = t.points();
  const int64_t tile = (points + 1) * lanes, run_tiles = t.run_tiles();
  for (int64_t c = b.c0; c < b.c1; c += lanes) {
    q.in_channels = axis::least(lanes, b.c1 - c);
    q.out_channels = p.groups;
    const float *const filter = ptr.filter + c * points * pieces;
    for (int64_t h0 = b.h0, n = 0; h0 < b.h1; h0 += n) {
      const int64_t image = h0 / t.h.tiles, first = h0 % t.h.tiles;
      n = axis::least(axis::least(t.block_rows, b.h1 - h0), t.h.tiles - first);
      const float *const src = ptr.src + image * p.src.n + c * p.src.c;
      const epilogue ep(q, ptr, block{image, 0, 0, 0, 0, 0, 0, 0, 0});
      float *const dst = ptr.dst + image * p.dst.n;
      for (int64_t w0 = b.w0; w0 < b.w1; w0 += t.block_tiles) {
        frame f(q, static_cast<float *>(ptr.workspace), n + t.h.pieces - 1,
                axis::least(t.block_tiles, b.w1 - w0));
        f.products = f.values + points * f.plane;
        f.stage = f.products + n * f.tiles * tile;
        for (int64_t r = 0; r < f.rows; ++r)
          for (int64_t i = 0; i < f.row_slots; i += run_tiles)
            transform_in(f, src, first + r, w0 + i, axis::least(run_tiles, f.row_slots - i), 0,
                         f.values + (r * f.row_slots + i) * lanes);
        for (int64_t k = 0; k < points; ++k)
          for (int64_t r = 0, rr = 0; r < n; r += rr)
            for (int64_t i = 0, m = 0; i < f.tiles; i += m) {
              rr = n - r >= 2 ? 2 : 1;
              m = axis::least(slide_tiles, f.tiles - i);
              sliding(rr, m)(t, filter + k * pieces * lanes,
                             f.values + k * f.plane + (r * f.row_slots + i) * lanes,
                             f.row_slots * lanes, f.products + (r * f.tiles + i) * tile + k * lanes,
                             tile, f.tiles * tile);
            }
        for (int64_t r = 0; r < n; ++r)
          for (int64_t i = 0; i < f.tiles; i += run_tiles)
            transform_out(f, ep, f.products + (r * f.tiles + i) * tile, 1, first + r, w0 + i,
                          axis::least(run_tiles, f.tiles - i), c, q.in_channels, dst);
      }
    }
  }
}

}  // namespace winograd
SWCONV_END_NAMESPACE
