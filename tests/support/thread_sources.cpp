// SPDX-License-Identifier: MIT
#include "thread_sources.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

namespace swconv_test {
namespace {

int64_t count_of(void *ctx) { return static_cast<int64_t>(reinterpret_cast<intptr_t>(ctx)); }

void run_threads(void *ctx, int64_t n, swconv_task_fn fn, void *arg) {
  std::atomic<int64_t> next{0};
  const auto work = [&](int64_t worker) {
    for (int64_t task; (task = next++) < n;) fn(arg, task, worker);
  };
  std::vector<std::thread> others;
  for (int64_t worker = 1; worker < count_of(ctx); ++worker) others.emplace_back(work, worker);
  work(0);
  for (auto &thread : others) thread.join();
}

void run_reversed(void *ctx, int64_t n, swconv_task_fn fn, void *arg) {
  for (int64_t task = n; task-- > 0;) fn(arg, task, task % count_of(ctx));
}

swconv_threads source(uint32_t count, void (*parallel_for)(void *, int64_t, swconv_task_fn, void *)) {
  swconv_threads threads{};
  threads.struct_size = sizeof threads;
  threads.num_threads = count;
  threads.ctx = reinterpret_cast<void *>(static_cast<intptr_t>(count));
  threads.parallel_for = parallel_for;
  return threads;
}

}  // namespace

swconv_threads real_threads(uint32_t count) { return source(count, run_threads); }
swconv_threads reversed_threads(uint32_t count) { return source(count, run_reversed); }

void parallel_cases(int64_t n, void (*body)(void *, int64_t), void *arg) {
  // SWCONV_TEST_JOBS=1 for debuggers and for machines that others use too.
  const char *jobs = std::getenv("SWCONV_TEST_JOBS");
  const long workers = jobs ? std::atol(jobs) : long(std::thread::hardware_concurrency());
  std::atomic<int64_t> next{0};
  const auto work = [&] {
    for (int64_t i; (i = next++) < n;) body(arg, i);
  };
  std::vector<std::thread> others;
  for (long worker = 1; worker < workers; ++worker) others.emplace_back(work);
  work();
  for (auto &thread : others) thread.join();
}

}  // namespace swconv_test
