// SPDX-License-Identifier: MIT
// What run() does not do: allocate, call the system, take memory beside its workspace. This program
// defines the allocator that the library would call. (That it has no locks, abi_library sees.)
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/seccomp.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <vector>

#include "layers.hpp"
#include "settings.hpp"

namespace {

volatile bool watching = false;
volatile long calls = 0;

}  // namespace

#if !defined(SWCONV_TEST_SANITIZED)
static void note() {
  if (watching) calls = calls + 1;
}

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

void *malloc(size_t n) { return note(), __libc_malloc(n); }
void *calloc(size_t n, size_t m) { return note(), __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { return note(), __libc_realloc(p, n); }
void *aligned_alloc(size_t a, size_t n) { return note(), __libc_memalign(a, n); }
void *memalign(size_t a, size_t n) { return note(), __libc_memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n) {
  note();
  return (*p = __libc_memalign(a, n)) ? 0 : 12;
}
void free(void *p) { note(), __libc_free(p); }
}
#endif

namespace swconv_test {
namespace {

TEST(Run, DoesNotAllocate) {
#if defined(SWCONV_TEST_SANITIZED)
  GTEST_SKIP() << "the sanitiser has the allocator";
#endif
  watching = true;
  void *volatile memory = malloc(1);
  free(memory);
  watching = false;
  ASSERT_EQ(calls, 2) << "the watch does not work";
  int kernels = 0;
  each_kernel([&](prepared_layer &layer) {
    layer.run();
    calls = 0;
    watching = true;
    const auto status = layer.run();
    watching = false;
    EXPECT_EQ(status, SWCONV_OK);
    EXPECT_EQ(calls, 0) << layer.name();
    ++kernels;
  });
  EXPECT_GE(kernels, 15);
}

/// A refusal with its message is no reason to allocate either.
TEST(Run, RefusesWithoutAllocating) {
#if defined(SWCONV_TEST_SANITIZED)
  GTEST_SKIP() << "the sanitiser has the allocator";
#endif
  each_kernel([&](prepared_layer &layer) {
    swconv_error error;
    swconv_error_init(&error);
    layer.args.src = nullptr;
    calls = 0;
    watching = true;
    const auto status = swconv_run(layer.plan.get(), &layer.args, &error);
    watching = false;
    EXPECT_EQ(status, SWCONV_INVALID_ARGUMENT);
    EXPECT_EQ(calls, 0) << layer.name();
  });
}

/// Runs `body` where read, write, exit and the return from a signal are the only system calls; a
/// lock that sleeps, a thread, a page asked for would end it. The answer is how it ended.
int confined(const std::function<int()> &body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) syscall(SYS_exit, 77);
    syscall(SYS_exit, body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(Run, CallsNotTheSystem) {
#if defined(SWCONV_TEST_SANITIZED)
  GTEST_SKIP() << "sanitisers call the system";
#endif
  const int forbidden = confined([] { return static_cast<int>(syscall(SYS_getppid)) & 1; });
  if (forbidden != -SIGKILL) GTEST_SKIP() << "no seccomp here (" << forbidden << ")";
  int kernels = 0;
  each_kernel([&](prepared_layer &layer) {
    const int code = confined([&] { return layer.run() == SWCONV_OK ? 42 : 1; });
    EXPECT_EQ(code, 42) << layer.name();
    ++kernels;
  });
  EXPECT_GE(kernels, 15);
}

/// Peak of the resident set in kilobytes, counted from now on if `reset`.
long peak_kilobytes(bool reset) {
  if (reset) std::ofstream("/proc/self/clear_refs") << "5";
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "VmHWM:") {
      long value = 0;
      status >> value;
      return value;
    }
  return -1;
}

/// A layer whose column matrix is large, the kernel ("": the planner's) and the workspace that is published
/// for it (docs/kernels.md, docs/fast.md).
struct large_layer {
  const char *kernel;
  int64_t groups, in_channels, out_channels, size, filter;
  uint32_t math;
  size_t workspace;
};
const large_layer large_layers[] = {
    {"", 1, 8, 4, 512, 7, SWCONV_STRICT, 32 * 8 * 49 + 8 * 49 + 384 * 7 + 256},
    {"depthwise/channels", 16, 1, 1, 256, 7, SWCONV_STRICT, 4 * ((1 << 16) + (1 << 13) + 8 * 256 * 16)},
    {"winograd/tiles", 1, 16, 32, 256, 3, SWCONV_FAST, (1 << 20) + (3 << 17)},
    {"fourier/tiles", 4, 1, 1, 512, 15, SWCONV_FAST, 4 * 128 * (128 * 2 * 16 + 17)},
};

/// The run takes what the plan's info says and no more.
void expect_peak(prepared_layer &layer, size_t workspace, const std::string &beside) {
  const long before = peak_kilobytes(true);
  ASSERT_EQ(layer.run(), SWCONV_OK);
  const long taken = peak_kilobytes(false) - before;
  std::printf("%s: workspace %zu bytes of %zu, taken during the run %ld KiB; %s\n", layer.name().c_str(),
              layer.info.workspace_bytes, workspace, taken, beside.c_str());
  if (before < 0) GTEST_SKIP() << "no /proc/self/status";
  EXPECT_LE(taken, 256);  // the stack and pages of code
  EXPECT_LE(layer.info.workspace_bytes, workspace);
}

TEST(Memory, PeaksAtWhatThePlanSays) {
#if defined(SWCONV_TEST_SANITIZED)
  GTEST_SKIP() << "sanitisers take memory";
#endif
  if (environment_flag("SWCONV_TEST_QUICK")) GTEST_SKIP() << "too large for an emulator";
  for (const auto &l : large_layers) {
    swconv_conv_params p;
    swconv_conv_params_init(&p);
    p.groups = l.groups;
    p.in_channels = l.groups * l.in_channels;
    p.out_channels = l.groups * l.out_channels;
    p.src_size[1] = p.src_size[2] = l.size;
    p.filter_size[1] = p.filter_size[2] = l.filter;
    p.math = l.math;
    prepared_layer layer;
    if (!layer.prepare(p, nullptr, l.kernel)) {
      EXPECT_EQ(p.math, SWCONV_FAST) << l.kernel;  // which the baseline of x86 has not
      continue;
    }
    const int64_t out = l.size - l.filter + 1;
    const int64_t im2col = p.in_channels * l.filter * l.filter * out * out * 4 / 1024;
    expect_peak(layer, l.workspace, "im2col: " + std::to_string(im2col) + " KiB");
  }
  swconv_pool_params pool;
  swconv_pool_params_init(&pool);
  pool.channels = 8;
  pool.src_size[1] = pool.src_size[2] = 512;
  pool.window[1] = pool.window[2] = 31;
  prepared_layer layer;
  ASSERT_TRUE(layer.prepare(pool, nullptr, ""));
  expect_peak(layer, size_t{4} * 512 * (2 * 31 + 8) + (1 << 16), "pooling");
}

}  // namespace
}  // namespace swconv_test
