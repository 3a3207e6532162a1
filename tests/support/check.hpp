// SPDX-License-Identifier: MIT
/// @file check.hpp
/// Runs a case on every instruction set, through the kernels and threads asked for, and compares
/// every byte of dst, gaps included, with what the reference says.
#pragma once

#include <string>
#include <vector>

#include "case.hpp"

namespace swconv_test {

/// Through which kernels a case goes, beside the planner's choice. A kernel may answer
/// "unsupported"; the planner may not.
enum class breadth {
  planned,   ///< none
  families,  ///< the one that each family takes, e.g. force_kernel = "planar"
  kernels    ///< every kernel by its full name
};

struct scope {
  breadth kernels = breadth::planned;
  /// For each: 1 is serial, n > 1 real threads, -n one thread that plays n in reverse order.
  std::vector<int> threads = {1};
  /// Not null: this prefix of kernel names instead; "" is the planner's choice, and so is a prefix
  /// that an instruction set has no kernel of.
  const char *only = nullptr;
  /// Elements between the tensors and the protected page: moves them off any alignment.
  int64_t gap = 0;
  /// On which side the page is; not said: either, by the case.
  enum { either, in_front, behind } page = either;
};

/// Empty if all is well, else one line that tells what is wrong and how to see it again:
/// SWCONV_TEST_CASE='conv ...' on the program that failed. src, filter and workspace stand beside
/// protected pages, their gaps hold NaN; gaps of dst must keep their canaries. One packed filter
/// per packing id serves all kernels. Runs that are found right count as coverage.
std::string check(const conv_case &c, const scope &s = {});
std::string check(const pool_case &c, const scope &s = {});

/// Makes a crash (reading past a tensor, an illegal instruction) print the case first.
void report_case_on_crash();

}  // namespace swconv_test
