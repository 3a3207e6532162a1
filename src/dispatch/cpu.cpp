// SPDX-License-Identifier: MIT
#include "cpu.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace swconv {
namespace dispatch {

cpu_features detect_cpu() noexcept {
  cpu_features cpu;
#if defined(__x86_64__)
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d)) cpu.leaf1_ecx = c;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) cpu.leaf7_ebx = b;
  constexpr uint32_t osxsave = 1u << 27;
  if (cpu.leaf1_ecx & osxsave) {
    // The intrinsic would need a compiler flag; the instruction is there if the bit is set.
    uint32_t low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    cpu.xcr0 = (static_cast<uint64_t>(high) << 32) | low;
  }
#endif
  return cpu;
}

}  // namespace dispatch
}  // namespace swconv
