// SPDX-License-Identifier: MIT
/// @file reference.hpp
/// Exact results in double precision, and how far a result may be from them.
#pragma once

#include <string>
#include <vector>

#include "layer.hpp"

namespace swconv_bench {

struct verdict {
  bool right = true;
  double max_error = 0;   ///< largest |dst - exact|
  std::string complaint;  ///< where and how it is wrong
};

/// The exact value of every result, or of a sample where that would take too long: corners, edges
/// and random points. A result may differ from it by the bound of docs/numerics.md, which holds
/// for any order of summation, with or without FMA.
class reference {
 public:
  /// All results if they need at most `affordable_taps` multiply-adds, else some thousand.
  reference(const layer &l, const float *src, const float *filter, double affordable_taps = 5e7);
  /// `fast`: computed with fewer multiplications, for which a wider bound is promised.
  verdict check(const float *dst, bool fast) const;
  bool complete() const { return complete_; }

 private:
  struct point {
    int64_t index;  ///< in dst
    double exact, bound, fast_bound;
  };
  point compute(int64_t index, const float *src, const float *filter) const;

  layer layer_;
  bool complete_;
  std::vector<point> points_;
};

}  // namespace swconv_bench
