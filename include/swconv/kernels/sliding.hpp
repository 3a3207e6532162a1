// SPDX-License-Identifier: MIT
/// @file sliding.hpp
/// Sliding sums of an associative operator along a row, at a cost that hardly depends on the window
/// (docs/sliding-sums.md). Short windows are put together from sums of 1, 2, 4, … elements, made by
/// doubling. Long ones are so many whole runs of 64 and a rest: the runs that overlap are shared by a
/// suffix and a prefix per block of runs.
///
/// The tree of operations of each result follows from the window and the position in the row alone,
/// not from the width of a vector or from where the work is cut.
#pragma once

#include "../simd/unroll.hpp"
#include "problem.hpp"

SWCONV_BEGIN_NAMESPACE
namespace sliding {

/// Elements of a run. Part of the definition of the results: at least a vector of every instruction
/// set, and enough vectors that the chains of additions overlap.
constexpr int64_t run = 64;
/// Windows of so many elements are made of runs; shorter ones by doubling alone, which costs less
/// while all of it stays in the first cache.
constexpr int64_t long_window = 512;
/// The most elements behind a row that the functions below read without need.
template <class V>
constexpr int64_t slack = 2 * run + 2 * V::size;
/// Elements that are taken through all steps at once, to stay in the first cache.
template <class V>
constexpr int64_t chunk = (8192 / static_cast<int64_t>(sizeof(typename V::element)) / run + 1) * run;

SWCONV_ALWAYS_INLINE int log2_floor(int64_t n) {
  return 63 - __builtin_clzll(static_cast<unsigned long long>(n));
}
constexpr int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

/// Elements of scratch that row() needs for windows of w.
template <class V>
constexpr int64_t scratch_elements(int64_t w) {
  return 2 * (chunk<V> + long_window + slack<V>) + (w < long_window ? 0 : (w / run + 1) * run);
}

/// What becomes of the rest of the window in a step of doubling.
enum rest : int { rest_none, rest_starts, rest_grows };
/// As a template argument: not known at compile time. Operators that ask to be `compact` have one
/// copy of each loop instead of one for every case.
constexpr int at_run_time = -1;

/// Sums of 2m from sums of m: twice[i] = e[i] ⊕ e[i+m]; in place too. With the bit m of the window
/// set, its rest begins as e, or grows at its left: r[i] = e[i] ⊕ r[i+m].
template <class V, int R, class T, class Op>
SWCONV_NOINLINE void double_sums(Op op, const T *e, T *twice, T *r, int64_t m, int64_t n,
                                 int rest_if_unknown) {
  const int how = R == at_run_time ? rest_if_unknown : R;
  for (int64_t i = 0; i < n; i += V::size) {
    const V a = V::load(e + i), b = V::load(e + i + m);
    if (how == rest_starts) a.store(r + i);
    if (how == rest_grows) op(a, V::load(r + i + m)).store(r + i);
    op(a, b).store(twice + i);
  }
}

/// Whether the first steps are done in registers, where a vector slides by the next one. An
/// operation of several instructions gains nothing, unless its loops are `compact`.
template <class V, class Op>
constexpr bool steps_in_registers =
    V::size == 16 && sizeof(typename V::element) == 4 && (Op::compact || !Op::idempotent);

/// The same for m = 1, 2, … up to four steps in one pass over n elements, sums and rests as far as
/// these hold them: from the last vector to the first, so that a vector meets what the one behind
/// it was at the same step.
template <class V, class T, class Op>
SWCONV_NOINLINE void double_in_registers(Op op, const T *x, T *e, T *r, int steps, int64_t w,
                                         int64_t n) {
  const int64_t low = Op::idempotent ? 0 : w & ((int64_t{1} << steps) - 1);
  V behind[4], rest_behind[4];
  simd::unroll<4>([&](auto j) SWCONV_INLINE_LAMBDA {
    behind[j] = rest_behind[j] = V::load(x + n);
  });
  for (int64_t i = round_up(n, V::size); i >= 0; i -= V::size) {
    V sum = V::load(x + i), rest = sum;
    simd::unroll<4>([&](auto j) SWCONV_INLINE_LAMBDA {
      constexpr int m = 1 << j;
      if (j >= steps) return;
      if (low & m) {
        const V before = rest;
        rest = low & (m - 1) ? op(sum, V::template slide<m>(rest, rest_behind[j])) : sum;
        rest_behind[j] = before;
      }
      const V before = sum;
      sum = op(sum, V::template slide<m>(sum, behind[j]));
      behind[j] = before;
    });
    if (i >= n) continue;
    sum.store(e + i);
    if (low != 0) rest.store(r + i);
  }
}

/// Sums of 2^steps in e, for at least n - 2^steps elements, and the rest of w below 2^steps in r.
/// Returns where the sums are: x itself if there was no step.
template <class V, class T, class Op>
SWCONV_ALWAYS_INLINE const T *double_up(Op op, const T *x, T *e, T *r, int steps, int64_t w,
                                        int64_t n) {
  const T *from = x;
  int j = 0;
  if constexpr (steps_in_registers<V, Op>) {
    if (steps > 1) {
      j = steps < 4 ? steps : 4;
      double_in_registers<V>(op, x, e, r, j, w, n);
      from = e;
    }
  }
  for (; j < steps; ++j) {
    const int64_t m = int64_t{1} << j;
    const int how = Op::idempotent || (w & m) == 0 ? rest_none
                    : (w & (m - 1)) == 0           ? rest_starts
                                                   : rest_grows;
    if constexpr (Op::compact)
      double_sums<V, at_run_time>(op, from, e, r, m, n - m, how);
    else if (how == rest_none)
      double_sums<V, rest_none>(op, from, e, r, m, n - m, 0);
    else if (how == rest_starts)
      double_sums<V, rest_starts>(op, from, e, r, m, n - m, 0);
    else
      double_sums<V, rest_grows>(op, from, e, r, m, n - m, 0);
    from = e;
  }
  return from;
}

/// What the last step joins beside two sums of m.
enum parts : int { third_part = 1, rest_part = 2 };

/// The last step of a short window: from sums of m = 2^k with 2m <= w < 4m straight to the
/// results: two sums, perhaps a third, perhaps the rest. For idempotent operators the rest is one more
/// sum that overlaps the others.
template <class V, class T, class Op, class Sink>
SWCONV_NOINLINE void last_sums(Op op, const T *e, const T *r, int64_t m, int64_t last, int64_t n,
                               int parts, Sink sink) {
  for (int64_t i = 0; i < n; i += V::size) {
    V y = op(V::load(e + i), V::load(e + i + m));
    if (parts & third_part) {
      const V third = V::load(e + i + 2 * m);
      y = op(y, parts & rest_part ? op(third, V::load(r + i + last)) : third);
    } else if (parts & rest_part) {
      y = op(y, V::load(r + i + last));
    }
    sink(i, y);
  }
}

/// Short windows: sink(i, x[i] ⊕ … ⊕ x[i+w-1]) for vectors i of n results.
template <class V, class T, class Op, class Sink>
SWCONV_ALWAYS_INLINE void short_windows(Op op, const T *x, T *e, T *r, int64_t w, int64_t n,
                                        const Sink &sink) {
  if (w == 1) {
    for (int64_t i = 0; i < n; i += V::size) sink(i, V::load(x + i));
    return;
  }
  const int k = log2_floor(w) - 1;
  const int64_t m = int64_t{1} << k;
  const T *const s = double_up<V>(op, x, e, r, k, w, n + w);
  const T *const tail = Op::idempotent ? s : r;
  int64_t last = (w & m) != 0 ? 3 * m : 2 * m;
  int which = ((w & m) != 0 ? third_part : 0) | ((w & (m - 1)) != 0 ? rest_part : 0);
  if (Op::idempotent && w > 2 * m) {
    last = w - m;
    which = w <= 3 * m ? rest_part : third_part | rest_part;
  }
  last_sums<V>(op, s, tail, m, last, n, which, sink);
}

/// Long windows. A block is q = w / run runs. The whole runs of a window lie in at most
/// two blocks: they are a suffix of one, from `slots`, and a prefix of the next. `at`, a multiple of
/// run, is the position of x[0] in the row whose blocks are counted.
template <class V, class T, class Op, class Sink>
SWCONV_NOINLINE void long_windows(Op op, const T *x, T *e, T *r, T *slots, int64_t at, int64_t w,
                                  int64_t n, Sink sink) {
  const int64_t q = w / run, low = w % run;
  T *const prefix = slots + q * run;
  const int64_t rows = (n + run - 1) / run + q, step = chunk<V> / run;
  int64_t lowest = at / run % q;  // of the runs of a block that are known
  int64_t j = lowest;
  for (int64_t t0 = 0; t0 < rows; t0 += step) {
    const int64_t t1 = axis::least(t0 + step, rows);
    // The run before the chunk comes along: the last sum of an idempotent window reaches back.
    const int64_t back = Op::idempotent && t0 > 0 ? run : 0;
    const T *a = double_up<V>(op, x + t0 * run - back, e, r, 6, low,
                              (t1 - t0) * run + back + run) + back;
    const T *tail = Op::idempotent ? a + low - run : r;
    for (int64_t t = t0; t < t1; ++t, a += run, tail += run) {
      T *const slot = slots + j * run;
      const int64_t to = (t - q) * run;
      const bool starts = j == 0 || j == lowest;
      for (int64_t i = 0; i < run; i += V::size) {
        const V s = V::load(a + i);
        if (t >= q && to + i < n) {
          V y = V::load(slot + i);
          if (j > 0) y = op(y, V::load(prefix + i));
          if (low > 0) y = op(y, V::load(tail + i));
          sink(to + i, y);
        }
        s.store(slot + i);
        (starts ? s : op(V::load(prefix + i), s)).store(prefix + i);
      }
      if (++j < q) continue;
      for (int64_t i = 0; i < run; i += V::size) {
        V s = V::load(slots + (q - 1) * run + i);
        for (int64_t k = q - 2; k >= lowest; --k) {
          s = op(V::load(slots + k * run + i), s);
          s.store(slots + k * run + i);
        }
      }
      j = lowest = 0;
    }
  }
}

/// sink(i, x[i] ⊕ … ⊕ x[i+w-1]) for vectors i of n results, from a row with slack<V> readable
/// elements behind x[n+w-2]. `at` as above; scratch has scratch_elements<V>(w).
template <class V, class T, class Op, class Sink>
SWCONV_ALWAYS_INLINE void row(Op op, const T *x, T *scratch, int64_t at, int64_t w, int64_t n,
                              const Sink &sink) {
  T *const e = scratch, *const r = e + chunk<V> + long_window + slack<V>;
  if (w >= long_window) {
    long_windows<V>(op, x, e, r, r + chunk<V> + long_window + slack<V>, at, w, n, sink);
    return;
  }
  for (int64_t i = 0; i < n; i += chunk<V>) {
    const auto here = [i, sink](int64_t k, V y) SWCONV_INLINE_LAMBDA { sink(i + k, y); };
    short_windows<V>(op, x + i, e, r, w, axis::least(chunk<V>, n - i), here);
  }
}

}  // namespace sliding
SWCONV_END_NAMESPACE
