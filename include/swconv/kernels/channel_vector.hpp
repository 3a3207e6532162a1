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
  const float *weights;     ///< first tap of the first channel
  int64_t pitch;            ///< floats from tap to tap
  int64_t second;           ///< floats to the weights of the second vector of channels
  int64_t c, channels;      ///< first channel, number of channels
  int64_t h, first_kh, last_kh;
};

/// In place: N vectors whose lanes are channels become channel-major groups of N pixels.
template <int N, class V>
SWCONV_ALWAYS_INLINE void transpose(V (&v)[N]) {
  V out[N];
  SWCONV_UNROLL
  for (int stage = 1; stage < N; stage *= 2) {
    SWCONV_UNROLL
    for (int i = 0; i < N / 2; ++i) {
      out[2 * i] = V::zip_lo(v[i], v[i + N / 2]);
      out[2 * i + 1] = V::zip_hi(v[i], v[i + N / 2]);
    }
    SWCONV_UNROLL
    for (int i = 0; i < N; ++i) v[i] = out[i];
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
    SWCONV_UNROLL
    for (int i = 0; i < N; ++i) v[i].store(tile + i * V::size);
    store_slowly<V, N>(r, tile, w + First, c, channels, n);
  }
}

/// The addresses of P pixels that are `stride` apart. With Unit they are constants from one
/// pointer; else one pointer serves three pixels, which is what x86 addresses can express.
template <int P, bool Unit>
struct pixels {
  static constexpr int count = Unit ? 1 : (P + 2) / 3;
  const float *base[count];
  int64_t stride;

  SWCONV_ALWAYS_INLINE pixels(const float *s, int64_t step) : stride(step) {
    SWCONV_UNROLL
    for (int q = 0; q < count; ++q) {
      base[q] = s + 3 * q * step;
      SWCONV_OPAQUE(base[q]);
    }
  }
  SWCONV_ALWAYS_INLINE const float *at(int i) const {
    return Unit ? base[0] + i : base[i / 3] + (i % 3) * stride;
  }
  SWCONV_ALWAYS_INLINE void advance(int64_t distance) {
    SWCONV_UNROLL
    for (int q = 0; q < count; ++q) {
      base[q] += distance;
      SWCONV_OPAQUE(base[q]);
    }
  }
};

/// One tap: its weights against pixels [From, To) of the tile; where Check, those of them that lie
/// inside a row of `in` elements, pixel 0 being at x.
template <int From, int To, bool Check, class V, int NV, int P, bool Unit>
SWCONV_ALWAYS_INLINE void tap(V (&acc)[NV][P], const float *f, int64_t second,
                              const pixels<P, Unit> &s, int64_t x, int64_t in) {
  V weight[NV];
  simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA { weight[v] = V::load(f + v * second); });
  simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
    constexpr int k = decltype(i)::value;
    if constexpr (k >= From && k < To)
      if (!Check || static_cast<uint64_t>(x + k * s.stride) < static_cast<uint64_t>(in)) {
        const V pixel = V::broadcast(s.at(k));
        simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA {
          acc[v][k] = V::fma(weight[v], pixel, acc[v][k]);
        });
      }
  });
}

/// A tap that an edge of the row cuts. One or two pixels short is what 3 and 5 wide filters meet.
template <class V, int NV, int P, bool Unit>
SWCONV_ALWAYS_INLINE void cut_tap(V (&acc)[NV][P], const float *f, int64_t second,
                                  const pixels<P, Unit> &s, int64_t x, int64_t in) {
  const int64_t before = -x, behind = x + (P - 1) * s.stride - (in - 1);
  if (P >= 4 && before == 1 && behind <= 0)
    tap<1, P, false>(acc, f, second, s, x, in);
  else if (P >= 4 && behind == 1 && before <= 0)
    tap<0, P - 1, false>(acc, f, second, s, x, in);
  else if (P >= 4 && before == 2 && behind <= 0 && s.stride == 1)
    tap<2, P, false>(acc, f, second, s, x, in);
  else if (P >= 4 && behind == 2 && before <= 0 && s.stride == 1)
    tap<0, (P > 2 ? P - 2 : 0), false>(acc, f, second, s, x, in);
  else
    tap<0, P, true>(acc, f, second, s, x, in);
}

/// One tile. KW is the filter width, or 0 for any; Unit: stride and dilation are 1 along the row.
/// Without Edge all taps lie inside the row.
template <class V, int NV, int P, int KW, bool Unit, bool Edge>
SWCONV_NOINLINE void tile(const row &r, int64_t w) {
  const problem &p = r.p;
  const int64_t kw = KW ? KW : p.w.taps;
  const int64_t stride = Unit ? 1 : p.w.stride, dilation = Unit ? 1 : p.w.dilation;
  const int64_t x = p.w.start(w);
  // Taps [whole_lo, whole_hi) lie inside the row for every pixel of the tile.
  const int64_t whole_lo = Edge ? p.w.first_tap(x) : 0;
  const int64_t last = Edge ? p.w.last_tap(x + (P - 1) * stride) : kw;
  const int64_t whole_hi = last < whole_lo ? whole_lo : last;

  // Indexed by constants only, here and below: otherwise g++ may leave it in memory.
  V acc[NV][P];
  simd::unroll<NV * P>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i / P][i % P] = V::zero(); });
  const float *f = r.weights;
  const int64_t pitch = r.pitch, second = r.second;
  const int64_t skipped = (p.h.taps - (r.last_kh - r.first_kh)) * kw * pitch;
  f += r.first_kh * kw * pitch;
  const float *plane = r.src + (p.h.start(r.h) + r.first_kh * p.h.dilation) * p.src.h + x;
  for (int64_t ic = 0; ic < p.in_channels; ++ic, plane += p.src.c, f += skipped) {
    const float *line = plane;
    for (int64_t kh = r.first_kh; kh < r.last_kh; ++kh, line += p.h.dilation * p.src.h) {
      pixels<P, Unit> s(line, stride);
      for (int64_t t = 0; t < kw; ++t, s.advance(dilation), f += pitch)
        if (!Edge || static_cast<uint64_t>(t - whole_lo) < static_cast<uint64_t>(whole_hi - whole_lo))
          tap<0, P, false>(acc, f, second, s, 0, 0);
        else
          cut_tap(acc, f, second, s, x + t * dilation, p.w.in);
    }
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
      store_pixels<V, N, decltype(g)::value * N, P>(r, acc[v], w, c, channels);
    });
  });
}

using tile_fn = void (*)(const row &, int64_t w);

/// Stands for a filter width in the table of tiles that serve every layer.
constexpr int any_width = -1;

/// Tiles of 1 … P pixels; entry i has i + 1. Small tiles are rare and have no special forms.
template <class V, int NV, int KW, int... I>
constexpr tile_fn tile_table(int p, std::integer_sequence<int, I...>) {
  constexpr tile_fn table[] = {&tile<V, NV, I + 1, (I < 3 || KW == any_width ? 0 : KW),
                                     I >= 3 && KW != any_width, I < 3 || KW == any_width>...};
  return table[p - 1];
}

/// One output row of up to NV · V::size channels, cut into tiles of nearly equal width.
template <class V, int NV, int P, int KW, bool Unit>
SWCONV_ALWAYS_INLINE void run_row(const row &r, int64_t w0, int64_t w1) {
  constexpr std::make_integer_sequence<int, P> widths;
  const int64_t tiles = (w1 - w0 + P - 1) / P;
  for (int64_t i = 0, w = w0; i < tiles; ++i) {
    const int64_t n = (w1 - w + tiles - i - 1) / (tiles - i);
    const int width = static_cast<int>(n);
    // An Edge tile checks nothing for the taps that lie inside: it also serves any stride.
    if (Unit && r.p.w.inside(w, n))
      tile_table<V, NV, KW>(width, widths)(r, w);
    else
      tile_table<V, NV, any_width>(width, widths)(r, w);
    w += n;
  }
}

/// Pixels of a tile: what the registers hold beside the weights and a broadcast.
constexpr int pixels_of_pair = simd::isa::registers >= 32 ? 8 : simd::isa::has_fma ? 6 : 4;
constexpr int pixels_of_one = simd::isa::registers >= 32 ? 12 : simd::isa::has_fma ? 8 : 4;

/// Outputs whose part of src stays in the second-level cache while all output channels pass over it.
struct cache_block {
  int64_t rows, columns;

  explicit cache_block(const problem &p) {
    constexpr int64_t budget = 1 << 16;  // floats: an eighth to a quarter of today's caches
    const int64_t column = p.in_channels * p.w.stride;
    columns = p.w.out * column <= budget ? p.w.out : budget / column / 64 * 64;
    if (columns < 64) columns = 64;
    rows = budget / (column * axis::least(columns, p.w.out) * p.h.stride);
    if (rows < 1) rows = 1;
  }
};

/// Kernel for filter width KW (0: any), with Unit for unit stride and dilation along rows.
template <int KW, bool Unit>
void run(const problem &p, const run_pointers &ptr, const block &b) {
  using V = simd::isa::full;
  using H = simd::isa::half;
  const epilogue ep(p, ptr, b);
  const int64_t taps = p.in_channels * p.h.taps * p.w.taps;
  const float *const src = ptr.src + b.n * p.src.n + b.g * p.in_channels * p.src.c;
  const float *const filter = ptr.filter + b.g * p.out_channels * taps;
  float *const dst = ptr.dst + b.n * p.dst.n + b.g * p.out_channels * p.dst.c;
  const cache_block step(p);
  for (int64_t h0 = b.h0; h0 < b.h1; h0 += step.rows)
    for (int64_t w0 = b.w0; w0 < b.w1; w0 += step.columns) {
      const int64_t h1 = axis::least(h0 + step.rows, b.h1);
      const int64_t w1 = axis::least(w0 + step.columns, b.w1);
      for (int64_t c = b.c0; c < b.c1;) {
        // Two whole blocks of the packed filter at a time; the last, narrower one alone.
        const int64_t left = b.c1 - c;
        const int64_t channels =
            left >= 2 * pack_lanes ? 2 * pack_lanes : left < pack_lanes ? left : pack_lanes;
        row r{p, ep, src, nullptr, filter + c * taps, axis::least(left, pack_lanes),
              pack_lanes * taps, c, channels, 0, 0, 0};
        for (int64_t h = h0; h < h1; ++h) {
          const int64_t y = p.h.start(h);
          r.h = h;
          r.first_kh = p.h.first_tap(y);
          r.last_kh = p.h.last_tap(y);
          if (r.last_kh < r.first_kh) r.last_kh = r.first_kh;
          r.dst = dst + c * p.dst.c + h * p.dst.h;
          if (channels > V::size)
            run_row<V, 2, pixels_of_pair, KW, Unit>(r, w0, w1);
          else if (channels > H::size)
            run_row<V, 1, pixels_of_one, 0, Unit>(r, w0, w1);
          else
            run_row<H, 1, (pixels_of_one < 8 ? pixels_of_one : 8), 0, false>(r, w0, w1);
        }
        c += channels;
      }
    }
}

}  // namespace channel_vector
SWCONV_END_NAMESPACE
