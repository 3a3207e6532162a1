// SPDX-License-Identifier: MIT
/// @file sliding_lanes.hpp
/// Sliding sums along many rows at once, or along many blocks of one row, one in each lane
/// (docs/sliding-sums.md): some five operations per result whatever the window. Turning rows into
/// columns and back takes three instructions per vector of eight, five per vector of sixteen, each.
#pragma once

#include "../simd/unroll.hpp"
#include "problem.hpp"

SWCONV_BEGIN_NAMESPACE
namespace sliding {

/// From windows of so many elements on blocks take fewer instructions than doubling.
constexpr int64_t block_window = 96;
/// Elements of a block: whole vectors of every instruction set.
constexpr int64_t block_of(int64_t w) { return w / 16 * 16; }

/// Columns that are read for n results.
template <class V>
constexpr int64_t lanes_reach(int64_t w, int64_t n) {
  return (n + V::size - 1) / V::size * V::size + (w + 3) / 4 * 4;
}

/// Columns 0 … 3 of V::size rows, a vector each.
template <class V, class T>
SWCONV_ALWAYS_INLINE void turn(const T *p, int64_t distance, V (&x)[4]) {
  simd::unroll<4>([&](auto i) SWCONV_INLINE_LAMBDA {
    x[i] = V::quads(p + i * distance, 4 * distance);
  });
  V::transpose_quads(x[0], x[1], x[2], x[3]);
}

/// Columns 0 … to-1 of lanes that are `distance` apart, a vector each; what joins nothing in all
/// of them, outside [lo, hi), is not read.
template <class V, class T>
SWCONV_NOINLINE void turn_columns(V outside, const T *x, int64_t distance, int64_t lo, int64_t hi,
                                  int64_t to, T *columns) {
  V v[4];
  for (int64_t c = 0; c < to; c += 4, columns += 4 * V::size) {
    if (c + 4 > lo && c < hi)
      turn<V>(x + c, distance, v);
    else
      simd::unroll<4>([&](auto i) SWCONV_INLINE_LAMBDA { v[i] = outside; });
    simd::unroll<4>([&](auto i) SWCONV_INLINE_LAMBDA { v[i].store(columns + i * V::size); });
  }
}

/// The windows of w columns that begin at the columns 0 … n-1, n <= block_of(w): a suffix of that
/// block and a prefix of what follows. `nothing` joins nothing. sink(lane, i, results i …
/// i+V::size-1).
template <class V, class T, class Op, class Sink>
SWCONV_ALWAYS_INLINE void windows_of_block(Op op, V nothing, const T *columns, int64_t w, int64_t n,
                                           T *scratch, const Sink &sink) {
  const int64_t b = block_of(w);
  T *const suffixes = scratch + V::size * V::size;
  // Within four columns first: a chain through all of them would wait for each operation.
  V s = nothing, v[4];
  for (int64_t c = (b - 4) * V::size; c >= 0; c -= 4 * V::size) {
    simd::unroll<4>([&](auto i) SWCONV_INLINE_LAMBDA {
      v[i] = V::load(columns + c + i * V::size);
    });
    v[2] = op(v[2], v[3]);
    v[1] = op(v[1], v[2]);
    v[0] = op(v[0], v[1]);
    simd::unroll<4>([&](auto i) SWCONV_INLINE_LAMBDA {
      op(v[i], s).store(suffixes + c + i * V::size);
    });
    s = op(v[0], s);
  }
  const auto prefixes = [op](const T *x, V(&to)[4]) SWCONV_INLINE_LAMBDA {
    to[0] = V::load(x);
    simd::unroll<3>([&](auto i) SWCONV_INLINE_LAMBDA {
      to[i + 1] = op(to[i], V::load(x + (i + 1) * V::size));
    });
  };
  V p = nothing;
  const T *c = columns + b * V::size;
  if (const int64_t odd = w % 4; odd > 0) {
    prefixes(c, v);
    p = op(p, odd == 1 ? v[0] : odd == 2 ? v[1] : v[2]);
    c += odd * V::size;
  }
  for (; c < columns + w * V::size; c += 4 * V::size) {
    prefixes(c, v);
    p = op(p, v[3]);
  }
  const T *suffix = suffixes;
  for (int64_t j = 0; j < n; j += V::size) {
    for (T *to = scratch; to < suffixes; to += 4 * V::size) {
      prefixes(c, v);
      op(V::load(suffix), p).store(to);
      simd::unroll<3>([&](auto i) SWCONV_INLINE_LAMBDA {
        op(V::load(suffix + (i + 1) * V::size), op(p, v[i])).store(to + (i + 1) * V::size);
      });
      p = op(p, v[3]);
      c += 4 * V::size;
      suffix += 4 * V::size;
    }
    for (int64_t k = 0; k < V::size; k += 4) {
      turn<V>(scratch + k, V::size, v);
      simd::unroll<4>([&](auto i) SWCONV_INLINE_LAMBDA { sink(k + i, j, v[i]); });
    }
  }
}

}  // namespace sliding
SWCONV_END_NAMESPACE
