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

constexpr bool has_all(uint64_t word, uint64_t bits) noexcept { return (word & bits) == bits; }

constexpr bool supports_baseline(const cpu_features &) noexcept { return true; }

/// AVX2 and FMA, with the AVX state saved.
constexpr bool supports_avx2(const cpu_features &cpu) noexcept {
  constexpr uint32_t fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28;
  constexpr uint32_t avx2 = 1u << 5;
  constexpr uint64_t xmm_and_ymm = 0x6;
  return has_all(cpu.leaf1_ecx, fma | osxsave | avx) && has_all(cpu.leaf7_ebx, avx2) &&
         has_all(cpu.xcr0, xmm_and_ymm);
}

/// AVX-512 F, DQ, BW and VL on top of the AVX2 level, with masks and all of zmm saved.
constexpr bool supports_avx512(const cpu_features &cpu) noexcept {
  constexpr uint32_t f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;
  constexpr uint64_t masks_and_zmm = 0xe0;
  return supports_avx2(cpu) && has_all(cpu.leaf7_ebx, f | dq | bw | vl) &&
         has_all(cpu.xcr0, masks_and_zmm);
}

}  // namespace dispatch
}  // namespace swconv
