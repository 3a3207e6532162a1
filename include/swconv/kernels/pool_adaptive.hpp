// SPDX-License-Identifier: MIT
/// @file pool_adaptive.hpp
/// Adaptive pooling: the windows follow from the sizes of src and dst, and need not be equally
/// long. Rows of a window are joined from the top, in vectors, then columns from the left.
#pragma once

#include "../simd/simd.hpp"
#include "problem.hpp"

SWCONV_BEGIN_NAMESPACE
namespace pooling {

/// Output o joins elements [begin(o), end(o)); neighbours may share some.
struct adaptive_axis {
  int64_t in, out;
  int64_t begin(int64_t o) const { return o * in / out; }
  int64_t end(int64_t o) const { return ((o + 1) * in + out - 1) / out; }
};

template <class V>
SWCONV_ALWAYS_INLINE V adaptive_lift(swconv_pool_kind kind, V x) {
  if (kind == SWCONV_POOL_L2) return V::mul(x, x);
  if (kind == SWCONV_POOL_L1) return V::max(x, V::sub(V::zero(), x));
  return kind == SWCONV_POOL_MIN ? V::sub(V::zero(), x) : x;
}

/// One plane. `line` has room for a row of src and one of dst, and a vector behind each.
SWCONV_NOINLINE inline void adaptive_plane(swconv_pool_kind kind, const adaptive_axis &h,
                                           const adaptive_axis &w, const float *src,
                                           int64_t src_step, float *dst, int64_t dst_step,
                                           float *line) {
  using V = simd::isa::full;
  const bool sums = kind != SWCONV_POOL_MAX && kind != SWCONV_POOL_MIN;
  const auto join = [sums](V a, V b)
                        SWCONV_INLINE_LAMBDA { return sums ? V::add(a, b) : V::max(a, b); };
  float *const results = line + (w.in + V::size);
  for (int64_t o = 0; o < h.out; ++o) {
    const int64_t y0 = h.begin(o), y1 = h.end(o);
    for (int64_t x = 0; x < w.in; x += V::size) {
      const int64_t n = axis::least(w.in - x, V::size);
      V s = adaptive_lift(kind, V::load_first(src + y0 * src_step + x, n));
      for (int64_t y = y0 + 1; y < y1; ++y)
        s = join(s, adaptive_lift(kind, V::load_first(src + y * src_step + x, n)));
      s.store(line + x);
    }
    for (int64_t i = 0; i < w.out; ++i) {
      const int64_t x1 = w.end(i);
      float s = line[w.begin(i)];
      for (int64_t x = w.begin(i) + 1; x < x1; ++x)
        s = sums ? s + line[x] : (s > line[x] || s != s) ? s : line[x];
      if (kind == SWCONV_POOL_AVG) s /= static_cast<float>((y1 - y0) * (x1 - w.begin(i)));
      results[i] = s;
    }
    for (int64_t i = 0; i < w.out; i += V::size) {
      V y = V::load(results + i);
      if (kind == SWCONV_POOL_MIN) y = V::sub(V::zero(), y);
      if (kind == SWCONV_POOL_L2) y = V::sqrt(y);
      y.store_first(dst + o * dst_step + i, axis::least(w.out - i, V::size));
    }
  }
}

}  // namespace pooling
SWCONV_END_NAMESPACE
