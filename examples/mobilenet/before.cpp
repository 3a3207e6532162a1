// SPDX-License-Identifier: MIT
// Before: unfold the input into a column matrix, multiply (SGEMM of a BLAS), then go over the
// result again for bias, residual and activation.
#include <cblas.h>

#include <algorithm>

#include "convolution.hpp"

namespace {

class im2col : public convolution {
 public:
  im2col(const layer_shape &s, const std::vector<float> &filter, const std::vector<float> &bias)
      : s_(s), filter_(filter), bias_(bias), rows_(s.in / s.groups * s.kernel * s.kernel) {
    if (!direct()) columns_.resize(std::size_t(rows_) * std::size_t(s.out_size() * s.out_size()));
  }

  void run(const float *src, const float *residual, float *dst) override {
    const int in = s_.in / s_.groups, out = s_.out / s_.groups;
    const int pixels = s_.out_size() * s_.out_size();
    for (int g = 0; g < s_.groups; ++g) {
      const float *group = src + std::size_t(g * in) * std::size_t(s_.size * s_.size);
      if (!direct()) unfold(group);
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, out, pixels, rows_, 1,
                  filter_.data() + std::size_t(g * out) * std::size_t(rows_), rows_,
                  direct() ? group : columns_.data(), pixels, 0,
                  dst + std::size_t(g * out) * std::size_t(pixels), pixels);
    }
    for (int c = 0; c < s_.out; ++c)
      for (int i = 0; i < pixels; ++i) {
        const auto at = std::size_t(c) * std::size_t(pixels) + std::size_t(i);
        float x = dst[at] + bias_[std::size_t(c)];
        if (s_.residual) x += residual[at];
        if (s_.hard_swish) x *= std::clamp(x / 6 + 0.5f, 0.0f, 1.0f);
        dst[at] = x;
      }
  }
  std::size_t extra_bytes() const override { return columns_.size() * sizeof(float); }

 private:
  /// The columns of a 1x1 filter are the input itself.
  bool direct() const { return s_.kernel == 1 && s_.stride == 1; }
  void unfold(const float *src) {
    const int n = s_.out_size(), pad = s_.kernel / 2;
    float *column = columns_.data();
    for (int c = 0; c < s_.in / s_.groups; ++c)
      for (int ky = 0; ky < s_.kernel; ++ky)
        for (int kx = 0; kx < s_.kernel; ++kx)
          for (int oy = 0; oy < n; ++oy)
            for (int ox = 0; ox < n; ++ox) {
              const int y = oy * s_.stride + ky - pad, x = ox * s_.stride + kx - pad;
              const bool inside = y >= 0 && y < s_.size && x >= 0 && x < s_.size;
              *column++ = inside ? src[(c * s_.size + y) * s_.size + x] : 0;
            }
  }

  layer_shape s_;
  std::vector<float> filter_, bias_, columns_;
  int rows_;
};

}  // namespace

std::unique_ptr<convolution> make_im2col(const layer_shape &s, const std::vector<float> &filter,
                                         const std::vector<float> &bias) {
  return std::make_unique<im2col>(s, filter, bias);
}
