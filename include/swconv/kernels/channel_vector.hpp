// SPDX-License-Identifier: MIT
/// @file channel_vector.hpp
/// Dense and grouped convolution with output channels in the lanes.
///
/// A tile is NV vectors of output channels by P neighbouring pixels of one output row, all in
/// registers. Neighbouring taps of neighbouring pixels meet the same source element: it is
/// broadcast once and multiplied by up to three taps' weights, so that 3 · NV · P FMAs cost 3 · NV
/// + P + 2 loads. Every pixel still sees its taps in their order. Width costs nothing, and an element
/// in the padding is skipped for exactly the pixels and taps it concerns. (Sixteen registers do not hold
/// so many weights: several vectors of channels have another tile there, channel_pixels.hpp.)
///
/// Sums live in a small scratch [pixel][channel] between blocks of input channels, whose weights
/// stay in the first-level cache while all pixels of the scratch meet them. The finished scratch is
/// transposed to planar dst (transposed_store.hpp).
#pragma once

#include "channel_pixels.hpp"

SWCONV_BEGIN_NAMESPACE
namespace channel_vector {

/// How the pixels of a tile meet source elements: their distance in taps, so that they share
/// elements, which are neighbours in src; or 0 where they share none.
template <int Ratio>
struct meeting {
  static constexpr int ratio = Ratio;
  static bool serves(const problem &p) {
    return Ratio == 0 || (p.w.taps > 1 && p.w.dilation == 1 && p.w.stride == Ratio);
  }
};
using neighbours = meeting<1>;
using every_other = meeting<2>;
using apart = meeting<0>;

/// Most pixels of a tile: what the registers hold beside a broadcast and the weights of its taps.
template <int NV, class M>
constexpr int most_pixels =
    any_pixels<NV>                                 ? scattered_pixels<NV>
    : simd::isa::registers < 32                    ? (simd::isa::has_fma ? 11 : NV == 2 ? 4 : 8)
    : NV == 3                                      ? 7
    : NV == 1                                      ? 14
    : M::ratio == 2                                ? 8  // more would not be worth its code
                                                   : 12;
/// Are there tiles of two vectors, and of three? Without a fused multiply-add they lack a
/// register for the product; three want many beside three taps' weights. (Pixels from anywhere have all.)
template <class M>
constexpr bool has_pairs = simd::isa::has_fma || M::ratio == 0;
template <class M>
constexpr bool has_triples = scattered || (simd::isa::registers >= 32 && M::ratio == 1);
/// How pixels meet elements in tiles of several vectors: one function serves all if nothing is shared.
template <class M>
using meets = std::conditional_t<scattered, apart, M>;
/// Taps that share elements.
template <class M>
constexpr int most_taps = M::ratio == 0 ? 1 : 3;

/// N elements of src that are `distance` floats apart, or 1 if Near: from a few moving pointers and
/// what x86 adds to one.
template <int N, bool Near>
struct elements {
  static constexpr int per_base = Near ? N : 7, count = (N + per_base - 1) / per_base;
  const char *base[count];
  int64_t step, step3, step5;  ///< in bytes

  SWCONV_ALWAYS_INLINE elements(const float *s, int64_t distance)
      : step(distance * 4), step3(distance * 12), step5(distance * 20) {
    SWCONV_UNROLL
    for (int q = 0; q < count; ++q) {
      base[q] = reinterpret_cast<const char *>(s + per_base * q * distance);
      SWCONV_OPAQUE(base[q]);
    }
  }
  SWCONV_ALWAYS_INLINE const float *at(int i) const {
    const int k = i % per_base;
    const int64_t offset = Near     ? 4 * i
                           : k == 0 ? 0
                           : k == 3 ? step3
                           : k == 5 ? step5
                           : k == 6 ? 2 * step3
                                    : k * step;  // 1, 2, 4
    return reinterpret_cast<const float *>(base[i / per_base] + offset);
  }
  SWCONV_ALWAYS_INLINE void advance(int64_t bytes) {
    SWCONV_UNROLL
    for (int q = 0; q < count; ++q) {
      base[q] += bytes;
      SWCONV_OPAQUE(base[q]);
    }
  }
};

/// T neighbouring taps of pixels that are Ratio taps apart. With Check, only the elements
/// lo … lo+n-1 lie inside the row.
template <int T, int Ratio, bool Check, class V, int NV, int P, class Elements>
SWCONV_ALWAYS_INLINE void taps(V (&acc)[NV][P], const float *f, int64_t pitch, int64_t second,
                               const Elements &s, int64_t lo, int64_t n) {
  static_assert(NV * P + T * NV + 1 <= simd::isa::registers, "weights and an element have registers");
  V weights[T * NV];
  simd::unroll<T * NV>([&](auto k) SWCONV_INLINE_LAMBDA {
    weights[k] = V::load(f + k / NV * pitch + k % NV * second);
  });
  simd::unroll<(P - 1) * Ratio + T>([&](auto j) SWCONV_INLINE_LAMBDA {
    constexpr int at = decltype(j)::value;
    if (!Check || static_cast<uint64_t>(at - lo) < static_cast<uint64_t>(n)) {
      const V element = V::broadcast(s.at(at));
      simd::unroll<T>([&](auto t) SWCONV_INLINE_LAMBDA {
        constexpr int tap = decltype(t)::value, i = (at - tap) / Ratio;
        if constexpr (at >= tap && (at - tap) % Ratio == 0 && i < P)
          simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA {
            acc[v][i] = V::fma(weights[tap * NV + v], element, acc[v][i]);
          });
      });
    }
  });
}

/// One tap of pixels that share nothing, where an edge of the row cuts it; pixel 0 is at column x.
template <class V, int NV, int P, class Elements>
SWCONV_ALWAYS_INLINE void cut_tap(V (&acc)[NV][P], const float *f, int64_t second,
                                  const Elements &s, int64_t x, int64_t distance, int64_t in) {
  V weight[NV];
  simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA { weight[v] = V::load(f + v * second); });
  simd::unroll<P>([&](auto k) SWCONV_INLINE_LAMBDA {
    constexpr int i = decltype(k)::value;
    if (static_cast<uint64_t>(x + i * distance) < static_cast<uint64_t>(in)) {
      const V element = V::broadcast(s.at(i));
      simd::unroll<NV>(
          [&](auto v) SWCONV_INLINE_LAMBDA { acc[v][i] = V::fma(weight[v], element, acc[v][i]); });
    }
  });
}

/// Calls f with the accumulators of all pixels, or with Check of the first `pixels`, and where they
/// are in the scratch.
template <bool Check, class V, int NV, int P, class F>
SWCONV_ALWAYS_INLINE void walk_sums(V (&acc)[NV][P], float *sums, int64_t pixels, F &&f) {
  simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
    if (!Check || i < pixels)
      simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA { f(acc[v][i], sums + v * V::size); });
    sums += NV * V::size;
    SWCONV_OPAQUE(sums);
  });
}

/// Fetches the ends of what a tile will read of a later input channel. What lies beyond the last plane is
/// never waited for.
SWCONV_ALWAYS_INLINE void prefetch_ends(const float *first, int64_t distance) {
  __builtin_prefetch(first);
  __builtin_prefetch(first + distance);
}

/// One tile: adds the taps of r's input channels to its part of the scratch. Its pixels begin at
/// column w. Without Edge all taps lie inside the row. With it some may not, and only the first
/// `pixels` pixels count: the others are beyond dst.
template <class V, int NV, int P, class M, bool Edge>
SWCONV_NOINLINE void tile(const row &r, int64_t w, int64_t pixels, float *sums) {
  const problem &p = r.p;
  // Indexed by constants only, here and below: otherwise g++ may leave it in memory.
  V acc[NV][P];
  walk_sums<false>(acc, sums, P,
                   [](V &a, const float *) SWCONV_INLINE_LAMBDA { a = V::zero(); });
  if (r.ic0 > 0)
    walk_sums<Edge>(acc, sums, pixels,
                    [](V &a, const float *s) SWCONV_INLINE_LAMBDA { a = V::load(s); });

  const int64_t x = p.w.start(w), kw = p.w.taps, second = r.second;
  const int64_t pitch = NV > 1 ? pack_lanes : r.pitch;  // only the last block is narrower
  const int64_t filter_row = kw * pitch, line_pitch = r.last_kh - r.first_kh > 1 ? p.h.dilation * p.src.h : 0;
  const int64_t skipped = (p.h.taps - (r.last_kh - r.first_kh)) * filter_row;
  const int64_t dilation = M::ratio != 0 ? 1 : p.w.dilation;
  const int64_t distance = M::ratio == 0 ? p.w.stride : dilation;
  const float *f = r.weights + (r.ic0 * p.h.taps + r.first_kh) * filter_row;
  const float *plane =
      r.src + r.ic0 * p.src.c + (p.h.start(r.h) + r.first_kh * p.h.dilation) * p.src.h + x;
  // Elements [lo, lo + n) lie inside the row; where none are shared, taps [lo, lo + n) do.
  int64_t lo = Edge ? p.w.tap_at(x, 0) : 0;
  int64_t n = Edge ? p.w.tap_at(M::ratio == 0 ? x + (P - 1) * distance : x, p.w.in) - lo : 0;
  constexpr int T = most_taps<M>, R = M::ratio == 0 ? 1 : M::ratio;
  // Of filters of one tap the input channels take the place of the taps.
  const bool deep = M::ratio == 0 && kw == 1 && p.h.taps == 1;
  int64_t count = kw, step = dilation, shift = dilation, ic1 = r.ic1, lines = r.lines;
  if (deep) {
    count = r.ic1 - r.ic0;
    n = lo == 0 && n > 0 ? count : 0;
    step = p.src.c;
    shift = 0;
    ic1 = r.ic0 + 1;
    lines *= count;
  }
  const float *later = r.next;
  for (int64_t ic = r.ic0; ic < ic1; ++ic, plane += p.src.c, f += skipped) {
    for (int64_t i = 0; i < lines; ++i, later += 16)
      simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA {
        __builtin_prefetch(later + v * second, 0, 2);
      });
    // Of the rows only the last is new, and too many planes have one for the hardware's prefetchers.
    if (M::ratio != 0 && line_pitch != 0)
      __builtin_prefetch(plane + (r.last_kh - 1 - r.first_kh) * line_pitch + 16 * M::ratio);
    const float *line = plane;
    for (int64_t kh = r.first_kh; kh < r.last_kh; ++kh, line += line_pitch) {
      elements<(P - 1) * R + T, M::ratio != 0> s(line, distance);
      if constexpr (M::ratio == 0 && P > 1)
        prefetch_ends(line + channels_ahead * p.src.c, (P - 1) * distance);
      int64_t t = 0;
      const auto next = [&](auto some) SWCONV_INLINE_LAMBDA {
        constexpr int N = decltype(some)::value;
        if (deep && P > 1) prefetch_ends(s.at(0) + channels_ahead * step, (P - 1) * distance);
        if constexpr (M::ratio != 0 || !Edge)
          taps<N, R, Edge>(acc, f, pitch, second, s, lo - t, n);
        else if (t >= lo && t < lo + n)
          taps<N, R, false>(acc, f, pitch, second, s, 0, 0);
        else
          cut_tap(acc, f, second, s, x + t * shift, distance, p.w.in);
        t += N;
        f += N * pitch;
        s.advance(N * step * 4);
      };
      if constexpr (T == 3) {
        // Threes, then twos, so that none is left: `serves` sees to it that there are more than
        // one.
        while (kw - t == 3 || kw - t > 4) next(simd::index<3>{});
        while (t < kw) next(simd::index<2>{});
      } else {
        while (t < count) next(simd::index<1>{});
      }
    }
  }
  walk_sums<Edge>(acc, sums, pixels,
                  [](V &a, float *s) SWCONV_INLINE_LAMBDA { a.store(s); });
}

using tile_fn = void (*)(const row &, int64_t w, int64_t pixels, float *sums);

/// Is there a tile of n pixels? Where there is none, the next larger one serves. Fewer than eight
/// sums wait for each other, so smaller tiles would not be faster. Not every size is worth its code.
template <int NV, class M>
constexpr bool has_tile(int64_t n) {
  if (n == most_pixels<NV, M> || (n == 1 && M::ratio == 0)) return true;
  if (n * NV < 8) return false;
  if (NV == 1) return n == 8 || (n == 11 && M::ratio == 1);
  return NV == 3 || n % 2 == 0 || n == 7 || (n == 5 && M::ratio == 1);
}

template <class V, int NV, class M, bool Edge, int P>
constexpr tile_fn tile_of() {
  if constexpr (has_tile<NV, M>(P))
    return &tile<V, NV, P, M, Edge>;
  else
    return nullptr;
}

/// Tiles of 1 … P pixels; entry i has i + 1.
template <class V, int NV, class M, bool Edge, int... I>
constexpr tile_fn tile_table(int64_t pixels, std::integer_sequence<int, I...>) {
  constexpr tile_fn table[] = {tile_of<V, NV, M, Edge, I + 1>()...};
  return table[pixels - 1];
}

/// Strides from which on there is nothing to gain and, beyond the row, columns to overflow.
constexpr int64_t far_apart = int64_t{1} << 32;

/// Columns [w0, w1) of one output row, cut into tiles of nearly equal width. Between tiles it asks
/// for the part of dst that will be stored next, if any.
template <class V, int NV, class M>
SWCONV_ALWAYS_INLINE void run_row(row &r, int64_t w0, int64_t w1, float *sums,
                                  const transposed_store *next) {
  constexpr int64_t P = most_pixels<NV, M>;
  constexpr std::make_integer_sequence<int, P> widths;
  int64_t asked = 0;
  for (int64_t w = w0; w < w1;) {
    const int64_t left = w1 - w, tiles = (left + P - 1) / P;
    int64_t size = (left + tiles - 1) / tiles;
    if (M::ratio == 0 && r.p.w.stride > far_apart) size = 1;
    while (!has_tile<NV, M>(size)) ++size;
    const int64_t n = axis::least(size, left);
    if (next) {
      const int64_t ask = next->channels * (w + n - w0) / (w1 - w0);
      next->prefetch(asked, ask, r.h, w0, w1);
      asked = ask;
    }
    const auto run = n == size && r.p.w.inside(w, n) ? tile_table<V, NV, M, false>(size, widths)
                                                     : tile_table<V, NV, M, true>(size, widths);
    run(r, w, n, sums + (w - w0) * NV * V::size);
    r.next += (r.ic1 - r.ic0) * r.lines * 16;
    if (r.next >= r.next_end) r.lines = 0;
    w += n;
  }
}

/// Outputs whose part of src stays in the second-level cache while all output channels pass over
/// it.
struct cache_block {
  int64_t rows, columns;

  explicit cache_block(const problem &p) {
    // In double, since strides across padding alone may be as large as they like.
    constexpr double budget = 1 << 16;  // floats: an eighth to a quarter of today's caches
    const double column = static_cast<double>(p.in_channels) * static_cast<double>(p.w.stride);
    columns = static_cast<double>(p.w.out) * column <= budget
                  ? p.w.out
                  : static_cast<int64_t>(budget / column) / 64 * 64;
    if (columns < 64) columns = 64;
    rows = static_cast<int64_t>(budget / (column * static_cast<double>(p.h.stride) *
                                          static_cast<double>(axis::least(columns, p.w.out))));
    if (rows < 1) rows = 1;
  }
};

/// One block of outputs, at most scratch_pixels of them, of NV · V::size channels.
template <class V, int NV, class M>
SWCONV_NOINLINE void run_scratch(row &r, const columns_of<NV> &columns, const transposed_store &to,
                                 const block &b) {
  alignas(64) float sums[scratch_pixels * NV * V::size];
  const problem &p = r.p;
  // Their tiles are many and narrow: the lines of src that they share have to stay, too.
  const int64_t per_channel =
      (p.h.taps * p.w.taps * NV * V::size + (any_pixels<NV> ? p.h.taps * 16 : 0)) * 4;
  const int64_t step = per_channel < weight_bytes ? weight_bytes / per_channel : 1;
  const int64_t width = b.w1 - b.w0, most = most_pixels<NV, M>;
  const int64_t tiles = any_pixels<NV> ? ((b.h1 - b.h0) * width + most - 1) / most
                                       : (b.h1 - b.h0) * ((width + most - 1) / most);
  const int64_t weights = p.h.taps * p.w.taps * r.pitch;  // of an input channel
  // Rows of several cache lines are worth asking for.
  const bool far = width >= 32 && p.far_dst();
  for (r.ic0 = 0; r.ic0 < p.in_channels; r.ic0 = r.ic1) {
    r.ic1 = axis::least(r.ic0 + step, p.in_channels);
    r.next = r.weights + r.ic1 * weights;
    r.next_end = r.next + step * weights;
    // What is larger than most second-level caches is worth asking for.
    r.lines = p.groups * p.out_channels * p.in_channels * p.h.taps * p.w.taps > (1 << 18)
                  ? ((any_pixels<NV> ? step : 1) * weights / 16 + tiles - 1) / tiles
                  : 0;
    const transposed_store *const next = r.ic1 == p.in_channels && far ? &to : nullptr;
    if constexpr (any_pixels<NV>) {
      dst_prefetch ask{next, b, tiles, 0, 0};
      run_scattered<V, NV>(r, columns.ways, b, sums, ask);
    } else {
      float *s = sums;
      for (r.h = b.h0; r.h < b.h1; ++r.h, s += width * NV * V::size) {
        const int64_t y = p.h.start(r.h);
        r.first_kh = p.h.first_tap(y);
        r.last_kh = p.h.last_tap(y);
        if (r.last_kh < r.first_kh) r.last_kh = r.first_kh;
        run_row<V, NV, M>(r, b.w0, b.w1, s, next);
      }
    }
  }
  to.store<V>(sums, NV * V::size, b);
}

/// All rows and columns of a block for one run of channels.
template <class V, int NV, class M>
SWCONV_ALWAYS_INLINE void run_channels(row &r, const transposed_store &to, const block &b) {
  block part = b;
  for (part.w0 = b.w0; part.w0 < b.w1; part.w0 = part.w1) {
    part.w1 = axis::least(part.w0 + scratch_pixels, b.w1);
    const columns_of<NV> columns(r.p.w, part.w0, part.w1, most_pixels<NV, M>);
    const int64_t rows = scratch_pixels / (part.w1 - part.w0);
    for (part.h0 = b.h0; part.h0 < b.h1; part.h0 = part.h1) {
      part.h1 = axis::least(part.h0 + rows, b.h1);
      run_scratch<V, NV, M>(r, columns, to, part);
    }
  }
}

/// Are tiles of three vectors better than tiles of two? Those of pixels from anywhere are. Else they are
/// where rows are narrow, but not so that a tile would have few pixels, or one of two vectors hold them
/// all.
template <class M>
SWCONV_ALWAYS_INLINE bool prefers_triples(int64_t columns) {
  constexpr int64_t P = most_pixels<3, M>;
  return scattered || (has_triples<M> && columns > P / 2 && columns <= 2 * P && columns != P + 1);
}

/// Kernel for filters of any size.
template <class M>
void run(const problem &p, const run_pointers &ptr, const block &b) {
  using V = simd::isa::full;
  const epilogue ep(p, ptr, b);
  const int64_t taps = p.in_channels * p.h.taps * p.w.taps;
  const float *const filter = ptr.filter + b.g * p.out_channels * taps;
  float *const dst = ptr.dst + b.n * p.dst.n + b.g * p.out_channels * p.dst.c;
  const cache_block step(p);
  row r{p,
        ptr.src + b.n * p.src.n + b.g * p.in_channels * p.src.c,
        nullptr,
        0,
        pack_lanes * taps,
        0,
        0,
        0,
        0,
        0,
        nullptr,
        nullptr,
        0};
  block part = b;
  for (part.h0 = b.h0; part.h0 < b.h1; part.h0 = part.h1) {
    part.h1 = axis::least(part.h0 + step.rows, b.h1);
    for (part.w0 = b.w0; part.w0 < b.w1; part.w0 = part.w1) {
      part.w1 = axis::least(part.w0 + step.columns, b.w1);
      const bool triples = prefers_triples<M>(axis::least(part.w1 - part.w0, scratch_pixels));
      for (int64_t c = b.c0; c < b.c1;) {
        // Whole blocks of the packed filter together; the last, narrower one alone.
        const int64_t left = b.c1 - c, vectors = left / pack_lanes;
        const int64_t together = scattered && vectors >= 4 && vectors != 5 ? 4
                                 : triples && vectors >= 3 && vectors != 4 ? 3
                                 : vectors >= 2 && has_pairs<M>            ? 2
                                                                           : 1;
        const int64_t channels = axis::least(left, together * pack_lanes);
        r.weights = filter + c * taps;
        r.pitch = axis::least(left, pack_lanes);
        const transposed_store to{p, ep, dst + c * p.dst.c, c, channels};
        if (together == 4) {
          if constexpr (scattered) run_channels<V, 4, meets<M>>(r, to, part);
        } else if (together == 3) {
          if constexpr (has_triples<M>) run_channels<V, 3, meets<M>>(r, to, part);
        } else if (together == 2) {
          if constexpr (has_pairs<M>) run_channels<V, 2, meets<M>>(r, to, part);
        } else {
          run_channels<V, 1, M>(r, to, part);
        }
        c += channels;
      }
    }
  }
}

}  // namespace channel_vector
SWCONV_END_NAMESPACE
