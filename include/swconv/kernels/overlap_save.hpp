// SPDX-License-Identifier: MIT
/// @file overlap_save.hpp
/// Large filters of one channel by Fourier transforms of tiles (math = fast; docs/fast.md). A filter
/// is real, so two tiles of an image pass through it as real and imaginary part of one. Lanes are
/// such pairs of one channel (spectra = 1), or the channels of a depthwise layer (2).
///
/// The tile is transformed row by row as it is read. Then each column, while it is near: transformed,
/// multiplied, transformed back. Then the rows of results back, on their way to dst.
#pragma once

#include "../simd/transpose.hpp"
#include "epilogue.hpp"
#include "fourier.hpp"

SWCONV_BEGIN_NAMESPACE
namespace fourier {

/// A tile in one lane, of one of the two parts.
struct lane {
  const float *src;  ///< the plane; null: no tile, its inputs count as zeros
  float *dst;
  int64_t y, x, channel;  ///< of its first output
};

/// Floats of a number of roots, in whole cache lines.
constexpr int64_t roots_space(int64_t n) { return (roots_floats(n) + 15) / 16 * 16; }

/// A transform of 2 · lanes tiles.
struct transform {
  const problem &p;
  const tile_axis &h, &w;
  float *zeros;  ///< a row outside src
  float *values;
  int64_t row;  ///< floats from row to row: columns must not meet in the same sets of a cache
  const float *roots_w, *roots_h, *spectrum;
  lane tiles[2 * lanes];
  bool whole;  ///< all tiles exist, with all their results

  transform(const problem &problem_, const run_pointers &ptr)
      : p(problem_), h(p.tiles.h), w(p.tiles.w) {
    zeros = static_cast<float *>(ptr.workspace);
    values = zeros + (w.n + 15) / 16 * 16;
    row = row_floats(p.tiles);
    roots_w = ptr.filter;
    roots_h = roots_w + roots_space(w.n);
    for (int64_t i = 0; i < w.n; i += lanes) V::zero().store(zeros + i);
  }
  static SWCONV_ALWAYS_INLINE int64_t row_floats(const tiling &t) {
    return t.w.n * 2 * lanes + (t.h.n > 1 ? 16 : 0);
  }

  /// Row r of all tiles, a complex vector for each column. Zeros are not transformed.
  SWCONV_NOINLINE void read_row(int64_t r) const {
    struct {
      const float *at;
      int64_t lo, hi;  ///< columns of the tile that may be read
    } from[2 * lanes];
    bool any = false;
    int64_t lo = 0, hi = w.n;  // of all tiles
    for (int i = 0; i < 2 * lanes; ++i) {
      const int64_t line = tiles[i].y - p.h.pad + r, x = tiles[i].x - p.w.pad;
      if (tiles[i].src != nullptr && line >= 0 && line < p.h.in) {
        from[i] = {tiles[i].src + line * p.src.h + x, -x, p.w.in - x};
        any = true;
        // The rows of so many tiles are more than the hardware follows.
        if (r + 1 < h.n)
          for (int64_t c = 0; c < w.n; c += 16) __builtin_prefetch(from[i].at + p.src.h + c);
      } else {
        from[i] = {zeros, 0, w.n};
      }
      if (from[i].lo > lo) lo = from[i].lo;
      if (from[i].hi < hi) hi = from[i].hi;
    }
    float *to = values + r * row;
    if (!any) {
      for (int64_t i = 0; i < w.n * 2 * lanes; i += lanes) V::zero().store(to + i);
      return;
    }
    for (int part = 0; part < 2; ++part)
      for (int64_t c = 0; c < w.n; c += lanes) {
        const auto *const rows = from + part * lanes;
        V v[lanes];
        if (c >= lo && c + lanes <= hi) {
          simd::unroll<lanes>([&](auto l) SWCONV_INLINE_LAMBDA { v[l] = V::load(rows[l].at + c); });
        } else {
          // Masked loads, and stores below, are slow: only where a tile ends.
          alignas(64) float block[lanes * lanes];
          for (int l = 0; l < lanes; ++l) {
            const bool inside = c >= rows[l].lo && c + lanes <= rows[l].hi;
            const V x = inside ? V::load(rows[l].at + c)
                               : V::load_masked(rows[l].at + c, V::lanes(rows[l].lo - c, rows[l].hi - c));
            x.store(block + l * lanes);
          }
          simd::unroll<lanes>([&](auto l) SWCONV_INLINE_LAMBDA { v[l] = V::load(block + l * lanes); });
        }
        simd::transpose(v);
        simd::unroll<lanes>([&](auto l) SWCONV_INLINE_LAMBDA {
          v[l].store(to + (2 * (c + l) + part) * lanes);
        });
      }
    forward(to, 2 * lanes, w.n, roots_w);
  }

  /// n elements, `step` floats apart, times their part of the spectrum.
  template <bool Shared>
  SWCONV_NOINLINE static void multiply(float *x, int64_t step, int64_t n, const float *f) {
    for (; n > 0; --n, x += step, f += Shared ? 2 : 2 * lanes) {
      const complex a = complex::load(x);
      const V re = Shared ? V::broadcast(f) : V::load(f);
      const V im = Shared ? V::broadcast(f + 1) : V::load(f + lanes);
      complex{V::sub(V::mul(a.re, re), V::mul(a.im, im)), V::fma(a.re, im, V::mul(a.im, re))}.store(x);
    }
  }
  SWCONV_ALWAYS_INLINE void multiply_line(float *x, int64_t step, int64_t n, const float *f) const {
    if (p.tiles.spectra == 1)
      multiply<true>(x, step, n, f);
    else
      multiply<false>(x, step, n, f);
  }

  /// Row r of the results of all tiles, to dst.
  SWCONV_NOINLINE void write_row(const epilogue &ep, int64_t r) const {
    float *const from = values + r * row;
    for (const lane &to : tiles)
      for (int64_t c = 0; c < w.m && to.src != nullptr; c += 16)
        __builtin_prefetch(to.dst + (to.y + r) * p.dst.h + to.x + c, 1);
    inverse(from, 2 * lanes, w.n, roots_w);
    const bool shared = p.tiles.spectra == 1;
    const int64_t channel = tiles[0].channel;
    const V scale = shared ? ep.scale_of<V>(channel) : ep.scale_over<V>(channel, p.groups - channel);
    const V bias = shared ? ep.bias_of<V>(channel) : ep.bias_over<V>(channel, p.groups - channel);
    for (int part = 0; part < 2; ++part)
      for (int64_t c = 0; c < w.m; c += lanes) {
        const lane *const to = tiles + part * lanes;
        V v[lanes];
        simd::unroll<lanes>([&](auto l) SWCONV_INLINE_LAMBDA {
          v[l] = V::load(from + (2 * (c + l) + part) * lanes);
        });
        if (ep.affine)
          simd::unroll<lanes>([&](auto l) SWCONV_INLINE_LAMBDA { v[l] = V::fma(v[l], scale, bias); });
        if (ep.clamp)
          simd::unroll<lanes>([&](auto l) SWCONV_INLINE_LAMBDA { v[l] = ep.clamped(v[l]); });
        simd::transpose(v);
        if (whole && !ep.general && c + lanes <= w.m) {
          simd::unroll<lanes>([&](auto l) SWCONV_INLINE_LAMBDA {
            v[l].store(to[l].dst + (to[l].y + r) * p.dst.h + to[l].x + c);
          });
          continue;
        }
        alignas(64) float block[lanes * lanes];
        simd::unroll<lanes>([&](auto l) SWCONV_INLINE_LAMBDA { v[l].store(block + l * lanes); });
        for (int l = 0; l < lanes; ++l) {
          const int64_t y = to[l].y + r, x = to[l].x + c;
          const int64_t n = axis::least(axis::least(lanes, w.m - c), p.w.out - x);
          if (to[l].src == nullptr || y >= p.h.out || n <= 0) continue;
          V result = V::load(block + l * lanes);
          if (ep.general) result = ep.finish(result, to[l].channel, y, x, n);
          float *const out = to[l].dst + y * p.dst.h + x;
          if (n == lanes)
            result.store(out);
          else
            result.store_first(out, n);
        }
      }
  }

  void run(const epilogue &ep) const {
    for (int64_t r = 0; r < h.n; ++r) read_row(r);
    if (h.n == 1) {
      multiply_line(values, 2 * lanes, w.n, spectrum);
    } else {
      const float *f = spectrum;
      for (int64_t c = 0; c < w.n; ++c, f += h.n * 2 * (p.tiles.spectra == 1 ? 1 : lanes)) {
        float *const column = values + c * 2 * lanes;
        forward(column, row, h.n, roots_h);
        multiply_line(column, row, h.n, f);
        inverse(column, row, h.n, roots_h);
      }
    }
    for (int64_t r = 0; r < h.m; ++r) write_row(ep, r);
  }
};

inline bool serves(const problem &p) { return p.tiles.spectra != 0; }
inline int64_t workspace(const problem &p) {
  const tiling &t = p.tiles;
  return 4 * ((t.w.n + 15) / 16 * 16 + t.h.n * transform::row_floats(t));
}

/// A block counts channels, images and pairs of tiles.
inline void run(const problem &p, const run_pointers &ptr, const block &b) {
  const tiling &t = p.tiles;
  const bool shared = t.spectra == 1;
  const int64_t channels = shared ? 1 : lanes, pairs = shared ? lanes : 1;
  const int64_t tiles = t.h.tiles * t.w.tiles;
  transform f(p, ptr);
  const float *const spectra = f.roots_h + (t.h.n > 1 ? roots_space(t.h.n) : 0);
  for (int64_t c = b.c0; c < b.c1; c += channels) {
    f.spectrum = spectra + 2 * c * t.points();
    for (int64_t image = b.h0; image < b.h1; ++image) {
      const epilogue ep(p, ptr, block{image, 0, 0, 0, 0, 0, 0, 0, 0});
      for (int64_t pair = b.w0; pair < b.w1; pair += pairs) {
        f.whole = true;
        for (int i = 0; i < 2 * lanes; ++i) {
          const int64_t part = i / lanes, l = i % lanes;
          const int64_t channel = shared ? c : c + l;
          const int64_t own = shared ? pair + l : pair, tile = 2 * own + part;
          lane &to = f.tiles[i];
          const bool exists = own < b.w1 && tile < tiles && channel < b.c1;
          to = lane{nullptr, nullptr, 0, 0, channel};
          if (!exists) {
            f.whole = false;
            continue;
          }
          to.src = ptr.src + image * p.src.n + channel * p.src.c;
          to.dst = ptr.dst + image * p.dst.n + channel * p.dst.c;
          to.y = tile / t.w.tiles * t.h.m;
          to.x = tile % t.w.tiles * t.w.m;
          f.whole &= to.x + t.w.m <= p.w.out && to.y + t.h.m <= p.h.out;
        }
        f.run(ep);
      }
    }
  }
}

}  // namespace fourier
SWCONV_END_NAMESPACE
