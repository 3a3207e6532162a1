// SPDX-License-Identifier: MIT
/// @file probe.hpp
/// Loops that show what the machine can do, compiled once per instruction set. Plain functions and
/// data, so that nothing of an instruction set leaks into the rest of the program.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace swconv_bench {

struct isa_probe {
  const char *name;
  int lanes;          ///< f32 lanes of a vector
  int fmas_per_loop;  ///< vector multiply-adds of one loop of `fma`
  bool fused;         ///< false: multiply and add are two instructions
  /// Independent chains of multiply-adds; the result is of no use but to keep them.
  float (*fma)(int64_t loops);
  /// Copy with ordinary stores. Pointers on cache lines, a whole number of them.
  void (*copy)(float *dst, const float *src, size_t bytes);
  /// Read it all and add it up; under the same conditions.
  float (*read)(const float *src, size_t bytes);
};

#define SWCONV_BENCH_ISA(isa) extern "C" const isa_probe swconv_bench_probe_##isa;
#include "probes.inc"
#undef SWCONV_BENCH_ISA

}  // namespace swconv_bench
