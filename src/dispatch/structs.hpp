// SPDX-License-Identifier: MIT
/// @file structs.hpp
/// The sized structs of the C ABI, read from callers older or newer than this library. What
/// passes here is full-size, its reserved fields are zero and its pointers to structs are ours;
/// whether the values make sense is for the tables to say.
#pragma once

#include <string.h>
#include <swconv/failure.hpp>
#include <swconv/swconv.h>

namespace swconv {
namespace dispatch {

void set_defaults(swconv_conv_params *) noexcept;
void set_defaults(swconv_pool_params *) noexcept;
void set_defaults(swconv_epilogue_op *) noexcept;
void set_defaults(swconv_plan_options *) noexcept;
void set_defaults(swconv_error *) noexcept;
void set_defaults(swconv_allocator *) noexcept;
void set_defaults(swconv_threads *) noexcept;
void set_defaults(swconv_run_args *) noexcept;
void set_defaults(swconv_plan_info *) noexcept;
void set_defaults(swconv_sliding_params *) noexcept;

/// Epilogue operations that a plan accepts: more than there are kinds, few enough for the stack.
constexpr uint32_t max_epilogue_ops = 8;

/// A convolution with its epilogue. Refers to itself: not to be copied.
struct full_conv_params {
  swconv_conv_params params;
  swconv_epilogue_op ops[max_epilogue_ops];

  full_conv_params() noexcept : params{}, ops{} {}
  full_conv_params(const full_conv_params &) = delete;
  full_conv_params &operator=(const full_conv_params &) = delete;
};

/// Run arguments with their threads. Refers to itself: not to be copied.
struct full_run_args {
  swconv_run_args args;
  swconv_threads threads;

  full_run_args() noexcept : args{}, threads{} {}
  full_run_args(const full_run_args &) = delete;
  full_run_args &operator=(const full_run_args &) = delete;
};

swconv_status read(const swconv_conv_params *given, full_conv_params *full,
                   swconv_error *error) noexcept;
swconv_status read(const swconv_pool_params *given, swconv_pool_params *full,
                   swconv_error *error) noexcept;
swconv_status read(const swconv_run_args *given, full_run_args *full,
                   swconv_error *error) noexcept;
swconv_status read(const swconv_sliding_params *given, swconv_sliding_params *full,
                   swconv_error *error) noexcept;
// These three may be NULL, which means the defaults.
swconv_status read(const swconv_plan_options *given, swconv_plan_options *full,
                   swconv_error *error) noexcept;
swconv_status read(const swconv_allocator *given, swconv_allocator *full,
                   swconv_error *error) noexcept;
swconv_status read(const swconv_threads *given, swconv_threads *full,
                   swconv_error *error) noexcept;

/// Whether a struct can be that large: whole fields, and no garbage for a size.
constexpr bool plausible_size(uint32_t struct_size, size_t alignment) noexcept {
  constexpr uint32_t largest_imaginable = 4096;
  return struct_size >= alignment && struct_size % alignment == 0 &&
         struct_size <= largest_imaginable;
}

/// Writes as much of a result as the caller's struct has room for; its struct_size stays.
template <class T>
void write_back(const T &full, T *given) noexcept {
  const size_t room = given->struct_size < sizeof(T) ? given->struct_size : sizeof(T);
  constexpr size_t head = sizeof given->struct_size;
  if (room > head)
    memcpy(reinterpret_cast<char *>(given) + head, reinterpret_cast<const char *>(&full) + head,
           room - head);
}

/// The caller's error struct, or a full-size stand-in for a smaller one of an older caller.
class error_target {
 public:
  explicit error_target(swconv_error *given) noexcept
      : given_(given), is_small_(given != nullptr && given->struct_size < sizeof(swconv_error)) {
    if (is_small_) set_defaults(&stand_in_);
  }
  ~error_target() {
    if (is_small_ && stand_in_.status != SWCONV_OK) write_back(stand_in_, given_);
  }
  error_target(const error_target &) = delete;
  error_target &operator=(const error_target &) = delete;

  operator swconv_error *() noexcept { return is_small_ ? &stand_in_ : given_; }

 private:
  swconv_error *given_;
  bool is_small_;
  swconv_error stand_in_;  // not set for a caller's own: every call would pay for it
};

}  // namespace dispatch
}  // namespace swconv
