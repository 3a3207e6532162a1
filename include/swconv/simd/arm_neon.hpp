// SPDX-License-Identifier: MIT
/// @file arm_neon.hpp
/// AArch64 NEON: 4 lanes, 32 registers, FMA, no masked access.
#pragma once

#include <arm_neon.h>

#include "arithmetic.hpp"
#include "range4.hpp"

SWCONV_BEGIN_NAMESPACE
namespace simd {

/// xsimd's own tag: every AArch64 object has NEON, so nothing can be merged with something lesser.
struct f32x4 : arithmetic<f32x4, xsimd::neon64> {
  using mask = range4;

  static SWCONV_ALWAYS_INLINE mask lanes(int64_t lo, int64_t hi) { return make_range4(lo, hi); }
  static SWCONV_ALWAYS_INLINE bool all(mask m) { return m.hi - m.lo == 4; }
  static SWCONV_ALWAYS_INLINE f32x4 of(float32x4_t x) { return arithmetic::of(batch(x)); }
  static SWCONV_ALWAYS_INLINE float32x4_t raw(f32x4 x) { return x.b; }
  static SWCONV_ALWAYS_INLINE f32x4 fma(f32x4 x, f32x4 y, f32x4 z) {
    return of(vfmaq_f32(raw(z), raw(x), raw(y)));
  }
  // xsimd approximates these two on NEON; results are to be rounded as everywhere else.
  static SWCONV_ALWAYS_INLINE f32x4 div(f32x4 x, f32x4 y) { return of(vdivq_f32(raw(x), raw(y))); }
  static SWCONV_ALWAYS_INLINE f32x4 sqrt(f32x4 x) { return of(vsqrtq_f32(raw(x))); }
  static SWCONV_ALWAYS_INLINE f32x4 load_first(const float *p, int64_t n) {
    const float32x2_t none = vdup_n_f32(0.0f);
    if (n >= 4) return load(p);
    switch (n) {
      case 3: return of(vcombine_f32(vld1_f32(p), vld1_lane_f32(p + 2, none, 0)));
      case 2: return of(vcombine_f32(vld1_f32(p), none));
      case 1: return of(vcombine_f32(vld1_lane_f32(p, none, 0), none));
      default: return zero();
    }
  }
  static SWCONV_ALWAYS_INLINE f32x4 load_masked(const float *p, mask m) {
    const float32x4_t x = raw(load_first(p + m.lo, m.hi - m.lo)), none = vdupq_n_f32(0.0f);
    switch (m.lo) {
      case 0: return of(x);
      case 1: return of(vextq_f32(none, x, 3));
      case 2: return of(vextq_f32(none, x, 2));
      default: return of(vextq_f32(none, x, 1));
    }
  }
  SWCONV_ALWAYS_INLINE void store_first(float *p, int64_t n) const {
    const float32x4_t x = b;
    if (n >= 4) {
      vst1q_f32(p, x);
      return;
    }
    if (n == 1) vst1q_lane_f32(p, x, 0);
    if (n >= 2) vst1_f32(p, vget_low_f32(x));
    if (n == 3) vst1q_lane_f32(p + 2, x, 2);
  }
  static SWCONV_ALWAYS_INLINE f32x4 select(mask m, f32x4 x, f32x4 y) {
    const uint32x4_t k = vreinterpretq_u32_s32(
        vandq_s32(vld1q_s32(range4_bits + 4 - m.lo), vld1q_s32(range4_bits + 8 - m.hi)));
    return of(vbslq_f32(k, raw(x), raw(y)));
  }
  /// Keeps a loaded value in its register. g++ would rather load it again in each FMA that uses it.
  static SWCONV_ALWAYS_INLINE f32x4 held(f32x4 v) {
    float32x4_t x = v.b;
    __asm__("" : "+w"(x));
    return of(x);
  }
  static SWCONV_ALWAYS_INLINE f32x4 fma_masked(mask m, f32x4 x, f32x4 y, f32x4 z) {
    return select(m, fma(x, y, z), z);
  }
  /// By comparison: NEON's own maximum would turn -0 into +0 where x86 does not.
  static SWCONV_ALWAYS_INLINE f32x4 at_least(f32x4 x, f32x4 bound) {
    return of(vbslq_f32(vcgtq_f32(raw(bound), raw(x)), raw(bound), raw(x)));
  }
  static SWCONV_ALWAYS_INLINE f32x4 at_most(f32x4 x, f32x4 bound) {
    return of(vbslq_f32(vcltq_f32(raw(bound), raw(x)), raw(bound), raw(x)));
  }
  /// NEON's maximum keeps NaN of either operand by itself.
  static SWCONV_ALWAYS_INLINE f32x4 max(f32x4 acc, f32x4 x) {
    return of(vmaxq_f32(raw(acc), raw(x)));
  }
  /// Lanes K … K+3 of the 8 lanes lo, hi.
  template <int K>
  static SWCONV_ALWAYS_INLINE f32x4 slide(f32x4 lo, f32x4 hi) {
    return of(vextq_f32(raw(lo), raw(hi), K));
  }
  static SWCONV_ALWAYS_INLINE f32x4 even(f32x4 lo, f32x4 hi) {
    return of(vuzp1q_f32(raw(lo), raw(hi)));
  }
  static SWCONV_ALWAYS_INLINE f32x4 odd(f32x4 lo, f32x4 hi) {
    return of(vuzp2q_f32(raw(lo), raw(hi)));
  }
  static SWCONV_ALWAYS_INLINE f32x4 zip_lo(f32x4 x, f32x4 y) {
    return of(vzip1q_f32(raw(x), raw(y)));
  }
  static SWCONV_ALWAYS_INLINE f32x4 zip_hi(f32x4 x, f32x4 y) {
    return of(vzip2q_f32(raw(x), raw(y)));
  }
  /// 2^n for integral n in -126 … 127.
  static SWCONV_ALWAYS_INLINE f32x4 pow2(f32x4 n) {
    const int32x4_t e = vaddq_s32(vcvtq_s32_f32(raw(n)), vdupq_n_s32(127));
    return of(vreinterpretq_f32_s32(vshlq_n_s32(e, 23)));
  }
  /// Lane i from p[i * step] where selected, else 0.
  static SWCONV_ALWAYS_INLINE f32x4 gather(const float *p, int64_t step, mask m) {
    float32x4_t x = vdupq_n_f32(0.0f);
    if (0 >= m.lo && 0 < m.hi) x = vld1q_lane_f32(p, x, 0);
    if (1 >= m.lo && 1 < m.hi) x = vld1q_lane_f32(p + step, x, 1);
    if (2 >= m.lo && 2 < m.hi) x = vld1q_lane_f32(p + 2 * step, x, 2);
    if (3 >= m.lo && 3 < m.hi) x = vld1q_lane_f32(p + 3 * step, x, 3);
    return of(x);
  }
  /// The inverse of quads.
  SWCONV_ALWAYS_INLINE void store_quads(float *p, int64_t) const { store(p); }
};

struct isa {
  using full = f32x4;
  using half = f32x4;
  static constexpr const char *name = "neon";
  static constexpr bool has_fma = true;
  static constexpr double slide_cost = 1;  ///< of one slide with its FMA, in FMAs
  static constexpr bool prefers_loads = true;   ///< of shifted vectors, to slides
  static constexpr bool masks_are_free = false;  ///< one bit a lane, in registers of their own
  static constexpr int registers = 32;
};

}  // namespace simd
SWCONV_END_NAMESPACE
