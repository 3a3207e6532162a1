// SPDX-License-Identifier: MIT
// libswconv_openmp: every task once, workers in range and exclusive, serial inside a parallel
// region, and alive after the core library has been unloaded.
#include <dlfcn.h>
#include <omp.h>
#include <swconv/openmp.h>

#include <atomic>
#include <climits>
#include <cstdlib>

#include "helpers.hpp"

namespace swconv_test {
namespace {

struct tally {
  explicit tally(int64_t n, uint32_t workers) : runs(size_t(n)), busy(workers) {}
  std::vector<std::atomic<int>> runs, busy;
  std::atomic<int> clashes{0}, parallel{0};

  static void task(void *arg, int64_t index, int64_t worker) {
    auto *self = static_cast<tally *>(arg);
    if (worker < 0 || worker >= int64_t(self->busy.size())) {
      ++self->clashes;
      return;
    }
    if (++self->busy[size_t(worker)] != 1) ++self->clashes;
    if (worker > 0) ++self->parallel;
    ++self->runs[size_t(index)];
    --self->busy[size_t(worker)];
  }
};

void run_all(const swconv_threads &threads, int64_t n, bool expect_serial = false) {
  tally t(n, threads.num_threads);
  threads.parallel_for(threads.ctx, n, tally::task, &t);
  for (const auto &runs : t.runs) EXPECT_EQ(runs, 1);
  EXPECT_EQ(t.clashes, 0);
  if (expect_serial) {
    EXPECT_EQ(t.parallel, 0);
  }
}

TEST(openmp, runs_every_task_once) {
  for (const uint32_t count : {0u, 1u, 2u, 3u, 7u}) {
    swconv_threads threads;
    ASSERT_EQ(swconv_openmp_threads(&threads, count), SWCONV_OK);
    EXPECT_EQ(threads.struct_size, sizeof threads);
    EXPECT_EQ(threads.num_threads, count == 0 ? uint32_t(omp_get_max_threads()) : count);
    for (const int64_t n : {0, 1, 2, 5, 1000}) run_all(threads, n);
  }
}

TEST(openmp, is_serial_inside_a_parallel_region) {
  swconv_threads threads;
  ASSERT_EQ(swconv_openmp_threads(&threads, 4), SWCONV_OK);
#pragma omp parallel num_threads(3)
  run_all(threads, 100, true);
}

TEST(openmp, refuses_nonsense) {
  swconv_threads threads;
  EXPECT_EQ(swconv_openmp_threads(nullptr, 1), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(swconv_openmp_threads(&threads, uint32_t(INT_MAX) + 1), SWCONV_INVALID_ARGUMENT);
}

TEST(openmp, gives_the_same_result_as_serial) {
  swconv_threads threads;
  ASSERT_EQ(swconv_openmp_threads(&threads, 3), SWCONV_OK);
  swconv_conv_params p = valid_conv();
  p.src_size[1] = 40;
  ready_conv c(p);
  for (size_t i = 0; i < c.src.size(); ++i) c.src[i] = float(i % 17) * 0.37f;
  ASSERT_EQ(c.run(), SWCONV_OK);
  std::vector<float> threaded(c.dst.size(), -1.0f);
  ASSERT_EQ(swconv_conv(&p, c.src.data(), c.filter.data(), nullptr, threaded.data(), &threads,
                        nullptr),
            SWCONV_OK);
  EXPECT_EQ(threaded, c.dst);
}

TEST(openmp, may_bring_more_threads_than_the_plan_was_made_for) {
  swconv_threads threads;
  ASSERT_EQ(swconv_openmp_threads(&threads, 5), SWCONV_OK);
  swconv_conv_params p = valid_conv();
  p.src_size[1] = 40;
  ready_conv c(p);
  c.args.threads = &threads;
  ASSERT_EQ(c.run(), SWCONV_OK);
  for (const float value : c.dst) ASSERT_EQ(value, 9.0f);
}

#if defined(SWCONV_TEST_LIBRARY)
// A copy of the core, so that the loader really maps and unmaps it: this program's own stays.
TEST(openmp, survives_the_unloading_of_the_core) {
  swconv_threads threads;
  ASSERT_EQ(swconv_openmp_threads(&threads, 4), SWCONV_OK);
  const int rounds = std::getenv("SWCONV_TEST_QUICK") ? 3 : 1000;
  for (int round = 0; round < rounds; ++round) {
    void *core = dlopen(SWCONV_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(core, nullptr) << dlerror();
    const auto pool = reinterpret_cast<decltype(&swconv_pool)>(dlsym(core, "swconv_pool"));
    ASSERT_NE(pool, nullptr);
    swconv_pool_params p = valid_pool();
    p.src_size[1] = 200;
    std::vector<float> src(2 * 3 * 200 * 9, 2.0f), dst(src.size());
    EXPECT_EQ(pool(&p, src.data(), dst.data(), &threads, nullptr), SWCONV_OK);
    EXPECT_EQ(dst[0], 2.0f);
    ASSERT_EQ(dlclose(core), 0);
    EXPECT_EQ(dlopen(SWCONV_TEST_LIBRARY, RTLD_NOW | RTLD_NOLOAD), nullptr)
        << "the core is still there";
    run_all(threads, round < 3 ? 1000 : 5);
  }
}

// Both of them come and go, as in the plug-in of a host that knows neither. The name of the OpenMP
// part is resolved anew each time; its code must have stayed.
TEST(openmp, both_libraries_come_and_go) {
  const int rounds = std::getenv("SWCONV_TEST_QUICK") ? 3 : 1000;
  std::vector<float> src(2 * 3 * 50 * 9, 2.0f), dst(src.size());
  for (int round = 0; round < rounds; ++round) {
    void *core = dlopen(SWCONV_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    void *openmp = dlopen(SWCONV_TEST_OPENMP_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(core, nullptr) << dlerror();
    ASSERT_NE(openmp, nullptr) << dlerror();
    const auto pool = reinterpret_cast<decltype(&swconv_pool)>(dlsym(core, "swconv_pool"));
    const auto make =
        reinterpret_cast<decltype(&swconv_openmp_threads)>(dlsym(openmp, "swconv_openmp_threads"));
    swconv_threads threads;
    ASSERT_EQ(make(&threads, 3), SWCONV_OK);
    swconv_pool_params p = valid_pool();
    p.src_size[1] = 50;
    ASSERT_EQ(pool(&p, src.data(), dst.data(), &threads, nullptr), SWCONV_OK);
    ASSERT_EQ(dst[0], 2.0f);
    ASSERT_EQ(dlclose(openmp), 0);
    ASSERT_EQ(dlclose(core), 0);
  }
  void *still_there = dlopen(SWCONV_TEST_OPENMP_LIBRARY, RTLD_NOW | RTLD_NOLOAD);
  EXPECT_NE(still_there, nullptr) << "its idle threads would be without code";
}
#endif

}  // namespace
}  // namespace swconv_test
