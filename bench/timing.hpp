// SPDX-License-Identifier: MIT
/// @file timing.hpp
/// Clocks.
#pragma once

#include <time.h>

#include <chrono>

namespace swconv_bench {

/// Seconds that `work` takes.
template <class Work>
double time_of(Work &&work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Seconds that the calling thread has had a core.
inline double thread_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

}  // namespace swconv_bench
