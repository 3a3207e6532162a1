// SPDX-License-Identifier: MIT
/// @file channel_vector.hpp
/// Dense and grouped convolution with output channels in the lanes.
///
/// A tile is NV vectors of output channels by P neighbouring pixels of one output row, all in
/// registers. For every tap, NV vectors of weights are loaded and P elements of src broadcast, and
/// NV · P FMAs follow. Stride, dilation and width cost nothing; taps in the padding are skipped
/// exactly. The finished tile is transposed in registers, because dst is planar.
#pragma once

#include "epilogue.hpp"

SWCONV_BEGIN_NAMESPACE
namespace channel_vector {

/// Lanes by which the packed filter is blocked, whatever vector a kernel uses.
constexpr int pack_lanes = simd::isa::full::size;

/// What all tiles of one output row and one run of channels share.
struct row {
  const problem &p;
  const epilogue &ep;
  const float *src;         ///< first channel of the group, row 0, column 0
  float *dst;               ///< channel c of the group, this output row, column 0
  const float *weights[2];  ///< first tap of each vector of channels
  int64_t pitch[2];         ///< floats from tap to tap
  int64_t c, channels;      ///< first channel, number of channels
  int64_t h, first_kh, last_kh;
};

/// In place: N vectors whose lanes are channels become channel-major groups of N pixels.
template <int N, class V>
SWCONV_ALWAYS_INLINE void transpose(V (&v)[N]) {
  if constexpr (N > 1) {
    V out[N];
    const auto stage = [&](auto) SWCONV_INLINE_LAMBDA {
      simd::unroll<N / 2>([&](auto i) SWCONV_INLINE_LAMBDA {
        out[2 * i] = V::zip_lo(v[i], v[i + N / 2]);
        out[2 * i + 1] = V::zip_hi(v[i], v[i + N / 2]);
      });
      simd::unroll<N>([&](auto i) SWCONV_INLINE_LAMBDA { v[i] = out[i]; });
    };
    constexpr int stages = N == 2 ? 1 : N == 4 ? 2 : N == 8 ? 3 : 4;
    simd::unroll<stages>(stage);
  }
}

/// Transposed pixels, N per channel, to dst: for the rarer forms, residual, activation, or fewer
/// channels than lanes.
template <class V, int N>
SWCONV_NOINLINE void store_slowly(const row &r, const float *tile, int64_t w, int64_t c,
                                  int64_t channels, int64_t n) {
  float *dst = r.dst + c * r.p.dst.c + w;
  for (int64_t k = 0; k < V::size && k < channels; ++k, dst += r.p.dst.c) {
    V x = V::load_first(tile + k * N, n);
    if (r.ep.general) x = r.ep.finish(x, r.c + c + k, r.h, w, n);
    x.store_first(dst, n);
  }
}

/// Writes pixels [First, First + N) of one vector of channels; `channels` counts from this vector.
template <class V, int N, int First, int P>
SWCONV_ALWAYS_INLINE void store_pixels(const row &r, const V (&acc)[P], int64_t w, int64_t c,
                                       int64_t channels) {
  constexpr int n = P - First < N ? P - First : N;
  V v[N];
  simd::unroll<N>([&](auto i) SWCONV_INLINE_LAMBDA {
    if constexpr (i < n)
      v[i] = acc[First + i];
    else
      v[i] = V::zero();
  });
  transpose(v);
  if (!r.ep.general && channels >= V::size) {
    float *dst = r.dst + c * r.p.dst.c + w + First;
    simd::unroll<V::size>([&](auto k) SWCONV_INLINE_LAMBDA {
      constexpr int groups = V::size / N, i = decltype(k)::value / groups;
      v[i].template store_group<N, decltype(k)::value % groups>(dst, n);
      dst += r.p.dst.c;
    });
  } else {
    alignas(64) float tile[N * V::size];
    simd::unroll<N>([&](auto i) SWCONV_INLINE_LAMBDA { v[i].store(tile + i * V::size); });
    store_slowly<V, N>(r, tile, w + First, c, channels, n);
  }
}

/// One tile. KW is the filter width, or 0 for any. Without Edge all taps lie inside the row.
template <class V, int NV, int P, int KW, bool Edge>
SWCONV_NOINLINE void tile(const row &r, int64_t w) {
  const problem &p = r.p;
  const int64_t kw = KW ? KW : p.w.taps;
  const int64_t stride = p.w.stride, dilation = p.w.dilation;
  const int64_t x = p.w.start(w);
  // Taps [whole_lo, whole_hi) lie inside the row for every pixel of the tile.
  const int64_t whole_lo = Edge ? p.w.first_tap(x) : 0;
  const int64_t last = Edge ? p.w.last_tap(x + (P - 1) * stride) : kw;
  const int64_t whole_hi = last < whole_lo ? whole_lo : last;

  V acc[NV][P];
  simd::unroll<NV * P>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i / P][i % P] = V::zero(); });

  const auto tap = [&](const float *const (&f)[NV], const float *s, int64_t xt,
                       bool whole) SWCONV_INLINE_LAMBDA {
    V weight[NV];
    simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA { weight[v] = V::load(f[v]); });
    simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
      const int64_t at = xt + i * stride;
      if (whole || static_cast<uint64_t>(at) < static_cast<uint64_t>(p.w.in)) {
        const V pixel = V::broadcast(s + at);
        simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA {
          acc[v][i] = V::fma(weight[v], pixel, acc[v][i]);
        });
      }
    });
  };

  const int64_t row_taps = (r.last_kh - r.first_kh) * kw;
  const int64_t skipped = p.h.taps * kw - row_taps;
  const float *f[NV];
  simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA {
    f[v] = r.weights[v] + r.first_kh * kw * r.pitch[v];
  });
  const float *plane = r.src + (p.h.start(r.h) + r.first_kh * p.h.dilation) * p.src.h;
  const auto next_tap = [&]() SWCONV_INLINE_LAMBDA {
    simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA { f[v] += r.pitch[v]; });
  };
  for (int64_t ic = 0; ic < p.in_channels; ++ic, plane += p.src.c) {
    const float *s = plane;
    for (int64_t kh = r.first_kh; kh < r.last_kh; ++kh, s += p.h.dilation * p.src.h) {
      if constexpr (Edge) {
        int64_t t = 0;
        for (; t < whole_lo; ++t, next_tap()) tap(f, s, x + t * dilation, false);
        for (; t < whole_hi; ++t, next_tap()) tap(f, s, x + t * dilation, true);
        for (; t < kw; ++t, next_tap()) tap(f, s, x + t * dilation, false);
      } else if constexpr (KW > 0 && KW <= 3) {
        simd::unroll<KW>([&](auto t) SWCONV_INLINE_LAMBDA {
          tap(f, s, x + t * dilation, true);
          next_tap();
        });
      } else {
        for (int64_t t = 0; t < kw; ++t, next_tap()) tap(f, s, x + t * dilation, true);
      }
    }
    simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA { f[v] += skipped * r.pitch[v]; });
  }

  simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA {
    const int64_t c = v * V::size, channels = r.channels - c;
    if (r.ep.affine) {
      const V scale = r.ep.template scale_over<V>(r.c + c, channels);
      const V bias = r.ep.template bias_over<V>(r.c + c, channels);
      simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
        acc[v][i] = V::fma(acc[v][i], scale, bias);
      });
    }
    if (r.ep.clamp)
      simd::unroll<P>(
          [&](auto i) SWCONV_INLINE_LAMBDA { acc[v][i] = r.ep.clamped(acc[v][i]); });
    constexpr int N = P > 4 && V::size >= 8 ? 8 : 4;
    simd::unroll<(P + N - 1) / N>([&](auto g) SWCONV_INLINE_LAMBDA {
      store_pixels<V, N, g * N, P>(r, acc[v], w, c, channels);
    });
  });
}

using tile_fn = void (*)(const row &, int64_t w);

/// Tiles of 1 … P pixels; entry i has i + 1. Small tiles are rare and have no special widths.
template <class V, int NV, int KW, bool Edge, int... I>
constexpr tile_fn tile_table(int p, std::integer_sequence<int, I...>) {
  constexpr tile_fn table[] = {&tile<V, NV, I + 1, (I < 3 ? 0 : KW), Edge>...};
  return table[p - 1];
}

/// One output row of up to NV · V::size channels, cut into tiles of nearly equal width.
template <class V, int NV, int P, int KW>
SWCONV_ALWAYS_INLINE void run_row(const row &r, int64_t w0, int64_t w1) {
  constexpr std::make_integer_sequence<int, P> widths;
  const int64_t tiles = (w1 - w0 + P - 1) / P;
  for (int64_t i = 0, w = w0; i < tiles; ++i) {
    const int64_t n = (w1 - w + tiles - i - 1) / (tiles - i);
    const int width = static_cast<int>(n);
    if (r.p.w.inside(w, n))
      tile_table<V, NV, KW, false>(width, widths)(r, w);
    else
      tile_table<V, NV, 0, true>(width, widths)(r, w);
    w += n;
  }
}

/// Pixels of a tile: what the registers hold beside the weights and a broadcast.
constexpr int pixels_of_pair = simd::isa::registers >= 32 ? 8 : simd::isa::has_fma ? 6 : 4;
constexpr int pixels_of_one = simd::isa::registers >= 32 ? 12 : 8;

/// Kernel for filter width KW (0: any).
template <int KW>
void run(const problem &p, const run_pointers &ptr, const block &b) {
  using V = simd::isa::full;
  using H = simd::isa::half;
  const epilogue ep(p, ptr, b);
  const int64_t taps = p.in_channels * p.h.taps * p.w.taps;
  const float *const src = ptr.src + b.n * p.src.n + b.g * p.in_channels * p.src.c;
  const float *const filter = ptr.filter + b.g * p.out_channels * taps;
  float *const dst = ptr.dst + b.n * p.dst.n + b.g * p.out_channels * p.dst.c;
  const auto width_at = [&](int64_t c) {
    const int64_t left = p.out_channels - c;
    return left < pack_lanes ? left : pack_lanes;
  };
  for (int64_t c = b.c0; c < b.c1;) {
    const int64_t left = b.c1 - c;
    const int64_t channels = left < 2 * pack_lanes ? left : 2 * pack_lanes;
    row r{p, ep, src, nullptr, {filter + c * taps, filter + (c + pack_lanes) * taps},
          {width_at(c), width_at(c + pack_lanes)}, c, channels, 0, 0, 0};
    for (int64_t h = b.h0; h < b.h1; ++h) {
      const int64_t y = p.h.start(h);
      r.h = h;
      r.first_kh = p.h.first_tap(y);
      r.last_kh = p.h.last_tap(y);
      if (r.last_kh < r.first_kh) r.last_kh = r.first_kh;
      r.dst = dst + c * p.dst.c + h * p.dst.h;
      if (channels > V::size)
        run_row<V, 2, pixels_of_pair, KW>(r, b.w0, b.w1);
      else if (channels > H::size)
        run_row<V, 1, pixels_of_one, KW == 1 ? 1 : 0>(r, b.w0, b.w1);
      else
        run_row<H, 1, 8, 0>(r, b.w0, b.w1);
    }
    c += channels;
  }
}

}  // namespace channel_vector
SWCONV_END_NAMESPACE
