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

constexpr int tile_vectors = 8;
/// Slides hold one vector more than a tile has.
constexpr int slide_vectors = simd::isa::registers >= 32 ? 8 : 4;
/// Dilated taps come from registers, too; the common dilations by slides.
constexpr bool may_slide = !simd::isa::prefers_loads && simd::isa::full::size >= 8;
constexpr bool slides(int64_t dilation) { return may_slide && (dilation == 2 || dilation == 4); }

/// Tiles of X whole vectors of columns from w on, while they end before `end`; all their taps lie
/// inside the row. Each is a vector of src for every tap, from memory. Returns where it stopped. The weights of
/// a channel begin `skipped` taps behind the last one's.
template <class V, int X>
SWCONV_NOINLINE int64_t load_columns(const planar::rows &r, int64_t w, int64_t end, int64_t skipped = 0) {
  const planar::row_output<V> out(r);
  const problem &p = r.p;
  const int64_t channels = p.in_channels, plane = p.src.c, pitch = r.pitch;
  const int64_t taps = p.w.taps, dilation = p.w.dilation;
  const float *src = r.src + p.w.start(w) + p.h.start(r.h) * p.src.h, *const filter = r.weights;
  for (; w + X * V::size <= end; w += X * V::size, src += X * V::size) {
    V acc[X];
    simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i] = V::zero(); });
    const float *f = filter, *from = src;
    for (int64_t ic = 0; ic < channels; ++ic, from += plane, f += skipped * pitch) {
      // No hardware prefetcher follows many channels: ask for the next tile's part of each.
      if (channels > 4)
        for (int i = 0; i < X * V::size; i += 16)
          __builtin_prefetch(from + X * V::size + i, 0, 2);
      const float *s = from;
      for (int64_t t = 0; t < taps; ++t, s += dilation, f += pitch) {
        const V weight = V::broadcast(f);
        simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
          acc[i] = V::fma(weight, V::load(s + i * V::size), acc[i]);
        });
      }
    }
    out.store(acc, w);
  }
  return w;
}

/// What the shifts of X vectors are made of: of the register behind them only the lanes that some tap
/// reaches, `farthest` elements on, since no more is known to exist.
template <class V, int N>
SWCONV_ALWAYS_INLINE void load_registers(V (&reg)[N], const float *s, int64_t farthest) {
  simd::unroll<N - 1>([&](auto i) SWCONV_INLINE_LAMBDA { reg[i] = V::load(s + i * V::size); });
  reg[N - 1] = V::load_first(s + (N - 1) * V::size, farthest);
}

/// The same with shifted vectors made by slides; dilation D. K is the filter width, or 0 for any. Of any, and of
/// more than three, every other one is a load, so that the ports of loads and of shuffles share the work.
template <class V, int X, int K, int D = 1>
SWCONV_NOINLINE int64_t slide_columns(const planar::rows &r, int64_t w, int64_t end) {
  const planar::row_output<V> out(r);
  const problem &p = r.p;
  const int64_t channels = p.in_channels, plane = p.src.c, pitch = r.pitch;
  const int64_t kw = K ? K : p.w.taps;
  constexpr int most = V::size / D;  // taps of a vector
  static_assert(most > 0, "a dilation of less than a vector");
  const float *src = r.src + p.w.start(w) + p.h.start(r.h) * p.src.h, *const filter = r.weights;
  for (; w + X * V::size <= end; w += X * V::size, src += X * V::size) {
    V acc[X];
    simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i] = V::zero(); });
    const float *f = filter, *from = src;
    for (int64_t ic = 0; ic < channels; ++ic, from += plane)
      for (int64_t first = 0; first < kw; first += most) {
        const float *const s = from + first * D;
        const int64_t taps = axis::least(kw - first, most);
        V reg[X + 1];
        load_registers(reg, s, (taps - 1) * D);
        simd::unroll<(K && K < most ? K : most)>([&](auto t) SWCONV_INLINE_LAMBDA {
          if ((K && K <= most) || t < taps) {
            const V weight = V::broadcast(f + t * pitch);
            constexpr int tap = decltype(t)::value;
            simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
              V v = reg[i];
              if constexpr (tap > 0 && tap % 2 == 0 && (K == 0 || K > 3))
                v = V::load(s + i * V::size + tap * D);
              else if constexpr (tap > 0)
                v = V::template slide<tap * D>(reg[i], reg[i + 1]);
              acc[i] = V::fma(weight, v, acc[i]);
            });
          }
        });
        f += taps * pitch;
      }
    out.store(acc, w);
  }
  return w;
}

/// The same as load_columns for dilations of less than half a vector: every other tap from registers,
/// which hold what several taps read.
template <class V, int X>
SWCONV_NOINLINE int64_t moved_columns(const planar::rows &r, int64_t w, int64_t end) {
  const planar::row_output<V> out(r);
  const problem &p = r.p;
  const int64_t channels = p.in_channels, plane = p.src.c, pitch = r.pitch;
  const int64_t dilation = p.w.dilation, reach = p.w.taps * dilation;
  const float *src = r.src + p.w.start(w) + p.h.start(r.h) * p.src.h, *const filter = r.weights;
  for (; w + X * V::size <= end; w += X * V::size, src += X * V::size) {
    V acc[X];
    simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i] = V::zero(); });
    const float *f = filter, *from = src;
    for (int64_t ic = 0; ic < channels; ++ic, from += plane)
      for (int64_t x = 0; x < reach;) {
        const int64_t first = x, next = axis::least(x + V::size, reach);
        V reg[X + 1];
        load_registers(reg, from + first, (next - 1 - first) / dilation * dilation);
        simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA { reg[i] = V::held(reg[i]); });
        for (; x < next; x += dilation, f += pitch) {
          const auto lanes = V::further(x - first);
          const V weight = V::broadcast(f);
          simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
            acc[i] = V::fma(weight, V::moved(reg[i], reg[i + 1], lanes), acc[i]);
          });
          x += dilation;
          f += pitch;
          if (x >= next) break;
          const V other = V::broadcast(f);
          simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
            acc[i] = V::fma(other, V::load(from + x + i * V::size), acc[i]);
          });
        }
      }
    out.store(acc, w);
  }
  return w;
}

/// By how many floats p is off the start of a vector, if at all by whole floats.
SWCONV_ALWAYS_INLINE int64_t misaligned(const float *p) {
  constexpr uintptr_t bytes = simd::isa::full::size * sizeof(float);
  return static_cast<int64_t>(reinterpret_cast<uintptr_t>(p) % bytes / sizeof(float));
}

/// n columns from w, which may have taps in the padding.
template <class V>
SWCONV_NOINLINE void edge_columns(const planar::rows &r, int64_t w, int64_t n) {
  const planar::row_output<V> out(r);
  const problem &p = r.p;
  // Taps that reach no column at all are not visited.
  const int64_t x = p.w.start(w), t0 = p.w.first_tap(x + n - 1), t1 = p.w.last_tap(x);
  const float *row = r.src + p.h.start(r.h) * p.src.h, *weights = r.weights;
  V acc = V::zero();
  for (int64_t ic = 0; ic < p.in_channels; ++ic, row += p.src.c, weights += p.w.taps * r.pitch) {
    const float *f = weights + t0 * r.pitch;
    int64_t at = x + t0 * p.w.dilation;
    for (int64_t t = t0; t < t1; ++t, at += p.w.dilation, f += r.pitch) {
      const typename V::mask inside = V::lanes(-at, p.w.in - at);
      acc = V::fma_masked(inside, V::broadcast(f), V::load_masked(row + at, inside), acc);
    }
  }
  out.store_first(acc, w, n);
}

/// Columns [w, end) that fewer taps reach: of long dilations these are many, and a filter of those taps
/// reaches them without masks. Returns where it stopped.
SWCONV_NOINLINE inline int64_t few_taps(const planar::rows &r, int64_t w, int64_t end) {
  using V = simd::isa::full;
  const axis &a = r.p.w;
  const int64_t x = a.start(w), t0 = a.first_tap(x), t1 = a.last_tap(x);
  if (t0 >= t1) return w;
  // Where the last of them leaves the row, and where one more enters it.
  end = axis::least(end, w + a.in - x - (t1 - 1) * a.dilation);
  if (t0 > 0) end = axis::least(end, w - x - (t0 - 1) * a.dilation);
  problem part = r.p;
  part.w.taps = t1 - t0;
  part.w.pad -= t0 * a.dilation;
  const planar::rows row{part, r.ep, r.src, r.dst, r.weights + t0 * r.pitch, r.pitch, r.c, r.h, r.count};
  const int64_t skipped = a.taps - part.w.taps;
  w = load_columns<V, tile_vectors>(row, w, end, skipped);
  return load_columns<V, 1>(row, w, end, skipped);
}

/// Fills whole tiles of a row from w on, while they end before `end`; returns where it stopped.
using tiles_fn = int64_t (*)(const planar::rows &, int64_t w, int64_t end);

/// Rows are taken one by one. What `tiles` leaves, and what has taps in the padding, is done vector by vector.
SWCONV_NOINLINE inline void run(const problem &p, const run_pointers &ptr, const block &b, tiles_fn tiles) {
  using V = simd::isa::full;
  constexpr int64_t many = 4 * V::size;  // columns that are worth a filter of their own
  const epilogue ep(p, ptr, b);
  const axis &a = p.w;
  const int64_t lo = a.pad, hi = axis::least(b.w1, a.in - (a.taps - 1) * a.dilation + a.pad);
  for (int64_t c = b.c0; c < b.c1; ++c)
    planar::run_channels<1>(p, ptr, b, ep, c, [&](auto, const planar::rows &r) SWCONV_INLINE_LAMBDA {
      for (int64_t w = b.w0; w < b.w1;) {
        if (w >= lo && w < hi) {
          // Loads that do not cross lines: with dilations of whole lines, all of them.
          const int64_t off = misaligned(r.src + a.start(w) + p.h.start(r.h) * p.src.h);
          if (off > 0 && hi - w >= many * tile_vectors) {
            edge_columns<V>(r, w, V::size - off);
            w += V::size - off;
          }
          w = tiles(r, w, hi);
          w = load_columns<V, 1>(r, w, hi);
        } else if (a.dilation >= many && b.w1 - w >= many) {
          w = few_taps(r, w, b.w1);
        }
        if (w >= b.w1) break;
        const int64_t n = axis::least(V::size, b.w1 - w);
        edge_columns<V>(r, w, n);
        w += n;
      }
    });
}

/// Filters of height 1, width K (0: any), unit stride and dilation.
template <int K>
void run_slide(const problem &p, const run_pointers &ptr, const block &b) {
  run(p, ptr, b, &slide_columns<simd::isa::full, slide_vectors, K>);
}

inline int64_t load_tiles(const planar::rows &r, int64_t w, int64_t end) {
  using V = simd::isa::full;
  if constexpr (may_slide) {
    const int64_t dilation = r.p.w.dilation;
    if (slides(dilation))
      return dilation == 2 ? slide_columns<V, slide_vectors, 0, 2>(r, w, end)
                           : slide_columns<V, slide_vectors, 0, 4>(r, w, end);
    if (dilation > 1 && dilation < V::size / 2) return moved_columns<V, tile_vectors>(r, w, end);
  }
  return load_columns<V, tile_vectors>(r, w, end);
}
/// Filters of height 1, any width and dilation, unit stride.
inline void run_load(const problem &p, const run_pointers &ptr, const block &b) {
  run(p, ptr, b, &load_tiles);
}

}  // namespace signal
SWCONV_END_NAMESPACE
