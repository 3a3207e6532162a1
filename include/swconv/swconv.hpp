// SPDX-License-Identifier: MIT
/// @file swconv.hpp
/// The header-only library: sliding-window convolution and pooling for the instruction set this
/// file is compiled for. Needs C++17 and the headers of xsimd; no exceptions, no RTTI.
///
///     #include <swconv/swconv.hpp>
///     auto p = swconv::conv_params::conv2d(1, 3, 224, 224, 64, 7, 7).strides(2, 2).pads(3);
///     swconv::status s = swconv::conv(p, src, filter, bias, dst);
///
/// Contracts (shapes, layout, aliasing, errors, threads) are those of swconv.h.
#pragma once

#include "at_once.hpp"
#include "isa_table.hpp"
#include "threads.hpp"
#include "types.hpp"

SWCONV_BEGIN_NAMESPACE

/// A convolution or pooling layer made ready to run: a value, immutable once made, safe to share
/// between threads.
class plan {
 public:
  /// Validate and choose. On failure the plan is empty.
  status make(const swconv_conv_params &params, const swconv_plan_options *options = nullptr,
              swconv_error *error = nullptr) noexcept {
    const auto s = detail::native_table().make_conv(&params, options, &state_, error);
    made_ = s == SWCONV_OK;
    return static_cast<status>(s);
  }
  /// As above, for pooling.
  status make(const swconv_pool_params &params, const swconv_plan_options *options = nullptr,
              swconv_error *error = nullptr) noexcept {
    const auto s = detail::native_table().make_pool(&params, options, &state_, error);
    made_ = s == SWCONV_OK;
    return static_cast<status>(s);
  }
  /// Whether the plan was made.
  explicit operator bool() const noexcept { return made_; }

  /// What the plan decided.
  plan_info info() const noexcept {
    plan_info i;
    if (made_) detail::native_table().info(&state_, &i);
    return i;
  }
  /// As swconv_plan_describe.
  size_t describe(char *text, size_t capacity) const noexcept {
    if (made_) return detail::native_table().describe(&state_, text, capacity);
    if (capacity > 0) text[0] = '\0';
    return 0;
  }
  /// As swconv_conv_pack.
  status pack(const float *filter, void *packed, size_t packed_bytes,
              swconv_error *error = nullptr) const noexcept {
    if (!made_) return status::invalid_argument;
    return static_cast<status>(
        detail::native_table().pack(&state_, filter, packed, packed_bytes, error));
  }
  /// As swconv_run.
  status run(const swconv_run_args &args, swconv_error *error = nullptr) const noexcept {
    if (!made_) return status::invalid_argument;
    return static_cast<status>(detail::native_table().run(&state_, &args, error));
  }

 private:
  abi::plan_state state_{};
  bool made_ = false;
};

/// All in one call: plan, pack, run, with malloc. As swconv_conv.
inline status conv(const swconv_conv_params &params, const float *src, const float *filter,
                   const float *bias, float *dst, const swconv_threads *threads = nullptr,
                   swconv_error *error = nullptr) noexcept {
  return static_cast<status>(
      detail::conv_at_once(detail::native_table(), params, src, filter, bias, dst, threads, error));
}
/// As swconv_pool.
inline status pool(const swconv_pool_params &params, const float *src, float *dst,
                   const swconv_threads *threads = nullptr,
                   swconv_error *error = nullptr) noexcept {
  return static_cast<status>(
      detail::pool_at_once(detail::native_table(), params, src, dst, threads, error));
}
/// As swconv_max_pool: elements T are float, uint8_t or int8_t, by params.dtype.
template <class T>
status max_pool(const swconv_pool_params &params, const T *src, T *dst, int64_t *indices,
                uint32_t storage_order = 0, const swconv_threads *threads = nullptr,
                swconv_error *error = nullptr) noexcept {
  return static_cast<status>(
      detail::table_max_pool(&params, src, dst, indices, storage_order, threads, error));
}
/// As swconv_adaptive_pool.
inline status adaptive_pool(const swconv_pool_params &params, int64_t dst_h, int64_t dst_w,
                            const float *src, float *dst, const swconv_threads *threads = nullptr,
                            swconv_error *error = nullptr) noexcept {
  const int64_t size[2] = {dst_h, dst_w};
  return static_cast<status>(
      detail::table_adaptive_pool(&params, size, src, dst, threads, error));
}

SWCONV_END_NAMESPACE
