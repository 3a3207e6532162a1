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
  SWCONV_NOINLINE void fold(int64_t from, int64_t to, T *dst) const {
    int64_t i = 0;
    constexpr int X = 4;
    const T *const top = src_ + from * step_;
    if constexpr (!Op::compact)
      for (; i + X * V::size <= n_; i += X * V::size) {
        V s[X];
        const T *a = top + i;
        SWCONV_UNROLL
        for (int x = 0; x < X; ++x) s[x] = op_.lift(V::load(a + x * V::size));
        for (int64_t y = from + 1; y < to; ++y) {
          a += step_;
          SWCONV_UNROLL
          for (int x = 0; x < X; ++x) s[x] = op_(s[x], op_.lift(V::load(a + x * V::size)));
        }
        SWCONV_UNROLL
        for (int x = 0; x < X; ++x) s[x].store(dst + i + x * V::size);
      }
    each_vector(i, [&](int64_t at, auto load, auto store) SWCONV_INLINE_LAMBDA {
      const T *a = top + at;
      V s = op_.lift(load(a));
      for (int64_t y = from + 1; y < to; ++y) s = op_(s, op_.lift(load(a += step_)));
      store(s, dst + at);
    });
  }
  SWCONV_NOINLINE void make_suffixes() const {
    each_vector(0, [&](int64_t i, auto load, auto store) SWCONV_INLINE_LAMBDA {
      const T *a = src_ + (last_ - 1) * step_ + i;
      V s = op_.lift(load(a));
      store(s, suffixes_ + (last_ - 1 - first_) * pitch_ + i);
      for (int64_t y = last_ - 2; y >= first_; --y) {
        s = op_(op_.lift(load(a -= step_)), s);
        store(s, suffixes_ + (y - first_) * pitch_ + i);
      }
    });
  }
  /// Takes rows up to `to` into the prefix, then dst = suffix ⊕ prefix.
  SWCONV_NOINLINE void add(const T *suffix, int64_t to, T *dst) {
    const int64_t from = next_, block = last_;
    if (to > next_) next_ = to;
    each_vector(0, [&](int64_t i, auto load, auto store) SWCONV_INLINE_LAMBDA {
      if (to <= block) {
        store(load(suffix + i), dst + i);
        return;
      }
      int64_t y = from;
      V s = y > block ? load(prefix_ + i) : op_.lift(load(src_ + y++ * step_ + i));
      for (; y < to; ++y) s = op_(s, op_.lift(load(src_ + y * step_ + i)));
      store(s, prefix_ + i);
      store(suffix != nullptr ? op_(load(suffix + i), s) : s, dst + i);
    });
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
