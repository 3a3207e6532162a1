// SPDX-License-Identifier: MIT
// The C ABI, part one: versions, defaults and shapes. Nothing here needs an instruction set.
#include <stdio.h>
#include <swconv/shape.hpp>

#include "structs.hpp"

namespace swconv {
namespace dispatch {
namespace {

/// The fields of a convolution or pooling struct that make its shape.
struct window_shape {
  const int64_t *size, *window, *stride, *dilation;
  int64_t *pad_begin, *pad_end;
  const char *window_name;
  bool ceil_mode;
};

window_shape shape_of(swconv_conv_params &p) noexcept {
  return {p.src_size,  p.filter_size, p.stride,      p.dilation,
          p.pad_begin, p.pad_end,     "filter_size", false};
}
window_shape shape_of(swconv_pool_params &p) noexcept {
  return {p.src_size,  p.window,  p.stride, p.dilation,
          p.pad_begin, p.pad_end, "window", p.ceil_mode != 0};
}

swconv_status check(const char *name, const int64_t *values, int axis, int64_t least,
                    swconv_error *error) noexcept {
  if (values[axis] >= least) return SWCONV_OK;
  char field[32];
  snprintf(field, sizeof field, "%.20s[%d]", name, axis);
  return detail::report_failure(error, SWCONV_INVALID_ARGUMENT, field, values[axis],
                                least == 0 ? "must not be negative" : "must be at least 1");
}

swconv_status check_axis(const window_shape &s, int axis, swconv_error *error) noexcept {
  swconv_status status = check("src_size", s.size, axis, 1, error);
  if (status == SWCONV_OK) status = check(s.window_name, s.window, axis, 1, error);
  if (status == SWCONV_OK) status = check("stride", s.stride, axis, 1, error);
  if (status == SWCONV_OK) status = check("dilation", s.dilation, axis, 1, error);
  return status;
}

swconv_status report_too_large(const window_shape &s, int axis, swconv_error *error) noexcept {
  return detail::report_failure(error, SWCONV_SIZE_OVERFLOW, s.window_name, s.window[axis],
                                "the padded or dilated extent does not fit in 63 bits");
}

swconv_status dst_size(const window_shape &s, int64_t (&result)[3], swconv_error *error) noexcept {
  for (int axis = 0; axis < 3; ++axis) {
    swconv_status status = check_axis(s, axis, error);
    if (status == SWCONV_OK) status = check("pad_begin", s.pad_begin, axis, 0, error);
    if (status == SWCONV_OK) status = check("pad_end", s.pad_end, axis, 0, error);
    if (status != SWCONV_OK) return status;
    result[axis] =
        detail::pool_extent(s.size[axis], s.window[axis], s.stride[axis], s.dilation[axis],
                            s.pad_begin[axis], s.pad_end[axis], s.ceil_mode);
    if (result[axis] == detail::overflowed_extent) return report_too_large(s, axis, error);
  }
  return SWCONV_OK;
}

swconv_status set_same_pads(const window_shape &s, bool upper, swconv_error *error) noexcept {
  for (int axis = 0; axis < 3; ++axis) {
    const swconv_status status = check_axis(s, axis, error);
    if (status != SWCONV_OK) return status;
    if (!detail::same_pads(s.size[axis], s.window[axis], s.stride[axis], s.dilation[axis], upper,
                           s.pad_begin[axis], s.pad_end[axis]))
      return report_too_large(s, axis, error);
  }
  return SWCONV_OK;
}

swconv_conv_params &params_of(full_conv_params &full) noexcept { return full.params; }
swconv_pool_params &params_of(swconv_pool_params &full) noexcept { return full; }

template <class Full, class Params>
swconv_status dst_size_of(const Params *params, int64_t *result, swconv_error *given) noexcept {
  error_target error(given);
  Full full;
  const swconv_status status = read(params, &full, error);
  if (status != SWCONV_OK) return status;
  if (result == nullptr) return detail::report_null(error, "dst_size");
  int64_t extents[3];
  const swconv_status sized = dst_size(shape_of(params_of(full)), extents, error);
  if (sized == SWCONV_OK) memcpy(result, extents, sizeof extents);
  return sized;
}

template <class Full, class Params>
swconv_status pad_same(Params *params, bool upper, swconv_error *given) noexcept {
  error_target error(given);
  Full full;
  swconv_status status = read(params, &full, error);
  if (status != SWCONV_OK) return status;
  // A struct too small to hold its own padding has nowhere to put the answer.
  if (params->struct_size < offsetof(Params, pad_end) + sizeof params->pad_end)
    return detail::report_failure(error, SWCONV_INVALID_ARGUMENT, "struct_size",
                                  params->struct_size, "ends before pad_end");
  Params &p = params_of(full);
  status = set_same_pads(shape_of(p), upper, error);
  if (status != SWCONV_OK) return status;
  memcpy(params->pad_begin, p.pad_begin, sizeof p.pad_begin);
  memcpy(params->pad_end, p.pad_end, sizeof p.pad_end);
  return SWCONV_OK;
}

template <class T>
void init(T *value) noexcept {
  if (value != nullptr) set_defaults(value);
}

}  // namespace
}  // namespace dispatch
}  // namespace swconv

using namespace swconv::dispatch;

extern "C" {

uint32_t swconv_version(void) {
  return SWCONV_VERSION_MAJOR * 1000000u + SWCONV_VERSION_MINOR * 1000u + SWCONV_VERSION_PATCH;
}

uint32_t swconv_abi_version(void) { return SWCONV_ABI_VERSION; }

const char *swconv_status_name(swconv_status status) {
  static constexpr const char *names[] = {
      "ok",           "invalid_argument", "unsupported",         "size_overflow",
      "out_of_memory", "packing_mismatch", "workspace_too_small", "overlap"};
  return status < sizeof names / sizeof names[0] ? names[status] : "unknown_status";
}

void swconv_conv_params_init(swconv_conv_params *params) { init(params); }
void swconv_pool_params_init(swconv_pool_params *params) { init(params); }
void swconv_epilogue_op_init(swconv_epilogue_op *op) { init(op); }
void swconv_plan_options_init(swconv_plan_options *options) { init(options); }
void swconv_error_init(swconv_error *error) { init(error); }
void swconv_allocator_init(swconv_allocator *allocator) { init(allocator); }
void swconv_threads_init(swconv_threads *threads) { init(threads); }
void swconv_run_args_init(swconv_run_args *args) { init(args); }
void swconv_plan_info_init(swconv_plan_info *info) { init(info); }
void swconv_sliding_params_init(swconv_sliding_params *params) { init(params); }

swconv_status swconv_conv_pad_same_upper(swconv_conv_params *params, swconv_error *error) {
  return pad_same<full_conv_params>(params, true, error);
}
swconv_status swconv_conv_pad_same_lower(swconv_conv_params *params, swconv_error *error) {
  return pad_same<full_conv_params>(params, false, error);
}
swconv_status swconv_pool_pad_same_upper(swconv_pool_params *params, swconv_error *error) {
  return pad_same<swconv_pool_params>(params, true, error);
}
swconv_status swconv_pool_pad_same_lower(swconv_pool_params *params, swconv_error *error) {
  return pad_same<swconv_pool_params>(params, false, error);
}

swconv_status swconv_conv_dst_size(const swconv_conv_params *params, int64_t dst_size[3],
                                   swconv_error *error) {
  return dst_size_of<full_conv_params>(params, dst_size, error);
}
swconv_status swconv_pool_dst_size(const swconv_pool_params *params, int64_t dst_size[3],
                                   swconv_error *error) {
  return dst_size_of<swconv_pool_params>(params, dst_size, error);
}

}  // extern "C"
