// SPDX-License-Identifier: MIT
/// @file helpers.hpp
/// A small valid layer to spoil, and what every failure must look like.
#pragma once

#include <gtest/gtest.h>
#include <swconv/swconv.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace swconv_test {

/// The error struct of a call, poisoned first so that an answer left out shows.
struct error_probe : swconv_error {
  error_probe() {
    std::memset(static_cast<swconv_error *>(this), 0x5a, sizeof(swconv_error));
    struct_size = sizeof(swconv_error);
  }
};

/// `call` must fail with `status`, name `field`, and say it and the value in the message.
inline void expect_failure(const std::function<swconv_status(swconv_error *)> &call,
                           swconv_status status, const std::string &field, int64_t value) {
  error_probe e;
  EXPECT_EQ(call(&e), status);
  EXPECT_EQ(e.status, status);
  EXPECT_EQ(e.struct_size, sizeof(swconv_error));
  EXPECT_EQ(std::string(e.field, strnlen(e.field, sizeof e.field)), field);
  EXPECT_EQ(e.value, value);
  const std::string message(e.message, strnlen(e.message, sizeof e.message));
  EXPECT_LT(message.size(), sizeof e.message) << "message is not terminated";
  EXPECT_NE(message.find(field), std::string::npos) << message;
  EXPECT_NE(message.find(std::to_string(value)), std::string::npos) << message;
  EXPECT_EQ(call(nullptr), status) << "without an error struct";
}

inline swconv_conv_params valid_conv() {
  swconv_conv_params p;
  swconv_conv_params_init(&p);
  p.batch = 2;
  p.in_channels = 4;
  p.out_channels = 6;
  p.groups = 2;
  p.src_size[1] = 7;
  p.src_size[2] = 9;
  p.filter_size[1] = 3;
  p.filter_size[2] = 3;
  return p;
}

inline swconv_pool_params valid_pool() {
  swconv_pool_params p;
  swconv_pool_params_init(&p);
  p.batch = 2;
  p.channels = 3;
  p.src_size[1] = 7;
  p.src_size[2] = 9;
  p.window[1] = 2;
  p.window[2] = 2;
  return p;
}

/// Owns a plan.
class plan_owner {
 public:
  plan_owner() = default;
  plan_owner(const plan_owner &) = delete;
  plan_owner &operator=(const plan_owner &) = delete;
  ~plan_owner() { swconv_plan_destroy(plan_); }
  swconv_plan **out() { return &plan_; }
  swconv_plan *get() const { return plan_; }
  swconv_plan_info info() const {
    swconv_plan_info i;
    swconv_plan_info_init(&i);
    EXPECT_EQ(swconv_plan_get_info(plan_, &i), SWCONV_OK);
    return i;
  }

 private:
  swconv_plan *plan_ = nullptr;
};

/// 64-byte aligned memory for packed filters and workspaces.
class aligned_bytes {
 public:
  explicit aligned_bytes(size_t size) : memory_(size + 64) {
    const auto address = reinterpret_cast<uintptr_t>(memory_.data());
    data_ = memory_.data() + (64 - address % 64) % 64;
  }
  unsigned char *data() { return data_; }

 private:
  std::vector<unsigned char> memory_;
  unsigned char *data_;
};

/// A convolution with everything a run needs; dst holds a pattern that a refused run must leave.
struct ready_conv {
  explicit ready_conv(const swconv_conv_params &p = valid_conv()) : params(p) {
    EXPECT_EQ(swconv_conv_plan_create(&params, nullptr, nullptr, plan.out(), nullptr), SWCONV_OK);
    info = plan.info();
    src.assign(size_t(p.batch * p.in_channels * p.src_size[1] * p.src_size[2]), 1.0f);
    filter.assign(
        size_t(p.out_channels * p.in_channels / p.groups * p.filter_size[1] * p.filter_size[2]),
        0.5f);
    dst.assign(size_t(p.batch * p.out_channels * info.dst_size[1] * info.dst_size[2]), untouched);
    EXPECT_EQ(swconv_conv_pack(plan.get(), filter.data(), packed.data(), info.packed_bytes, nullptr),
              SWCONV_OK);
    swconv_run_args_init(&args);
    args.src = src.data();
    args.packed_filter = packed.data();
    args.packed_bytes = info.packed_bytes;
    args.dst = dst.data();
    args.workspace = workspace.data();
    args.workspace_bytes = info.workspace_bytes;
  }

  bool dst_is_untouched() const {
    for (const float value : dst)
      if (value != untouched) return false;
    return true;
  }
  swconv_status run(swconv_error *error = nullptr) const {
    return swconv_run(plan.get(), &args, error);
  }

  static constexpr float untouched = -12345.0f;
  swconv_conv_params params;
  plan_owner plan;
  swconv_plan_info info{};
  std::vector<float> src, filter, dst;
  aligned_bytes packed{1 << 20}, workspace{1 << 20};
  swconv_run_args args;
};

}  // namespace swconv_test
