// SPDX-License-Identifier: MIT
/// @file threads.hpp
/// Threads from the caller. The library starts none: it asks a `parallel_for`, given as a C struct
/// (swconv_threads), or made here from any callable. NULL, or no struct, is serial.
#pragma once

#include "namespace.hpp"
#include "swconv.h"

SWCONV_BEGIN_NAMESPACE

/// A source of threads.
///
///     auto pool_for = [&](int64_t n, auto task) { pool.run(n, task); };  // task(i, worker)
///     swconv::threads t(pool_for, pool.size());
///
/// The callable must call `task(i, worker)` once for each i in [0, n) with worker < num_threads,
/// no two calls at once with the same worker, and return when all are done. It is referred to, not
/// copied, and must not throw.
struct threads : swconv_threads {
  /// Serial: one thread, the caller's.
  threads() noexcept : swconv_threads{} {
    struct_size = sizeof(swconv_threads);
    num_threads = 1;
    parallel_for = [](void *, int64_t n, swconv_task_fn fn, void *arg) {
      for (int64_t i = 0; i < n; ++i) fn(arg, i, 0);
    };
  }
  /// `count` workers; `callable` must outlive all runs.
  template <class ParallelFor>
  threads(ParallelFor &callable, uint32_t count) noexcept : swconv_threads{} {
    struct_size = sizeof(swconv_threads);
    num_threads = count;
    ctx = const_cast<void *>(static_cast<const void *>(&callable));
    parallel_for = [](void *ctx_, int64_t n, swconv_task_fn fn, void *arg) {
      (*static_cast<ParallelFor *>(ctx_))(
          n, [fn, arg](int64_t i, int64_t worker) { fn(arg, i, worker); });
    };
  }
};

SWCONV_END_NAMESPACE
