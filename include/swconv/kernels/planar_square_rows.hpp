// SPDX-License-Identifier: MIT
/// @file planar_square_rows.hpp
/// How the rows of small square filters are walked: many at once where there are registers for the sums, else
/// one after the other. What a vector of columns is, planar_square.hpp says.
#pragma once

#include "planar_rows.hpp"

SWCONV_BEGIN_NAMESPACE
namespace planar {

/// Where masks are free, tiles are tall: many rows share more loads, and make sums enough that none
/// waits for another. A tile that is not full leaves the last rows out, and what only they read.
constexpr bool tall = simd::isa::registers >= 32 && simd::isa::masks_are_free;
/// Else a group of rows is a strip, if there are registers for the sums of two vectors. The baseline gets
/// less code.
template <int K>
constexpr bool is_strip = !tall && simd::isa::has_fma && K <= 5;
template <int K>
constexpr int square_rows_of_group = tall ? 7 : is_strip<K> ? 28 : simd::isa::has_fma ? 4 : 2;
constexpr int square_rows_unit = tall ? 7 : 8;  ///< that are worth a block

/// The weights of a channel: in registers as many as fit beside so many sums and `spare` more, the
/// others in memory. Few registers are worth it for all or none.
template <class V, int K, int Sums, int Spare>
struct square_weights {
  static constexpr int taps = K * K, room = simd::isa::registers - Sums - Spare;
  static constexpr int held = room >= taps ? taps : simd::isa::registers < 32 || room < 0 ? 0 : room;
  const float *all;
  V some[held > 0 ? held : 1];

  SWCONV_ALWAYS_INLINE explicit square_weights(const float *f) : all(f) {
    simd::unroll<held>([&](auto i) SWCONV_INLINE_LAMBDA { some[i] = V::held(V::broadcast(f + i)); });
  }
  template <int I>
  SWCONV_ALWAYS_INLINE V at() const {
    if constexpr (I < held)
      return some[I];
    else
      return V::broadcast(all + I);
  }
};

/// What a group of output rows, row_step apart, reads and writes: copies of what every vector needs,
/// since what r refers to might change with every store, for all that the compiler knows.
template <class V, int S>
struct square_group {
  const float *first, *filter;  ///< input row 0, column 0; the first weight
  int64_t step;                 ///< floats from an input row to the next
  int64_t channels, channel;    ///< input channels, and floats from one to the next
  int64_t planes;               ///< groups, one output channel each
  int64_t pad;                  ///< of the columns
  int64_t inside0, inside1;     ///< input rows inside src
  row_output<V> out;

  SWCONV_ALWAYS_INLINE square_group(const rows &r, int64_t groups)
      : filter(r.weights),
        step(r.p.h.dilation * r.p.src.h),
        channels(r.p.in_channels),
        channel(r.p.src.c),
        planes(groups),
        pad(r.p.w.pad),
        out(r) {
    const axis &h = r.p.h;
    const int64_t y = h.start(r.h), read = (r.count - 1) * S + h.taps;
    first = r.src + y * r.p.src.h;
    inside0 = axis::least(h.tap_at(y, 0), read);
    inside1 = axis::least(h.tap_at(y, h.in), read);
    // The step from a row inside src to none may be too long to be added.
    if (inside1 - inside0 == 1) first += inside0 * step;
    if (inside1 - inside0 <= 1) step = 0;
  }
};

/// R rows at once: every input row is loaded for all that need it.
template <class V, int R, int K, int S, int Spare>
struct square_tile : square_group<V, S> {
  using base = square_group<V, S>;
  static constexpr int read = K + (R - 1) * S;  ///< input rows
  template <int X>
  using weights = square_weights<V, K, R * X, Spare>;
  uint32_t inside;  ///< which of them lie inside src

  SWCONV_ALWAYS_INLINE square_tile(const rows &r, int64_t groups)
      : base(r, groups), inside((1u << this->inside1) - (1u << this->inside0)) {}

  /// For each plane: clears R by X sums; for all input rows inside src, of which source(position x)
  /// makes something, adds add(sum, weight, vector, t, i) with the vector get(source, t, i) for tap t
  /// of vector i. A row is stored as soon as its sums are complete, since many stores at once would hold up
  /// the next tile: place(vector, first column of its row of dst, i). What `to` says is for rows with which more
  /// is to be done. Row says how lanes are ordered.
  template <int X, class Row, class Source, class Get, class Add, class Place>
  SWCONV_ALWAYS_INLINE void walk(int64_t x, const dst_columns &to, Source &&source, Get &&get, Add &&add,
                                 Place &&place) const {
    const float *from = this->first + x, *f = this->filter;
    const uint32_t rows_inside = inside, filled = (1u << this->out.count) - 1;
    const int64_t src_step = this->step, dst_step = this->out.step;
    const bool clamp = this->out.clamp, simple = this->out.simple;
    constexpr bool keeps_bias = weights<X>::room > weights<X>::taps;  // there is a register for it
    for (int64_t g = 0; g < this->planes; ++g) {
      float *dst_row = this->out.dst + g * this->out.plane;
      const float *const bias = this->out.bias + g * this->out.bias_step;
      const V kept = V::broadcast(bias);
      V acc[R][X];
      simd::unroll<R * X>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i / X][i % X] = V::zero(); });
      for (int64_t ic = 0; ic < this->channels; ++ic, from += this->channel, f += K * K) {
        const weights<X> all(f);
        const uint32_t complete = simple && ic == this->channels - 1 ? filled : 0;
        const float *row = from;
        simd::unroll<read>([&](auto j) SWCONV_INLINE_LAMBDA {
          if (__builtin_expect(rows_inside >> j & 1, 1)) add_row<j>(acc, source(row), all, get, add);
          row += src_step;
          SWCONV_OPAQUE(row);
          if constexpr (j >= K - 1 && (j - (K - 1)) % S == 0) {
            constexpr int q = (j - (K - 1)) / S;
            if (__builtin_expect(complete >> q & 1, 1)) {
              const V more = keeps_bias ? kept : V::broadcast(bias);
              simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
                place(this->out.simply(Row::ordered(acc[q][i]), more, clamp), dst_row, i);
              });
              dst_row += dst_step;
            }
          }
        });
      }
      if (__builtin_expect(simple, 1)) continue;
      float copy[R * X * V::size];
      simd::unroll<R * X>([&](auto i) SWCONV_INLINE_LAMBDA {
        Row::ordered(acc[i / X][i % X]).store(copy + i * V::size);
      });
      for (int64_t q = 0; q < this->out.count; ++q) this->out.finish(copy + q * X * V::size, X, to, g, q);
    }
  }

  /// Adds input row J to the sums that need it.
  template <int J, int X, class Row, class Get, class Add>
  static SWCONV_ALWAYS_INLINE void add_row(V (&acc)[R][X], const Row &row, const weights<X> &f, Get &&get,
                                           Add &&add) {
    simd::unroll<K>([&](auto t) SWCONV_INLINE_LAMBDA {
      constexpr int tap = decltype(t)::value;
      V s[X];
      simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA { s[i] = V::held(get(row, t, i)); });
      simd::unroll<R>([&](auto q) SWCONV_INLINE_LAMBDA {
        constexpr int k = J - decltype(q)::value * S;
        if constexpr (k >= 0 && k < K) {
          const V weight = f.template at<k * K + tap>();
          simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA { add(acc[q][i], weight, s[i], t, i); });
        }
      });
    });
  }
};

/// A strip: one row after the other, with the sums of all rows that an input row is needed for: fewer than
/// those of a tile, and every vector of src is loaded once, which few registers want.
template <class V, int K, int S>
struct square_strip : square_group<V, S> {
  using base = square_group<V, S>;
  static constexpr int bottom = K - 1, most = bottom / S;  ///< sums of rows begun earlier
  /// Input row S·q + f is row f + S·m of the filter for output row q - m.
  static constexpr int rows_of(int f) { return (bottom - f) / S + 1; }

  int64_t count;  ///< of output rows

  SWCONV_ALWAYS_INLINE square_strip(const rows &r, int64_t groups) : base(r, groups), count(r.count) {}

  /// What a walk down X vectors of columns of one channel keeps.
  template <int X>
  struct sums {
    // What is loaded fits one register if all weights are held; else weights pass through others.
    using weights = square_weights<V, K, (most + 1) * X, simd::isa::registers >= 32 ? 3 : 1>;
    static constexpr int floats = X * V::size;
    weights all;
    V acc[most + 1][X];  ///< that of output row q - m in place m
    const float *row;    ///< of src
    int64_t j = 0;       ///< which it is
    const float *before; ///< sums of the channels before, or zeros
    int64_t before_step;

    SWCONV_ALWAYS_INLINE sums(const float *f, const float *src, const float *partial, bool is_first)
        : all(f), row(src), before(is_first ? partial : partial + floats), before_step(is_first ? 0 : floats) {
      SWCONV_UNROLL
      for (int i = 0; i < (most + 1) * X; ++i) acc[i / X][i % X] = V::zero();
    }
    SWCONV_ALWAYS_INLINE void shift() {
      SWCONV_UNROLL
      for (int i = most * X - 1; i >= 0; --i) acc[i / X + 1][i % X] = acc[i / X][i % X];
    }
    SWCONV_ALWAYS_INLINE void begin() {
      shift();
      SWCONV_UNROLL
      for (int i = 0; i < X; ++i) acc[0][i] = V::load(before + i * V::size);
      before += before_step;
    }
    /// Adds an input row to all sums that have a row of the filter for it.
    template <int Phase, class Row, class Get, class Add>
    SWCONV_ALWAYS_INLINE void add_row(const Row &from, Get &&get, Add &&add) {
      constexpr int n = rows_of(Phase);
      simd::unroll<K>([&](auto t) SWCONV_INLINE_LAMBDA {
        if constexpr (weights::held > 0) {  // no register is left for more than one vector
          simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
            const V s = V::held(get(from, t, i));
            simd::unroll<n>([&](auto m) SWCONV_INLINE_LAMBDA {
              add(acc[m][i], all.template at<(Phase + S * m) * K + t>(), s, t, i);
            });
          });
        } else {
          V s[X];
          simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA { s[i] = V::held(get(from, t, i)); });
          simd::unroll<n>([&](auto m) SWCONV_INLINE_LAMBDA {
            const V weight = all.template at<(Phase + S * m) * K + t>();
            simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA { add(acc[m][i], weight, s[i], t, i); });
          });
        }
      });
    }
  };

  /// As that of a tile.
  template <int X, class Row, class Source, class Get, class Add, class Place>
  SWCONV_ALWAYS_INLINE void walk(int64_t x, const dst_columns &to, Source &&source, Get &&get, Add &&add,
                                 Place &&place) const {
    constexpr int floats = sums<X>::floats;
    const float *from = this->first + x, *f = this->filter;
    float partial[(square_rows_of_group<K> + K) * floats];  // zeros, and sums of the channels before
    float copy[floats];
    __builtin_memset(partial, 0, this->channels > 1 ? sizeof partial : floats * sizeof(float));
    const int64_t dst_step = this->out.step;
    const bool clamp = this->out.clamp;
    for (int64_t g = 0; g < this->planes; ++g) {
      float *const plane = this->out.dst + g * this->out.plane;
      const float *const bias = this->out.bias + g * this->out.bias_step;
      for (int64_t ic = 0; ic < this->channels; ++ic, from += this->channel, f += K * K) {
        const bool is_last = ic == this->channels - 1, simple = is_last && this->out.simple;
        float *dst_row = plane;
        sums<X> s(f, from, partial, ic == 0);
        // Adds the input rows of output row q, and takes the sums that are complete. Those of rows above the
        // first and below the last go nowhere: few are begun, and all in one way take one piece of code.
        const auto read = [&](auto checked, int64_t q) SWCONV_INLINE_LAMBDA {
          s.begin();
          simd::unroll<S>([&](auto phase) SWCONV_INLINE_LAMBDA {
            if (!checked || (s.j >= this->inside0 && s.j < this->inside1))
              s.template add_row<phase>(source(s.row), get, add);
            ++s.j;
            s.row += this->step;
            SWCONV_OPAQUE(s.row);
            SWCONV_OPAQUE(s.all.all);
            if constexpr (phase == bottom % S) {
              if (q < most) return;
              if (__builtin_expect(simple, 1)) {
                const V more = V::broadcast(bias);
                simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
                  place(this->out.simply(Row::ordered(s.acc[most][i]), more, clamp), dst_row, i);
                });
              } else {
                float *const at = is_last ? copy : partial + floats * (q - most + 1);
                simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
                  (is_last ? Row::ordered(s.acc[most][i]) : s.acc[most][i]).store(at + i * V::size);
                });
                if (is_last) this->out.finish(copy, X, to, g, q - most);
              }
              dst_row += dst_step;
            }
          });
        };
        for (int64_t q = 0; q < count + most;) {
          // Sums move from place to place, which is for nothing where rows are unrolled.
          if constexpr (sums<X>::weights::held > 0 && S == 1 && X > 1) {
            if (q >= most && s.j >= this->inside0 && s.j + most < this->inside1) {
              simd::unroll<most + 1>(
                  [&](auto u) SWCONV_INLINE_LAMBDA { read(simd::index<0>{}, q + u); });
              q += most + 1;
              continue;
            }
          }
          read(simd::index<1>{}, q);
          ++q;
        }
      }
    }
  }
};

}  // namespace planar
SWCONV_END_NAMESPACE
