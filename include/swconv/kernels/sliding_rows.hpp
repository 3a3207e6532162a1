// SPDX-License-Identifier: MIT
/// @file sliding_rows.hpp
/// The other direction of a two-dimensional window: its rows, joined column by column. Lanes are
/// columns, so every vector is full and nothing is shuffled (docs/sliding-sums.md).
#pragma once

#include "../simd/unroll.hpp"
#include "problem.hpp"

SWCONV_BEGIN_NAMESPACE
namespace sliding {

/// Whether windows share joined rows: not where they are few or hardly overlap. Part of the
/// definition of the results, like `run`.
inline bool shares_rows(int64_t taps, int64_t stride) { return taps > 4 && taps > 3 * stride; }

/// Joins the rows of one window after another. Rows outside src join nothing.
///
/// Without sharing, from the top. With it: counted from the first padded row, a block is as many
/// rows as the window; a window is a suffix of one block and a prefix of the next.
template <class V, class Op>
class joined_rows {
 public:
  using T = typename V::element;
  /// Rows of n elements, `step` apart. `suffixes` has room for as many rows, `pitch` apart, as the
  /// window or src has; `prefix` for one.
  joined_rows(Op op, const axis &h, bool shares, const T *src, int64_t step, T *suffixes,
              T *prefix, int64_t pitch, int64_t n)
      : op_(op), h_(h), shares_(shares), src_(src), step_(step), suffixes_(suffixes),
        prefix_(prefix), pitch_(pitch), n_(n) {}

  /// The window whose first row is number `top`, counted from the first padded row, to n elements
  /// of dst; false if it has no row inside src. Windows come in order.
  bool join(int64_t top, T *dst) {
    const int64_t from = row_after(top), to = row_after(top + h_.taps);
    if (from >= to) return false;
    if (!shares_) {
      fold(from, to, dst);
      return true;
    }
    const int64_t b = top / h_.taps;
    if (b != block_) {
      block_ = b;
      first_ = from;
      next_ = last_ = row_after((b + 1) * h_.taps);
      if (first_ < last_) make_suffixes();
    }
    add(from < last_ ? suffixes_ + (from - first_) * pitch_ : nullptr, to, dst);
    return true;
  }

 private:
  static constexpr int group = 4;

  /// The first row of src at or after padded row `at`.
  int64_t row_after(int64_t at) const {
    const int64_t y = at - h_.pad;
    return y < 0 ? 0 : y > h_.in ? h_.in : y;
  }
  /// Calls f(i, load, store) for all vectors of a row; the last may be partial.
  template <class F>
  SWCONV_ALWAYS_INLINE void each_vector(int64_t i, F &&f) const {
    if constexpr (Op::compact) {
      for (; i < n_; i += V::size) {
        const int64_t count = axis::least(n_ - i, V::size);
        f(i, [count](const T *a) SWCONV_INLINE_LAMBDA { return V::load_first(a, count); },
          [count](V v, T *a) SWCONV_INLINE_LAMBDA { v.store_first(a, count); });
      }
      return;
    }
    for (; i + V::size <= n_; i += V::size)
      f(i, [](const T *a) SWCONV_INLINE_LAMBDA { return V::load(a); },
        [](V v, T *a) SWCONV_INLINE_LAMBDA { v.store(a); });
    const int64_t left = n_ - i;
    if (left > 0)
      f(i, [left](const T *a) SWCONV_INLINE_LAMBDA { return V::load_first(a, left); },
        [left](V v, T *a) SWCONV_INLINE_LAMBDA { v.store_first(a, left); });
  }
  /// Calls f(i) for groups of vectors from column i on. Returns the first column left.
  template <class F>
  SWCONV_ALWAYS_INLINE int64_t each_group(F &&f) const {
    int64_t i = 0;
    if constexpr (!Op::compact)
      for (; i + group * V::size <= n_; i += group * V::size) f(i);
    return i;
  }
  SWCONV_NOINLINE void fold(int64_t from, int64_t to, T *dst) const {
    const T *const top = src_ + from * step_;
    const int64_t i = each_group([&](int64_t at) SWCONV_INLINE_LAMBDA {
      V s[group];
      const T *a = top + at;
      simd::unroll<group>([&](auto x) SWCONV_INLINE_LAMBDA { s[x] = lifted(a, x); });
      for (int64_t y = from + 1; y < to; ++y) {
        a += step_;
        simd::unroll<group>([&](auto x) SWCONV_INLINE_LAMBDA { s[x] = op_(s[x], lifted(a, x)); });
      }
      simd::unroll<group>([&](auto x) SWCONV_INLINE_LAMBDA { s[x].store(dst + at + x * V::size); });
    });
    each_vector(i, [&](int64_t at, auto load, auto store) SWCONV_INLINE_LAMBDA {
      const T *a = top + at;
      V s = op_.lift(load(a));
      for (int64_t y = from + 1; y < to; ++y) s = op_(s, op_.lift(load(a += step_)));
      store(s, dst + at);
    });
  }
  SWCONV_NOINLINE void make_suffixes() const {
    const T *const bottom = src_ + (last_ - 1) * step_;
    T *const last = suffixes_ + (last_ - 1 - first_) * pitch_;
    const int64_t step = step_, pitch = pitch_, rows = last_ - first_;
    const int64_t i = each_group([&](int64_t at) SWCONV_INLINE_LAMBDA {
      V s[group];
      const T *a = bottom + at;
      T *to = last + at;
      simd::unroll<group>([&](auto x) SWCONV_INLINE_LAMBDA {
        (s[x] = lifted(a, x)).store(to + x * V::size);
      });
      for (int64_t y = 1; y < rows; ++y) {
        a -= step;
        to -= pitch;
        simd::unroll<group>([&](auto x) SWCONV_INLINE_LAMBDA {
          s[x] = op_(lifted(a, x), s[x]);
          s[x].store(to + x * V::size);
        });
      }
    });
    each_vector(i, [&](int64_t at, auto load, auto store) SWCONV_INLINE_LAMBDA {
      const T *a = bottom + at;
      T *to = last + at;
      V s = op_.lift(load(a));
      store(s, to);
      for (int64_t y = 1; y < rows; ++y) {
        s = op_(op_.lift(load(a -= step)), s);
        store(s, to -= pitch);
      }
    });
  }
  /// Takes rows up to `to` into the prefix, then dst = suffix ⊕ prefix.
  SWCONV_NOINLINE void add(const T *suffix, int64_t to, T *dst) {
    const int64_t from = next_, block = last_, step = step_;
    if (to > next_) next_ = to;
    if (to <= block) {
      each_vector(0, [&](int64_t i, auto load, auto store) SWCONV_INLINE_LAMBDA {
        store(load(suffix + i), dst + i);
      });
      return;
    }
    // The prefix is there, or begins with a row.
    T *const prefix = prefix_;
    const bool begins = from <= block;
    const T *const begin = begins ? src_ + from * step : prefix;
    const T *const rows = src_ + (from + begins) * step;
    const int64_t count = to - from - begins;
    const int64_t i = each_group([&](int64_t at) SWCONV_INLINE_LAMBDA {
      V s[group];
      const T *a = rows + at;
      simd::unroll<group>([&](auto x) SWCONV_INLINE_LAMBDA { s[x] = V::load(begin + at + x * V::size); });
      if (begins)
        simd::unroll<group>([&](auto x) SWCONV_INLINE_LAMBDA { s[x] = op_.lift(s[x]); });
      for (int64_t y = 0; y < count; ++y, a += step)
        simd::unroll<group>([&](auto x) SWCONV_INLINE_LAMBDA { s[x] = op_(s[x], lifted(a, x)); });
      simd::unroll<group>([&](auto x) SWCONV_INLINE_LAMBDA { s[x].store(prefix + at + x * V::size); });
      if (suffix != nullptr)
        simd::unroll<group>([&](auto x) SWCONV_INLINE_LAMBDA {
          s[x] = op_(V::load(suffix + at + x * V::size), s[x]);
        });
      simd::unroll<group>([&](auto x) SWCONV_INLINE_LAMBDA { s[x].store(dst + at + x * V::size); });
    });
    each_vector(i, [&](int64_t at, auto load, auto store) SWCONV_INLINE_LAMBDA {
      const T *a = rows + at;
      V s = load(begin + at);
      if (begins) s = op_.lift(s);
      for (int64_t y = 0; y < count; ++y, a += step) s = op_(s, op_.lift(load(a)));
      store(s, prefix + at);
      store(suffix != nullptr ? op_(load(suffix + at), s) : s, dst + at);
    });
  }
  SWCONV_ALWAYS_INLINE V lifted(const T *a, int x) const {
    return op_.lift(V::load(a + x * V::size));
  }

  Op op_;
  const axis h_;
  bool shares_;
  const T *src_;
  int64_t step_;
  T *suffixes_, *prefix_;
  int64_t pitch_, n_;
  int64_t block_ = -1, first_ = 0, last_ = 0, next_ = 0;
};

}  // namespace sliding
SWCONV_END_NAMESPACE
