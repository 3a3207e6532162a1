// SPDX-License-Identifier: MIT
/// @file linked.hpp
/// C++ over the C ABI, for those who link: inline wrappers that own a handle, nothing else. The
/// instruction set is chosen at run time. Same names and parameters as swconv.hpp, in
/// swconv::linked; both may be used in one file.
///
///     swconv::linked::plan plan;
///     if (plan.make(params) != swconv::status::ok) ...
///     plan.run(args);
#pragma once

#include "swconv.h"
#include "types.hpp"

namespace swconv {
namespace linked {
// Versioned, but without the tag of the instruction set: a plan is the same type in files compiled
// with different flags. Every function is inlined always, so none of them can be merged.
inline namespace v0_1 {

/// A convolution or pooling layer made ready to run. Moves, does not copy; a const plan may be
/// shared between threads.
class plan {
 public:
  SWCONV_ALWAYS_INLINE plan() noexcept = default;
  SWCONV_ALWAYS_INLINE ~plan() { swconv_plan_destroy(handle_); }
  /// Takes the handle over; `other` is empty afterwards.
  SWCONV_ALWAYS_INLINE plan(plan &&other) noexcept : handle_(other.release()) {}
  /// Destroys its own handle and takes the other over.
  SWCONV_ALWAYS_INLINE plan &operator=(plan &&other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }

  /// Validate and choose. On failure the plan is empty.
  SWCONV_ALWAYS_INLINE status make(const swconv_conv_params &params,
                                   const swconv_plan_options *options = nullptr,
                                   swconv_error *error = nullptr,
                                   const swconv_allocator *allocator = nullptr) noexcept {
    swconv_plan *made = nullptr;
    const auto s = swconv_conv_plan_create(&params, options, allocator, &made, error);
    reset(made);
    return static_cast<status>(s);
  }
  /// As above, for pooling.
  SWCONV_ALWAYS_INLINE status make(const swconv_pool_params &params,
                                   const swconv_plan_options *options = nullptr,
                                   swconv_error *error = nullptr,
                                   const swconv_allocator *allocator = nullptr) noexcept {
    swconv_plan *made = nullptr;
    const auto s = swconv_pool_plan_create(&params, options, allocator, &made, error);
    reset(made);
    return static_cast<status>(s);
  }
  /// Whether the plan was made.
  SWCONV_ALWAYS_INLINE explicit operator bool() const noexcept { return handle_ != nullptr; }
  /// The handle of the C ABI; the plan keeps it.
  SWCONV_ALWAYS_INLINE const swconv_plan *get() const noexcept { return handle_; }

  /// What the plan decided.
  SWCONV_ALWAYS_INLINE plan_info info() const noexcept {
    plan_info i;
    swconv_plan_get_info(handle_, &i);
    return i;
  }
  /// As swconv_plan_describe.
  SWCONV_ALWAYS_INLINE size_t describe(char *text, size_t capacity) const noexcept {
    return swconv_plan_describe(handle_, text, capacity);
  }
  /// As swconv_conv_pack.
  SWCONV_ALWAYS_INLINE status pack(const float *filter, void *packed, size_t packed_bytes,
                                   swconv_error *error = nullptr) const noexcept {
    return static_cast<status>(swconv_conv_pack(handle_, filter, packed, packed_bytes, error));
  }
  /// As swconv_run.
  SWCONV_ALWAYS_INLINE status run(const swconv_run_args &args,
                                  swconv_error *error = nullptr) const noexcept {
    return static_cast<status>(swconv_run(handle_, &args, error));
  }

 private:
  SWCONV_ALWAYS_INLINE swconv_plan *release() noexcept {
    swconv_plan *handle = handle_;
    handle_ = nullptr;
    return handle;
  }
  SWCONV_ALWAYS_INLINE void reset(swconv_plan *handle) noexcept {
    swconv_plan_destroy(handle_);
    handle_ = handle;
  }

  swconv_plan *handle_ = nullptr;
};

/// All in one call: plan, pack, run, with malloc. As swconv_conv.
SWCONV_ALWAYS_INLINE status conv(const swconv_conv_params &params, const float *src,
                                 const float *filter, const float *bias, float *dst,
                                 const swconv_threads *threads = nullptr,
                                 swconv_error *error = nullptr) noexcept {
  return static_cast<status>(swconv_conv(&params, src, filter, bias, dst, threads, error));
}
/// As swconv_pool.
SWCONV_ALWAYS_INLINE status pool(const swconv_pool_params &params, const float *src, float *dst,
                                 const swconv_threads *threads = nullptr,
                                 swconv_error *error = nullptr) noexcept {
  return static_cast<status>(swconv_pool(&params, src, dst, threads, error));
}
/// As swconv_max_pool; T is float, uint8_t or int8_t, by params.dtype.
template <class T>
SWCONV_ALWAYS_INLINE status max_pool(const swconv_pool_params &params, const T *src, T *dst,
                                     int64_t *indices, uint32_t storage_order = 0,
                                     const swconv_threads *threads = nullptr,
                                     swconv_error *error = nullptr) noexcept {
  return static_cast<status>(
      swconv_max_pool(&params, src, dst, indices, storage_order, threads, error));
}
/// As swconv_adaptive_pool.
SWCONV_ALWAYS_INLINE status adaptive_pool(const swconv_pool_params &params, int64_t dst_h,
                                          int64_t dst_w, const float *src, float *dst,
                                          const swconv_threads *threads = nullptr,
                                          swconv_error *error = nullptr) noexcept {
  const int64_t size[2] = {dst_h, dst_w};
  return static_cast<status>(swconv_adaptive_pool(&params, size, src, dst, threads, error));
}

}  // namespace v0_1
}  // namespace linked
}  // namespace swconv
