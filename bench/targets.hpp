// SPDX-License-Identifier: MIT
/// @file targets.hpp
/// What was set out to be reached, by class of layer, and how near it is.
#pragma once

#include "session.hpp"

namespace swconv_bench {

/// A row of suite/targets.csv.
struct target {
  std::string category;
  int64_t stride = 0;              ///< of columns; 0: any
  double geomean = 0, lowest = 0;  ///< shares of the limit, 1 is all of it

  bool applies(const layer &l) const {
    return l.category == category && (stride == 0 || l.sw == stride);
  }
};

/// Rows of a file; none for "" or "none".
std::vector<target> read_targets(const std::string &path);

/// The share a layer has to reach: the target's floor, or 95% of the fastest peer if that is more.
/// Depthwise rows that do not fill vectors: 88% of it. OpenCV is shown elsewhere, but not counted:
/// from filters of 12 columns on it multiplies less.
double bar(session &s, size_t index, const target &t);

/// The table: class by class the target, what was reached, and the layers that miss their bar.
void print_targets(session &s, const std::vector<target> &targets);

}  // namespace swconv_bench
