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

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SWCONV_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SWCONV_TEST_SANITIZED 1
#endif
#endif

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

/// A run of a layer whose column matrix is large takes what the plan's info says and no more.
TEST(Memory, PeaksAtWhatThePlanSays) {
#if defined(SWCONV_TEST_SANITIZED)
  GTEST_SKIP() << "sanitisers take memory";
#endif
  if (std::getenv("SWCONV_TEST_QUICK")) GTEST_SKIP() << "too large for an emulator";
  swconv_conv_params conv;
  swconv_conv_params_init(&conv);
  conv.in_channels = 8;
  conv.out_channels = 4;
  conv.src_size[1] = conv.src_size[2] = 512;
  conv.filter_size[1] = conv.filter_size[2] = 7;
  swconv_pool_params pool;
  swconv_pool_params_init(&pool);
  pool.channels = 8;
  pool.src_size[1] = pool.src_size[2] = 512;
  pool.window[1] = pool.window[2] = 31;
  const long im2col = 8l * 7 * 7 * 506 * 506 * 4 / 1024;
  for (const bool is_conv : {true, false}) {
    prepared_layer layer;
    ASSERT_TRUE(is_conv ? layer.prepare(conv, nullptr, "") : layer.prepare(pool, nullptr, ""));
    const long before = peak_kilobytes(true);
    ASSERT_EQ(layer.run(), SWCONV_OK);
    const long taken = peak_kilobytes(false) - before;
    std::printf("%s: workspace %zu bytes, taken during the run %ld KiB; %s\n", layer.name().c_str(),
                layer.info.workspace_bytes, taken,
                is_conv ? ("im2col: " + std::to_string(im2col) + " KiB").c_str() : "pooling");
    if (before < 0) GTEST_SKIP() << "no /proc/self/status";
    EXPECT_LE(taken, 256);  // the stack and pages of code
    // docs/kernels.md: convolutions take no workspace; pooling takes a few rows per worker.
    if (is_conv)
      EXPECT_EQ(layer.info.workspace_bytes, 0u);
    else
      EXPECT_LE(layer.info.workspace_bytes, size_t{4} * 512 * (2 * 31 + 8) + (1 << 16));
  }
}

}  // namespace
}  // namespace swconv_test
