// SPDX-License-Identifier: MIT
/// @file signal_lanes.hpp
/// Long one-dimensional convolution without shifted vectors.
///
/// `segments`: the lanes are distant segments of the signal. A chunk is transposed once into
/// workspace; after that every tap of every output is a whole aligned vector, whatever the
/// dilation, and one vector serves four taps. It pays from about as many taps as a vector has
/// lanes.
///
/// `columns`: taps at least a vector apart are the rows of an image whose width is the dilation.
/// The planar tile then slides downwards, and each vector serves several outputs.
#pragma once

#include "planar_wide.hpp"

SWCONV_BEGIN_NAMESPACE
namespace signal {

/// Outputs of a column tile; the weights of four taps and a vector of src fit beside them.
constexpr int segment_tile = simd::isa::registers / 2;

SWCONV_ALWAYS_INLINE int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

/// Elements of a segment beyond its own length that its outputs read, in whole vectors.
inline int64_t segment_overlap(const problem &p) {
  return round_up((p.w.taps - 1) * p.w.dilation, simd::isa::full::size);
}
inline int64_t segment_length(const problem &p) {
  const int64_t least = segment_overlap(p) > 256 ? segment_overlap(p) : 256;
  return round_up(least, int64_t{segment_tile} * p.w.dilation);
}
/// A long dilation would need long segments, which leave the nearest cache.
inline bool serves_segments(const problem &p) {
  return p.in_channels == 1 && p.w.taps > 1 && p.w.taps <= 2048 && p.w.dilation <= 16 &&
         segment_overlap(p) <= 2048;
}
/// The filter, and a chunk with room for tiles that end behind it.
inline int64_t segment_workspace(const problem &p) {
  constexpr int64_t lanes = simd::isa::full::size;
  const int64_t rows = segment_length(p) + segment_overlap(p) + (segment_tile + 3) * p.w.dilation;
  return 4 * (round_up(p.w.taps, 16) + rows * lanes);
}

/// Outputs at, at + step, … of all lanes replace the inputs there, which no later tile reads.
template <class V>
SWCONV_NOINLINE void column_tile(float *at, int64_t step, const float *f, int64_t taps) {
  constexpr int T = segment_tile;
  V acc[T];
  SWCONV_UNROLL
  for (int u = 0; u < T; ++u) acc[u] = V::zero();
  const float *x = at;
  int64_t t = 0;
  for (; t + 4 <= taps; t += 4, f += 4) {
    const V w0 = V::held(V::broadcast(f)), w1 = V::held(V::broadcast(f + 1));
    const V w2 = V::held(V::broadcast(f + 2)), w3 = V::held(V::broadcast(f + 3));
    const float *next = x;
    simd::unroll<T + 3>([&](auto position) SWCONV_INLINE_LAMBDA {
      constexpr int u = decltype(position)::value;
      const V v = V::held(V::load(next));
      next += step;
      if constexpr (u >= 3) acc[u - 3] = V::fma(w3, v, acc[u - 3]);
      if constexpr (u >= 2 && u < T + 2) acc[u - 2] = V::fma(w2, v, acc[u - 2]);
      if constexpr (u >= 1 && u < T + 1) acc[u - 1] = V::fma(w1, v, acc[u - 1]);
      if constexpr (u < T) acc[u] = V::fma(w0, v, acc[u]);
    });
    x += 4 * step;
  }
  for (; t < taps; ++t, ++f, x += step) {
    const V w = V::broadcast(f);
    const float *next = x;
    SWCONV_UNROLL
    for (int u = 0; u < T; ++u, next += step) acc[u] = V::fma(w, V::load(next), acc[u]);
  }
  SWCONV_UNROLL
  for (int u = 0; u < T; ++u, at += step) acc[u].store(at);
}

/// Elements 0 … n-1 of each segment of src, `length` apart, to rows of a chunk.
template <class V>
SWCONV_NOINLINE void transpose_in(float *to, const float *src, int64_t length, int64_t n) {
  for (; n >= 4; n -= 4, src += 4, to += 4 * V::size) {
    V v[4];
    SWCONV_UNROLL
    for (int i = 0; i < 4; ++i) v[i] = V::quads(src + i * length, 4 * length);
    V::transpose_quads(v[0], v[1], v[2], v[3]);
    SWCONV_UNROLL
    for (int i = 0; i < 4; ++i) v[i].store(to + i * V::size);
  }
  for (int64_t i = 0; i < n; ++i)
    for (int64_t lane = 0; lane < V::size; ++lane) to[i * V::size + lane] = src[lane * length + i];
}

/// V::size rows of a chunk, through the epilogue, to column w of each segment.
template <class V>
SWCONV_NOINLINE void transpose_out(const planar::rows &r, const float *from, int64_t w,
                                   int64_t length) {
  float *const dst = r.dst + r.c * r.p.dst.c + r.h * r.p.dst.h;
  if (length <= 0) return;  // never; without it g++ 12 warns of its own shuffles
  for (int64_t lane = 0; lane < V::size; lane += 4) {
    const float *const quad = from + lane;
    V x = V::quads(quad, 4 * V::size), y = V::quads(quad + V::size, 4 * V::size);
    V z = V::quads(quad + 2 * V::size, 4 * V::size), u = V::quads(quad + 3 * V::size, 4 * V::size);
    V::transpose_quads(x, y, z, u);
    const auto finish = [&](V v, int64_t at) SWCONV_INLINE_LAMBDA {
      if (r.ep.affine)
        v = V::fma(v, r.ep.template scale_of<V>(r.c), r.ep.template bias_of<V>(r.c));
      if (r.ep.clamp) v = r.ep.clamped(v);
      if (r.ep.general) v = r.ep.finish(v, r.c, r.h, at, V::size);
      v.store(dst + at);
    };
    const int64_t at = w + lane * length;
    finish(x, at);
    finish(y, at + length);
    finish(z, at + 2 * length);
    finish(u, at + 3 * length);
  }
}

/// Columns that need a mask, or are too few for anything else; the weights lie side by side.
template <class V>
SWCONV_ALWAYS_INLINE void odd_columns(const planar::rows &r, int64_t w0, int64_t w1) {
  for (int64_t w = w0; w < w1; w += V::size)
    planar::wide_edge<V, 1, 1>(r, w, axis::least(w1 - w, V::size));
}

/// Calls f(rows, a, e) for each row and channel of a block: columns [a, e) need no mask. The other
/// columns are done here.
template <class F>
SWCONV_ALWAYS_INLINE void run_inside(const problem &p, const run_pointers &ptr, const block &b,
                                     float *filter, F &&f) {
  using V = simd::isa::full;
  const epilogue ep(p, ptr, b);
  for (int64_t c = b.c0; c < b.c1; ++c)
    planar::run_channels<1>(
        p, ptr, b, ep, c, [&](auto, const planar::rows &row) SWCONV_INLINE_LAMBDA {
          planar::copy_filter(filter, p, row.weights, row.pitch, 1);
          planar::rows r = row;  // the next row starts from the packed filter again
          r.weights = filter;
          int64_t a = p.w.pad > b.w0 ? axis::least(p.w.pad, b.w1) : b.w0;
          int64_t e = axis::least(b.w1, p.w.in - (p.w.taps - 1) * p.w.dilation + p.w.pad);
          if (e < a) a = e = b.w1;
          odd_columns<V>(r, b.w0, a);
          if (a < e) f(r, a, e);
          odd_columns<V>(r, e, b.w1);
        });
}

/// Filters of height 1, unit stride, one input channel.
inline void run_segments(const problem &p, const run_pointers &ptr, const block &b) {
  using V = simd::isa::full;
  constexpr int64_t lanes = V::size;
  float *const filter = static_cast<float *>(ptr.workspace);
  float *const chunk = filter + round_up(p.w.taps, 16);
  const int64_t reach = (p.w.taps - 1) * p.w.dilation, most = segment_length(p);
  run_inside(p, ptr, b, filter,
             [&](const planar::rows &r, int64_t a, int64_t e) SWCONV_INLINE_LAMBDA {
               while (e - a >= lanes * lanes) {
                 const int64_t length = axis::least(most, (e - a) / (lanes * lanes) * lanes);
                 const float *const src = r.src + p.w.start(a) + p.h.start(r.h) * p.src.h;
                 transpose_in<V>(chunk, src, length, length + reach);
                 for (int64_t first = 0; first < p.w.dilation; ++first)
                   for (int64_t i = first; i < length; i += segment_tile * p.w.dilation)
                     column_tile<V>(chunk + i * lanes, p.w.dilation * lanes, filter, p.w.taps);
                 for (int64_t i = 0; i < length; i += lanes)
                   transpose_out<V>(r, chunk + i * lanes, a + i, length);
                 a += lanes * length;
               }
               odd_columns<V>(r, a, e);
             });
}

inline bool serves_columns(const problem &p) {
  return p.w.dilation >= simd::isa::full::size && p.in_channels * p.w.taps <= planar::wide_capacity;
}

/// Filters of height 1, unit stride, dilation of at least a vector.
inline void run_columns(const problem &p, const run_pointers &ptr, const block &b) {
  float filter[planar::wide_capacity];
  const int64_t d = p.w.dilation;
  run_inside(p, ptr, b, filter,
             [&](const planar::rows &r, int64_t a, int64_t e) SWCONV_INLINE_LAMBDA {
               problem image = p;
               epilogue ep = r.ep;
               const int64_t rows = (e - a) / d, rest = (e - a) % d;
               constexpr int64_t endless = int64_t{1} << 62;
               image.h = {endless, endless, p.w.taps, 1, 1, 0};
               image.w = {d, d, 1, 1, 1, 0};
               image.src.h = image.dst.h = ep.residual_h = d;
               image.row_step = image.row_ratio = 1;
               const int64_t line = r.h * p.residual.h;  // the image has this row only
               if (ep.residual) ep.residual += line + a;
               planar::rows tile{image,
                                 ep,
                                 r.src + p.w.start(a) + p.h.start(r.h) * p.src.h,
                                 r.dst + r.h * p.dst.h + a,
                                 filter,
                                 1,
                                 r.c,
                                 0};
               block part = b;
               part.w0 = 0;
               part.w1 = d;
               planar::wide_rows<1>(tile, part, 0, rows);
               part.w1 = rest;
               planar::wide_rows<1>(tile, part, rows, rows + 1);
             });
}

}  // namespace signal
SWCONV_END_NAMESPACE
