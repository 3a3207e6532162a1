// SPDX-License-Identifier: MIT
// The tests of the tests: a right toy passes the core cases, each wrong one fails them.
#include <gtest/gtest.h>

#include "core_cases.hpp"
#include "coverage.hpp"
#include "generate.hpp"
#include "memory.hpp"
#include "reference.hpp"
#include "run_cases.hpp"
#include "settings.hpp"
#include "toy.hpp"

namespace swconv_test {
namespace {

const scope everything{breadth::kernels, {1, -3}};

/// Cheap layers show a mistake as well as large ones.
double most_work() { return by_effort(1e5, 2e5, 1e9); }

// The toy knows relu only.
std::vector<conv_case> toy_convolutions() {
  std::vector<conv_case> cases = pairwise_convolutions(1);
  for (const auto &c : special_convolutions()) cases.push_back(c);
  for (auto &c : cases) c.act = c.act % 2;
  return cheaper_than(most_work(), cases);
}
std::vector<pool_case> toy_pools() {
  std::vector<pool_case> cases = pairwise_pools(1);
  for (const auto &c : special_pools()) cases.push_back(c);
  // The toy knows two kinds, and adds in an order of its own: exact sums only.
  for (auto &c : cases) {
    c.kind %= 2;
    if (c.kind == SWCONV_POOL_AVG) c.data = integers;
  }
  return cheaper_than(most_work(), cases);
}

bool is_noticed(mistake m) {
  toy_mistake = m;
  const bool noticed = !failures_of(toy_pools(), everything, 1).empty() ||
                       !failures_of(toy_convolutions(), everything, 1).empty();
  toy_mistake = mistake::none;
  return noticed;
}

TEST(Harness, ARightImplementationPasses) {
  const size_t every = by_effort<size_t>(20, 1, 1);
  run_cases(sample(toy_convolutions(), every), everything);
  run_cases(sample(toy_pools(), every), everything);
  EXPECT_EQ(uncovered_kernels(), "");
}

class Mistake : public testing::TestWithParam<int> {};
TEST_P(Mistake, IsNoticed) {
  if (test_effort() == effort::quick) GTEST_SKIP() << "the harness does not depend on the CPU";
  EXPECT_TRUE(is_noticed(static_cast<mistake>(GetParam())));
}
INSTANTIATE_TEST_SUITE_P(All, Mistake,
                         testing::Range(1, static_cast<int>(mistake::past_the_end)));

TEST(Harness, AReproducerReadsBack) {
  for (const auto &c : pairwise_convolutions(3)) {
    conv_case again;
    ASSERT_TRUE(parse(to_string(c), &again));
    EXPECT_EQ(to_string(again), to_string(c));
  }
}

TEST(Harness, CoveringArraysCoverAllPairs) {
  const std::vector<size_t> levels = {2, 5, 1, 3, 7, 4};
  const auto rows = covering_array(levels, 7);
  EXPECT_LT(rows.size(), 60u);
  for (size_t i = 0; i < levels.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      for (size_t a = 0; a < levels[i]; ++a)
        for (size_t b = 0; b < levels[j]; ++b) {
          bool found = false;
          for (const auto &row : rows) found = found || (row[i] == a && row[j] == b);
          EXPECT_TRUE(found) << i << "=" << a << " " << j << "=" << b;
        }
}

TEST(Harness, GuardedMemoryNoticesWritesBesideIt) {
  guarded_memory memory;
  for (const auto side : {edge::front, edge::back}) {
    float *p = memory.take_floats(5, side);
    p[0] = p[4] = 1;
    EXPECT_TRUE(memory.slack_is_intact());
    (side == edge::front ? p[5] : p[-1]) = 1;
    EXPECT_FALSE(memory.slack_is_intact());
  }
}

TEST(HarnessDeathTest, ReadingBesideGuardedMemoryCrashes) {
  if (!pages_are_protected()) GTEST_SKIP();
  guarded_memory memory;
  const auto read = [&](edge side, int64_t at) {
    volatile float value = memory.take_floats(5, side)[at];
    (void)value;
  };
  EXPECT_DEATH(read(edge::back, 5), "");
  EXPECT_DEATH(read(edge::front, -1), "");
}

TEST(HarnessDeathTest, WritingPastTheEndIsNoticed) {
  if (!pages_are_protected()) GTEST_SKIP();
  toy_mistake = mistake::past_the_end;
  conv_case c;
  c.w = 8;
  c.seed = 1;  // odd sums of sizes and seed: the protected page lies in front
  EXPECT_NE(check(c), "");
  c.seed = 2;
  EXPECT_DEATH(check(c), "conv w=8 seed=2");
  toy_mistake = mistake::none;
}

TEST(Reference, KnowsAConvolutionDoneByHand) {
  conv_case c;
  c.w = 3;
  c.kw = 2;
  c.pl = 1;
  const float src[] = {1, 2, 3}, filter[] = {10, 100};
  const auto r = convolve(c, {src, filter, nullptr, nullptr, nullptr});
  EXPECT_EQ(r.fused, (std::vector<float>{100, 210, 320}));
}

TEST(Reference, KnowsPoolsDoneByHand) {
  pool_case c;
  c.w = 3;
  c.kw = 2;
  c.sw = 2;
  c.ceil_mode = 1;
  const float src[] = {1, 2, 5};
  EXPECT_EQ(pool(c, src).fused, (std::vector<float>{2, 5}));
  c.kind = SWCONV_POOL_AVG;
  EXPECT_EQ(pool(c, src).fused, (std::vector<float>{1.5f, 5}));
  c.pr = 1;
  c.count_include_pad = 1;
  EXPECT_EQ(pool(c, src).fused, (std::vector<float>{1.5f, 2.5f}));
}

}  // namespace
}  // namespace swconv_test
