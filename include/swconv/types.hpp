// SPDX-License-Identifier: MIT
/// @file types.hpp
/// C++ faces of the C structs: filled with defaults, settable in a chain. They add no data, so a
/// swconv::conv_params is a swconv_conv_params wherever one is asked for. The contract of every
/// field stands in swconv.h.
#pragma once

#include "namespace.hpp"
#include "swconv.h"

SWCONV_BEGIN_NAMESPACE

/// Outcome of a call; the values of swconv_status.
enum class status : uint32_t {
  ok = SWCONV_OK,
  invalid_argument = SWCONV_INVALID_ARGUMENT,
  unsupported = SWCONV_UNSUPPORTED,
  size_overflow = SWCONV_SIZE_OVERFLOW,
  out_of_memory = SWCONV_OUT_OF_MEMORY,
  packing_mismatch = SWCONV_PACKING_MISMATCH,
  workspace_too_small = SWCONV_WORKSPACE_TOO_SMALL,
  overlap = SWCONV_OVERLAP
};

/// Activation of an epilogue; the values of swconv_activation.
enum class activation : uint32_t {
  none = SWCONV_ACT_NONE,
  relu = SWCONV_ACT_RELU,
  clamp = SWCONV_ACT_CLAMP,
  leaky_relu = SWCONV_ACT_LEAKY_RELU,
  hard_sigmoid = SWCONV_ACT_HARD_SIGMOID,
  hard_swish = SWCONV_ACT_HARD_SWISH,
  sigmoid = SWCONV_ACT_SIGMOID,
  tanh = SWCONV_ACT_TANH,
  silu = SWCONV_ACT_SILU,
  gelu = SWCONV_ACT_GELU,
  gelu_tanh = SWCONV_ACT_GELU_TANH
};

/// Detail of a failure.
struct error : swconv_error {
  error() noexcept : swconv_error{} { struct_size = sizeof(swconv_error); }
};

/// Choices of the caller, with their defaults.
struct plan_options : swconv_plan_options {
  plan_options() noexcept : swconv_plan_options{} { struct_size = sizeof(swconv_plan_options); }
};
/// Pointers of one run.
struct run_args : swconv_run_args {
  run_args() noexcept : swconv_run_args{} { struct_size = sizeof(swconv_run_args); }
};
/// What a plan decided.
struct plan_info : swconv_plan_info {
  plan_info() noexcept : swconv_plan_info{} { struct_size = sizeof(swconv_plan_info); }
};

/// One operation of an epilogue.
struct epilogue_op : swconv_epilogue_op {
  /// Any operation; the functions below are shorter.
  explicit epilogue_op(swconv_epilogue_kind k, swconv::activation a = swconv::activation::none,
                       float al = 0, float be = 0) noexcept
      : swconv_epilogue_op{} {
    struct_size = sizeof(swconv_epilogue_op);
    kind = k;
    activation = static_cast<swconv_activation>(a);
    alpha = al;
    beta = be;
  }
  /// Multiply by `scale[oc]` of the run arguments.
  static epilogue_op scale() noexcept { return epilogue_op(SWCONV_EPILOGUE_SCALE); }
  /// Add `residual` of the run arguments.
  static epilogue_op residual() noexcept { return epilogue_op(SWCONV_EPILOGUE_RESIDUAL); }
  /// Apply an activation with its parameters.
  static epilogue_op act(swconv::activation a, float alpha = 0, float beta = 0) noexcept {
    return epilogue_op(SWCONV_EPILOGUE_ACTIVATION, a, alpha, beta);
  }
};

/// Setters shared by convolutions and pooling. Two-dimensional forms take (height, width),
/// one-dimensional ones the width alone.
template <class Self, class Base>
struct window_params : Base {
  window_params() noexcept : Base{} {
    this->struct_size = sizeof(Base);
    this->batch = 1;
    for (int i = 0; i < 3; ++i) {
      this->src_size[i] = 1;
      this->stride[i] = 1;
      this->dilation[i] = 1;
    }
  }
  /// Distance between neighbouring windows.
  Self &strides(int64_t h, int64_t w) noexcept { return set(this->stride, h, w); }
  /// Of the width alone.
  Self &strides(int64_t w) noexcept { return set(this->stride, this->stride[1], w); }
  /// Distance between neighbouring taps.
  Self &dilations(int64_t h, int64_t w) noexcept { return set(this->dilation, h, w); }
  /// Of the width alone.
  Self &dilations(int64_t w) noexcept { return set(this->dilation, this->dilation[1], w); }
  /// The same padding on all sides of the used axes.
  Self &pads(int64_t p) noexcept {
    const int64_t h = this->spatial_dims == 2 ? p : 0;
    return pads(h, p, h, p);
  }
  /// Padding of each side.
  Self &pads(int64_t top, int64_t left, int64_t bottom, int64_t right) noexcept {
    set(this->pad_begin, top, left);
    return set(this->pad_end, bottom, right);
  }
  /// 1-D: padding before and after.
  Self &pads(int64_t left, int64_t right) noexcept { return pads(0, left, 0, right); }

 private:
  Self &set(int64_t (&axis)[3], int64_t h, int64_t w) noexcept {
    axis[1] = h;
    axis[2] = w;
    return static_cast<Self &>(*this);
  }
};

/// Parameters of a convolution.
struct conv_params : window_params<conv_params, swconv_conv_params> {
  conv_params() noexcept {
    spatial_dims = 2;
    groups = in_channels = out_channels = 1;
    for (auto &k : filter_size) k = 1;
  }
  /// src [n][ic][h][w], filter [oc][ic/groups][kh][kw].
  static conv_params conv2d(int64_t n, int64_t ic, int64_t h, int64_t w, int64_t oc, int64_t kh,
                            int64_t kw) noexcept {
    conv_params p;
    p.batch = n;
    p.in_channels = ic;
    p.out_channels = oc;
    p.src_size[1] = h;
    p.src_size[2] = w;
    p.filter_size[1] = kh;
    p.filter_size[2] = kw;
    return p;
  }
  /// src [n][ic][w], filter [oc][ic/groups][kw].
  static conv_params conv1d(int64_t n, int64_t ic, int64_t w, int64_t oc, int64_t kw) noexcept {
    conv_params p = conv2d(n, ic, 1, w, oc, 1, kw);
    p.spatial_dims = 1;
    return p;
  }
  /// Divides both numbers of channels.
  conv_params &group_count(int64_t g) noexcept {
    groups = g;
    return *this;
  }
  /// The operations are copied when a plan is made, not before: keep them alive until then.
  template <uint32_t N>
  conv_params &epilogue_ops(const epilogue_op (&ops)[N]) noexcept {
    epilogue = ops;
    epilogue_count = N;
    return *this;
  }
};

/// Parameters of a pooling layer.
struct pool_params : window_params<pool_params, swconv_pool_params> {
  pool_params() noexcept {
    spatial_dims = 2;
    channels = 1;
    for (auto &k : window) k = 1;
  }
  /// src [n][c][h][w], window kh x kw, stride as the window.
  static pool_params pool2d(swconv_pool_kind kind, int64_t n, int64_t c, int64_t h, int64_t w,
                            int64_t kh, int64_t kw) noexcept {
    pool_params p;
    p.kind = kind;
    p.batch = n;
    p.channels = c;
    p.src_size[1] = h;
    p.src_size[2] = w;
    p.window[1] = p.stride[1] = kh;
    p.window[2] = p.stride[2] = kw;
    return p;
  }
  /// src [n][c][w].
  static pool_params pool1d(swconv_pool_kind kind, int64_t n, int64_t c, int64_t w,
                            int64_t kw) noexcept {
    pool_params p = pool2d(kind, n, c, 1, w, 1, kw);
    p.spatial_dims = 1;
    return p;
  }
};

SWCONV_END_NAMESPACE
