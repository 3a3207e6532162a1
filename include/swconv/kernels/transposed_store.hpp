// SPDX-License-Identifier: MIT
/// @file transposed_store.hpp
/// From sums whose lanes are channels to planar dst: transpose in registers, epilogue, store.
///
/// Four channels at a time, so that only four rows of dst are written at once: planes are often a
/// power of two apart, and many half-written lines would push each other out of the cache.
#pragma once

#include "epilogue.hpp"

SWCONV_BEGIN_NAMESPACE

/// Where a run of channels goes.
struct transposed_store {
  const problem &p;
  const epilogue &ep;
  float *dst;        ///< first channel, row 0, column 0
  int64_t c;         ///< that channel within the group
  int64_t channels;  ///< how many there are

  /// The rows and columns of b. sums holds the pixels row by row, `pitch` floats apart, whole vectors
  /// of channels each.
  template <class V>
  SWCONV_NOINLINE void store(const float *sums, int64_t pitch, const block &b) const {
    int64_t width = b.w1 - b.w0, rows = b.h1 - b.h0;
    if (width == p.w.out && p.dst.h == width && (!ep.residual || ep.residual_h == width)) {
      width *= rows;  // dense rows are one long row
      rows = 1;
    }
    for (int64_t k = 0; k < channels; k += 4) {
      const float *s = sums + k;
      for (int64_t h = b.h0; h < b.h0 + rows; ++h, s += width * pitch) {
        int64_t w = 0;
        if (!ep.general && k + 4 <= channels)
          for (; w + V::size <= width; w += V::size)
            four<V, true>(s + w * pitch, pitch, 4, k, h, b.w0 + w, V::size);
        for (; w < width; w += V::size)
          four<V, false>(s + w * pitch, pitch, channels - k, k, h, b.w0 + w,
                         axis::least(width - w, V::size));
      }
    }
  }

  /// Asks for columns [w0, w1) of row h of channels [from, to), so that storing need not wait.
  SWCONV_ALWAYS_INLINE void prefetch(int64_t from, int64_t to, int64_t h, int64_t w0, int64_t w1) const {
    for (const float *row = dst + from * p.dst.c + h * p.dst.h; from < to; ++from, row += p.dst.c)
      for (int64_t w = w0; w < w1; w += 16) __builtin_prefetch(row + w, 1);
  }

 private:
  /// n pixels of the first `count` of four channels; with Whole all four and a full vector of each.
  template <class V, bool Whole>
  SWCONV_ALWAYS_INLINE void four(const float *s, int64_t pitch, int64_t count, int64_t k, int64_t h,
                                 int64_t w, int64_t n) const {
    V v[4];
    if (Whole || n == V::size) {
      SWCONV_UNROLL
      for (int i = 0; i < 4; ++i) v[i] = V::quads(s + i * pitch, 4 * pitch);
    } else {
      alignas(64) float pixels[V::size * 4];
      for (int64_t i = 0; i < V::size; ++i)
        __builtin_memcpy(pixels + i * 4, s + (i < n ? i : n - 1) * pitch, 16);
      SWCONV_UNROLL
      for (int i = 0; i < 4; ++i) v[i] = V::quads(pixels + i * 4, 16);
    }
    V::transpose_quads(v[0], v[1], v[2], v[3]);
    float *to = dst + k * p.dst.c + h * p.dst.h + w;
    SWCONV_UNROLL
    for (int i = 0; i < 4; ++i, to += p.dst.c) {
      if (!Whole && i >= count) break;
      if (ep.affine)
        v[i] = V::fma(v[i], ep.template scale_of<V>(c + k + i), ep.template bias_of<V>(c + k + i));
      if (ep.clamp) v[i] = ep.clamped(v[i]);
      if constexpr (Whole) {
        v[i].store(to);
      } else {
        if (ep.general) v[i] = ep.finish(v[i], c + k + i, h, w, n);
        v[i].store_first(to, n);
      }
    }
  }
};

SWCONV_END_NAMESPACE
