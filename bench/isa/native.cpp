// SPDX-License-Identifier: MIT
// Prints the best instruction set of this machine; run when the build is configured.
#include <stdio.h>

#include "../../src/dispatch/cpu.hpp"

int main() {
#if defined(__x86_64__)
  const auto cpu = swconv::dispatch::detect_cpu();
  puts(swconv::dispatch::supports_avx512(cpu) ? "avx512"
       : swconv::dispatch::supports_avx2(cpu) ? "avx2"
                                              : "sse2");
#elif defined(__aarch64__)
  puts("neon");
#else
  puts("portable");
#endif
}
