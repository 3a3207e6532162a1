// SPDX-License-Identifier: MIT
/// @file scalar.hpp
/// Vectors of scalars. Two uses: CPUs without an instruction set of their own here, and the
/// `counting` architecture of the tests (define SWCONV_ARCH_COUNTING), which counts what a kernel
/// does per output, so that cost can be tested without a clock.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "unroll.hpp"

SWCONV_BEGIN_NAMESPACE
namespace simd {

/// What the kernels executed since the last reset. One thread only.
struct operation_counts {
  int64_t loads = 0;       ///< whole or partial vectors of src, filter, bias
  int64_t broadcasts = 0;  ///< one element to all lanes
  int64_t stores = 0;
  int64_t shuffles = 0;  ///< slides, zips, deinterleaves, gathers
  int64_t fmas = 0;      ///< vectors, masked ones included
  int64_t others = 0;    ///< add, max, select …
};

#if defined(SWCONV_ARCH_COUNTING)
inline operation_counts counts;
#define SWCONV_COUNT(what) (++counts.what)
#else
#define SWCONV_COUNT(what) ((void)0)
#endif

template <int N>
struct scalars {
  using element = float;
  static constexpr int size = N;
  /// Lanes lo … hi-1, clamped.
  struct mask {
    int64_t lo, hi;
    bool operator[](int i) const { return i >= lo && i < hi; }
  };

  float x[N];

  template <class F>
  static SWCONV_ALWAYS_INLINE scalars make(F &&f) {
    scalars v;
    for (int i = 0; i < N; ++i) v.x[i] = f(i);
    return v;
  }

  static scalars zero() { return set1(0.0f); }
  static scalars set1(float a) {
    return make([=](int) { return a; });
  }
  static scalars broadcast(const float *p) {
    SWCONV_COUNT(broadcasts);
    return set1(*p);
  }
  static scalars load(const float *p) {
    SWCONV_COUNT(loads);
    return make([=](int i) { return p[i]; });
  }
  void store(float *p) const { store_first(p, N); }

  static constexpr bool slides = true;
  static scalars add(scalars a, scalars b) {
    SWCONV_COUNT(others);
    return make([&](int i) { return a.x[i] + b.x[i]; });
  }
  static scalars sub(scalars a, scalars b) {
    SWCONV_COUNT(others);
    return make([&](int i) { return a.x[i] - b.x[i]; });
  }
  static scalars mul(scalars a, scalars b) {
    SWCONV_COUNT(others);
    return make([&](int i) { return a.x[i] * b.x[i]; });
  }
  static scalars div(scalars a, scalars b) {
    SWCONV_COUNT(others);
    return make([&](int i) { return a.x[i] / b.x[i]; });
  }
  static scalars fma(scalars a, scalars b, scalars c) {
    SWCONV_COUNT(fmas);
    return make([&](int i) { return fmaf(a.x[i], b.x[i], c.x[i]); });
  }
  static scalars at_least(scalars a, scalars bound) {
    SWCONV_COUNT(others);
    return make([&](int i) { return a.x[i] < bound.x[i] ? bound.x[i] : a.x[i]; });
  }
  static scalars at_most(scalars a, scalars bound) {
    SWCONV_COUNT(others);
    return make([&](int i) { return a.x[i] > bound.x[i] ? bound.x[i] : a.x[i]; });
  }
  static scalars max(scalars a, scalars b) {
    SWCONV_COUNT(others);
    return make([&](int i) { return a.x[i] != a.x[i] || a.x[i] > b.x[i] ? a.x[i] : b.x[i]; });
  }
  static scalars sqrt(scalars a) {
    SWCONV_COUNT(others);
    return make([&](int i) { return sqrtf(a.x[i]); });
  }
  static scalars if_negative(scalars a, scalars b, scalars c) {
    SWCONV_COUNT(others);
    return make([&](int i) { return a.x[i] < 0 ? b.x[i] : c.x[i]; });
  }
  static scalars pow2(scalars n) {
    SWCONV_COUNT(others);
    return make([&](int i) { return ldexpf(1.0f, static_cast<int>(n.x[i])); });
  }

  static mask lanes(int64_t lo, int64_t hi) { return {lo, hi}; }
  static bool all(mask m) { return m.lo <= 0 && m.hi >= N; }
  static scalars load_masked(const float *p, mask m) {
    SWCONV_COUNT(loads);
    return make([&](int i) { return m[i] ? p[i] : 0.0f; });
  }
  static scalars load_first(const float *p, int64_t n) { return load_masked(p, {0, n}); }
  using head = mask;
  static head head_of(int64_t n) { return lanes(0, n); }
  void store_head(float *p, head h) const {
    SWCONV_COUNT(stores);
    for (int i = 0; i < N; ++i)
      if (h[i]) p[i] = x[i];
  }
  void store_first(float *p, int64_t n) const { store_head(p, lanes(0, n)); }
  static scalars select(mask m, scalars a, scalars b) {
    SWCONV_COUNT(others);
    return make([&](int i) { return m[i] ? a.x[i] : b.x[i]; });
  }
  static scalars held(scalars v) { return v; }
  static mask held_mask(mask m) { return m; }
  static scalars fma_masked(mask m, scalars a, scalars b, scalars c) {
    SWCONV_COUNT(fmas);
    return make([&](int i) { return m[i] ? fmaf(a.x[i], b.x[i], c.x[i]) : c.x[i]; });
  }
  template <int K>
  static scalars slide(scalars lo, scalars hi) {
    SWCONV_COUNT(shuffles);
    return make([&](int i) { return i + K < N ? lo.x[i + K] : hi.x[i + K - N]; });
  }
  static int64_t further(int64_t by) { return by; }
  static scalars moved(scalars lo, scalars hi, int64_t by) {
    SWCONV_COUNT(shuffles);
    return make([&](int i) { return i + by < N ? lo.x[i + by] : hi.x[i + by - N]; });
  }
  static scalars even(scalars lo, scalars hi) {
    SWCONV_COUNT(shuffles);
    return make([&](int i) { return i < N / 2 ? lo.x[2 * i] : hi.x[2 * i - N]; });
  }
  static scalars odd(scalars lo, scalars hi) {
    SWCONV_COUNT(shuffles);
    return make([&](int i) { return i < N / 2 ? lo.x[2 * i + 1] : hi.x[2 * i + 1 - N]; });
  }
  template <int T>
  static scalars unordered_from(scalars v) {
    return T == 0 ? v : slide<T>(v, v);
  }
  static mask unordered(mask m) { return m; }
  static scalars even_unordered(scalars lo, scalars hi) { return even(lo, hi); }
  static scalars odd_unordered(scalars lo, scalars hi) { return odd(lo, hi); }
  static scalars ordered(scalars x) { return x; }
  static scalars zip_lo(scalars a, scalars b) {
    SWCONV_COUNT(shuffles);
    return make([&](int i) { return i % 2 ? b.x[i / 2] : a.x[i / 2]; });
  }
  static scalars zip_hi(scalars a, scalars b) {
    SWCONV_COUNT(shuffles);
    return make([&](int i) { return i % 2 ? b.x[(N + i) / 2] : a.x[(N + i) / 2]; });
  }
  static scalars gather(const float *p, int64_t step, mask m) {
    SWCONV_COUNT(shuffles);
    return make([&](int i) { return m[i] ? p[i * step] : 0.0f; });
  }
  /// The inverse of quads.
  void store_quads(float *p, int64_t distance) const {
    SWCONV_COUNT(stores);
    for (int i = 0; i < N; ++i) p[i / 4 * distance + i % 4] = x[i];
  }
  /// Lanes 4i … 4i+3 from p + i * distance.
  static scalars quads(const float *p, int64_t distance) {
    SWCONV_COUNT(loads);
    return make([&](int i) { return p[i / 4 * distance + i % 4]; });
  }
  /// Transposes the 4 × 4 elements of each quad of lanes.
  static void transpose_quads(scalars &x, scalars &y, scalars &z, scalars &w) {
    for (int i = 0; i < 8; ++i) SWCONV_COUNT(shuffles);
    const scalars in[] = {x, y, z, w};
    scalars *const out[] = {&x, &y, &z, &w};
    for (int k = 0; k < 4; ++k)
      *out[k] = make([&](int i) { return in[i % 4].x[i / 4 * 4 + k]; });
  }
  /// The first, or the last, halves of a and b.
  static scalars low_halves(scalars a, scalars b) {
    SWCONV_COUNT(shuffles);
    return make([&](int i) { return i < N / 2 ? a.x[i] : b.x[i - N / 2]; });
  }
  static scalars high_halves(scalars a, scalars b) {
    SWCONV_COUNT(shuffles);
    return make([&](int i) { return i < N / 2 ? a.x[i + N / 2] : b.x[i]; });
  }
};

struct isa {
  using full = scalars<8>;
  using half = scalars<4>;
  static constexpr const char *name = SWCONV_STRING(SWCONV_ISA_NAME);
  static constexpr bool has_fma = true;
  static constexpr double slide_cost = 2;  ///< of one slide with its FMA, in FMAs
  static constexpr bool prefers_loads = false;   ///< of shifted vectors, to slides
  static constexpr bool masks_are_free = true;  ///< one bit a lane, in registers of their own
  static constexpr int registers = 32;
};

}  // namespace simd
SWCONV_END_NAMESPACE
