// SPDX-License-Identifier: MIT
// The core cases: every attribute and every pair of attributes, through every kernel.
#include "core_cases.hpp"
#include "generate.hpp"
#include "run_cases.hpp"
#include "settings.hpp"

namespace swconv_test {
namespace {

const scope all_kernels{breadth::kernels, {1, -3}};

/// An emulator takes 100 times as long: it runs a half of the small cases.
template <class Case>
void run_core(const std::vector<Case> &cases) {
  if (test_effort() != effort::quick)
    run_cases(cases, all_kernels);
  else
    run_cases(sample(cheaper_than(1e5, cases), 2), {breadth::kernels, {-3}});
}

TEST(Core, Convolutions) {
  for (uint64_t seed = 1; seed <= by_effort<uint64_t>(1, 2, 10); ++seed)
    run_core(pairwise_convolutions(seed * 10));
}
TEST(Core, SpecialConvolutions) { run_core(special_convolutions()); }

TEST(Core, FastConvolutions) {
  for (uint64_t seed = 1; seed <= by_effort<uint64_t>(1, 1, 10); ++seed)
    run_core(fast_convolutions(seed * 10));
}

TEST(Core, Pools) {
  for (uint64_t seed = 1; seed <= by_effort<uint64_t>(1, 3, 20); ++seed)
    run_core(pairwise_pools(seed * 10));
}
TEST(Core, SpecialPools) { run_core(special_pools()); }

}  // namespace
}  // namespace swconv_test
