// SPDX-License-Identifier: MIT
/// @file channel_pixels.hpp
/// The tile of channel_vector.hpp for sixteen registers: NV vectors of output channels by P = 12 / NV
/// pixels from anywhere in a block that lose the same taps to the edges of src, or neighbours in a row
/// that do not.
///
/// Sixteen registers hold no weights of a second tap, so neighbouring pixels have nothing to share,
/// and pixels are free to lie in different rows: tiles are full on maps of any width, and an edge is
/// a shorter loop instead of a question for each tap. Twelve sums hide what each waits for; per tap
/// the smaller of both sides is held and the other passes through one register: four vectors by three
/// pixels cost 7 loads for 12 FMAs.
#pragma once

#include <type_traits>

#include "channel_block.hpp"

SWCONV_BEGIN_NAMESPACE
namespace channel_vector {

/// The taps that the pixels of a tile meet: a box of input channels, rows and columns of the filter.
struct tap_box {
  int64_t channels, rows, columns;
  int64_t plane, line, step;      ///< from one to the next in src, in floats
  int64_t line_skip, plane_skip;  ///< weights left out after a row and after a channel, in floats
  /// Columns that all pixels meet. The others concern only the pixels whose element is inside a row of
  /// `width`; the box's first tap of pixel 0 is at x. Only neighbours in a row have such.
  int64_t whole_begin, whole_end, x, width;
};

/// Adds the taps of a box to the sums of P pixels. Pixel i of the box's first tap is at
/// src + from[i], its sums at sums + to[i]. `fresh` sums begin at zero. Without Cut all pixels meet
/// all taps.
template <class V, int NV, int P, bool Cut>
SWCONV_NOINLINE void scattered_tile(const tap_box &box, const float *src, const int64_t (&from)[P],
                                    const float *f, int64_t second, bool fresh, float *sums,
                                    const int64_t (&to)[P]) {
  static_assert(NV * P + (NV < P ? NV : P) + 1 <= simd::isa::registers, "everything has a register");
  // Indexed by constants only: otherwise g++ may leave it in memory.
  V acc[NV][P];
  if (fresh)
    simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
      simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA { acc[v][i] = V::zero(); });
    });
  else
    simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
      simd::unroll<NV>(
          [&](auto v) SWCONV_INLINE_LAMBDA { acc[v][i] = V::load(sums + to[i] + v * V::size); });
    });
  int64_t at[P];
  simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA { at[i] = from[i]; });
  // The tiles before have met all rows but the last.
  const int64_t below = (box.rows - 1) * box.line + at[P - 1];
  for (int64_t ic = 0; ic < box.channels; ++ic, src += box.plane, f += box.plane_skip) {
    if (ic + channels_ahead < box.channels)
      __builtin_prefetch(src + channels_ahead * box.plane + below);
    const float *line = src;
    for (int64_t kh = 0; kh < box.rows; ++kh, line += box.line, f += box.line_skip) {
      const float *s = line;
      for (int64_t kw = 0; kw < box.columns; ++kw, s += box.step, f += V::size) {
        if (Cut && (kw < box.whole_begin || kw >= box.whole_end)) {
          const int64_t x = box.x + kw * box.step;
          const float *weights = f;
          simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
            if (static_cast<uint64_t>(x + at[i]) < static_cast<uint64_t>(box.width)) {
              const V element = V::broadcast(s + at[i]);
              SWCONV_OPAQUE(weights);  // there is no register for them from pixel to pixel
              simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA {
                acc[v][i] = V::fma(V::load(weights + v * second), element, acc[v][i]);
              });
            }
          });
        } else if constexpr (NV > P) {
          V element[P];
          simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA { element[i] = V::broadcast(s + at[i]); });
          simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA {
            const V weight = V::load(f + v * second);
            simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
              acc[v][i] = V::fma(weight, element[i], acc[v][i]);
            });
          });
        } else {
          V weight[NV];
          simd::unroll<NV>(
              [&](auto v) SWCONV_INLINE_LAMBDA { weight[v] = V::load(f + v * second); });
          simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
            const V element = V::broadcast(s + at[i]);
            simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA {
              acc[v][i] = V::fma(weight[v], element, acc[v][i]);
            });
          });
        }
      }
    }
  }
  simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
    simd::unroll<NV>(
        [&](auto v) SWCONV_INLINE_LAMBDA { acc[v][i].store(sums + to[i] + v * V::size); });
  });
}

/// Neighbouring columns, or rows, whose windows lose the same taps to the edges of src.
struct alike {
  int64_t begin, end;              ///< outputs
  int64_t first_tap, last_tap;     ///< taps that any of them meets
  int64_t whole_begin, whole_end;  ///< taps that all of them meet: fewer in a mixture

  alike() = default;
  /// Those from `o` on, before `limit`.
  SWCONV_NOINLINE alike(const axis &a, int64_t o, int64_t limit) : begin(o), end(o + 1) {
    first_tap = a.first_tap(a.start(o));
    last_tap = a.last_tap(a.start(o));
    while (end < limit && a.first_tap(a.start(end)) == first_tap && a.last_tap(a.start(end)) == last_tap)
      ++end;
    whole_begin = first_tap;
    whole_end = last_tap;
  }
  /// Takes one more, alike or not.
  void mix(const axis &a) {
    const alike other(a, end, end);
    first_tap = axis::least(first_tap, other.first_tap);
    whole_end = axis::least(whole_end, other.last_tap);
    if (other.first_tap > whole_begin) whole_begin = other.first_tap;
    if (other.last_tap > last_tap) last_tap = other.last_tap;
    ++end;
  }
  int64_t size() const { return end - begin; }
  int64_t taps() const { return last_tap - first_tap; }
  int64_t whole() const { return whole_end > whole_begin ? whole_end - whole_begin : 0; }
  bool mixed() const { return whole_begin != first_tap || whole_end != last_tap; }
};

/// The columns of a block in runs.
struct column_list {
  alike runs[scratch_pixels];
  int64_t count = 0;

  /// Runs of those that are alike, or with `most` of that many neighbours, whatever they are.
  SWCONV_NOINLINE column_list(const axis &a, int64_t w0, int64_t w1, int64_t most) {
    for (int64_t w = w0; w < w1; w = runs[count++].end) {
      alike &run = runs[count] = alike(a, w, most == 0 ? w1 : w);
      while (run.size() < most && run.end < w1) run.mix(a);
    }
  }
  /// Twice the taps of all tiles of P pixels over so many rows; a tap with questions counts for half more.
  int64_t cost(int64_t rows, int64_t P) const {
    int64_t sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      const alike &c = runs[i];
      sum += (rows * c.size() + P - 1) / P * (c.taps() * 3 - c.whole());
    }
    return sum;
  }
};

/// What the tiles of NV vectors need to know of the columns of a block.
struct no_columns {
  no_columns(const axis &, int64_t, int64_t, int64_t) {}
};
struct both_ways {  // alike, and tiles of neighbours
  column_list ways[2];
  both_ways(const axis &a, int64_t w0, int64_t w1, int64_t most)
      : ways{{a, w0, w1, 0}, {a, w0, w1, most}} {}
};
template <int NV>
using columns_of = std::conditional_t<any_pixels<NV>, both_ways, no_columns>;

/// Asks for dst while the sums that will be stored are still on their way.
struct dst_prefetch {
  const transposed_store *to;  ///< or none
  const block &b;
  int64_t tiles, done, asked;

  SWCONV_ALWAYS_INLINE void tile() {
    if (!to) return;
    const int64_t ask = axis::least(to->channels * ++done / tiles, to->channels);
    for (int64_t h = b.h0; asked < ask && h < b.h1; ++h) to->prefetch(asked, ask, h, b.w0, b.w1);
    asked = ask;
  }
};

/// Columns c of rows that are alike; of columns that are not, one row and one tile.
template <class V, int NV>
SWCONV_NOINLINE void run_alike(row &r, const alike &rows, const alike &c, const block &b, float *sums,
                              dst_prefetch &next) {
  constexpr int P = scattered_pixels<NV>;
  const problem &p = r.p;
  const int64_t row_weights = p.w.taps * pack_lanes, h = rows.begin;
  // Distances that nobody goes may be larger than numbers are.
  tap_box box{r.ic1 - r.ic0,
              rows.taps(),
              c.taps(),
              p.src.c,
              rows.taps() > 1 ? p.h.dilation * p.src.h : 0,
              p.w.dilation,
              row_weights - c.taps() * pack_lanes,
              (p.h.taps - rows.taps()) * row_weights,
              c.whole_begin - c.first_tap,
              c.whole_end - c.first_tap,
              0,
              p.w.in};
  const float *const f = r.weights + (r.ic0 * p.h.taps + rows.first_tap) * row_weights +
                         c.first_tap * pack_lanes;
  const float *src = r.src;
  int64_t right = 0, down = 0;  // from pixel to pixel
  if (rows.taps() > 0 && c.taps() > 0) {
    box.x = p.w.start(c.begin) + c.first_tap * p.w.dilation;
    src += r.ic0 * p.src.c + (p.h.start(h) + rows.first_tap * p.h.dilation) * p.src.h + box.x;
    right = p.w.stride;
    if (rows.size() > 1) down = p.h.stride * p.src.h;
  } else {
    box.channels = 0;
  }
  if (p.h.taps * p.w.taps == 1 && !c.mixed()) {  // the channels take the place of the taps
    box.columns = box.whole_end = box.channels;
    box.channels = 1;
    box.step = p.src.c;
    box.line_skip = box.plane_skip = 0;
  }
  constexpr int64_t sum = NV * V::size;
  const int64_t width = b.w1 - b.w0, last = c.size() - 1;
  int64_t x = 0, from = 0, into = ((h - b.h0) * width + c.begin - b.w0) * sum;
  for (int64_t k = 0, pixels = rows.size() * c.size(); k < pixels; k += P) {
    for (int64_t i = r.lines; i > 0 && r.next < r.next_end; --i, r.next += 16)
      simd::unroll<NV>([&](auto v) SWCONV_INLINE_LAMBDA {
        __builtin_prefetch(r.next + v * r.second, 0, 2);
      });
    next.tile();
    int64_t at[P], to[P];
    const int64_t first = from;
    simd::unroll<P>([&](auto i) SWCONV_INLINE_LAMBDA {
      at[i] = from - first;
      to[i] = into;
      if (k + i + 1 < pixels) {  // else the last one again
        const bool turns = x == last;
        from += turns ? down - last * right : right;
        into += turns ? (width - last) * sum : sum;
        x = turns ? 0 : x + 1;
      }
    });
    if (c.mixed())
      scattered_tile<V, NV, P, true>(box, src + first, at, f, r.second, r.ic0 == 0, sums, to);
    else
      scattered_tile<V, NV, P, false>(box, src + first, at, f, r.second, r.ic0 == 0, sums, to);
  }
}

/// All pixels of a block, in the cheaper of two ways.
template <class V, int NV>
SWCONV_NOINLINE void run_scattered(row &r, const column_list (&ways)[2], const block &b, float *sums,
                                   dst_prefetch &next) {
  for (int64_t h = b.h0; h < b.h1;) {
    alike rows(r.p.h, h, b.h1);
    constexpr int P = scattered_pixels<NV>;
    const bool mix = ways[1].cost(1, P) * rows.size() < ways[0].cost(rows.size(), P);
    if (mix) rows.end = h + 1;
    for (int64_t i = 0; i < ways[mix].count; ++i)
      run_alike<V, NV>(r, rows, ways[mix].runs[i], b, sums, next);
    h = rows.end;
  }
}

}  // namespace channel_vector
SWCONV_END_NAMESPACE
