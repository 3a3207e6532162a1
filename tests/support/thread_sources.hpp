// SPDX-License-Identifier: MIT
/// @file thread_sources.hpp
/// Sources of threads for swconv_run, as a caller might write them.
#pragma once

#include <cstdint>

#include "swconv/swconv.h"

namespace swconv_test {

/// std::threads that are made and joined in each call; tasks go to whoever is free.
swconv_threads real_threads(uint32_t count);

/// One thread that plays `count` workers: it takes the tasks last to first and deals them out in
/// turn. Finds a split that leans on an order, and costs nothing. Checks nothing by itself.
swconv_threads reversed_threads(uint32_t count);

/// Calls body(0) ... body(n - 1) on all cores; for the tests' own loops over cases.
void parallel_cases(int64_t n, void (*body)(void *, int64_t), void *arg);

template <class Body>
void parallel_cases(int64_t n, Body body) {
  parallel_cases(
      n, [](void *arg, int64_t i) { (*static_cast<Body *>(arg))(i); }, &body);
}

}  // namespace swconv_test
