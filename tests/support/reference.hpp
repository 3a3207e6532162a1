// SPDX-License-Identifier: MIT
/// @file reference.hpp
/// What a layer must give, computed the slow and obvious way: in f64, and as the canonical chain
/// of f32 operations that every strict kernel promises to keep bit for bit (docs/numerics.md).
#pragma once

#include <vector>

#include "case.hpp"

namespace swconv_test {

/// Pointers to the elements of a convolution, laid out as its case says. bias, scale and
/// residual may be NULL.
struct conv_data {
  const float *src, *filter, *bias, *scale, *residual;
};

/// Results, dense and in logical order.
struct reference {
  std::vector<double> exact;     ///< f64
  std::vector<double> bound;     ///< |dst - exact| may be so large; 0 where it must be equal
  std::vector<float> fused;      ///< canonical f32, each step one std::fma
  std::vector<float> unfused;    ///< canonical f32, multiplied and added with two roundings
  bool bits_are_promised = true; ///< false for activations built on exp or erf
};

/// Where the elements of the tensors lie.
struct conv_shapes {
  tensor_shape src, filter, dst, residual;
};

/// With `needs_fused` false, `fused` stays empty: std::fma is slow where the CPU has none.
reference convolve(const conv_case &c, const conv_data &d, bool needs_fused = true);
/// The same with other places than those that the case's layouts give.
reference convolve(const conv_case &c, const conv_data &d, bool needs_fused, const conv_shapes &s);
/// `fused` and `unfused` are equal: the canonical sums, and the exact result of max and min.
reference pool(const pool_case &c, const float *src);
reference pool(const pool_case &c, const float *src, const tensor_shape &src_shape,
               const tensor_shape &dst_shape);

/// An activation in f64 and, where its bits are promised, in f32.
double activate(int64_t act, double x);
float activate(int64_t act, float x, bool fused);
bool activation_bits_are_promised(int64_t act);
/// Largest slope, and the error of the function itself at x (y its value), as docs/numerics.md
/// states it.
double activation_slope(int64_t act);
double activation_error(int64_t act, double x, double y);

/// Error bound of a sum of n rounded terms: n u / (1 - n u), u half a unit in the last place.
double gamma_bound(double n);

}  // namespace swconv_test
