// SPDX-License-Identifier: MIT
/// @file convolution.hpp
/// What the inference loop wants of a convolution, whoever computes it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

/// Square, padded to keep the size (before the stride), with bias; one image.
struct layer_shape {
  int in, out, size, kernel, stride, groups;
  bool hard_swish, residual;
  int out_size() const { return (size + 2 * (kernel / 2) - kernel) / stride + 1; }
  std::size_t src_count() const { return std::size_t(in) * std::size_t(size * size); }
  std::size_t dst_count() const { return std::size_t(out) * std::size_t(out_size() * out_size()); }
  std::size_t filter_count() const {
    return std::size_t(out) * std::size_t(in / groups * kernel * kernel);
  }
};

class convolution {
 public:
  virtual ~convolution() = default;
  /// `residual` is added before the activation where the shape says so.
  virtual void run(const float *src, const float *residual, float *dst) = 0;
  /// Memory held besides the weights and the tensors.
  virtual std::size_t extra_bytes() const = 0;
};

std::unique_ptr<convolution> make_im2col(const layer_shape &, const std::vector<float> &filter,
                                         const std::vector<float> &bias);
std::unique_ptr<convolution> make_swconv(const layer_shape &, const std::vector<float> &filter,
                                         const std::vector<float> &bias);
