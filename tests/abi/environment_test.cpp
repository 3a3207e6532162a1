// SPDX-License-Identifier: MIT
// What depends on the whole process: the environment, read once, and fork. The parent never calls
// the library, so that each test's child meets it fresh.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "helpers.hpp"

namespace swconv_test {
namespace {

/// Runs `body` in a child, with an alarm against deadlocks; its answer is the exit code.
template <class Body>
int in_child(Body body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(body());
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// In a child: 0, or the number of the first broken expectation.
#define SWCONV_CHECK(number, condition) \
  do {                                  \
    if (!(condition)) return number;    \
  } while (false)

struct outcome {
  swconv_status status;
  std::string isa, field, message;
};

outcome plan_with(const char *force_isa = nullptr, const char *force_kernel = nullptr) {
  const swconv_conv_params p = valid_conv();
  swconv_plan_options options;
  swconv_plan_options_init(&options);
  options.force_isa = force_isa;
  options.force_kernel = force_kernel;
  swconv_error error;
  swconv_error_init(&error);
  plan_owner plan;
  const swconv_status status =
      swconv_conv_plan_create(&p, &options, nullptr, plan.out(), &error);
  return {status, status == SWCONV_OK ? plan.info().isa : "", error.field, error.message};
}

/// The last, that is the least, instruction set of this machine.
std::string least_isa() {
  const char *names[8] = {};
  const size_t count = swconv_isas(names, 8);
  return count > 0 ? names[count - 1] : "";
}

TEST(environment, forces_an_instruction_set) {
  EXPECT_EQ(in_child([] {
              // Which names there are must be asked in a process of its own.
              char name[16] = {};
              int pipe_ends[2];
              if (pipe(pipe_ends) != 0) return 90;
              if (fork() == 0) {
                const std::string isa = least_isa();
                _exit(write(pipe_ends[1], isa.c_str(), isa.size() + 1) > 0 ? 0 : 1);
              }
              if (read(pipe_ends[0], name, sizeof name) <= 0) return 91;
              setenv("SWCONV_FORCE_ISA", name, 1);
              SWCONV_CHECK(1, plan_with().status == SWCONV_OK);
              SWCONV_CHECK(2, plan_with().isa == name);
              // Read once: later changes are not seen.
              setenv("SWCONV_FORCE_ISA", "nonsense", 1);
              SWCONV_CHECK(3, plan_with().isa == name);
              // It yields to an explicit option, and the list is that of the machine.
              const char *best = nullptr;
              SWCONV_CHECK(4, swconv_isas(&best, 1) >= 1);
              SWCONV_CHECK(5, plan_with(best).isa == best);
              return 0;
            }),
            0);
}

TEST(environment, an_unknown_instruction_set_is_an_error_that_names_it) {
  EXPECT_EQ(in_child([] {
              setenv("SWCONV_FORCE_ISA", "sse9", 1);
              const outcome o = plan_with();
              SWCONV_CHECK(1, o.status == SWCONV_INVALID_ARGUMENT);
              SWCONV_CHECK(2, o.field == "SWCONV_FORCE_ISA");
              SWCONV_CHECK(3, o.message.find("SWCONV_FORCE_ISA") != std::string::npos);
              SWCONV_CHECK(4, o.message.find("sse9") != std::string::npos);
              // The one-call form refuses too, and dst is untouched.
              const swconv_pool_params p = valid_pool();
              std::vector<float> src(2 * 3 * 7 * 9, 1.0f), dst(src.size(), -1.0f);
              SWCONV_CHECK(5, swconv_pool(&p, src.data(), dst.data(), nullptr, nullptr) ==
                                  SWCONV_INVALID_ARGUMENT);
              SWCONV_CHECK(6, dst == std::vector<float>(src.size(), -1.0f));
              // An explicit option still works.
              SWCONV_CHECK(7, plan_with(least_isa().c_str()).status == SWCONV_OK);
              return 0;
            }),
            0);
}

TEST(environment, an_empty_variable_is_no_wish) {
  EXPECT_EQ(in_child([] {
              setenv("SWCONV_FORCE_ISA", "", 1);
              setenv("SWCONV_FORCE_KERNEL", "", 1);
              SWCONV_CHECK(1, plan_with().status == SWCONV_OK);
              return 0;
            }),
            0);
}

TEST(environment, forces_a_kernel) {
  EXPECT_EQ(in_child([] {
              setenv("SWCONV_FORCE_KERNEL", "no_such_kernel", 1);
              const outcome o = plan_with();
              SWCONV_CHECK(1, o.status == SWCONV_INVALID_ARGUMENT);
              SWCONV_CHECK(2, o.message.find("no_such_kernel") != std::string::npos);
              SWCONV_CHECK(4, o.field == "SWCONV_FORCE_KERNEL");
              // It yields to an explicit option: any kernel that can do this layer.
              std::vector<const char *> kernels(swconv_kernels(nullptr, nullptr, 0));
              swconv_kernels(nullptr, kernels.data(), kernels.size());
              int made = 0;
              for (const char *kernel : kernels)
                if (plan_with(nullptr, kernel).status == SWCONV_OK) ++made;
              SWCONV_CHECK(3, made > 0);
              return 0;
            }),
            0);
}

TEST(fork, serial_use_works_in_the_child) {
  EXPECT_EQ(in_child([] {
              ready_conv before;
              SWCONV_CHECK(1, before.run() == SWCONV_OK);
              const int code = in_child([&] {
                SWCONV_CHECK(2, before.run() == SWCONV_OK);  // a plan of the parent
                ready_conv after;
                SWCONV_CHECK(3, after.run() == SWCONV_OK);
                SWCONV_CHECK(4, after.dst == before.dst);
                return 0;
              });
              SWCONV_CHECK(5, code == 0);
              SWCONV_CHECK(6, before.run() == SWCONV_OK);
              return ::testing::Test::HasFailure() ? 7 : 0;
            }),
            0);
}

}  // namespace
}  // namespace swconv_test
