// SPDX-License-Identifier: MIT
/// @file openmp.hpp
/// OpenMP threads for those who include: compile with -fopenmp. Those who link call
/// swconv_openmp_threads of openmp.h instead.
#pragma once

#if !defined(_OPENMP)
#error "swconv/openmp.hpp needs OpenMP: compile with -fopenmp"
#endif

#include <omp.h>

#include "threads.hpp"

SWCONV_BEGIN_NAMESPACE
namespace detail {

/// Tasks go to workers in equal contiguous shares: the same worker sees neighbouring tasks.
/// Inside a parallel region the caller's thread does all, so nested use never oversubscribes.
inline void openmp_parallel_for(void *ctx, int64_t n, swconv_task_fn fn, void *arg) {
  const int count = static_cast<int>(reinterpret_cast<intptr_t>(ctx));
  if (count <= 1 || n <= 1 || omp_in_parallel()) {
    for (int64_t i = 0; i < n; ++i) fn(arg, i, 0);
    return;
  }
#pragma omp parallel for num_threads(count) schedule(static)
  for (int64_t i = 0; i < n; ++i) fn(arg, i, omp_get_thread_num());
}

}  // namespace detail

/// OpenMP over `count` threads (0: OpenMP's default).
inline threads openmp_threads(uint32_t count = 0) noexcept {
  if (count == 0) count = static_cast<uint32_t>(omp_get_max_threads());
  threads t;
  t.num_threads = count;
  t.ctx = reinterpret_cast<void *>(static_cast<intptr_t>(count));
  t.parallel_for = detail::openmp_parallel_for;
  return t;
}

SWCONV_END_NAMESPACE
