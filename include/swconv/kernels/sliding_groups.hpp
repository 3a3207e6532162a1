// SPDX-License-Identifier: MIT
/// @file sliding_groups.hpp
/// Sliding maxima, or another idempotent operator, over rows one below the other: at the same cost
/// for every window of 8 rows or more (docs/sliding-sums.md). Eight results make a group. Of what
/// their windows hold, the rows of the first is a suffix of eight rows and what the next ones add a
/// prefix of eight, both made in registers; what lies between is the same for all of them.
#pragma once

#include "../simd/unroll.hpp"
#include "problem.hpp"

SWCONV_BEGIN_NAMESPACE
namespace sliding {

constexpr int group = 8;

/// Rows may be a plane's, or vectors of a row: row k holds sums of `unit` elements, from element
/// k · unit + column on, and windows are of w >= group · unit elements. A group reads as `tops` its
/// own rows and those behind, and as `tails` the rows that begin w - unit elements later.
template <class V, class Op>
class groups {
 public:
  using T = typename V::element;

  /// Elements of memory for rows of `pitch` elements.
  static constexpr int64_t elements(int64_t w, int64_t unit, int64_t pitch) {
    return (w / (group * unit) + 3) * pitch;
  }
  groups(Op op, int64_t w, int64_t unit, T *memory, int64_t pitch)
      : wholes(w / (group * unit) - 1), between(rows_between(w, unit)), op_(op), middle_(memory),
        tail_(middle_ + pitch), prefix_(tail_ + pitch), rows_(prefix_ + pitch), pitch_(pitch) {}

  const int64_t wholes;   ///< groups of tails before the own ones that all eight windows hold
  const int64_t between;  ///< rows between the group and those, less than eight

  /// Results of a vector of columns from i on: to(k, result k). `sum` grows by all tails. A vector
  /// at a time: eight suffixes fill half the registers of AVX2, and two vectors were slower on AVX-512.
  template <class Tops, class Tails, class To>
  SWCONV_ALWAYS_INLINE void results(int64_t i, const Tops &tops, const Tails &tails, const To &to,
                                    V &sum) const {
    V s[group], p;
    int64_t k = group - 1 + between;
    V &first = s[group - 1] = V::load(tops(k) + i);
    if (wholes > 0) first = op_(first, V::load(middle_ + i));
    while (--k >= group - 1) first = op_(first, V::load(tops(k) + i));
    simd::unroll<group - 1>([&](auto j) SWCONV_INLINE_LAMBDA {
      constexpr int above = group - 2 - j;
      s[above] = op_(s[above + 1], V::load(tops(above) + i));
    });
    simd::unroll<group>([&](auto j) SWCONV_INLINE_LAMBDA {
      const V v = V::load(tails(j) + i);
      sum = V::add(sum, v);
      p = j == 0 ? v : op_(p, v);
      to(j, op_(s[j], p));
    });
    if (wholes > 0) p.store(tail_ + i);
  }

  /// Of tails before the first group: their maximum.
  template <class Tails>
  SWCONV_ALWAYS_INLINE void before(int64_t i, int64_t count, const Tails &tails, V &sum) const {
    V p = V::load(tails(0) + i);
    sum = V::add(sum, p);
    for (int64_t k = 1; k < count; ++k) {
      const V v = V::load(tails(k) + i);
      sum = V::add(sum, v);
      p = op_(p, v);
    }
    p.store(tail_ + i);
  }

  /// After n columns of a group, or of what comes before the first: the middle of the next. Groups
  /// are joined as rows are: a suffix of a block of them, in their own places, and a prefix.
  SWCONV_NOINLINE void next(int64_t n) {
    if (wholes == 0) return;
    if (at_ == 0 && has_block_)
      for (int64_t k = wholes - 2; k >= 0; --k)
        for (int64_t i = 0; i < n; i += V::size) {
          T *const row = rows_ + k * pitch_ + i;
          op_(V::load(row), V::load(row + pitch_)).store(row);
        }
    T *const row = rows_ + at_ * pitch_;
    const bool last = at_ + 1 == wholes;
    for (int64_t i = 0; i < n; i += V::size) {
      const V v = V::load(tail_ + i);
      const V p = at_ == 0 ? v : op_(V::load(prefix_ + i), v);
      v.store(row + i);
      p.store(prefix_ + i);
      (last ? p : op_(p, V::load(row + pitch_ + i))).store(middle_ + i);
    }
    ++at_;
    if (last) at_ = 0, has_block_ = true;
  }

 private:
  static int64_t rows_between(int64_t w, int64_t unit) {
    const int64_t n = (w + unit - 1) / unit - group * (w / (group * unit)) - 1;
    return n > 0 ? n : 0;
  }

  const Op op_;
  T *const middle_, *const tail_, *const prefix_, *const rows_;
  const int64_t pitch_;
  int64_t at_ = 0;
  bool has_block_ = false;
};

}  // namespace sliding
SWCONV_END_NAMESPACE
