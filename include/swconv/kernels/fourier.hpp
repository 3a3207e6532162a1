// SPDX-License-Identifier: MIT
/// @file fourier.hpp
/// Fourier transforms of 4, 8, 16 … complex vectors (math = fast; docs/fast.md). Each lane is a
/// transform of its own, so nothing is shuffled; and nothing is reordered: the forward transform
/// leaves its results in the order in which the inverse one takes them.
#pragma once

#include "../simd/simd.hpp"

SWCONV_BEGIN_NAMESPACE
namespace fourier {

using V = simd::isa::full;
constexpr int lanes = V::size;

/// In memory the real parts, then the imaginary ones.
struct complex {
  V re, im;

  static SWCONV_ALWAYS_INLINE complex load(const float *p) {
    return {V::held(V::load(p)), V::held(V::load(p + lanes))};
  }
  SWCONV_ALWAYS_INLINE void store(float *p) const {
    re.store(p);
    im.store(p + lanes);
  }
  static SWCONV_ALWAYS_INLINE complex add(complex x, complex y) {
    return {V::add(x.re, y.re), V::add(x.im, y.im)};
  }
  static SWCONV_ALWAYS_INLINE complex sub(complex x, complex y) {
    return {V::sub(x.re, y.re), V::sub(x.im, y.im)};
  }
  /// x + iy and x - iy
  static SWCONV_ALWAYS_INLINE complex add_turned(complex x, complex y) {
    return {V::sub(x.re, y.im), V::add(x.im, y.re)};
  }
  static SWCONV_ALWAYS_INLINE complex sub_turned(complex x, complex y) {
    return {V::add(x.re, y.im), V::sub(x.im, y.re)};
  }
  /// Times the root of unity at w, which is (cos, sin, -sin), or its conjugate.
  template <bool Conjugate>
  SWCONV_ALWAYS_INLINE complex turned(const float *w) const {
    const V c = V::broadcast(w), s = V::broadcast(w + (Conjugate ? 2 : 1));
    return {V::fma(im, V::broadcast(w + (Conjugate ? 1 : 2)), V::mul(re, c)),
            V::fma(re, s, V::mul(im, c))};
  }
};

/// Floats of the roots for one butterfly, and for all of n elements, from the longest pass on.
constexpr int64_t roots_of_butterfly = 9;
constexpr int64_t roots_floats(int64_t n) {
  int64_t sum = 0;
  for (; n > 4; n /= 4) sum += n / 4 * roots_of_butterfly;
  return sum;
}

/// A butterfly of four elements that are `d` floats apart.
template <bool Inverse, bool Turn>
SWCONV_ALWAYS_INLINE void butterfly(float *x, int64_t d, const float *w) {
  complex a = complex::load(x), b = complex::load(x + d), c = complex::load(x + 2 * d),
          e = complex::load(x + 3 * d);
  if constexpr (Inverse && Turn) {
    b = b.turned<true>(w);
    c = c.turned<true>(w + 3);
    e = e.turned<true>(w + 6);
  }
  // Elements lie in the order of their quarters on one side, of their residues on the other; the
  // sum over four is its own transpose.
  const complex s = complex::add(a, c), t = complex::sub(a, c);
  const complex u = complex::add(b, e), v = complex::sub(b, e);
  a = complex::add(s, u);
  c = complex::sub(s, u);
  b = Inverse ? complex::add_turned(t, v) : complex::sub_turned(t, v);
  e = Inverse ? complex::sub_turned(t, v) : complex::add_turned(t, v);
  if constexpr (!Inverse && Turn) {
    b = b.turned<false>(w);
    c = c.turned<false>(w + 3);
    e = e.turned<false>(w + 6);
  }
  a.store(x);
  b.store(x + d);
  c.store(x + 2 * d);
  e.store(x + 3 * d);
}

/// All butterflies of the parts of `length` elements among n that are `step` floats apart.
template <bool Inverse>
SWCONV_NOINLINE void pass(float *x, int64_t step, int64_t n, int64_t length, const float *roots) {
  const int64_t quarter = length / 4;
  if (quarter > 1) {
    for (int64_t k = 0; k < n; k += length, x += length * step) {
      const float *w = roots;
      float *y = x;
      for (int64_t j = 0; j < quarter; ++j, w += roots_of_butterfly, y += step)
        butterfly<Inverse, true>(y, quarter * step, w);
    }
  } else if (quarter == 1) {
    for (int64_t k = 0; k < n; k += 4, x += 4 * step)
      butterfly<Inverse, false>(x, step, nullptr);
  } else {
    for (int64_t k = 0; k < n; k += 2, x += 2 * step) {
      const complex a = complex::load(x), b = complex::load(x + step);
      complex::add(a, b).store(x);
      complex::sub(a, b).store(x + step);
    }
  }
}

/// Elements that stay in the first-level cache; more are transformed quarter by quarter.
constexpr int64_t near = 16384 / (8 * lanes);

SWCONV_NOINLINE inline void forward(float *x, int64_t step, int64_t n, const float *roots) {
  int64_t length = n;
  for (; length > near; length /= 4, roots += length * roots_of_butterfly)
    pass<false>(x, step, n, length, roots);
  for (int64_t k = 0; k < n; k += length, x += length * step) {
    const float *w = roots;
    for (int64_t l = length; l > 1; l /= 4, w += l * roots_of_butterfly)
      pass<false>(x, step, length, l, w);
  }
}

/// Undoes `forward`, times n.
SWCONV_NOINLINE inline void inverse(float *x, int64_t step, int64_t n, const float *roots) {
  int64_t length = n;
  for (; length > near; length /= 4) roots += length / 4 * roots_of_butterfly;
  int64_t shortest = length;
  const float *last = roots;
  for (; shortest > 4; shortest /= 4) last += shortest / 4 * roots_of_butterfly;
  float *y = x;
  for (int64_t k = 0; k < n; k += length, y += length * step) {
    const float *w = last;
    for (int64_t l = shortest; l <= length; l *= 4, w -= l / 4 * roots_of_butterfly)
      pass<true>(y, step, length, l, w);
  }
  for (length *= 4; length <= n; length *= 4) {
    roots -= length / 4 * roots_of_butterfly;
    pass<true>(x, step, n, length, roots);
  }
}

}  // namespace fourier
SWCONV_END_NAMESPACE
