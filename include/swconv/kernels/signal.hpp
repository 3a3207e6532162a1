// SPDX-License-Identifier: MIT
/// @file signal.hpp
/// Long one-dimensional convolution with one output channel at a time: a tile is X neighbouring
/// vectors of one row.
///
/// `slide` makes shifted vectors from registers that are loaded once: lanes t … t+V-1 of two
/// neighbours. A filter longer than a vector moves on to the next pair of registers every V taps,
/// which is the compound form of arXiv 2310.05218. `load` reads every shift from memory, which
/// costs no shuffle, but two cache lines for most loads. Which is faster is measured per ISA and
/// filter size (docs/kernels.md).
#pragma once

#include "planar.hpp"
#include "signal_lanes.hpp"

SWCONV_BEGIN_NAMESPACE
namespace signal {

constexpr int tile_vectors = simd::isa::registers >= 32 ? 8 : 4;

/// X whole vectors from column w, all taps inside the row; unit stride and dilation.
/// K is the filter width, or 0 for any.
template <class V, int X, int K>
SWCONV_NOINLINE void slide_tile(const planar::rows &r, int64_t w) {
  const problem &p = r.p;
  const int64_t kw = K ? K : p.w.taps;
  const float *plane = r.src + p.w.start(w) + p.h.start(r.h) * p.src.h;
  const float *f = r.weights;
  planar::accumulators<V, 1, 1, X> acc;
  for (int64_t ic = 0; ic < p.in_channels; ++ic, plane += p.src.c) {
    for (int64_t first = 0; first < kw; first += V::size) {
      const float *const s = plane + first;
      const int64_t taps = axis::least(kw - first, V::size);
      V reg[X + 1];
      SWCONV_UNROLL
      for (int i = 0; i < X; ++i) reg[i] = V::load(s + i * V::size);
      // Of the last register only the lanes that some tap reaches: no more is known to exist.
      reg[X] = V::load_first(s + X * V::size, taps - 1);
      simd::unroll<(K && K < V::size ? K : V::size)>([&](auto t) SWCONV_INLINE_LAMBDA {
        if ((K && K <= V::size) || t < taps) {
          const V weight = V::broadcast(f + t * r.pitch);
          SWCONV_UNROLL
          for (int i = 0; i < X; ++i) {
            V &a = acc.v[0][0][i];
            a = V::fma(weight, V::template slide<decltype(t)::value>(reg[i], reg[i + 1]), a);
          }
        }
      });
      f += taps * r.pitch;
    }
  }
  acc.template store<false>(r, w, V::size);
}

template <int K>
struct slide {
  template <class V, int X, bool Edge>
  static void tile(const planar::rows &r, int64_t w, int64_t n) {
    if constexpr (Edge || X == 1)
      planar::any_tile<V, 1, 1, X, unit_stride, Edge>(r, w, n);
    else
      slide_tile<V, X, K>(r, w);
  }
};

/// Rows are taken one by one; `Tile` is slide<K> or planar::any<1, 1, unit_stride>.
template <class Tile>
SWCONV_ALWAYS_INLINE void run(const problem &p, const run_pointers &ptr, const block &b) {
  const epilogue ep(p, ptr, b);
  for (int64_t c = b.c0; c < b.c1; ++c)
    planar::run_channels<1>(p, ptr, b, ep, c, [&](auto, const planar::rows &r) SWCONV_INLINE_LAMBDA {
      planar::run_columns<Tile, tile_vectors, unit_stride>(r, b.w0, b.w1);
    });
}

/// Filters of height 1, width K (0: any), unit stride and dilation.
template <int K>
void run_slide(const problem &p, const run_pointers &ptr, const block &b) {
  run<slide<K>>(p, ptr, b);
}
/// Filters of height 1, any width and dilation, unit stride.
inline void run_load(const problem &p, const run_pointers &ptr, const block &b) {
  run<planar::any<1, 1, unit_stride>>(p, ptr, b);
}

}  // namespace signal
SWCONV_END_NAMESPACE
