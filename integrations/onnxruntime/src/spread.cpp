// SPDX-License-Identifier: MIT
#include "spread.hpp"

#include <algorithm>
#include <cmath>

#include "ort.hpp"

namespace swconv_ort {
namespace {

float activate(const layer_spec &s, float x) {
  const auto hard_sigmoid = [x](float alpha, float beta) {
    return std::min(std::max(alpha * x + beta, 0.0f), 1.0f);
  };
  switch (s.activation) {
    case SWCONV_ACT_RELU:
      return x < 0 ? 0 : x;
    case SWCONV_ACT_CLAMP:
      return std::min(std::max(x, s.alpha), s.beta);
    case SWCONV_ACT_LEAKY_RELU:
      return x < 0 ? s.alpha * x : x;
    case SWCONV_ACT_HARD_SIGMOID:
      return hard_sigmoid(s.alpha, s.beta);
    case SWCONV_ACT_HARD_SWISH:
      return x * hard_sigmoid(1.0f / 6, 0.5f);
    case SWCONV_ACT_SIGMOID:
      return 1 / (1 + std::exp(-x));
    case SWCONV_ACT_TANH:
      return std::tanh(x);
    case SWCONV_ACT_SILU:
      return x / (1 + std::exp(-x));
    default:
      return x;
  }
}

// Elements to step per axis of `dims`; 0 where the tensor has one element there.
std::vector<int64_t> steps(const std::vector<int64_t> &of, const std::vector<int64_t> &dims) {
  std::vector<int64_t> result(dims.size(), 0);
  int64_t step = 1;
  for (size_t i = 0; i < of.size(); ++i) {
    const size_t axis = dims.size() - 1 - i;
    const int64_t extent = of[of.size() - 1 - i];
    if (extent != 1) result[axis] = step;
    step *= extent;
  }
  return result;
}

}  // namespace

std::vector<int64_t> spread_dims(const std::vector<int64_t> &a, const std::vector<int64_t> &b) {
  std::vector<int64_t> result(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < result.size(); ++i) {
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1)
      throw failure(ORT_INVALID_ARGUMENT, "swconv: the sides of an Add do not fit: " +
                                              std::to_string(x) + " and " + std::to_string(y));
    result[result.size() - 1 - i] = x == 1 ? y : x;
  }
  return result;
}

void add_spread(const layer_spec &spec, const float *a, const std::vector<int64_t> &a_dims,
                const float *b, const std::vector<int64_t> &b_dims, float *out,
                const std::vector<int64_t> &dims) {
  const std::vector<int64_t> a_steps = steps(a_dims, dims), b_steps = steps(b_dims, dims);
  for (const int64_t extent : dims)
    if (extent == 0) return;
  std::vector<int64_t> at(dims.size(), 0);
  int64_t ia = 0, ib = 0;
  for (;;) {
    *out++ = activate(spec, a[ia] + b[ib]);
    size_t axis = dims.size();
    for (;;) {
      if (axis == 0) return;
      --axis;
      ia += a_steps[axis];
      ib += b_steps[axis];
      if (++at[axis] < dims[axis]) break;
      ia -= a_steps[axis] * dims[axis];
      ib -= b_steps[axis] * dims[axis];
      at[axis] = 0;
    }
  }
}

}  // namespace swconv_ort
