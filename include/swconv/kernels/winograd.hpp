// SPDX-License-Identifier: MIT
/// @file winograd.hpp
/// Convolution in the domain of the Toom-Cook points (math = fast; docs/fast.md).
///
/// Lanes are channels throughout. A few rows of src are transposed once, so that a pixel is a
/// vector of input channels; then every tap distance, dilation, phase and partial tile is only an
/// address. Tiles are transformed along both axes, multiplied for each point by a matrix of
/// weights, transformed back, and transposed again on their way to dst.
///
///     values    [point][block of input channels][tile][lane]        one block of tiles
///     products  [tile][point][one or two vectors of out channels]   one panel of channels
#pragma once

#include "../simd/transpose.hpp"
#include "epilogue.hpp"
#include "toom_cook.hpp"

SWCONV_BEGIN_NAMESPACE
namespace winograd {

using V = simd::isa::full;
constexpr int lanes = V::size;
/// Whether the list of this instruction set holds the kernel.
#if defined(SWCONV_ISA_SSE2)
constexpr bool listed = false;
#else
constexpr bool listed = true;
#endif
/// Tiles of the multiplication: what the registers hold beside two weights and a broadcast.
constexpr int tiles_of_pair = simd::isa::registers >= 32 ? 12 : 6;
constexpr int tiles_of_one = simd::isa::registers >= 32 ? 12 : 8;

/// Columns [x, x + width) of one row of up to `lanes` channels, a vector per column; zeros outside.
SWCONV_NOINLINE inline void stage_row(const float *row, int64_t pitch, int64_t channels, int64_t in,
                               int64_t x, int64_t width, float *out) {
  for (int64_t i = 0; i < width; i += lanes, out += lanes * lanes) {
    const float *const p = row + (x + i);
    V v[lanes];
    if (channels >= lanes && x + i >= 0 && x + i + lanes <= in) {
      simd::unroll<lanes>([&](auto c) SWCONV_INLINE_LAMBDA { v[c] = V::load(p + c * pitch); });
    } else {
      const auto inside = V::lanes(-(x + i), in - (x + i));
      simd::unroll<lanes>([&](auto c) SWCONV_INLINE_LAMBDA {
        v[c] = c < channels ? V::load_masked(p + c * pitch, inside) : V::zero();
      });
    }
    simd::transpose(v);
    simd::unroll<lanes>([&](auto c) SWCONV_INLINE_LAMBDA { v[c].store(out + c * lanes); });
  }
}

/// The multiplication: sizes that do not change within a block.
struct multiplier {
  int64_t pieces, shift;      ///< pieces of a long filter, and floats from one's tiles to the next's
  int64_t groups, blocks;     ///< input channels: phases, and blocks of lanes in each
  int64_t tail;               ///< channels in the last block
  int64_t distance;           ///< floats from block to block
  int64_t tile;               ///< floats from tile to tile of the products
  int64_t panel;              ///< floats of the weights of one point
};

/// Which of the next point's weights are asked for while these are used: as many floats for each
/// channel. The runs of a point share the work, so that memory is never waited for in the first only.
struct next_weights {
  const float *at;
  int64_t step;
};

/// P tiles by NV vectors of out channels, over all input channels and pieces.
template <int NV, int P>
SWCONV_NOINLINE void multiply(const multiplier &g, const float *u, next_weights next,
                              const float *values, float *m) {
  V acc[NV][P];
  simd::unroll<NV * P>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i / P][i % P] = V::zero(); });
  for (int64_t piece = 0; piece < g.pieces; ++piece, values += g.shift) {
    const float *block = values;
    for (int64_t q = 0; q < g.groups; ++q)
      for (int64_t b = g.blocks; b > 0; --b, block += g.distance) {
        const float *x = block;
        // The next block of channels is too far away for the hardware to expect it.
        for (int i = 0; i < P * lanes; i += 16) __builtin_prefetch(x + g.distance + i);
        for (int64_t n = b > 1 ? lanes : g.tail; n > 0; --n, ++x, u += NV * lanes) {
          V weight[NV];
          simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA { weight[v] = V::load(u + v * lanes); });
          SWCONV_OPAQUE(x);
          for (int i = 0; i < NV * lanes; i += 16) __builtin_prefetch(next.at + i);
          next.at += next.step;
          simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
            const V value = V::broadcast(x + i * lanes);
            simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA {
              acc[v][i] = V::fma(weight[v], value, acc[v][i]);
            });
          });
        }
      }
  }
  simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
    simd::unroll<NV>(
        [&](auto v) SWCONV_INLINE_LAMBDA { acc[v][i].store(m + i * g.tile + v * lanes); });
  });
}

using multiply_fn = void (*)(const multiplier &, const float *, next_weights, const float *,
                             float *);

template <int NV, int... I>
SWCONV_ALWAYS_INLINE multiply_fn multiplication(int64_t tiles, std::integer_sequence<int, I...>) {
  constexpr multiply_fn table[] = {&multiply<NV, I + 1>...};
  return table[tiles - 1];
}

/// `n` tiles in a row of the values, at one point.
template <int NV>
SWCONV_ALWAYS_INLINE void multiply_tiles(const multiplier &g, const float *u, const float *values,
                                         float *m, int64_t n) {
  constexpr int most = NV == 2 ? tiles_of_pair : tiles_of_one;
  const int64_t all = (n + most - 1) / most;
  next_weights next{u + g.panel, NV * lanes / all};
  for (int64_t runs = all; runs > 0; --runs) {
    const int64_t tiles = (n + runs - 1) / runs;
    multiplication<NV>(tiles, std::make_integer_sequence<int, most>{})(g, u, next, values, m);
    next.at += g.panel / all;
    values += tiles * lanes;
    m += tiles * g.tile;
    n -= tiles;
  }
}

/// One row of results, `n` pixels of up to `lanes` channels from channel c, to dst.
SWCONV_NOINLINE inline void write_row(const epilogue &ep, const float *stage, int64_t n, int64_t c,
                               int64_t channels, float *dst, int64_t pitch, int64_t h, int64_t w) {
  const V scale = ep.scale_over<V>(c, channels), bias = ep.bias_over<V>(c, channels);
  for (int64_t i = 0; i < n; i += lanes, stage += lanes * lanes) {
    V v[lanes];
    simd::unroll<lanes>([&](auto k) SWCONV_INLINE_LAMBDA { v[k] = V::load(stage + k * lanes); });
    if (ep.affine)
      simd::unroll<lanes>([&](auto k) SWCONV_INLINE_LAMBDA { v[k] = V::fma(v[k], scale, bias); });
    if (ep.clamp)
      simd::unroll<lanes>([&](auto k) SWCONV_INLINE_LAMBDA { v[k] = ep.clamped(v[k]); });
    simd::transpose(v);
    float *out = dst + i;
    const int64_t left = n - i;
    if (!ep.general && channels >= lanes && left >= lanes) {
      simd::unroll<lanes>([&](auto k) SWCONV_INLINE_LAMBDA {
        v[k].store(out);
        out += pitch;
      });
    } else {
      alignas(64) float tile[lanes * lanes];
      simd::unroll<lanes>([&](auto k) SWCONV_INLINE_LAMBDA { v[k].store(tile + k * lanes); });
      for (int64_t k = 0; k < lanes && k < channels; ++k, out += pitch) {
        V x = V::load(tile + k * lanes);
        if (ep.general) x = ep.finish(x, c + k, h, w + i, left < lanes ? left : lanes);
        x.store_first(out, left);
      }
    }
  }
}

/// The extents of one block of tiles, and its parts of the workspace.
struct frame {
  const problem &p;
  const tiling &t;
  int64_t rows, tiles;           ///< rows of tiles, and tiles in each
  int64_t row_slots;             ///< tiles of a row with those that only later pieces read
  int64_t blocks, points;        ///< blocks of input channels in a phase; points of both axes
  int64_t plane;                 ///< floats of the values at one point
  float *values, *products, *stage;

  frame(const problem &problem_, float *workspace, int64_t rows_, int64_t tiles_)
      : p(problem_), t(problem_.tiles), rows(rows_), tiles(tiles_) {
    row_slots = tiles + (t.w.pieces - 1) * t.w.step;
    blocks = (p.in_channels + lanes - 1) / lanes;
    points = t.h.n * t.w.n;
    // One line more than the values need: planes must not meet in the same sets of a cache.
    plane = t.phases() * blocks * rows * row_slots * lanes + lanes;
    values = workspace;
    products = values + t.values_floats(p.in_channels, lanes);
    stage = products + t.products_floats(lanes);
  }
};

/// Tile row `row` of an image: its first output row, of which the tile's are `step` apart.
SWCONV_ALWAYS_INLINE int64_t first_output(const tile_axis &a, int64_t tile) {
  return tile / a.step * a.step * a.m + tile % a.step;
}

/// Values of tiles [w, w + n) of one row, n a multiple of the step, for one block of channels.
inline void transform_in(const frame &f, const float *src, int64_t row, int64_t w, int64_t n, int64_t b,
                  float *values) {
  const problem &p = f.p;
  const tile_axis &h = f.t.h, &c = f.t.w;
  const int64_t channels = axis::least(lanes, p.in_channels - b * lanes);
  const int64_t groups = n / c.step;
  const int64_t width = c.step * (c.stride * c.m * (groups - 1) + c.phases * c.n);
  const int64_t pitch = ((width + lanes - 1) / lanes * lanes + 1) * lanes;
  const int64_t x = c.stride * first_output(c, w) - p.w.pad;
  const int64_t slots = f.rows * f.row_slots * lanes;
  src += b * lanes * p.src.c;
  for (int64_t qh = 0; qh < h.phases; ++qh) {
    const int64_t y = h.stride * first_output(h, row) - p.h.pad + qh;
    for (int64_t i = 0; i < h.n; ++i) {
      const int64_t line = y + i * h.phases * h.step;
      float *const to = f.stage + i * pitch;
      if (line >= 0 && line < p.h.in)
        stage_row(src + line * p.src.h, p.src.c, channels, p.w.in, x, width, to);
      else
        for (int64_t k = 0; k < pitch; k += lanes) V::zero().store(to + k);
    }
    if (h.n > 1)
      toom_cook::evaluation<V>(h.n)(f.stage, {pitch, lanes}, f.stage, {pitch, lanes}, width);
    for (int64_t qw = 0; qw < c.phases; ++qw) {
      float *const to = values + ((qh * c.phases + qw) * f.blocks + b) * slots;
      for (int64_t i = 0; i < h.n; ++i)
        for (int64_t phase = 0; phase < c.step; ++phase) {
          const float *const from = f.stage + i * pitch + (phase * c.stride + qw) * lanes;
          float *const out = to + i * c.n * f.plane + phase * lanes;
          const int64_t next = c.stride * c.step * c.m * lanes;
          if (c.n > 1)
            toom_cook::evaluation<V>(c.n)(from, {c.phases * c.step * lanes, next}, out,
                                          {f.plane, c.step * lanes}, groups);
          else
            for (int64_t k = 0; k < groups; ++k)
              V::load(from + k * next).store(out + k * c.step * lanes);
        }
    }
  }
}

/// Results of tiles [w, w + n) of one row, n a multiple of the step, for `channels` channels from
/// c, whose products come in vectors `vectors` apart.
inline void transform_out(const frame &f, const epilogue &ep, const float *products, int64_t vectors,
                   int64_t row, int64_t w, int64_t n, int64_t c, int64_t channels, float *dst) {
  const problem &p = f.p;
  const tile_axis &h = f.t.h, &a = f.t.w;
  const int64_t groups = n / a.step, width = groups * a.m * a.step;
  const int64_t pitch = ((width + lanes - 1) / lanes * lanes + 1) * lanes;
  const int64_t term = vectors * lanes, tile = (f.points * vectors + 1) * lanes;
  alignas(64) float half[8 * 8 * lanes];
  for (int64_t i = 0; i < n; ++i, products += tile) {
    float *const out = f.stage + (i / a.step * a.step * a.m + i % a.step) * lanes;
    const toom_cook::walk whole{a.step * lanes, pitch};
    if (a.n == 1) {
      toom_cook::interpolation<V>(h.n, h.m)(products, {term, 0}, out, {pitch, 0}, 1);
    } else if (h.n == 1) {
      toom_cook::interpolation<V>(a.n, a.m)(products, {term, 0}, out, whole, 1);
    } else {
      toom_cook::interpolation<V>(h.n, h.m)(products, {a.n * term, term}, half,
                                            {a.n * lanes, lanes}, a.n);
      toom_cook::interpolation<V>(a.n, a.m)(half, {lanes, a.n * lanes}, out, whole, h.m);
    }
  }
  const int64_t x = first_output(a, w), y = first_output(h, row);
  for (int64_t i = 0; i < h.m; ++i) {
    const int64_t line = y + i * h.step;
    if (line >= p.h.out) break;
    write_row(ep, f.stage + i * pitch, axis::least(width, p.w.out - x), c, channels,
              dst + c * p.dst.c + line * p.dst.h + x, p.dst.c, line, x);
  }
}

inline bool serves(const problem &p) { return p.tiles.block_tiles > 0; }
inline int64_t workspace(const problem &p) {
  return p.tiles.workspace_floats(p.in_channels, lanes) * 4;
}

/// A block counts rows of tiles (those of all images, one after another) and tiles of a row.
inline void run(const problem &p, const run_pointers &ptr, const block &b) {
  const tiling &t = p.tiles;
  float *const memory = static_cast<float *>(ptr.workspace);
  // Whole rows where they fit, else pieces of one.
  const int64_t most = t.block_tiles;
  const int64_t wide = b.w1 - b.w0, tiles = axis::least(wide, most);
  const int64_t rows = t.w.pieces > 1 || tiles < wide ? 1 : axis::least(most / tiles, b.h1 - b.h0);
  const int64_t run_tiles = t.run_tiles();
  const int64_t depth = t.w.pieces * t.phases() * p.in_channels;
  const int64_t points = t.h.n * t.w.n;
  const int64_t padded = (p.out_channels + lanes - 1) / lanes * lanes;
  const float *const filter = ptr.filter + b.g * padded * points * depth;
  for (int64_t h0 = b.h0; h0 < b.h1; h0 += rows)
    for (int64_t w0 = b.w0; w0 < b.w1; w0 += tiles) {
      const frame f(p, memory, axis::least(rows, b.h1 - h0), axis::least(tiles, b.w1 - w0));
      for (int64_t k = 0; k < f.blocks; ++k)
        for (int64_t r = 0; r < f.rows; ++r) {
          const int64_t n = (h0 + r) / t.h.tiles, row = (h0 + r) % t.h.tiles;
          const float *const src = ptr.src + n * p.src.n + b.g * p.in_channels * p.src.c;
          for (int64_t i = 0; i < f.row_slots; i += run_tiles)
            transform_in(f, src, row, w0 + i, axis::least(run_tiles, f.row_slots - i), k,
                         f.values + (r * f.row_slots + i) * lanes);
        }
      for (int64_t c = b.c0; c < b.c1; c += 2 * lanes) {
        const int64_t vectors = b.c1 - c > lanes ? 2 : 1;
        const float *u = filter + c * points * depth;
        const multiplier g{t.w.pieces,
                           t.w.step * lanes,
                           t.phases(),
                           f.blocks,
                           p.in_channels - (f.blocks - 1) * lanes,
                           f.rows * f.row_slots * lanes,
                           (points * vectors + 1) * lanes,
                           depth * vectors * lanes};
        for (int64_t k = 0; k < points; ++k, u += depth * vectors * lanes) {
          // With one piece, the rows of a block are one long row.
          const float *const values = f.values + k * f.plane;
          float *const products = f.products + k * vectors * lanes;
          if (vectors == 2)
            multiply_tiles<2>(g, u, values, products, f.rows * f.tiles);
          else
            multiply_tiles<1>(g, u, values, products, f.rows * f.tiles);
        }
        for (int64_t r = 0; r < f.rows; ++r) {
          const int64_t n = (h0 + r) / t.h.tiles, row = (h0 + r) % t.h.tiles;
          const epilogue ep(p, ptr, block{n, b.g, 0, 0, 0, 0, 0, 0, 0});
          float *const dst = ptr.dst + n * p.dst.n + b.g * p.out_channels * p.dst.c;
          for (int64_t v = 0; v < vectors; ++v)
            for (int64_t i = 0; i < f.tiles; i += run_tiles)
              transform_out(f, ep, f.products + (r * f.tiles + i) * g.tile + v * lanes, vectors, row,
                            w0 + i, axis::least(run_tiles, f.tiles - i), c + v * lanes,
                            b.c1 - c - v * lanes, dst);
        }
      }
    }
}

}  // namespace winograd
SWCONV_END_NAMESPACE
