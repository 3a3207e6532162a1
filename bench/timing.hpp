// SPDX-License-Identifier: MIT
/// @file timing.hpp
#pragma once

#include <chrono>

namespace swconv_bench {

/// Seconds that `work` takes.
template <class Work>
double time_of(Work &&work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace swconv_bench
