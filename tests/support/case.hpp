// SPDX-License-Identifier: MIT
/// @file case.hpp
/// One test case: a layer, what memory it lies in and what data fill it, as a flat struct of
/// integers. Flat, so that one list of fields prints a case as one line, reads such a line back
/// (the reproducer of a failure) and gives the axes to a covering array.
#pragma once

#include <string>
#include <vector>

#include "swconv/swconv.h"

namespace swconv_test {

/// Where the elements of a tensor lie.
enum layout : int64_t {
  dense = 0,        ///< all strides zero: the default
  gaps = 1,         ///< a few unused elements after each row, channel and image
  rows_outside = 2  ///< [batch][height][channel][width]: rows of the channels take turns
};

/// What the elements are. None of them draws zeros.
enum data : int64_t {
  integers = 0,     ///< small, so that all sums are exact
  random_data = 1,  ///< uniform in (-1, 1)
  tiny = 2,         ///< so small that products underflow
  inf_filter = 3,   ///< random, some filter taps infinite: padding must not meet them
  nan_src = 4,      ///< random, some elements NaN or infinite: of src, and of what is fused
  one_nan = 5,      ///< random, but the src element of index `seed` is NaN
  one_inf = 6       ///< random, but the src element of index `seed` is infinite, of either sign
};

/// Is there a residual, and where?
enum residual : int64_t { no_residual = 0, own_residual = 1, residual_is_dst = 2 };

/// A convolution. Channels are per group. The defaults are the smallest legal layer.
struct conv_case {
  int64_t dims = 2, n = 1, g = 1, ic = 1, oc = 1, h = 1, w = 1, kh = 1, kw = 1;
  int64_t sh = 1, sw = 1, dh = 1, dw = 1, pt = 0, pl = 0, pb = 0, pr = 0;
  int64_t scale = 0, bias = 0, residual = no_residual, act = SWCONV_ACT_NONE;
  int64_t src_layout = dense, dst_layout = dense, filter_layout = dense;
  int64_t data = integers, fast = 0, seed = 1;

  int64_t in_channels() const { return g * ic; }
  int64_t out_channels() const { return g * oc; }
  int64_t dst_h() const;
  int64_t dst_w() const;
  /// Multiply-adds, those in padding included.
  double work() const;
};

/// A pooling layer.
struct pool_case {
  int64_t dims = 2, kind = SWCONV_POOL_MAX, n = 1, c = 1, h = 1, w = 1, kh = 1, kw = 1;
  int64_t sh = 1, sw = 1, dh = 1, dw = 1, pt = 0, pl = 0, pb = 0, pr = 0;
  int64_t ceil_mode = 0, count_include_pad = 0;
  int64_t src_layout = dense, dst_layout = dense;
  int64_t data = integers, seed = 1;

  int64_t dst_h() const;
  int64_t dst_w() const;
  double work() const;
};

/// `conv n=2 ic=3 ...`: the fields that differ from the defaults.
std::string to_string(const conv_case &c);
std::string to_string(const pool_case &c);
/// Reads what to_string wrote; false if it is none. Words after the fields are ignored.
bool parse(const std::string &text, conv_case *c);
bool parse(const std::string &text, pool_case *c);

/// Parameters of an activation as the tests use them.
float activation_alpha(int64_t act);
float activation_beta(int64_t act);
const char *activation_name(int64_t act);

/// Extents and strides of a tensor, both [batch][channel][height][width].
struct tensor_shape {
  int64_t size[4] = {0, 0, 0, 0};
  int64_t stride[4] = {0, 0, 0, 0};

  tensor_shape() = default;
  tensor_shape(int64_t n, int64_t c, int64_t h, int64_t w, int64_t how);
  int64_t count() const { return size[0] * size[1] * size[2] * size[3]; }
  /// Elements from the first to the last, both included; 0 if there is none.
  int64_t span() const;
  int64_t at(int64_t n, int64_t c, int64_t h, int64_t w) const {
    return n * stride[0] + c * stride[1] + h * stride[2] + w * stride[3];
  }
  /// For the stride fields of swconv.h: all zero if `how` is dense.
  void to_strides(int64_t how, int64_t (&strides)[5]) const;
};

tensor_shape src_shape(const conv_case &c);
tensor_shape filter_shape(const conv_case &c);
tensor_shape dst_shape(const conv_case &c);
tensor_shape src_shape(const pool_case &c);
tensor_shape dst_shape(const pool_case &c);

/// Parameter structs of a case; a convolution's points into `ops`.
swconv_conv_params to_params(const conv_case &c, std::vector<swconv_epilogue_op> *ops);
swconv_pool_params to_params(const pool_case &c);

/// Fills the elements of a tensor in logical order, so that the values do not depend on the
/// layout. `role` tells src, filter, bias, ... apart.
enum class role : uint64_t { src = 1, filter, bias, scale, residual };
void fill(float *base, const tensor_shape &shape, int64_t data, int64_t seed, role r);

}  // namespace swconv_test
