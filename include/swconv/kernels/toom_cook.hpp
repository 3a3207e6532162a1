// SPDX-License-Identifier: MIT
/// @file toom_cook.hpp
/// Short convolutions with fewer multiplications (Toom-Cook, in networks known as Winograd): M
/// outputs of a filter of R taps from N = M + R - 1 products. Derived in docs/fast.md.
///
/// The N points are 0, pairs ±p and infinity. The pairs make transforms cheap: each needs an even
/// and an odd sum once, which serve both its points. The input transform depends on N alone, so
/// filters of several lengths share it.
#pragma once

#include "../simd/simd.hpp"

SWCONV_BEGIN_NAMESPACE
namespace toom_cook {

/// The positive points of each pair; chosen for small errors (docs/numerics.md).
template <int N>
struct points;
template <>
struct points<4> {
  static constexpr double p[] = {1.0};
};
template <>
struct points<6> {
  static constexpr double p[] = {0.75, 1.5};
};
template <>
struct points<8> {
  static constexpr double p[] = {0.5, 1.0, 2.0};
};
template <>
struct points<10> {
  static constexpr double p[] = {0.375, 0.75, 1.25, 2.5};
};

/// Coefficients in x² of the product of (x² - p²) over all pairs but `skipped`.
template <int N>
struct polynomial {
  double c[N / 2];
  constexpr explicit polynomial(int skipped) : c{1.0} {
    for (int k = 0, degree = 0; k < N / 2 - 1; ++k) {
      if (k == skipped) continue;
      const double square = points<N>::p[k] * points<N>::p[k];
      ++degree;
      for (int i = degree; i >= 0; --i) c[i] = (i > 0 ? c[i - 1] : 0.0) - square * c[i];
    }
  }
};
template <int N, int Skipped>
inline constexpr polynomial<N> product_without{Skipped};

template <int N>
constexpr double power(int pair, int exponent) {
  double r = 1;
  for (int i = 0; i < exponent; ++i) r *= points<N>::p[pair];
  return r;
}

/// Terms Σ c[i] · d[2i + First] of a polynomial whose leading coefficient is 1.
template <class V, int N, int Skipped, int First>
SWCONV_ALWAYS_INLINE V sum_of(const V (&d)[N]) {
  constexpr int degree = N / 2 - 1 - (Skipped >= 0 ? 1 : 0);
  V sum = d[2 * degree + First];
  simd::unroll<degree>([&](auto i) SWCONV_INLINE_LAMBDA {
    constexpr int term = degree - 1 - decltype(i)::value;
    constexpr float c = static_cast<float>(product_without<N, Skipped>.c[term]);
    sum = V::fma(d[2 * term + First], V::set1(c), sum);
  });
  return sum;
}

/// Where vectors of a transform lie: floats from term to term, and from one transform to the next.
struct walk {
  int64_t term, next;
};

/// `count` input transforms of N terms: from neighbouring inputs to values at the points. With
/// Strided, a filter of three taps and stride 2: its first and last tap meet every other input and are
/// transformed, the products of the tap between are N - 1 further values.
template <class V, int N, bool Strided = false>
SWCONV_NOINLINE void evaluate(const float *src, walk s, float *dst, walk t, int64_t count) {
  constexpr int distance = Strided ? 2 : 1;
  for (int64_t n = 0; n < count; ++n, src += s.next, dst += t.next) {
    V d[N], between[N];
    simd::unroll<N>([&](auto i) SWCONV_INLINE_LAMBDA { d[i] = V::load(src + distance * i * s.term); });
    if constexpr (Strided) {
      simd::unroll<N - 1>([&](auto i) SWCONV_INLINE_LAMBDA {
        between[i] = V::load(src + (2 * i + 1) * s.term);
      });
      simd::unroll<N - 1>(
          [&](auto i) SWCONV_INLINE_LAMBDA { between[i].store(dst + (N + i) * t.term); });
    }
    sum_of<V, N, -1, 0>(d).store(dst);
    simd::unroll<N / 2 - 1>([&](auto k) SWCONV_INLINE_LAMBDA {
      constexpr int pair = decltype(k)::value;
      constexpr float p = static_cast<float>(points<N>::p[pair]);
      const V even = sum_of<V, N, pair, 2>(d), odd = sum_of<V, N, pair, 1>(d);
      V::fma(odd, V::set1(p), even).store(dst + (1 + 2 * pair) * t.term);
      V::fma(odd, V::set1(-p), even).store(dst + (2 + 2 * pair) * t.term);
    });
    sum_of<V, N, -1, 1>(d).store(dst + (N - 1) * t.term);
  }
}

/// `count` output transforms: from products at the N points to M neighbouring outputs.
template <class V, int N, int M, bool Strided = false>
SWCONV_NOINLINE void interpolate(const float *src, walk s, float *dst, walk t, int64_t count) {
  constexpr int pairs = N / 2 - 1;
  for (int64_t n = 0; n < count; ++n, src += s.next, dst += t.next) {
    V even[pairs], odd[pairs];
    simd::unroll<pairs>([&](auto k) SWCONV_INLINE_LAMBDA {
      const V a = V::load(src + (1 + 2 * k) * s.term), b = V::load(src + (2 + 2 * k) * s.term);
      even[k] = V::add(a, b);
      odd[k] = V::sub(a, b);
    });
    const V first = V::load(src), last = V::load(src + (N - 1) * s.term);
    simd::unroll<M>([&](auto j) SWCONV_INLINE_LAMBDA {
      constexpr int i = decltype(j)::value;
      V sum = V::zero();
      simd::unroll<pairs>([&](auto k) SWCONV_INLINE_LAMBDA {
        constexpr float c = static_cast<float>(power<N>(decltype(k)::value, i));
        const V x = i % 2 == 0 ? even[k] : odd[k];
        if constexpr (i == 0)
          sum = k == 0 ? x : V::add(sum, x);
        else
          sum = k == 0 ? V::mul(x, V::set1(c)) : V::fma(x, V::set1(c), sum);
      });
      if constexpr (i == 0) sum = V::add(sum, first);
      if constexpr (i == M - 1) sum = V::add(sum, last);
      if constexpr (Strided) sum = V::add(sum, V::load(src + (N + i) * s.term));
      sum.store(dst + i * t.term);
    });
  }
}

using transform_fn = void (*)(const float *, walk, float *, walk, int64_t);

template <class V>
SWCONV_ALWAYS_INLINE transform_fn evaluation(int64_t n) {
  return n == 4   ? &evaluate<V, 4>
         : n == 6 ? &evaluate<V, 6>
         : n == 7 ? &evaluate<V, 4, true>
         : n == 8 ? &evaluate<V, 8>
                  : &evaluate<V, 10>;
}

/// Seven "points" are those of stride 2: four points and three values between, for three outputs.
constexpr bool is_strided(int64_t n) { return n == 7; }
/// Fewest and most outputs of n points. Ten are for rows of filters with more than four taps.
constexpr int64_t fewest_of(int64_t n) {
  return n == 1 ? 1 : is_strided(n) ? n / 2 : n == 10 ? 4 : 2;
}
constexpr int64_t most_of(int64_t n) {
  return n == 1 ? 1 : is_strided(n) ? n / 2 : n == 10 ? 6 : n - 1;
}
/// Taps of a filter for m outputs.
constexpr int64_t taps_of(int64_t n, int64_t m) { return is_strided(n) ? 3 : n - m + 1; }

template <class V, int N, int... M>
SWCONV_ALWAYS_INLINE transform_fn interpolation_of(int64_t m, std::integer_sequence<int, M...>) {
  constexpr int fewest = static_cast<int>(fewest_of(N));
  constexpr transform_fn table[] = {&interpolate<V, N, M + fewest>...};
  return table[m - fewest];
}
template <class V>
SWCONV_ALWAYS_INLINE transform_fn interpolation(int64_t n, int64_t m) {
  return n == 4   ? interpolation_of<V, 4>(m, std::make_integer_sequence<int, 2>{})
         : n == 6 ? interpolation_of<V, 6>(m, std::make_integer_sequence<int, 4>{})
         : n == 8 ? interpolation_of<V, 8>(m, std::make_integer_sequence<int, 6>{})
         : n == 7 ? &interpolate<V, 4, 3, true>
                  : interpolation_of<V, 10>(m, std::make_integer_sequence<int, 3>{});
}

/// The point of index j of n (infinity, the last, has none).
inline double point(int64_t n, int64_t j) {
  const double *const p = n == 4   ? points<4>::p
                          : n == 6 ? points<6>::p
                          : n == 8 ? points<8>::p
                                   : points<10>::p;
  if (j == 0) return 0;
  return j % 2 == 1 ? p[(j - 1) / 2] : -p[(j - 1) / 2];
}

/// The weight of tap k of a filter of r taps in its value at point j of n.
inline double filter_weight(int64_t n, int64_t j, int64_t k, int64_t r) {
  if (n == 1) return 1;
  if (is_strided(n)) {
    const int64_t transformed = n / 2 + 1;
    if (j >= transformed) return k == 1 ? 1 : 0;
    return k == 1 ? 0 : filter_weight(transformed, j, k / 2, 2);
  }
  if (j == n - 1) return k == r - 1 ? 1 : 0;
  double x = 1, scale = 1;
  for (int64_t i = 0; i < k; ++i) x *= point(n, j);
  for (int64_t i = 0; i < n - 1; ++i)
    if (i != j) scale *= point(n, j) - point(n, i);
  return x / scale;
}

}  // namespace toom_cook
SWCONV_END_NAMESPACE
