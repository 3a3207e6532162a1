// SPDX-License-Identifier: MIT
// The core cases: every attribute and every pair of attributes, through every kernel.
#include "core_cases.hpp"
#include "generate.hpp"
#include "run_cases.hpp"
#include "settings.hpp"

namespace swconv_test {
namespace {

const scope all_kernels{breadth::kernels, {1, -3}};

TEST(Core, Convolutions) {
  for (uint64_t seed = 1; seed <= by_effort<uint64_t>(1, 2, 10); ++seed)
    run_cases(pairwise_convolutions(seed * 10), all_kernels);
}
TEST(Core, SpecialConvolutions) { run_cases(special_convolutions(), all_kernels); }

TEST(Core, Pools) {
  for (uint64_t seed = 1; seed <= by_effort<uint64_t>(1, 3, 20); ++seed)
    run_cases(pairwise_pools(seed * 10), all_kernels);
}
TEST(Core, SpecialPools) { run_cases(special_pools(), all_kernels); }

}  // namespace
}  // namespace swconv_test
