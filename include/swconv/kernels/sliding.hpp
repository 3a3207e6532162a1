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
#include "sliding_groups.hpp"

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

/// Stores n results a vector at a time.
template <class V>
struct store_some {
  typename V::element *to;
  int64_t n;
  SWCONV_ALWAYS_INLINE void operator()(int64_t i, V y) const {
    if (i + V::size <= n)
      y.store(to + i);
    else
      y.store_first(to + i, n - i);
  }
};

/// The same where a vector more may be written: shorter.
template <class V>
struct store_whole {
  typename V::element *to;
  int64_t n;
  SWCONV_ALWAYS_INLINE void operator()(int64_t i, V y) const { y.store(to + i); }
};

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

/// Steps of doubling in registers: those within a vector, where it slides by the next one, and two
/// that join whole vectors.
template <class V>
constexpr int register_steps = 2 + (V::size >= 64   ? 6
                                    : V::size >= 32 ? 5
                                    : V::size >= 16 ? 4
                                    : V::size >= 8  ? 3
                                    : V::size >= 4  ? 2
                                                    : 1);

/// v slid by 2^J elements: by what was behind it, at each step; at the last by the one after that.
template <int J, class V, int N>
SWCONV_ALWAYS_INLINE V slid(V v, V (&behind)[N]) {
  const V next = behind[J];
  behind[J] = v;
  if constexpr (J + 3 < N) return V::template slide<1 << J>(v, next);
  if constexpr (J + 3 == N) return next;
  const V after_next = behind[N - 1];
  behind[N - 1] = next;
  return after_next;
}

/// The same for m = 1, 2, … in one pass over the vectors from `from` to n, sums and rests as far as
/// these hold them: from the last vector to the first, so that a vector meets what the one behind
/// it was at the same step. Returns the sum of all that was read, to tell whether there was a NaN.
template <class V, int Steps, class T, class Op>
SWCONV_NOINLINE V steps_at_once(Op op, const T *x, T *e, T *r, int64_t w, int64_t from,
                                int64_t n) {
  constexpr int slides = register_steps<V> - 2, steps = Steps;
  const int64_t low = Op::idempotent ? 0 : w & ((int64_t{1} << steps) - 1);
  const int64_t end = from + round_up(n - from, V::size);
  const V last = V::load(x + end);
  V behind[slides + 3], rest_behind[slides + 3], all = V::load(x + from);
  simd::unroll<slides + 3>([&](auto j) SWCONV_INLINE_LAMBDA { behind[j] = rest_behind[j] = last; });
  for (int64_t i = end - V::size; i >= from; i -= V::size) {
    V sum = V::load(x + i), rest = sum;
    if (Op::idempotent) all = V::add(all, sum);
    simd::unroll<steps>([&](auto j) SWCONV_INLINE_LAMBDA {
      if ((low >> j) & 1)
        rest = (low & ((1 << j) - 1)) != 0 ? op(sum, slid<j>(rest, rest_behind)) : sum;
      sum = op(sum, j == 0 && V::size == 16 ? V::load(x + i + 1) : slid<j>(sum, behind));
    });
    sum.store(e + i);
    if (low != 0) rest.store(r + i);
  }
  return all;
}

template <class V, class T, class Op>
SWCONV_NOINLINE V double_in_registers(Op op, const T *x, T *e, T *r, int steps, int64_t w,
                                           int64_t from, int64_t n) {
  V all;
  simd::unroll<register_steps<V> - 1>([&](auto j) SWCONV_INLINE_LAMBDA {
    if (steps == j + 2) all = steps_at_once<V, j + 2>(op, x, e, r, w, from, n);
  });
  return all;
}

/// Whether sums take their first steps so. With shorter vectors loads are as good.
template <class V, class Op>
constexpr bool steps_in_registers =
    V::size == 16 && sizeof(typename V::element) == 4 && !Op::idempotent;

/// Sums of 2^steps in e, for at least n - 2^steps elements, and the rest of w below 2^steps in r.
/// Returns where the sums are: x itself if there was no step.
template <class V, class T, class Op>
SWCONV_ALWAYS_INLINE const T *double_up(Op op, const T *x, T *e, T *r, int steps, int64_t w,
                                        int64_t n) {
  const T *from = x;
  int j = 0;
  if constexpr (steps_in_registers<V, Op>) {
    if constexpr (Op::is_known) {
      if (steps > 1) {
        j = steps < register_steps<V> ? steps : register_steps<V>;
        double_in_registers<V>(op, x, e, r, j, w, 0, n);
        from = e;
      }
    } else if (steps >= 4) {
      // Long code, of an operator that is looked at each time: one copy.
      steps_at_once<V, 4>(op, x, e, r, w, 0, n);
      j = 4;
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

/// An operator where no operand is a NaN: the maximum of floating-point numbers takes one
/// instruction then, and three where a NaN must stay one.
template <class Op>
struct without_nan {
  static constexpr bool idempotent = true;
  Op op;
  template <class V>
  SWCONV_ALWAYS_INLINE V operator()(V a, V b) const {
    return op.quick(a, b);
  }
};

/// Whether an idempotent operator of short instructions is done so, and again with care where there
/// was a NaN. Not on SSE2, of which a small library matters more than speed.
template <class V, class Op>
constexpr bool is_quick() {
#if defined(SWCONV_ISA_SSE2)
  return false;
#else
  if constexpr (Op::idempotent) return Op::has_quick && V::slides;
  return false;
#endif
}
/// Shorter windows gain nothing.
constexpr int64_t quick_window = 4;

/// Steps of doubling of such windows: groups take over once they can.
template <class V>
int quick_steps(int64_t w) {
  return w < group * V::size ? log2_floor(w) : register_steps<V> - 2;
}
/// Results of windows that are made at once: windows that begin in one part and end in the next are
/// doubled twice.
template <class V>
constexpr int64_t quick_chunk(int64_t w) {
  return round_up(axis::least(w, INT64_MAX / 32) * 8 + 4096, run * V::size);
}
/// Elements of y and of memory for n results.
template <class V>
constexpr int64_t quick_room(int64_t w, int64_t n) {
  return round_up(n + w + (group + 2) * V::size, run);
}
template <class V>
constexpr int64_t quick_memory(int64_t w) {
  return groups<V, int>::elements(w, V::size, V::size);
}

/// to[i] = y[i] ⊕ … for n results, of sums of 2^quick_steps(w) in y.
template <class V, class T, class Op>
SWCONV_NOINLINE void quick_results(Op op, const T *y, T *memory, int64_t w, int64_t n, T *to) {
  constexpr int64_t unit = V::size;
  const store_some<V> sink{to, n};
  if (w < group * unit) {
    const T *const last = y + w - (int64_t{1} << log2_floor(w));
    for (int64_t i = 0; i < n; i += unit) sink(i, op(V::load(y + i), V::load(last + i)));
    return;
  }
  groups<V, Op> made(op, w, unit, memory, unit);
  V sum = V::load(y);  // of no use here
  const T *tails = y + w - unit - made.wholes * group * unit;
  const auto tail = [&tails](int64_t k) SWCONV_INLINE_LAMBDA { return tails + k * unit; };
  for (int64_t k = 0; k < made.wholes; ++k, tails += group * unit) {
    made.before(0, group, tail, sum);
    made.next(unit);
  }
  for (int64_t i = 0; i < n; i += group * unit, y += group * unit, tails += group * unit) {
    const auto store = [=](int64_t k, V v) SWCONV_INLINE_LAMBDA {
      if (i + k * unit < n) sink(i + k * unit, v);
    };
    const auto top = [y](int64_t k) SWCONV_INLINE_LAMBDA { return y + k * unit; };
    made.results(0, top, tail, store, sum);
    made.next(unit);
  }
}

template <class V>
SWCONV_NOINLINE bool any_nan(V v) {
  typename V::element some[V::size];
  v.store(some);
  bool any = false;
  for (const auto x : some) any |= x != x;
  return any;
}

/// The sums of 2^quick_steps(w) in y, of x[from] … x[to-1] and a vector that joins nothing. False
/// if there may be a NaN.
template <class V, class T, class Op>
SWCONV_ALWAYS_INLINE bool quick_doubles(Op op, const T *x, T *y, int64_t from, int64_t to,
                                        int64_t w) {
  return !any_nan(double_in_registers<V>(op, x, y, y, quick_steps<V>(w), 0, from, to));
}

/// Elements of scratch that row() needs for n windows of w.
template <class V>
constexpr int64_t scratch_elements(int64_t w, int64_t n) {
  const int64_t careful =
      2 * (chunk<V> + long_window + slack<V>) + (w < long_window ? 0 : (w / run + 1) * run);
  if constexpr (V::size == 1) return careful;
  const int64_t quick = quick_room<V>(w, axis::least(n, quick_chunk<V>(w))) + quick_memory<V>(w);
  return quick > careful ? quick : careful;
}

template <class V, template <class> class Store, class T, class Op>
SWCONV_NOINLINE void careful_row(Op op, const T *x, T *scratch, int64_t at, int64_t w, int64_t n,
                                 T *to) {
  T *const e = scratch, *const r = e + chunk<V> + long_window + slack<V>;
  if (w >= long_window) {
    long_windows<V>(op, x, e, r, r + chunk<V> + long_window + slack<V>, at, w, n,
                    Store<V>{to, n});
    return;
  }
  for (int64_t i = 0; i < n; i += chunk<V>) {
    const int64_t count = axis::least(chunk<V>, n - i);
    short_windows<V>(op, x + i, e, r, w, count, Store<V>{to + i, count});
  }
}

/// to[i] = x[i] ⊕ … ⊕ x[i+w-1] for n results, from a row with slack<V> readable elements behind
/// x[n+w-2]. `at` as above; scratch has scratch_elements<V>(w, n).
template <class V, template <class> class Store, class T, class Op>
SWCONV_ALWAYS_INLINE void row(Op op, const T *x, T *scratch, int64_t at, int64_t w, int64_t n,
                              T *to) {
  if constexpr (is_quick<V, Op>()) {
    const int64_t step = w < quick_window ? n : quick_chunk<V>(w);
    for (int64_t i = 0; i < n; i += step) {
      const int64_t count = axis::least(step, n - i);
      T *const memory = scratch + quick_room<V>(w, count);
      const without_nan<Op> quick{op};
      if (w >= quick_window && quick_doubles<V>(quick, x + i, scratch, 0, count + w - 1, w))
        quick_results<V>(quick, scratch, memory, w, count, to + i);
      else
        careful_row<V, Store>(op, x + i, scratch, at + i, w, count, to + i);
    }
    return;
  }
  careful_row<V, Store>(op, x, scratch, at, w, n, to);
}

}  // namespace sliding
SWCONV_END_NAMESPACE
