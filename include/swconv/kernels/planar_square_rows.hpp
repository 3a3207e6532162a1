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
  int64_t pad, width;           ///< of dst
  int64_t inside0, inside1;     ///< input rows inside src
  row_output<V> out;

  SWCONV_ALWAYS_INLINE square_group(const rows &r, int64_t groups)
      : filter(r.weights),
        step(r.p.h.dilation * r.p.src.h),
        channels(r.p.in_channels),
        channel(r.p.src.c),
        planes(groups),
        pad(r.p.w.pad),
        width(r.p.w.out),
        out(r) {
    const axis &h = r.p.h;
    const int64_t y = h.start(r.h), read = (r.count - 1) * S + h.taps;
    first = r.src + y * r.p.src.h;
    inside0 = axis::least(h.tap_at(y, 0), read);
    inside1 = axis::least(h.tap_at(y, h.in), read);
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
  /// of vector i; then store(sums, plane, first row, and how far it is into dst).
  template <int X, class Source, class Get, class Add, class Place, class Store>
  SWCONV_ALWAYS_INLINE void walk(int64_t x, Source &&source, Get &&get, Add &&add, Place &&,
                                 Store &&store) const {
    const float *from = this->first + x, *f = this->filter;
    for (int64_t g = 0; g < this->planes; ++g) {
      V acc[R][X];
      simd::unroll<R * X>([&](auto i) SWCONV_INLINE_LAMBDA { acc[i / X][i % X] = V::zero(); });
      for (int64_t ic = 0; ic < this->channels; ++ic, from += this->channel, f += K * K) {
        const weights<X> all(f);
        const float *row = from;
        simd::unroll<read>([&](auto j) SWCONV_INLINE_LAMBDA {
          if (inside >> j & 1) add_row<j>(acc, source(row), all, get, add);
          row += this->step;
          SWCONV_OPAQUE(row);
        });
      }
      store(acc, g, 0, g * this->out.plane);
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

  /// As that of a tile, but store is called for one row after the other, and only where more is to be done
  /// than place(vector, first column of its row of dst, i).
  template <int X, class Source, class Get, class Add, class Place, class Store>
  SWCONV_ALWAYS_INLINE void walk(int64_t x, Source &&source, Get &&get, Add &&add, Place &&place,
                                 Store &&store) const {
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
        float *to = plane;
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
              V done[1][X];
              simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA { done[0][i] = s.acc[most][i]; });
              if (__builtin_expect(simple, 1)) {
                const V more = V::broadcast(bias);
                simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA {
                  done[0][i] = V::add(done[0][i], more);
                  if (__builtin_expect(clamp, 0)) done[0][i] = this->out.limited(done[0][i]);
                  place(done[0][i], to, i);
                });
              } else {
                float *const at = is_last ? copy : partial + floats * (q - most + 1);
                simd::unroll<X>(
                    [&](auto i) SWCONV_INLINE_LAMBDA { done[0][i].store(at + i * V::size); });
                if (is_last) special<X>(copy, store, g, q - most);
              }
              to += dst_step;
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

 private:
  /// A row of sums by the long way to dst.
  template <int X, class Store>
  SWCONV_NOINLINE void special(const float *copy, const Store &store, int64_t g, int64_t q) const {
    V done[1][X];
    simd::unroll<X>([&](auto i) SWCONV_INLINE_LAMBDA { done[0][i] = V::load(copy + i * V::size); });
    store(done, g, q, g * this->out.plane + q * this->out.step);
  }
};

}  // namespace planar
SWCONV_END_NAMESPACE
