// SPDX-License-Identifier: MIT
// Ends a program whose other files are compiled for an instruction set that this CPU lacks, with the
// code for "skipped", before any of their code runs. Itself compiled for the baseline.
#include <unistd.h>

__attribute__((constructor(101))) static void check_cpu() {
#if defined(SWCONV_TEST_NEEDS_AVX512)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512vl"))
    _exit(77);
#elif defined(SWCONV_TEST_NEEDS_AVX2)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) _exit(77);
#endif
}
