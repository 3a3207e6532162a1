// SPDX-License-Identifier: MIT
// Compiled once per instruction set (SWCONV_BENCH_ISA_NAME).
#include "probe.hpp"

#if defined(__clang__)
#pragma clang fp contract(fast)
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=fast")  // fuse multiplication and addition
#endif

namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16, chains = 24;
#elif defined(__AVX__)
constexpr int lanes = 8, chains = 12;
#elif defined(__aarch64__)
constexpr int lanes = 4, chains = 24;
#else
constexpr int lanes = 4, chains = 14;  // without FMA, a multiplication and an addition each
#endif
#if defined(__FMA__) || defined(__aarch64__)
constexpr bool fused = true;
#else
constexpr bool fused = false;
#endif
typedef float vec __attribute__((vector_size(lanes * sizeof(float))));

float fma(int64_t loops) {
  vec acc[chains];
  for (int c = 0; c < chains; ++c) acc[c] = vec{} + float(c);
  vec scale = vec{} + 0.5f, shift = vec{} + 1.0f;
  asm volatile("" : "+m"(scale), "+m"(shift));  // the compiler must not know them
  for (int64_t i = 0; i < loops; ++i)
#pragma GCC unroll 32
    for (int c = 0; c < chains; ++c) acc[c] = acc[c] * scale + shift;
  for (int c = 1; c < chains; ++c) acc[0] += acc[c];
  return acc[0][0];
}

void copy(float *dst, const float *src, size_t bytes) {
  constexpr size_t vectors = 8;
  const size_t count = bytes / sizeof(vec);
  const vec *from = reinterpret_cast<const vec *>(src);
  vec *to = reinterpret_cast<vec *>(dst);
  size_t i = 0;
  for (; i + vectors <= count; i += vectors) {
    vec v[vectors];
#pragma GCC unroll 8
    for (size_t j = 0; j < vectors; ++j) v[j] = from[i + j];
#pragma GCC unroll 8
    for (size_t j = 0; j < vectors; ++j) to[i + j] = v[j];
    asm volatile("" ::: "memory");  // not a call to memcpy
  }
  for (; i < count; ++i) to[i] = from[i];
}

float read(const float *src, size_t bytes) {
  constexpr size_t vectors = 8;
  const size_t count = bytes / sizeof(vec);
  const vec *from = reinterpret_cast<const vec *>(src);
  vec sum[vectors] = {};
  for (size_t i = 0; i + vectors <= count; i += vectors)
#pragma GCC unroll 8
    for (size_t j = 0; j < vectors; ++j) sum[j] += from[i + j];
  for (size_t j = 1; j < vectors; ++j) sum[0] += sum[j];
  return sum[0][0];
}

}  // namespace

#define SWCONV_BENCH_JOIN_(a, b) a##b
#define SWCONV_BENCH_JOIN(a, b) SWCONV_BENCH_JOIN_(a, b)
#define SWCONV_BENCH_STRING_(a) #a
#define SWCONV_BENCH_STRING(a) SWCONV_BENCH_STRING_(a)

extern "C" const swconv_bench::isa_probe SWCONV_BENCH_JOIN(swconv_bench_probe_,
                                                           SWCONV_BENCH_ISA_NAME) = {
    SWCONV_BENCH_STRING(SWCONV_BENCH_ISA_NAME), lanes, chains, fused, fma, copy, read};
