// SPDX-License-Identifier: MIT
// CPUs that we do not have: a level counts only if it is complete, and saved by the system.
#include "../../src/dispatch/cpu.hpp"

#include <gtest/gtest.h>

namespace swconv {
namespace dispatch {
namespace {

constexpr uint32_t fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28;
constexpr uint32_t avx2 = 1u << 5, f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;

cpu_features cpu(uint32_t ecx, uint32_t ebx, uint64_t xcr0) {
  cpu_features c;
  c.leaf1_ecx = ecx;
  c.leaf7_ebx = ebx;
  c.xcr0 = xcr0;
  return c;
}

TEST(cpu_levels, complete_ones_count) {
  const cpu_features old = cpu(0, 0, 0);
  EXPECT_TRUE(supports_baseline(old));
  EXPECT_FALSE(supports_avx2(old));
  const cpu_features haswell = cpu(fma | osxsave | avx, avx2, 0x7);
  EXPECT_TRUE(supports_avx2(haswell));
  EXPECT_FALSE(supports_avx512(haswell));
  const cpu_features server = cpu(fma | osxsave | avx, avx2 | f | dq | bw | vl, 0xe7);
  EXPECT_TRUE(supports_avx2(server));
  EXPECT_TRUE(supports_avx512(server));
}

TEST(cpu_levels, one_missing_bit_drops_to_the_level_below) {
  for (const uint32_t missing : {fma, osxsave, avx}) {
    const cpu_features c =
        cpu((fma | osxsave | avx) & ~missing, avx2 | f | dq | bw | vl, 0xe7);
    EXPECT_FALSE(supports_avx2(c)) << missing;
    EXPECT_FALSE(supports_avx512(c)) << missing;
  }
  for (const uint32_t missing : {f, dq, bw, vl}) {
    const cpu_features c =
        cpu(fma | osxsave | avx, (avx2 | f | dq | bw | vl) & ~missing, 0xe7);
    EXPECT_TRUE(supports_avx2(c)) << missing;
    EXPECT_FALSE(supports_avx512(c)) << missing;
  }
}

TEST(cpu_levels, the_operating_system_must_save_the_registers) {
  const auto server = [](uint64_t xcr0) {
    return cpu(fma | osxsave | avx, avx2 | f | dq | bw | vl, xcr0);
  };
  EXPECT_FALSE(supports_avx2(server(0x3)));
  EXPECT_TRUE(supports_avx2(server(0x7)));
  EXPECT_FALSE(supports_avx512(server(0x7)));
  EXPECT_FALSE(supports_avx512(server(0x27)));
  EXPECT_FALSE(supports_avx512(server(0x67)));
  EXPECT_TRUE(supports_avx512(server(0xe7)));
}

}  // namespace
}  // namespace dispatch
}  // namespace swconv
