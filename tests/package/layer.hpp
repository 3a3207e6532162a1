// SPDX-License-Identifier: MIT
/// @file layer.hpp
/// One small layer on integers, and what must come out of it: the same check for every way in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace package_test {

/// 2 images, 3 to 5 channels, 9 x 23, filter 3 x 5, stride (2, 1), padding (1, 2, 0, 1), bias.
struct layer {
  static constexpr int64_t batch = 2, in_channels = 3, out_channels = 5, height = 9, width = 23;
  static constexpr int64_t kernel_h = 3, kernel_w = 5, stride_h = 2, stride_w = 1;
  static constexpr int64_t top = 1, left = 2, bottom = 0, right = 1;
  static constexpr int64_t out_h = (height + top + bottom - kernel_h) / stride_h + 1;
  static constexpr int64_t out_w = (width + left + right - kernel_w) / stride_w + 1;

  std::vector<float> src, filter, bias, dst, expected;

  layer()
      : src(integers(batch * in_channels * height * width, 7)),
        filter(integers(out_channels * in_channels * kernel_h * kernel_w, 5)),
        bias(integers(out_channels, 3)),
        dst(size_t(batch * out_channels * out_h * out_w), -99.0f),
        expected(dst.size()) {
    float *out = expected.data();
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t oc = 0; oc < out_channels; ++oc)
        for (int64_t y = 0; y < out_h; ++y)
          for (int64_t x = 0; x < out_w; ++x) *out++ = one_output(n, oc, y, x);
  }

 private:
  static std::vector<float> integers(int64_t count, int64_t period) {
    std::vector<float> values(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i)
      values[static_cast<size_t>(i)] = static_cast<float>(i * 3 % period - period / 2);
    return values;
  }
  float one_output(int64_t n, int64_t oc, int64_t y, int64_t x) const {
    float sum = bias[size_t(oc)];
    for (int64_t ic = 0; ic < in_channels; ++ic)
      for (int64_t kh = 0; kh < kernel_h; ++kh)
        for (int64_t kw = 0; kw < kernel_w; ++kw) {
          const int64_t h = y * stride_h + kh - top, w = x * stride_w + kw - left;
          if (h < 0 || h >= height || w < 0 || w >= width) continue;
          sum += src[size_t(((n * in_channels + ic) * height + h) * width + w)] *
                 filter[size_t(((oc * in_channels + ic) * kernel_h + kh) * kernel_w + kw)];
        }
    return sum;
  }
};

/// The parameters of the layer in C++, for any conv_params with the builder's interface.
template <class ConvParams>
ConvParams params_of() {
  using l = layer;
  return ConvParams::conv2d(l::batch, l::in_channels, l::height, l::width, l::out_channels,
                            l::kernel_h, l::kernel_w)
      .strides(l::stride_h, l::stride_w)
      .pads(l::top, l::left, l::bottom, l::right);
}

/// 64-byte aligned memory from a vector with 64 bytes to spare.
inline void *align64(std::vector<unsigned char> &memory) {
  return reinterpret_cast<void *>((reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64);
}

/// Plan, pack and run through any plan class with the common interface; true if all went well.
template <class Plan, class ConvParams, class RunArgs, class Status>
bool run_planned(layer &l) {
  Plan plan;
  if (plan.make(params_of<ConvParams>()) != Status::ok || !plan) return false;
  const auto info = plan.info();
  std::vector<unsigned char> packed(info.packed_bytes + 64), workspace(info.workspace_bytes + 64);
  RunArgs args;
  args.src = l.src.data();
  args.bias = l.bias.data();
  args.dst = l.dst.data();
  args.packed_filter = align64(packed);
  args.packed_bytes = info.packed_bytes;
  args.workspace = align64(workspace);
  args.workspace_bytes = info.workspace_bytes;
  return plan.pack(l.filter.data(), align64(packed), info.packed_bytes) == Status::ok &&
         plan.run(args) == Status::ok;
}

}  // namespace package_test
