// SPDX-License-Identifier: MIT
/// @file spectra.hpp
/// math = fast by Fourier transforms: the size of the tiles, what they cost, and how a filter is
/// packed. Derived in docs/fast.md.
#pragma once

#include "../kernels/overlap_save.hpp"
#include "../packing.hpp"
#include "../shape.hpp"

SWCONV_BEGIN_NAMESPACE
namespace detail {

/// Tiles of n, a power of two, on one axis; none on an axis without taps.
inline bool cut_for_spectra(const axis &a, int64_t n, tile_axis &t) {
  if (a.stride != 1 || a.dilation != 1 || (n == 1) != (a.taps == 1)) return false;
  const int64_t m = n - a.taps + 1;
  if (m < 4 && n > 1) return false;
  t = tile_axis{m, n, 1, 1, 1, (a.out + m - 1) / m, 1};
  return true;
}

/// Cost of a transform of n vectors, in FMAs, as measured.
inline double fourier_cost(int64_t n) {
  double passes = 0;
  for (int64_t k = n; k > 1; k /= 4) passes += 1;
  return static_cast<double>(n) * passes * 10;
}

/// Cost of the plane of one group, in vector FMAs.
inline double spectra_cost(const problem &p, int lanes, const tiling &t) {
  const auto f = [](int64_t x) { return static_cast<double>(x); };
  const double nh = f(t.h.n), nw = f(t.w.n);
  const double rows = nh * (fourier_cost(t.w.n) + nw * 9) +
                      f(t.h.m) * (fourier_cost(t.w.n) + f(t.w.m) * 10);
  const double columns = nw * (2 * fourier_cost(t.h.n) + nh * 7);
  const int64_t vectors = t.spectra == 1 ? (t.pairs() + lanes - 1) / lanes
                                         : t.pairs() * ((p.groups + lanes - 1) / lanes);
  // A single row has nothing to do while it waits for its loads and stores.
  const double waits = t.h.n == 1 ? 1.2 : 1;
  return waits * (rows + columns) * f(vectors) / (t.spectra == 1 ? 1 : f(p.groups));
}

/// Floats of a packed filter, or overflowed_extent.
inline int64_t spectra_floats(const problem &p, int lanes, const tiling &t) {
  const int64_t channels = t.spectra == 1 ? p.groups : (p.groups + lanes - 1) / lanes * lanes;
  int64_t n = 0;
  if (mul_overflow(channels, 2 * t.points(), &n)) return overflowed_extent;
  const int64_t roots =
      fourier::roots_space(t.w.n) + (t.h.n > 1 ? fourier::roots_space(t.h.n) : 0);
  return add_overflow(n, roots, &n) ? overflowed_extent : n;
}

constexpr int64_t largest_transform = 2048, largest_plane = 128;

/// The roots of unity of n, w^j = (cos, sin)(2πj / n), without a mathematical library: the angle is
/// halved until it is that of n, then multiplied.
struct unit_roots {
  int64_t n;
  double c[largest_transform], s[largest_transform];

  explicit unit_roots(int64_t size) : n(size) {
    double cosine = 0, sine = 1;  // n = 4
    for (int64_t k = 4; k < n; k *= 2) {
      const double square = (1 + cosine) / 2;
      cosine = 1;  // Newton's iteration for the root of a number from 1/2 to 1
      for (int i = 0; i < 6; ++i) cosine = (cosine + square / cosine) / 2;
      sine /= 2 * cosine;
    }
    c[0] = 1;
    s[0] = 0;
    for (int64_t j = 1; j < n; ++j) {
      c[j] = c[j - 1] * cosine - s[j - 1] * sine;
      s[j] = s[j - 1] * cosine + c[j - 1] * sine;
    }
  }
};

/// The roots that fourier::forward and inverse of n elements read: w^-j, its square and its cube.
inline void pack_roots(const unit_roots &u, int64_t n, float *out) {
  for (int64_t length = n; length > 4; length /= 4)
    for (int64_t j = 0; j < length / 4; ++j)
      for (int64_t k = 1; k < 4; ++k, out += 3) {
        const int64_t i = j * k * (u.n / length) % u.n;
        out[0] = static_cast<float>(u.c[i]);
        out[1] = static_cast<float>(-u.s[i]);
        out[2] = static_cast<float>(u.s[i]);
      }
}

/// Which frequency fourier::forward leaves at position i of n.
inline int64_t frequency_at(int64_t n, int64_t i) {
  int64_t k = 0, step = 1;
  while (n > 1) {
    const int64_t radix = n == 2 ? 2 : 4, part = n / radix;
    k += i / part * step;
    i %= part;
    step *= radix;
    n = part;
  }
  return k;
}

/// Packs the roots, then [block of channels][column][row][re, im][channel] of the spectra, the
/// conjugates of the filters' (which makes a correlation of the product), divided by the points.
inline void pack_spectra(const problem &p, const filter_pitches &pitch, int lanes,
                         const float *filter, float *out) {
  const tiling &t = p.tiles;
  const unit_roots u(t.w.n > t.h.n ? t.w.n : t.h.n);
  const int64_t step_w = u.n / t.w.n, step_h = u.n / t.h.n;
  pack_roots(u, t.w.n, out);
  out += fourier::roots_space(t.w.n);
  if (t.h.n > 1) {
    pack_roots(u, t.h.n, out);
    out += fourier::roots_space(t.h.n);
  }
  const int64_t width = t.spectra == 1 ? 1 : lanes;
  const double scale = 1.0 / static_cast<double>(t.points());
  double re[largest_plane], im[largest_plane];
  for (int64_t c = 0; c < (p.groups + width - 1) / width * width; ++c) {
    float *to = out + c / width * width * 2 * t.points() + c % width;
    for (int64_t x = 0; x < t.w.n; ++x) {
      const int64_t fx = frequency_at(t.w.n, x) * step_w;
      for (int64_t y = 0; y < p.h.taps && c < p.groups; ++y) {
        re[y] = im[y] = 0;
        for (int64_t k = 0; k < p.w.taps; ++k) {
          const double f = filter[c * pitch.oc + y * pitch.h + k * pitch.w];
          re[y] += f * u.c[fx * k % u.n];
          im[y] += f * u.s[fx * k % u.n];
        }
      }
      for (int64_t y = 0; y < t.h.n; ++y, to += 2 * width) {
        const int64_t fy = frequency_at(t.h.n, y) * step_h;
        double r = 0, i = 0;
        for (int64_t k = 0; k < p.h.taps && c < p.groups; ++k) {
          const int64_t j = fy * k % u.n;
          r += re[k] * u.c[j] - im[k] * u.s[j];
          i += re[k] * u.s[j] + im[k] * u.c[j];
        }
        to[0] = static_cast<float>(r * scale);
        to[width] = static_cast<float>(i * scale);
      }
    }
  }
}

/// Calls try_tiles(tiling, cost) for all sizes of tiles that serve a layer of one channel per group.
template <class F>
inline void for_each_spectra(const problem &p, int lanes, F &&try_tiles) {
  if (p.in_channels != 1 || p.out_channels != 1) return;
  for (int64_t nh = 1; nh <= largest_plane; nh *= 2)
    for (int64_t nw = 32; nw <= (nh > 1 ? largest_plane : largest_transform); nw *= 2)
      for (uint32_t kind = 1; kind <= (p.groups > 1 ? 2 : 1); ++kind) {
        tiling t{};
        t.spectra = kind;
        if ((nh > 1 && nh < 16) || !cut_for_spectra(p.h, nh, t.h) || !cut_for_spectra(p.w, nw, t.w))
          continue;
        try_tiles(t, spectra_cost(p, lanes, t));
      }
}

}  // namespace detail
SWCONV_END_NAMESPACE
