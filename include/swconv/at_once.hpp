// SPDX-License-Identifier: MIT
/// @file at_once.hpp
/// Plan, pack, run and forget, with memory from malloc: the one-call functions of the header-only
/// library and of the C ABI.
#pragma once

#include <stdlib.h>

#include "failure.hpp"
#include "namespace.hpp"
#include "table.hpp"

SWCONV_BEGIN_NAMESPACE
namespace detail {

/// 64-byte aligned memory for the length of a scope; empty if zero bytes were asked for.
class scratch_memory {
 public:
  explicit scratch_memory(size_t bytes) noexcept
      : data_(bytes == 0 ? nullptr : aligned_alloc(64, (bytes + 63) / 64 * 64)), bytes_(bytes) {}
  ~scratch_memory() { free(data_); }
  scratch_memory(const scratch_memory &) = delete;
  scratch_memory &operator=(const scratch_memory &) = delete;

  void *data() const noexcept { return data_; }
  size_t bytes() const noexcept { return bytes_; }
  bool failed() const noexcept { return bytes_ != 0 && data_ == nullptr; }

 private:
  void *data_;
  size_t bytes_;
};

inline swconv_status report_no_memory(swconv_error *error, const char *field,
                                      size_t bytes) noexcept {
  return report_failure(error, SWCONV_OUT_OF_MEMORY, field, static_cast<int64_t>(bytes),
                        "so many bytes could not be allocated");
}

/// Options for a run with these threads; the kernel only by force.
inline swconv_plan_options options_for(const swconv_threads *threads,
                                       const char *force_kernel) noexcept {
  swconv_plan_options options = {};
  options.struct_size = sizeof options;
  options.max_threads = threads != nullptr ? threads->num_threads : 1;
  options.force_kernel = force_kernel;
  return options;
}

/// Whether a plan has nothing to compute; then no pointer is looked at.
inline bool writes_nothing(int64_t batch, const swconv_plan_info &info) noexcept {
  return batch == 0 || info.dst_size[0] == 0 || info.dst_size[1] == 0 || info.dst_size[2] == 0;
}

/// All structs are full-size here; the C ABI has seen to that.
inline swconv_status conv_at_once(const abi::isa_table &table, const swconv_conv_params &params,
                                  const float *src, const float *filter, const float *bias,
                                  float *dst, const swconv_threads *threads, swconv_error *error,
                                  const char *force_kernel = nullptr) noexcept {
  abi::plan_state plan;
  const swconv_plan_options options = options_for(threads, force_kernel);
  swconv_status status = table.make_conv(&params, &options, &plan, error);
  if (status != SWCONV_OK) return status;
  swconv_plan_info info = {};
  info.struct_size = sizeof info;
  table.info(&plan, &info);
  if (writes_nothing(params.batch, info)) return SWCONV_OK;

  // Packing pays here only where the kernel has no other way to read the filter.
  const scratch_memory packed(info.reads_raw_filter ? 0 : info.packed_bytes);
  const scratch_memory workspace(info.workspace_bytes);
  if (packed.failed()) return report_no_memory(error, "packed_bytes", packed.bytes());
  if (workspace.failed()) return report_no_memory(error, "workspace_bytes", workspace.bytes());
  if (packed.data() != nullptr) {
    status = table.pack(&plan, filter, packed.data(), packed.bytes(), error);
    if (status != SWCONV_OK) return status;
  }

  swconv_run_args args = {};
  args.struct_size = sizeof args;
  args.src = src;
  args.filter = filter;
  args.packed_filter = packed.data();
  args.packed_bytes = packed.bytes();
  args.bias = bias;
  args.dst = dst;
  args.workspace = workspace.data();
  args.workspace_bytes = workspace.bytes();
  args.threads = threads;
  return table.run(&plan, &args, error);
}

inline swconv_status pool_at_once(const abi::isa_table &table, const swconv_pool_params &params,
                                  const float *src, float *dst, const swconv_threads *threads,
                                  swconv_error *error,
                                  const char *force_kernel = nullptr) noexcept {
  if (params.dtype == SWCONV_U8 || params.dtype == SWCONV_I8)
    return table.max_pool(&params, src, dst, nullptr, 0, threads, error);
  abi::plan_state plan;
  const swconv_plan_options options = options_for(threads, force_kernel);
  const swconv_status status = table.make_pool(&params, &options, &plan, error);
  if (status != SWCONV_OK) return status;
  swconv_plan_info info = {};
  info.struct_size = sizeof info;
  table.info(&plan, &info);
  if (writes_nothing(params.batch, info)) return SWCONV_OK;

  const scratch_memory workspace(info.workspace_bytes);
  if (workspace.failed()) return report_no_memory(error, "workspace_bytes", workspace.bytes());
  swconv_run_args args = {};
  args.struct_size = sizeof args;
  args.src = src;
  args.dst = dst;
  args.workspace = workspace.data();
  args.workspace_bytes = workspace.bytes();
  args.threads = threads;
  return table.run(&plan, &args, error);
}

}  // namespace detail
SWCONV_END_NAMESPACE
