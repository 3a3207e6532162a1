// SPDX-License-Identifier: MIT
// swconv's parallel loop on the threads of an engine.
#pragma once
#include <swconv/swconv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace swconv_integration {

// A lane is a worker of swconv. It takes tasks until there are none, so that it does not matter
// whether lanes run side by side or, on a smaller pool, one after the other.
struct lanes {
  swconv_task_fn fn;
  void *arg;
  int64_t tasks;
  std::atomic<int64_t> next{0};

  void run(size_t lane) {
    for (int64_t task; (task = next.fetch_add(1, std::memory_order_relaxed)) < tasks;)
      fn(arg, task, static_cast<int64_t>(lane));
  }
};

}  // namespace swconv_integration
