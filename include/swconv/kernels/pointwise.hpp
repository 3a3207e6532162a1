// SPDX-License-Identifier: MIT
/// @file pointwise.hpp
/// 1 × 1 filters over planes: lanes are neighbouring columns, a tile is C output channels by X vectors,
/// the taps are the input channels. Results are stored as they are, without a transpose.
///
/// A block of columns stays in the first-level cache while all output channels pass over it: of many
/// input channels a part at a time, with sums in a small scratch in between.
#pragma once

#include "epilogue.hpp"

SWCONV_BEGIN_NAMESPACE
namespace pointwise {

constexpr int tile_channels = simd::isa::registers >= 32 ? 8 : 4;
constexpr int tile_vectors = simd::isa::registers >= 32 || simd::isa::has_fma ? 3 : 2;
constexpr int64_t tile_columns = tile_vectors * simd::isa::full::size;

/// Output channels whose sums the scratch holds, and input channels whose columns stay in the cache.
constexpr int64_t scratch_channels = 64;
constexpr int64_t cached_channels = 24576 / (tile_columns * 4 + 64);

/// What the tiles of one block of columns share.
struct columns_block {
  const problem &p;
  const epilogue &ep;
  const float *src;  ///< first input channel of this part, first column
  float *dst;        ///< channel 0 of the group, first column
  int64_t h, w, n;   ///< row, first column, number of columns
  int64_t in_channels;
  bool first, last;  ///< of the parts of the input channels
  bool far;          ///< as problem::far_dst
};

/// Sums of C channels from c by X vectors through residual and activation to dst: the rarer forms.
template <class V, int X>
SWCONV_NOINLINE void finish(const columns_block &b, const float *sums, int64_t c, int64_t channels) {
  for (int64_t k = 0; k < channels; ++k)
    for (int64_t i = 0; i < X; ++i, sums += V::size) {
      const int64_t n = axis::least(b.n - i * V::size, V::size);
      b.ep.finish(V::load(sums), c + k, b.h, b.w + i * V::size, n)
          .store_first(b.dst + (c + k) * b.p.dst.c + i * V::size, n);
    }
}

/// C channels from c by X vectors, the last of which may be cut if Tail.
template <class V, int C, int X, bool Tail>
SWCONV_NOINLINE void tile(const columns_block &b, const float *f, int64_t pitch, int64_t c,
                          float *sums) {
  const problem &p = b.p;
  const int64_t rest = b.n - (X - 1) * V::size;  // columns of the last vector
  const typename V::mask lanes = V::lanes(0, rest);
  if (b.far && b.last) {
    const float *to = b.dst + c * p.dst.c;
    simd::unroll<C>([&](auto) SWCONV_INLINE_LAMBDA {
      for (int i = 0; i < X * V::size; i += 16) __builtin_prefetch(to + i, 1);
      __builtin_prefetch(to + (X - 1) * V::size + rest - 1, 1);
      to += p.dst.c;
      SWCONV_OPAQUE(to);
    });
  }
  V acc[C][X];
  if (b.first)
    simd::unroll<C * X>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i / X][i % X] = V::zero(); });
  else
    simd::unroll<C * X>([&](auto i) SWCONV_INLINE_LAMBDA {
      acc[i / X][i % X] = V::load(sums + i * V::size);
    });
  const float *s = b.src;
  for (int64_t ic = 0; ic < b.in_channels; ++ic, s += p.src.c, f += pitch) {
    V x[X];
    simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
      if constexpr (Tail && decltype(i)::value == X - 1)
        x[i] = V::load_masked(s + i * V::size, lanes);
      else
        x[i] = V::load(s + i * V::size);
    });
    simd::unroll<C>([&](auto k) SWCONV_INLINE_LAMBDA {
      const V weight = V::broadcast(f + k);
      simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
        acc[k][i] = V::fma(weight, x[i], acc[k][i]);
      });
    });
  }
  if (b.last && b.ep.affine)
    simd::unroll<C>([&](auto k) SWCONV_INLINE_LAMBDA {
      const V scale = b.ep.template scale_of<V>(c + k), bias = b.ep.template bias_of<V>(c + k);
      simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
        acc[k][i] = V::fma(acc[k][i], scale, bias);
      });
    });
  if (!b.last || b.ep.general) {
    simd::unroll<C * X>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i / X][i % X].store(sums + i * V::size); });
    if (b.last) finish<V, X>(b, sums, c, C);
    return;
  }
  if (b.ep.clamp)
    simd::unroll<C * X>([&](auto i) SWCONV_INLINE_LAMBDA {
      acc[i / X][i % X] = b.ep.clamped(acc[i / X][i % X]);
    });
  float *dst = b.dst + c * p.dst.c;
  simd::unroll<C>([&](auto k) SWCONV_INLINE_LAMBDA {
    simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
      if constexpr (Tail && decltype(i)::value == X - 1)
        acc[k][i].store_first(dst + i * V::size, rest);
      else
        acc[k][i].store(dst + i * V::size);
    });
    dst += p.dst.c;
    SWCONV_OPAQUE(dst);
  });
}

/// C channels of one block of columns.
template <class V, int C>
SWCONV_ALWAYS_INLINE void run_channels(const columns_block &b, const float *f, int64_t pitch,
                                       int64_t c, float *sums) {
  const int64_t vectors = (b.n + V::size - 1) / V::size;
  if (b.n == tile_columns)
    tile<V, C, tile_vectors, false>(b, f, pitch, c, sums);
  else if (vectors == 1)
    tile<V, C, 1, true>(b, f, pitch, c, sums);
  else if (vectors == 2)
    tile<V, C, 2, true>(b, f, pitch, c, sums);
  else
    tile<V, C, tile_vectors, true>(b, f, pitch, c, sums);
}

/// Channels [c0, c1) of one block of columns and one part of the input channels, which begin at
/// `weights` within a block of the packed filter.
template <class V>
SWCONV_NOINLINE void run_part(const columns_block &b, const float *filter, int64_t taps, int64_t ic,
                              int64_t c0, int64_t c1, float *sums) {
  constexpr int64_t pack_lanes = simd::isa::full::size;
  for (int64_t c = c0; c < c1;) {
    const int64_t first = c / pack_lanes * pack_lanes;  // of the packed block that holds c
    const int64_t pitch = axis::least(b.p.out_channels - first, pack_lanes);
    const float *const f = filter + first * taps + ic * pitch + (c - first);
    const int64_t left = axis::least(c1, first + pitch) - c;
    float *const s = sums + (c - c0) * tile_columns;
    if (left >= tile_channels) {
      run_channels<V, tile_channels>(b, f, pitch, c, s);
      c += tile_channels;
    } else if (left >= 4) {
      run_channels<V, 4>(b, f, pitch, c, s);
      c += 4;
    } else if (left >= 2) {
      run_channels<V, 2>(b, f, pitch, c, s);
      c += 2;
    } else {
      run_channels<V, 1>(b, f, pitch, c, s);
      c += 1;
    }
  }
}

/// Filters of one tap that never leave src; unit column stride.
inline bool serves(const problem &p) {
  return p.h.taps == 1 && p.w.taps == 1 && p.w.stride == 1 && p.h.inside(0, p.h.out) &&
         p.w.inside(0, p.w.out);
}

/// Kernel for the layers that `serves` accepts.
inline void run(const problem &p, const run_pointers &ptr, const block &b) {
  using V = simd::isa::full;
  alignas(64) float sums[scratch_channels * tile_columns];
  const epilogue ep(p, ptr, b);
  const float *const filter = ptr.filter + b.g * p.out_channels * p.in_channels;
  const float *const src = ptr.src + b.n * p.src.n + b.g * p.in_channels * p.src.c - p.w.pad;
  float *const dst = ptr.dst + b.n * p.dst.n + b.g * p.out_channels * p.dst.c;
  // Parts of nearly equal size; a single one needs no scratch.
  const int64_t parts = (p.in_channels + cached_channels - 1) / cached_channels;
  const int64_t part = (p.in_channels + parts - 1) / parts;
  for (int64_t h = b.h0; h < b.h1; ++h)
    for (int64_t w = b.w0; w < b.w1; w += tile_columns) {
      columns_block t{p, ep, nullptr, dst + h * p.dst.h + w, h, w,
                      axis::least(b.w1 - w, tile_columns), 0, true, true, p.far_dst()};
      for (int64_t c = b.c0; c < b.c1; c += scratch_channels) {
        const int64_t end = axis::least(c + scratch_channels, b.c1);
        for (int64_t ic = 0; ic < p.in_channels; ic += part) {
          t.src = src + ic * p.src.c + p.h.start(h) * p.src.h + w;
          t.in_channels = axis::least(part, p.in_channels - ic);
          t.first = ic == 0;
          t.last = ic + part >= p.in_channels;
          run_part<V>(t, filter, p.in_channels, ic, c, end, sums);
        }
      }
    }
}

}  // namespace pointwise
SWCONV_END_NAMESPACE
