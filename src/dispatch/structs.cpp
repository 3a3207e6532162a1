// SPDX-License-Identifier: MIT
#include "structs.hpp"

#include <stdio.h>
#include <stdlib.h>

namespace swconv {
namespace dispatch {
namespace {

template <class T>
void clear(T *value) noexcept {
  memset(value, 0, sizeof *value);
  value->struct_size = sizeof *value;
}

template <class Params>
void set_unit_axes(Params *params) noexcept {
  params->spatial_dims = 2;
  params->batch = 1;
  for (int axis = 0; axis < 3; ++axis)
    params->src_size[axis] = params->stride[axis] = params->dilation[axis] = 1;
}

void *default_allocate(void *, size_t bytes, size_t alignment) {
  return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}
void default_deallocate(void *, void *memory, size_t) { free(memory); }

void serial_for(void *, int64_t n, swconv_task_fn fn, void *arg) {
  for (int64_t i = 0; i < n; ++i) fn(arg, i, 0);
}

// What the structs are called in messages.
constexpr const char *name_of(const swconv_conv_params *) noexcept { return "conv_params"; }
constexpr const char *name_of(const swconv_pool_params *) noexcept { return "pool_params"; }
constexpr const char *name_of(const swconv_epilogue_op *) noexcept { return "epilogue_op"; }
constexpr const char *name_of(const swconv_plan_options *) noexcept { return "plan_options"; }
constexpr const char *name_of(const swconv_allocator *) noexcept { return "allocator"; }
constexpr const char *name_of(const swconv_threads *) noexcept { return "threads"; }
constexpr const char *name_of(const swconv_run_args *) noexcept { return "run_args"; }
constexpr const char *name_of(const swconv_sliding_params *) noexcept { return "sliding_params"; }

template <class T>
swconv_status report(swconv_error *error, const T *given, const char *member, int64_t value,
                     const char *sentence) noexcept {
  char field[32];
  snprintf(field, sizeof field, "%s.%s", name_of(given), member);
  return detail::report_failure(error, SWCONV_INVALID_ARGUMENT, field, value, sentence);
}

constexpr const char *must_be_zero = "reserved fields must be zero";

template <class T>
swconv_status check_reserved0(const T &full, swconv_error *error) noexcept {
  if (full.reserved0 == 0) return SWCONV_OK;
  return report(error, &full, "reserved0", full.reserved0, must_be_zero);
}

template <class T>
swconv_status check_reserved(const T &full, swconv_error *error) noexcept {
  for (const auto value : full.reserved)
    if (value != 0)
      return report(error, &full, "reserved", static_cast<int64_t>(value), must_be_zero);
  return SWCONV_OK;
}

/// The part that all structs share: sizes, defaults for what an old caller does not know, zeros
/// in what a new caller knows and we do not.
template <class T>
swconv_status read_sized(const T *given, T *full, swconv_error *error) noexcept {
  set_defaults(full);
  if (given == nullptr) return detail::report_null(error, name_of(given));
  const uint32_t size = given->struct_size;
  if (!plausible_size(size, alignof(T)))
    return report(error, given, "struct_size", size,
                  "no version of this struct has that size; call its init");
  const auto *bytes = reinterpret_cast<const unsigned char *>(given);
  for (size_t i = sizeof(T); i < size; ++i)
    if (bytes[i] != 0)
      return report(error, given, "struct_size", size,
                    "a field that this version does not know is not zero");
  memcpy(full, given, size < sizeof(T) ? size : sizeof(T));
  full->struct_size = sizeof(T);
  return SWCONV_OK;
}

swconv_status read_epilogue(full_conv_params *full, swconv_error *error) noexcept {
  const uint32_t count = full->params.epilogue_count;
  const auto *given = reinterpret_cast<const unsigned char *>(full->params.epilogue);
  full->params.epilogue = count == 0 ? nullptr : full->ops;
  if (count == 0) return SWCONV_OK;
  if (count > max_epilogue_ops)
    return detail::report_failure(error, SWCONV_INVALID_ARGUMENT, "epilogue_count", count,
                                  "more operations than an epilogue can have");
  if (given == nullptr) return detail::report_null(error, "epilogue");
  // All elements have the size of the first, so that an array of an older caller can be walked.
  const uint32_t stride = reinterpret_cast<const swconv_epilogue_op *>(given)->struct_size;
  for (uint32_t i = 0; i < count; ++i, given += stride) {
    const auto *op = reinterpret_cast<const swconv_epilogue_op *>(given);
    if (op->struct_size != stride)
      return report(error, op, "struct_size", op->struct_size,
                    "differs from that of the first element");
    swconv_status status = read_sized(op, &full->ops[i], error);
    if (status == SWCONV_OK) status = check_reserved(full->ops[i], error);
    if (status != SWCONV_OK) return status;
  }
  return SWCONV_OK;
}

}  // namespace

void set_defaults(swconv_conv_params *params) noexcept {
  clear(params);
  set_unit_axes(params);
  params->groups = params->in_channels = params->out_channels = 1;
  for (auto &extent : params->filter_size) extent = 1;
}

void set_defaults(swconv_pool_params *params) noexcept {
  clear(params);
  set_unit_axes(params);
  params->channels = 1;
  for (auto &extent : params->window) extent = 1;
}

void set_defaults(swconv_sliding_params *params) noexcept {
  clear(params);
  for (int i = 0; i < 2; ++i) params->size[i] = params->window[i] = 1;
}

void set_defaults(swconv_epilogue_op *op) noexcept { clear(op); }
void set_defaults(swconv_plan_options *options) noexcept { clear(options); }
void set_defaults(swconv_error *error) noexcept { clear(error); }
void set_defaults(swconv_run_args *args) noexcept { clear(args); }
void set_defaults(swconv_plan_info *info) noexcept { clear(info); }

void set_defaults(swconv_allocator *allocator) noexcept {
  clear(allocator);
  allocator->allocate = default_allocate;
  allocator->deallocate = default_deallocate;
}

void set_defaults(swconv_threads *threads) noexcept {
  clear(threads);
  threads->num_threads = 1;
  threads->parallel_for = serial_for;
}

swconv_status read(const swconv_conv_params *given, full_conv_params *full,
                   swconv_error *error) noexcept {
  swconv_status status = read_sized(given, &full->params, error);
  if (status == SWCONV_OK) status = check_reserved0(full->params, error);
  if (status == SWCONV_OK) status = check_reserved(full->params, error);
  if (status == SWCONV_OK) status = read_epilogue(full, error);
  return status;
}

swconv_status read(const swconv_pool_params *given, swconv_pool_params *full,
                   swconv_error *error) noexcept {
  swconv_status status = read_sized(given, full, error);
  if (status == SWCONV_OK) status = check_reserved0(*full, error);
  if (status == SWCONV_OK) status = check_reserved(*full, error);
  return status;
}

swconv_status read(const swconv_sliding_params *given, swconv_sliding_params *full,
                   swconv_error *error) noexcept {
  const swconv_status status = read_sized(given, full, error);
  return status == SWCONV_OK ? check_reserved(*full, error) : status;
}

swconv_status read(const swconv_run_args *given, full_run_args *full,
                   swconv_error *error) noexcept {
  swconv_status status = read_sized(given, &full->args, error);
  if (status == SWCONV_OK) status = check_reserved0(full->args, error);
  if (status != SWCONV_OK || full->args.threads == nullptr) return status;
  status = read(full->args.threads, &full->threads, error);
  full->args.threads = &full->threads;
  return status;
}

swconv_status read(const swconv_plan_options *given, swconv_plan_options *full,
                   swconv_error *error) noexcept {
  set_defaults(full);
  if (given == nullptr) return SWCONV_OK;
  const swconv_status status = read_sized(given, full, error);
  return status == SWCONV_OK ? check_reserved(*full, error) : status;
}

swconv_status read(const swconv_allocator *given, swconv_allocator *full,
                   swconv_error *error) noexcept {
  set_defaults(full);
  if (given == nullptr) return SWCONV_OK;
  const swconv_status status = read_sized(given, full, error);
  if (status != SWCONV_OK) return status;
  if (full->allocate == nullptr) return detail::report_null(error, "allocator.allocate");
  if (full->deallocate == nullptr) return detail::report_null(error, "allocator.deallocate");
  return check_reserved0(*full, error);
}

swconv_status read(const swconv_threads *given, swconv_threads *full,
                   swconv_error *error) noexcept {
  set_defaults(full);
  if (given == nullptr) return SWCONV_OK;
  const swconv_status status = read_sized(given, full, error);
  if (status != SWCONV_OK) return status;
  if (full->num_threads == 0)
    return report(error, given, "num_threads", 0, "must be at least 1");
  if (full->parallel_for == nullptr) return detail::report_null(error, "threads.parallel_for");
  return SWCONV_OK;
}

}  // namespace dispatch
}  // namespace swconv
