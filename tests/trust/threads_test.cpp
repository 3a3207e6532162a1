// SPDX-License-Identifier: MIT
// Plans shared by threads: one plan run by many at once, many plans made and run at once, workers
// of std::thread inside a run. ThreadSanitizer watches this program (`scripts/test sanitisers`).
// And what a run leaves in its workers: their floating-point control as it was.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "layers.hpp"
#include "thread_sources.hpp"

namespace swconv_test {
namespace {

std::vector<float> result_of(prepared_layer &layer) {
  EXPECT_EQ(layer.run(), SWCONV_OK);
  return {layer.dst.data(), layer.dst.data() + layer.dst_count};
}

void together(int count, const std::function<void(int)> &body) {
  std::vector<std::thread> threads;
  std::atomic<int> ready{0};
  for (int t = 0; t < count; ++t)
    threads.emplace_back([&, t] {
      ++ready;
      while (ready < count) std::this_thread::yield();
      body(t);
    });
  for (auto &thread : threads) thread.join();
}

// First in this file, so that it finds the library not yet used: detection races with itself.
TEST(Concurrent, FirstUse) {
  const auto layers = typical_convolutions();
  together(8, [&](int) {
    prepared_layer layer;
    EXPECT_TRUE(layer.prepare(layers[0], nullptr, nullptr));
    EXPECT_EQ(layer.run(), SWCONV_OK);
  });
}

TEST(Concurrent, RunsOfOnePlan) {
  each_kernel([&](prepared_layer &shared) {
    const auto expected = result_of(shared);
    together(4, [&](int) {
      aligned_floats dst, workspace;
      swconv_run_args args = shared.args;
      args.dst = dst.take(expected.size() * 4);
      args.workspace = workspace.take(shared.info.workspace_bytes);
      for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(swconv_run(shared.plan.get(), &args, nullptr), SWCONV_OK);
        EXPECT_EQ(std::memcmp(dst.data(), expected.data(), expected.size() * 4), 0) << shared.name();
      }
    });
  });
}

TEST(Concurrent, ManyPlans) {
  const auto layers = typical_convolutions();
  std::vector<std::vector<float>> expected;
  for (const auto &p : layers) {
    prepared_layer layer;
    ASSERT_TRUE(layer.prepare(p, nullptr, nullptr));
    expected.push_back(result_of(layer));
  }
  together(4, [&](int t) {
    for (size_t i = 0; i < layers.size(); ++i) {
      const size_t at = (i + size_t(t) * 7) % layers.size();
      prepared_layer layer;
      EXPECT_TRUE(layer.prepare(layers[at], nullptr, nullptr));
      EXPECT_TRUE(result_of(layer) == expected[at]);
    }
  });
}

TEST(Concurrent, WorkersOfOneRun) {
  each_kernel(
      [&](prepared_layer &layer) {
        const auto expected = result_of(layer);
        for (const uint32_t workers : {2u, 3u, 4u}) {
          const auto threads = real_threads(workers);
          layer.args.threads = &threads;
          EXPECT_TRUE(result_of(layer) == expected) << layer.name();
        }
      },
      4);
}

#if defined(__SSE2__)
using control_word = unsigned;
control_word control() { return _mm_getcsr() & ~0x3fu; }  // without the sticky exception flags
void set_control(control_word w) { _mm_setcsr(w); }
constexpr control_word flushing = 0x8040, rounds_up = 0x4000;
#elif defined(__aarch64__)
using control_word = uint64_t;
control_word control() {
  control_word w;
  __asm__ volatile("mrs %0, fpcr" : "=r"(w));
  return w;
}
void set_control(control_word w) { __asm__ volatile("msr fpcr, %0" ::"r"(w)); }
constexpr control_word flushing = 1u << 24, rounds_up = 1u << 22;
#endif

#if defined(__SSE2__) || defined(__aarch64__)

/// Workers with a control word of their own each, which every task must leave as it was.
struct watched_workers {
  std::atomic<int> changed{0}, tasks{0};

  static void parallel_for(void *ctx, int64_t n, swconv_task_fn fn, void *arg) {
    auto *self = static_cast<watched_workers *>(ctx);
    std::atomic<int64_t> next{0};
    together(3, [&](int worker) {
      const control_word usual = control();
      set_control(worker == 1 ? usual | flushing : usual);
      const control_word mine = control();
      for (int64_t task; (task = next++) < n;) {
        fn(arg, task, worker);
        self->changed += control() != mine;
        ++self->tasks;
      }
      set_control(usual);
    });
  }
};

/// Products that underflow, sums that are denormal: zero if flushed, else not.
void make_tiny(prepared_layer &layer, int64_t taps) {
  float *src = layer.src.data();
  const auto count = static_cast<int64_t>(layer.dst_count);
  for (int64_t i = 0; i < count; ++i)
    src[i] = std::ldexp(static_cast<float>(i % 7 - 3), i % 11 == 0 ? -115 : i % 3 == 0 ? -130 : -122);
  for (int64_t i = 0; i < taps; ++i)
    layer.filter.data()[i] = std::ldexp(static_cast<float>(i % 5 + 1), i % 2 == 0 ? -8 : -10);
}

bool is_denormal(float v) { return v != 0 && std::fabs(v) < 0x1p-126f; }

/// A 3 x 3 filter on one plane: dst is as large as src.
swconv_conv_params plane_layer(uint32_t flags) {
  swconv_conv_params p;
  swconv_conv_params_init(&p);
  p.src_size[1] = 40;
  p.src_size[2] = 99;
  p.filter_size[1] = p.filter_size[2] = 3;
  for (int axis : {1, 2}) p.pad_begin[axis] = p.pad_end[axis] = 1;
  p.flags = flags;
  return p;
}

/// The canonical chain under a control word that flushes.
std::vector<float> flushed_chain(const float *src, const float *filter, bool fused) {
  const control_word usual = control();
  set_control(usual | flushing);
  std::vector<float> result;
  for (int64_t y = 0; y < 40; ++y)
    for (int64_t x = 0; x < 99; ++x) {
      volatile float acc = 0;
      for (int64_t k = 0; k < 9; ++k) {
        const int64_t row = y + k / 3 - 1, column = x + k % 3 - 1;
        if (row < 0 || row >= 40 || column < 0 || column >= 99) continue;
        const volatile float f = filter[k], s = src[row * 99 + column];
        if (fused) {
          acc = __builtin_fmaf(f, s, acc);
        } else {
          const volatile float product = f * s;
          acc = acc + product;
        }
      }
      const float value = acc;
      result.push_back(value);
    }
  set_control(usual);
  return result;
}

TEST(Denormals, AreFlushedInEveryWorkerAndItsControlIsRestored) {
  const char *isas[8] = {};
  const size_t count = swconv_isas(isas, 8);
  for (size_t i = 0; i < count; ++i) {
    const bool fused = std::string(isas[i]) != "sse2";
#if defined(__x86_64__)
    // Without the instruction, fmaf is computed in integers, which no control word flushes.
    if (fused && !__builtin_cpu_supports("fma")) continue;
#endif
    for (const char *family : {"planar", "channel_vector"})
      for (const uint32_t flags : {0u, uint32_t{SWCONV_FLUSH_DENORMALS}}) {
        prepared_layer layer;
        ASSERT_TRUE(layer.prepare(plane_layer(flags), isas[i], family, 3));
        make_tiny(layer, 9);
        ASSERT_EQ(swconv_conv_pack(layer.plan.get(), layer.filter.data(), layer.packed.data(),
                                   layer.info.packed_bytes, nullptr),
                  SWCONV_OK);
        const control_word usual = control();
        set_control(usual | rounds_up);  // any other bit must survive, too
        const control_word before = control();
        EXPECT_EQ(layer.run(), SWCONV_OK);
        EXPECT_EQ(control(), before) << layer.name();
        set_control(usual);

        const auto serial = result_of(layer);
        int denormals = 0;
        for (const float v : serial) denormals += is_denormal(v);
        if (flags == 0) {
          EXPECT_GT(denormals, 0) << layer.name();
          continue;  // the workers of below have different control words
        }
        EXPECT_EQ(denormals, 0) << layer.name();
        const auto expected = flushed_chain(layer.src.data(), layer.filter.data(), fused);
        EXPECT_EQ(std::memcmp(serial.data(), expected.data(), expected.size() * 4), 0)
            << layer.name();

        watched_workers workers;
        swconv_threads threads;
        swconv_threads_init(&threads);
        threads.num_threads = 3;
        threads.ctx = &workers;
        threads.parallel_for = watched_workers::parallel_for;
        layer.args.threads = &threads;
        const auto threaded = result_of(layer);
        EXPECT_EQ(workers.changed, 0) << layer.name();
        EXPECT_GT(workers.tasks, 1) << layer.name();
        EXPECT_EQ(std::memcmp(serial.data(), threaded.data(), serial.size() * 4), 0) << layer.name();
      }
  }
}

#endif

}  // namespace
}  // namespace swconv_test
