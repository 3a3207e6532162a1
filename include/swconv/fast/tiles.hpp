// SPDX-License-Identifier: MIT
/// @file tiles.hpp
/// math = fast: which tiles a layer is cut into, what that costs, and how its filter is packed.
/// Derived in docs/fast.md.
#pragma once

#include <string.h>

#include "../kernels/problem.hpp"
#include "../kernels/toom_cook.hpp"
#include "../packing.hpp"
#include "../shape.hpp"
#include "spectra.hpp"

SWCONV_BEGIN_NAMESPACE
namespace detail {

SWCONV_ALWAYS_INLINE int64_t quotient_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Cuts one axis for n points, or does not transform it (n = 1). False where that cannot be.
inline bool cut_axis(const axis &a, int64_t n, int64_t m, bool may_split, tile_axis &t) {
  t = tile_axis{1, 1, 1, 1, 1, a.out, 1};
  if (n == 1) return a.taps == 1 && a.stride == 1;
  if (a.taps == 1 || a.stride > 2 || a.dilation > 64 || (a.stride > 1 && a.dilation > 1))
    return false;
  const int64_t taps = quotient_up(a.taps, a.stride);  // of one phase
  t.m = m;
  t.n = n;
  t.stride = a.stride;
  t.step = a.dilation;
  t.phases = toom_cook::is_strided(n) ? 1 : a.stride;
  if (toom_cook::is_strided(n)) {
    if (a.stride != 2 || a.taps > 3) return false;
  } else if (taps > n - m + 1) {
    // All pieces but the last have m taps, so that each reads whole tiles.
    if (!may_split || a.stride > 1 || m > n - m + 1) return false;
    t.pieces = 1 + quotient_up(taps - (n - m + 1), m);
  }
  t.tiles = quotient_up(a.out, m * t.step) * t.step;
  return true;
}

/// Bytes of the values of one block, and of its products: both stay in the second-level cache with
/// the weights that pass by, of 1 MiB or more where there are 32 registers, else of 512 KiB.
constexpr bool large_cache = simd::isa::registers >= 32;
constexpr int64_t values_budget = large_cache ? 1 << 20 : 3 << 16;
constexpr int64_t products_budget = large_cache ? 1 << 17 : 1 << 16;

inline void size_block(const problem &p, int lanes, tiling &t) {
  const int64_t blocks = quotient_up(p.in_channels, lanes);
  const int64_t value = t.points() * t.phases() * blocks * lanes * 4;
  const int64_t product = t.points() * 2 * lanes * 4;
  int64_t tiles = axis::least(values_budget / value, products_budget / product);
  if (tiles > 96) tiles = 96;
  if (tiles < 16) tiles = 16;  // fewer do not pay for passing over the weights
  t.block_tiles = quotient_up(tiles, t.w.step) * t.w.step;
}

/// Operations of a transform from or to n points, in vectors; loads and stores hide behind them.
inline double evaluation_cost(int64_t n) {
  constexpr int of[] = {0, 2, 0, 0, 8, 0, 14, 11, 26, 0, 42};
  return of[n];
}

/// Cost of an image of one group, in vector FMAs, and the share of the transforms in it.
inline double tiled_cost(const problem &p, int lanes, const tiling &t, double *share = nullptr) {
  const auto f = [](int64_t x) { return static_cast<double>(x); };
  const double tiles = f(t.h.tiles) * f(t.w.tiles), points = f(t.points());
  const double ins = f(quotient_up(p.in_channels, lanes)),
               outs = f(quotient_up(p.out_channels, lanes));
  const double depth = f(p.in_channels * t.phases() * t.w.pieces);
  // Weights pass by once per block, while those before them are used. Beyond what a third-level
  // cache leaves to one core they come half as fast.
  const double blocks = tiles < f(t.block_tiles) ? 1 : tiles / f(t.block_tiles);
  const double weights = points * depth * outs;
  const double used = weights * tiles * 1.1;
  const double streamed = weights * blocks * (weights * 4 * lanes > 6e6 ? 12 : 6);
  const double multiply = used > streamed ? used : streamed;
  const double pixels_in = f(t.h.n * t.h.phases * t.w.m * t.w.stride);
  const double in = pixels_in * 6 + f(t.h.phases * t.w.m * t.w.stride) * evaluation_cost(t.h.n) +
                    f(t.phases() * t.h.n) * evaluation_cost(t.w.n);
  const double out =
      f(t.w.n) * evaluation_cost(t.h.n) + f(t.h.m) * evaluation_cost(t.w.n) + f(t.h.m * t.w.m) * 8;
  // Transforms wait for memory more than they compute: measured, 2.5 times their operations.
  const double transforms = tiles * (ins * in + outs * out) * 2.5, sum = multiply + transforms;
  if (share != nullptr) *share = transforms / sum;
  return sum;
}

/// Short filters along both axes get at most six points: with eight, their errors would be six
/// times as large, and the larger transforms take back what they save. Ten points are for rows. Three
/// taps and stride 2 have a way of their own, which is cheaper than phases.
inline bool worth_trying(const problem &p, int64_t nh, int64_t nw) {
  const auto strided = [](const axis &a) { return a.stride == 2 && a.taps <= 3; };
  if (strided(p.h) != toom_cook::is_strided(nh) || strided(p.w) != toom_cook::is_strided(nw))
    return false;
  const bool long_h = quotient_up(p.h.taps, p.h.stride) > 4;
  const bool long_w = quotient_up(p.w.taps, p.w.stride) > 4;
  if (nw == 10) return nh == 1 && long_w;
  return nh * nw > 1 && (nh * nw < 48 || strided(p.h) || strided(p.w) || long_h || long_w);
}

/// The packing of these tiles: neither sizes of images nor their dilation matter.
inline uint64_t tiled_packing_id(const problem &p, int lanes, const tiling &t) {
  uint64_t id = packing_id(p, lanes);
  constexpr int64_t algorithm = 0x546f6f6d;
  const int64_t parts[] = {algorithm, t.spectra, t.h.m, t.h.n, t.h.stride, t.w.m, t.w.n, t.w.stride};
  for (const int64_t v : parts) id = mix(id, v);
  return id | 1;
}

/// The kernel that a tiling is for.
inline const char *tiles_kernel(const tiling &t) {
  return t.spectra ? "fourier/tiles" : "winograd/tiles";
}

/// The cheapest tiling, or with `keep` the one that reads that packing, or with a prefix one of that
/// kernel; false if there is none.
inline bool choose_tiling(const problem &p, int lanes, uint64_t keep, const char *prefix,
                          tiling &best, double &cost) {
  bool found = false;
  const auto try_tiles = [&](const tiling &t, double c) {
    if (keep != 0 && tiled_packing_id(p, lanes, t) != keep) return;
    if (prefix && strncmp(tiles_kernel(t), prefix, strlen(prefix)) != 0) return;
    if (found && c >= cost) return;
    found = true;
    best = t;
    cost = c;
  };
  for_each_spectra(p, lanes, try_tiles);
  // One channel to one channel would leave all lanes but one idle.
  if (p.in_channels == 1 && p.out_channels == 1) return found;
  constexpr int64_t points[] = {1, 4, 6, 7, 8, 10};
  for (const int64_t nh : points)
    for (const int64_t nw : points) {
      if (nh == 10 || (nw == 10 && nh > 1)) continue;
      if (keep == 0 && !worth_trying(p, nh, nw)) continue;
      for (int64_t mh = toom_cook::fewest_of(nh); mh <= toom_cook::most_of(nh); ++mh)
        for (int64_t mw = toom_cook::fewest_of(nw); mw <= toom_cook::most_of(nw); ++mw) {
          tiling t{};
          if (!cut_axis(p.h, nh, mh, false, t.h) || !cut_axis(p.w, nw, mw, true, t.w)) continue;
          size_block(p, lanes, t);
          try_tiles(t, tiled_cost(p, lanes, t));
        }
    }
  return found;
}

/// The error to expect, relative to Σ|filter · src|: the largest of many thousand results
/// (docs/numerics.md). It grows with the points of both axes.
inline double expected_error(const tiling &t) {
  if (t.spectra) return 1e-7;
  const auto growth = [](int64_t n) {
    return n == 1 ? 1.0 : n == 4 || n == 7 ? 1.5 : n == 6 ? 2.0 : n == 8 ? 4.0 : 10.0;
  };
  return 1e-7 * growth(t.h.n) * growth(t.w.n);
}

/// ", F(4x4, 3x3) from 6x6 points, error about 4e-07": the algorithm for people.
inline void describe_tiles(const problem &p, char *text, size_t capacity) {
  const tiling &t = p.tiles;
  if (t.spectra)
    snprintf(text, capacity, ", %dx%d results of a %dx%d Fourier transform, error about %.0e",
             static_cast<int>(t.h.m), static_cast<int>(t.w.m), static_cast<int>(t.h.n),
             static_cast<int>(t.w.n), expected_error(t));
  else
    snprintf(text, capacity, ", F(%dx%d, %lldx%lld) from %dx%d points, error about %.0e",
           static_cast<int>(t.h.m), static_cast<int>(t.w.m), static_cast<long long>(p.h.taps),
           static_cast<long long>(p.w.taps), static_cast<int>(t.h.n), static_cast<int>(t.w.n),
           expected_error(t));
}

/// Floats of a packed filter for these tiles, or overflowed_extent.
inline int64_t tiled_filter_floats(const problem &p, int lanes, const tiling &t) {
  if (t.spectra) return spectra_floats(p, lanes, t);
  int64_t n = quotient_up(p.out_channels, lanes) * lanes;
  const int64_t factors[] = {t.points(), t.phases() * t.w.pieces, p.in_channels, p.groups};
  for (const int64_t f : factors)
    if (mul_overflow(n, f, &n)) return overflowed_extent;
  return n;
}

/// Weight of tap k at point j.
struct point_weights {
  double at[10][8];
  explicit point_weights(const tile_axis &a) : at{} {
    for (int64_t j = 0; j < a.n; ++j)
      for (int64_t k = 0; k < toom_cook::taps_of(a.n, a.m); ++k)
        at[j][k] = toom_cook::filter_weight(a.n, j, k, toom_cook::taps_of(a.n, a.m));
  }
};

/// Where tap k of phase q and piece j lies in the filter; may be outside.
SWCONV_ALWAYS_INLINE int64_t tap_of(const tile_axis &a, int64_t piece, int64_t phase, int64_t k) {
  return a.phases * (piece * a.m + k) + phase;
}

/// Packs [group][panel of out channels][point][piece][phase][in channel][channel of the panel],
/// where a panel is two vectors of channels, the last perhaps one.
inline void pack_tiles(const problem &p, const filter_pitches &s, int lanes, const float *filter,
                       float *out) {
  const tiling &t = p.tiles;
  const point_weights gh(t.h), gw(t.w);
  const int64_t rh = toom_cook::taps_of(t.h.n, t.h.m), rw = toom_cook::taps_of(t.w.n, t.w.m);
  const int64_t padded = quotient_up(p.out_channels, lanes) * lanes;
  const int64_t depth = t.w.pieces * t.phases() * p.in_channels;
  for (int64_t g = 0; g < p.groups; ++g)
    for (int64_t c = 0; c < padded; ++c) {
      const int64_t first = c / (2 * lanes) * (2 * lanes);
      const int64_t panel = axis::least(2 * lanes, padded - first);
      float *const column = out + (g * padded + first) * t.points() * depth + (c - first);
      const bool real = c < p.out_channels;
      for (int64_t k = 0; k < depth; ++k) {
        const int64_t ic = k % p.in_channels, q = k / p.in_channels % t.phases();
        const int64_t piece = k / p.in_channels / t.phases();
        // The last piece takes all taps that are left, the others m.
        const int64_t taps = piece + 1 < t.w.pieces ? t.w.m : rw;
        double rows[8][8] = {};
        for (int64_t x = 0; real && x < taps; ++x)
          for (int64_t y = 0; y < rh; ++y) {
            const int64_t kh = tap_of(t.h, 0, q / t.w.phases, y);
            const int64_t kw = tap_of(t.w, piece, q % t.w.phases, x);
            if (kh >= p.h.taps || kw >= p.w.taps) continue;
            const double f =
                filter[(g * p.out_channels + c) * s.oc + ic * s.ic + kh * s.h + kw * s.w];
            for (int64_t i = 0; i < t.h.n; ++i) rows[i][x] += gh.at[i][y] * f;
          }
        for (int64_t i = 0; i < t.h.n; ++i)
          for (int64_t j = 0; j < t.w.n; ++j) {
            double sum = 0;
            for (int64_t x = 0; x < taps; ++x) sum += gw.at[j][x] * rows[i][x];
            column[((i * t.w.n + j) * depth + k) * panel] = static_cast<float>(sum);
          }
      }
    }
}

/// Packs for the tiles of p.
inline void pack_transformed(const problem &p, const filter_pitches &s, int lanes,
                             const float *filter, float *out) {
  (p.tiles.spectra ? &pack_spectra : &pack_tiles)(p, s, lanes, filter, out);
}

}  // namespace detail
SWCONV_END_NAMESPACE
