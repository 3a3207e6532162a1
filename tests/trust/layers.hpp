// SPDX-License-Identifier: MIT
/// @file layers.hpp
/// Layers ready to run through every kernel, for tests that watch the run and not its result.
#pragma once

#include <gtest/gtest.h>
#include <swconv/swconv.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace swconv_test {

/// Owns a plan.
class owned_plan {
 public:
  owned_plan() = default;
  owned_plan(const owned_plan &) = delete;
  owned_plan &operator=(const owned_plan &) = delete;
  ~owned_plan() { swconv_plan_destroy(plan_); }
  swconv_plan **out() { return &plan_; }
  swconv_plan *get() const { return plan_; }

 private:
  swconv_plan *plan_ = nullptr;
};

/// 64-byte aligned, touched.
class aligned_floats {
 public:
  aligned_floats() = default;
  aligned_floats(const aligned_floats &) = delete;
  aligned_floats &operator=(const aligned_floats &) = delete;
  ~aligned_floats() { std::free(data_); }
  float *take(size_t bytes) {
    std::free(data_);
    bytes = (bytes + 127) / 64 * 64;
    data_ = static_cast<float *>(std::aligned_alloc(64, bytes));
    for (size_t i = 0; i < bytes / 4; ++i) data_[i] = static_cast<float>(i * 7 % 13) - 6.25f;
    return data_;
  }
  float *data() { return data_; }

 private:
  float *data_ = nullptr;
};

/// A layer with plan, packed filter and buffers.
struct prepared_layer {
  owned_plan plan;
  swconv_plan_info info{};
  swconv_run_args args{};
  aligned_floats src, filter, packed, dst, workspace;
  size_t dst_count = 0;

  /// False if the kernel does not serve the layer. Dense tensors only.
  bool prepare(const swconv_conv_params &p, const char *isa, const char *kernel,
               uint32_t max_threads = 1) {
    if (!make(&swconv_conv_plan_create, p, isa, kernel, max_threads)) return false;
    fill(p.batch * p.in_channels, p.batch * p.out_channels, p.src_size);
    const int64_t taps = p.out_channels * p.in_channels / p.groups * p.filter_size[1] * p.filter_size[2];
    filter.take(size_t(taps) * 4);
    packed.take(info.packed_bytes);
    args.packed_filter = packed.data();
    args.packed_bytes = info.packed_bytes;
    return swconv_conv_pack(plan.get(), filter.data(), packed.data(), info.packed_bytes, nullptr) ==
           SWCONV_OK;
  }
  bool prepare(const swconv_pool_params &p, const char *isa, const char *kernel,
               uint32_t max_threads = 1) {
    if (!make(&swconv_pool_plan_create, p, isa, kernel, max_threads)) return false;
    fill(p.batch * p.channels, p.batch * p.channels, p.src_size);
    return true;
  }
  swconv_status run() { return swconv_run(plan.get(), &args, nullptr); }
  std::string name() const { return std::string(info.isa) + " " + info.kernel; }

 private:
  template <class Create, class Params>
  bool make(Create create, const Params &p, const char *isa, const char *kernel, uint32_t threads) {
    swconv_plan_options options;
    swconv_plan_options_init(&options);
    options.force_isa = isa;
    options.force_kernel = kernel != nullptr && kernel[0] != '\0' ? kernel : nullptr;
    options.max_threads = threads;
    if (create(&p, &options, nullptr, plan.out(), nullptr) != SWCONV_OK) return false;
    swconv_plan_info_init(&info);
    return swconv_plan_get_info(plan.get(), &info) == SWCONV_OK;
  }
  void fill(int64_t src_planes, int64_t dst_planes, const int64_t (&size)[3]) {
    swconv_run_args_init(&args);
    args.src = src.take(size_t(src_planes * size[1] * size[2]) * 4);
    dst_count = size_t(dst_planes * info.dst_size[1] * info.dst_size[2]);
    args.dst = dst.take(dst_count * 4);
    args.workspace = workspace.take(info.workspace_bytes);
    args.workspace_bytes = info.workspace_bytes;
  }
};

/// Some layers of each kind: every kernel serves at least one.
inline std::vector<swconv_conv_params> typical_convolutions() {
  std::vector<swconv_conv_params> all;
  const auto add = [&](int64_t g, int64_t ic, int64_t oc, int64_t h, int64_t w, int64_t kh,
                       int64_t kw, int64_t stride, int64_t dilation) {
    swconv_conv_params p;
    swconv_conv_params_init(&p);
    p.groups = g;
    p.in_channels = g * ic;
    p.out_channels = g * oc;
    p.src_size[1] = h;
    p.src_size[2] = w;
    p.filter_size[1] = kh;
    p.filter_size[2] = kw;
    p.stride[1] = h > 1 ? stride : 1;
    p.stride[2] = stride;
    p.dilation[2] = dilation;
    p.pad_begin[1] = p.pad_end[1] = kh / 2;
    p.pad_begin[2] = p.pad_end[2] = kw / 2;
    all.push_back(p);
  };
  for (const int64_t k : {1, 2, 3, 4, 5, 7, 9})
    for (const int64_t stride : {1, 2, 3}) {
      add(1, 3, 35, 9, 33, k, k, stride, 1);
      add(4, 1, 1, 11, 50, k, k, stride, 1);
      add(1, 1, 1, 1, 300, 1, k, stride, 1);
    }
  add(1, 2, 20, 9, 41, 3, 3, 1, 2);
  add(3, 1, 2, 9, 41, 3, 3, 1, 2);
  add(1, 1, 1, 1, 500, 1, 9, 1, 5);
  add(1, 1, 1, 1, 900, 1, 33, 1, 1);
  add(1, 1, 1, 1, 900, 1, 9, 1, 16);
  add(1, 16, 32, 14, 30, 3, 3, 1, 1);  // these three for fast kernels
  add(20, 1, 1, 31, 61, 13, 13, 1, 1);
  add(3, 1, 1, 70, 75, 15, 17, 1, 1);
  for (size_t i = all.size() - 3; i < all.size(); ++i) all[i].math = SWCONV_FAST;
  return all;
}

inline std::vector<swconv_pool_params> typical_pools() {
  std::vector<swconv_pool_params> all;
  for (const swconv_pool_kind kind : {SWCONV_POOL_MAX, SWCONV_POOL_AVG, SWCONV_POOL_MIN,
                                      SWCONV_POOL_L1, SWCONV_POOL_L2})
    for (const int64_t k : {2, 3, 9, 33})
      for (const int64_t stride : {1, 2, 3}) {
        swconv_pool_params p;
        swconv_pool_params_init(&p);
        p.kind = kind;
        p.channels = 2;
        p.src_size[1] = 40;
        p.src_size[2] = 100;
        p.window[1] = p.window[2] = k;
        p.stride[1] = p.stride[2] = stride;
        p.pad_begin[1] = p.pad_begin[2] = k / 2;
        all.push_back(p);
      }
  return all;
}

/// Calls `body` with a layer for every kernel of every instruction set; one that no layer serves is
/// a failure.
inline void each_kernel(const std::function<void(prepared_layer &)> &body, uint32_t max_threads = 1) {
  const char *isas[8] = {};
  const size_t isa_count = swconv_isas(isas, 8);
  const auto convolutions = typical_convolutions();
  const auto pools = typical_pools();
  for (size_t i = 0; i < isa_count; ++i) {
    std::vector<const char *> kernels(swconv_kernels(isas[i], nullptr, 0));
    swconv_kernels(isas[i], kernels.data(), kernels.size());
    for (const char *kernel : kernels) {
      const auto one_of = [&](const auto &layers) {
        for (const auto &p : layers) {
          prepared_layer layer;
          if (!layer.prepare(p, isas[i], kernel, max_threads) || layer.dst_count == 0) continue;
          body(layer);
          return true;
        }
        return false;
      };
      EXPECT_TRUE(one_of(convolutions) || one_of(pools)) << isas[i] << ' ' << kernel;
    }
  }
}

}  // namespace swconv_test
