// SPDX-License-Identifier: MIT
/// @file cpu.hpp
/// Which instruction sets may run here. A level counts only if it is complete and the operating
/// system saves its registers; a partial one falls to the next below.
#pragma once

#include <stdint.h>

namespace swconv {
namespace dispatch {

/// The registers of CPUID and XGETBV that matter: plain data, so that tests can invent CPUs.
struct cpu_features {
  uint32_t leaf1_ecx = 0;
  uint32_t leaf7_ebx = 0;
  uint64_t xcr0 = 0;  ///< which register states the operating system saves
};

/// Ask the CPU; all zero where there is nothing to ask.
cpu_features detect_cpu() noexcept;

/// One thing that a level needs: bits of one of the words above.
struct cpu_requirement {
  const char *name;  ///< as /proc/cpuinfo has it, or a few words
  uint32_t leaf1_ecx, leaf7_ebx, xcr0;
};
constexpr bool meets(const cpu_features &cpu, const cpu_requirement &r) noexcept {
  return (cpu.leaf1_ecx & r.leaf1_ecx) == r.leaf1_ecx &&
         (cpu.leaf7_ebx & r.leaf7_ebx) == r.leaf7_ebx && (cpu.xcr0 & r.xcr0) == r.xcr0;
}
template <int N>
constexpr bool meets_all(const cpu_features &cpu, const cpu_requirement (&level)[N]) noexcept {
  for (const auto &r : level)
    if (!meets(cpu, r)) return false;
  return true;
}

/// AVX2 and FMA, with the AVX state saved.
constexpr cpu_requirement avx2_level[] = {
    {"avx", 1u << 28, 0, 0},
    {"fma", 1u << 12, 0, 0},
    {"avx2", 0, 1u << 5, 0},
    {"an operating system that saves ymm", 1u << 27, 0, 0x6},
};
/// AVX-512 F, DQ, BW and VL on top of the AVX2 level, with masks and all of zmm saved.
constexpr cpu_requirement avx512_level[] = {
    {"avx512f", 0, 1u << 16, 0},
    {"avx512dq", 0, 1u << 17, 0},
    {"avx512bw", 0, 1u << 30, 0},
    {"avx512vl", 0, 1u << 31, 0},
    {"an operating system that saves zmm", 0, 0, 0xe0},
};

constexpr bool supports_baseline(const cpu_features &) noexcept { return true; }
constexpr bool supports_avx2(const cpu_features &cpu) noexcept {
  return meets_all(cpu, avx2_level);
}
constexpr bool supports_avx512(const cpu_features &cpu) noexcept {
  return supports_avx2(cpu) && meets_all(cpu, avx512_level);
}

}  // namespace dispatch
}  // namespace swconv
