// SPDX-License-Identifier: MIT
/// @file math.hpp
/// exp, tanh and erf over any vector type, built from its arithmetic alone. They promise an error
/// (docs/numerics.md), not the same bits on every ISA. Infinities and NaN go where they should.
#pragma once

#include "unroll.hpp"

SWCONV_BEGIN_NAMESPACE
namespace simd {

/// c[0] x^(N-1) + … + c[N-1], by Horner's rule.
template <class V, int N>
SWCONV_ALWAYS_INLINE V polynomial(V x, const float (&c)[N]) {
  V y = V::set1(c[0]);
  unroll<N - 1>([&](auto i) SWCONV_INLINE_LAMBDA { y = V::fma(y, x, V::set1(c[i + 1])); });
  return y;
}

template <class V>
SWCONV_ALWAYS_INLINE V negate(V x) {
  return V::sub(V::set1(-0.0f), x);
}

/// e^x = 2^n e^r with n = round(x / ln 2); ln 2 is split in two so that r is nearly exact.
template <class V>
SWCONV_ALWAYS_INLINE V exp(V x) {
  const V magic = V::set1(12582912.0f);  // 1.5 · 2^23: adding it rounds to an integer
  x = V::at_most(V::at_least(x, V::set1(-104.0f)), V::set1(89.0f));
  const V n = V::sub(V::fma(x, V::set1(1.44269504f), magic), magic);
  V r = V::fma(n, V::set1(-0.693359375f), x);
  r = V::fma(n, V::set1(2.12194440e-4f), r);
  // Taylor terms to r^7/7!: below half an ulp for |r| <= ln 2 / 2.
  const float c[] = {1.9841270e-4f, 1.3888889e-3f, 8.3333333e-3f, 4.1666667e-2f,
                     1.6666667e-1f, 0.5f,          1.0f,          1.0f};
  const V p = polynomial(r, c);
  // 2^n in two factors, for n beyond the exponents of normal numbers.
  const V half = V::sub(V::fma(n, V::set1(0.5f), magic), magic);
  return V::mul(V::mul(p, V::pow2(half)), V::pow2(V::sub(n, half)));
}

/// 1 / (1 + e^-x), or e^x / (1 + e^x) below 0: neither overflows.
template <class V>
SWCONV_ALWAYS_INLINE V sigmoid(V x) {
  const V one = V::set1(1.0f);
  const V t = exp(V::if_negative(x, x, negate(x)));
  return V::div(V::if_negative(x, t, one), V::add(one, t));
}

/// Odd series near 0, where 1 - 2 / (e^2x + 1) would cancel.
template <class V>
SWCONV_ALWAYS_INLINE V tanh(V x) {
  const V one = V::set1(1.0f), z = V::mul(x, x);
  const V a = V::if_negative(x, negate(x), x);
  const float c[] = {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f,
                     -3.33332819422e-1f};
  const V near = V::fma(V::mul(polynomial(z, c), z), x, x);
  const V t = V::sub(one, V::div(V::set1(2.0f), V::add(exp(V::add(a, a)), one)));
  const V far = V::if_negative(x, negate(t), t);
  return V::if_negative(V::sub(a, V::set1(0.625f)), near, far);
}

/// Abramowitz & Stegun 7.1.26; absolute error below 2e-7.
template <class V>
SWCONV_ALWAYS_INLINE V erf(V x) {
  const V one = V::set1(1.0f);
  const V a = V::if_negative(x, negate(x), x);
  const V t = V::div(one, V::fma(a, V::set1(0.3275911f), one));
  const float c[] = {1.061405429f, -1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f, 0.0f};
  const V y = V::sub(one, V::mul(polynomial(t, c), exp(negate(V::mul(a, a)))));
  return V::if_negative(x, negate(y), y);
}

}  // namespace simd
SWCONV_END_NAMESPACE
