// SPDX-License-Identifier: MIT
// Main of the unit tests. A run that tested no instruction set, or (in a whole run) left a kernel
// without a case, fails.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "backend.hpp"
#include "coverage.hpp"
#include "run_cases.hpp"

namespace swconv_test {
namespace {

class kernel_coverage : public testing::Environment {
 public:
  void SetUp() override {
    ASSERT_FALSE(isas().empty()) << "no instruction set to test";
    for (const auto &i : isas()) {
      EXPECT_FALSE(i.kernels.empty()) << i.name << " has no kernels";
      std::printf("Testing %s: %zu kernels\n", i.name.c_str(), i.kernels.size());
    }
  }
  void TearDown() override {
    // A run of selected tests cannot cover everything.
    const bool selected = testing::GTEST_FLAG(filter) != "*" || std::getenv("SWCONV_TEST_CASE");
    if (runs_counted() == 0 && selected) return;
    std::printf("Checked runs per kernel and instruction set\n%s", coverage_table().c_str());
    if (!selected) {
      EXPECT_GT(runs_counted(), 0) << "nothing was run";
      EXPECT_EQ(uncovered_kernels(), "") << "kernels without a case";
    }
  }
};

/// SWCONV_TEST_EXPECT_ISAS="avx2 sse2" tells what an emulated CPU must offer: a dispatcher that
/// falls back too far would pass all else. For the linked library only.
#if defined(SWCONV_TEST_LINKED)
TEST(Isas, AreThoseExpected) {
  const char *expected = std::getenv("SWCONV_TEST_EXPECT_ISAS");
  if (!expected) GTEST_SKIP() << "SWCONV_TEST_EXPECT_ISAS is not set";
  std::string found;
  for (const auto &i : isas()) found += (found.empty() ? "" : " ") + i.name;
  EXPECT_EQ(found, expected);
}
#endif

/// `SWCONV_TEST_CASE='conv ...' program --gtest_filter=Reproduce.*` runs one reported case again.
TEST(Reproduce, CaseOfTheEnvironment) {
  const char *text = std::getenv("SWCONV_TEST_CASE");
  if (!text) GTEST_SKIP() << "SWCONV_TEST_CASE is not set";
  const scope everything{breadth::kernels, {1, -3, 2}};
  conv_case c;
  pool_case p;
  if (parse(text, &c))
    EXPECT_EQ(check(c, everything), "");
  else if (parse(text, &p))
    EXPECT_EQ(check(p, everything), "");
  else
    ADD_FAILURE() << "SWCONV_TEST_CASE is no case: " << text;
}

}  // namespace
}  // namespace swconv_test

#if defined(SWCONV_TEST_HEADER_ISA) && defined(__x86_64__)
// A header-only program is compiled for one instruction set; it must not touch it elsewhere.
static bool cpu_has(const std::string &isa) {
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (isa == "avx2") return avx2;
  if (isa == "avx512")
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  return true;
}
#endif

int main(int argc, char **argv) {
#if defined(SWCONV_TEST_HEADER_ISA) && defined(__x86_64__)
  if (!cpu_has(SWCONV_TEST_HEADER_ISA)) {
    std::printf("This CPU does not have " SWCONV_TEST_HEADER_ISA "\n");
    return 77;
  }
#endif
  testing::InitGoogleTest(&argc, argv);
  swconv_test::report_case_on_crash();
  testing::AddGlobalTestEnvironment(new swconv_test::kernel_coverage);
  return RUN_ALL_TESTS();
}
