// SPDX-License-Identifier: MIT
// The C ABI, part two: plans and runs. Each function makes its structs full-size, finds the table
// and hands over.
#include <new>
#include <swconv/at_once.hpp>

#include "choice.hpp"
#include "structs.hpp"

struct swconv_plan {
  const swconv::abi::isa_table *table;
  swconv_allocator allocator;  // the one it came from
  swconv::abi::plan_state state;
};

namespace swconv {
namespace dispatch {
namespace {

constexpr size_t plan_alignment = 64;

swconv_status make(const abi::isa_table &table, const full_conv_params &full,
                   const swconv_plan_options &options, abi::plan_state *state,
                   swconv_error *error) noexcept {
  return table.make_conv(&full.params, &options, state, error);
}
swconv_status make(const abi::isa_table &table, const swconv_pool_params &params,
                   const swconv_plan_options &options, abi::plan_state *state,
                   swconv_error *error) noexcept {
  return table.make_pool(&params, &options, state, error);
}

template <class Full, class Params>
swconv_status create(const Params *given_params, const swconv_plan_options *given_options,
                     const swconv_allocator *given_allocator, swconv_plan **plan,
                     swconv_error *given_error) noexcept {
  error_target error(given_error);
  if (plan == nullptr) return detail::report_null(error, "plan");
  *plan = nullptr;

  Full params;
  swconv_plan_options options;
  swconv_allocator allocator;
  choice chosen;
  swconv_status status = read(given_params, &params, error);
  if (status == SWCONV_OK) status = read(given_options, &options, error);
  if (status == SWCONV_OK) status = read(given_allocator, &allocator, error);
  if (status == SWCONV_OK) status = choose(&options, &chosen, error);
  if (status != SWCONV_OK) return status;
  options.force_isa = chosen.table->name;
  options.force_kernel = chosen.force_kernel;

  void *memory = allocator.allocate(allocator.ctx, sizeof(swconv_plan), plan_alignment);
  if (memory == nullptr) return detail::report_no_memory(error, "allocator", sizeof(swconv_plan));
  auto *made = new (memory) swconv_plan;
  made->table = chosen.table;
  made->allocator = allocator;
  status = make(*chosen.table, params, options, &made->state, error);
  if (status == SWCONV_OK)
    *plan = made;
  else
    swconv_plan_destroy(made);
  return status;
}

/// The table of a one-call function, and the threads made full-size.
struct call_setup {
  choice chosen;
  swconv_threads threads;
  const swconv_threads *threads_or_null = nullptr;

  swconv_status prepare(const swconv_threads *given, swconv_error *error) noexcept {
    const swconv_status status = read(given, &threads, error);
    if (given != nullptr) threads_or_null = &threads;
    return status == SWCONV_OK ? choose(nullptr, &chosen, error) : status;
  }
  template <class Params, class Full>
  swconv_status prepare(const Params *params, Full *full, const swconv_threads *given,
                        swconv_error *error) noexcept {
    const swconv_status status = read(params, full, error);
    return status == SWCONV_OK ? prepare(given, error) : status;
  }
};

}  // namespace
}  // namespace dispatch
}  // namespace swconv

using namespace swconv::dispatch;
using swconv::abi::isa_table;

extern "C" {

size_t swconv_isas(const char **names, size_t capacity) {
  size_t count = 0;
  for (; const isa_table *table = usable_table(count); ++count)
    if (names != nullptr && count < capacity) names[count] = table->name;
  return count;
}

size_t swconv_kernels(const char *isa, const char **names, size_t capacity) {
  const isa_table *table = find_table(isa);
  if (table == nullptr) return 0;
  for (size_t i = 0; names != nullptr && i < capacity && i < table->kernel_count; ++i)
    names[i] = table->kernel_names[i];
  return table->kernel_count;
}

swconv_status swconv_conv_plan_create(const swconv_conv_params *params,
                                      const swconv_plan_options *options,
                                      const swconv_allocator *allocator, swconv_plan **plan,
                                      swconv_error *error) {
  return create<full_conv_params>(params, options, allocator, plan, error);
}

swconv_status swconv_pool_plan_create(const swconv_pool_params *params,
                                      const swconv_plan_options *options,
                                      const swconv_allocator *allocator, swconv_plan **plan,
                                      swconv_error *error) {
  return create<swconv_pool_params>(params, options, allocator, plan, error);
}

void swconv_plan_destroy(swconv_plan *plan) {
  if (plan == nullptr) return;
  const swconv_allocator allocator = plan->allocator;
  allocator.deallocate(allocator.ctx, plan, sizeof(swconv_plan));
}

swconv_status swconv_plan_get_info(const swconv_plan *plan, swconv_plan_info *info) {
  if (plan == nullptr || info == nullptr ||
      !plausible_size(info->struct_size, alignof(swconv_plan_info)))
    return SWCONV_INVALID_ARGUMENT;
  swconv_plan_info full;
  set_defaults(&full);
  plan->table->info(&plan->state, &full);
  write_back(full, info);
  return SWCONV_OK;
}

size_t swconv_plan_describe(const swconv_plan *plan, char *text, size_t capacity) {
  if (text == nullptr) capacity = 0;
  if (plan != nullptr) return plan->table->describe(&plan->state, text, capacity);
  if (capacity > 0) text[0] = '\0';
  return 0;
}

swconv_status swconv_conv_pack(const swconv_plan *plan, const void *filter, void *packed,
                               size_t packed_bytes, swconv_error *given_error) {
  error_target error(given_error);
  if (plan == nullptr) return swconv::detail::report_null(error, "plan");
  return plan->table->pack(&plan->state, filter, packed, packed_bytes, error);
}

swconv_status swconv_run(const swconv_plan *plan, const swconv_run_args *args,
                         swconv_error *given_error) {
  error_target error(given_error);
  if (plan == nullptr) return swconv::detail::report_null(error, "plan");
  full_run_args full;
  const swconv_status status = read(args, &full, error);
  return status == SWCONV_OK ? plan->table->run(&plan->state, &full.args, error) : status;
}

swconv_status swconv_conv(const swconv_conv_params *params, const void *src, const void *filter,
                          const void *bias, void *dst, const swconv_threads *threads,
                          swconv_error *given_error) {
  error_target error(given_error);
  full_conv_params full;
  call_setup setup;
  const swconv_status status = setup.prepare(params, &full, threads, error);
  if (status != SWCONV_OK) return status;
  return swconv::detail::conv_at_once(
      *setup.chosen.table, full.params, static_cast<const float *>(src),
      static_cast<const float *>(filter), static_cast<const float *>(bias),
      static_cast<float *>(dst), setup.threads_or_null, error, setup.chosen.force_kernel);
}

swconv_status swconv_pool(const swconv_pool_params *params, const void *src, void *dst,
                          const swconv_threads *threads, swconv_error *given_error) {
  error_target error(given_error);
  swconv_pool_params full;
  call_setup setup;
  const swconv_status status = setup.prepare(params, &full, threads, error);
  if (status != SWCONV_OK) return status;
  return swconv::detail::pool_at_once(*setup.chosen.table, full, static_cast<const float *>(src),
                                      static_cast<float *>(dst), setup.threads_or_null, error,
                                      setup.chosen.force_kernel);
}

swconv_status swconv_max_pool(const swconv_pool_params *params, const void *src, void *dst,
                              int64_t *indices, uint32_t storage_order,
                              const swconv_threads *threads, swconv_error *given_error) {
  error_target error(given_error);
  swconv_pool_params full;
  call_setup setup;
  const swconv_status status = setup.prepare(params, &full, threads, error);
  if (status != SWCONV_OK) return status;
  if (indices == nullptr) return swconv::detail::report_null(error, "indices");
  return setup.chosen.table->max_pool(&full, src, dst, indices, storage_order,
                                      setup.threads_or_null, error);
}

swconv_status swconv_adaptive_pool(const swconv_pool_params *params, const int64_t dst_size[2],
                                   const void *src, void *dst, const swconv_threads *threads,
                                   swconv_error *given_error) {
  error_target error(given_error);
  swconv_pool_params full;
  call_setup setup;
  const swconv_status status = setup.prepare(params, &full, threads, error);
  if (status != SWCONV_OK) return status;
  if (dst_size == nullptr) return swconv::detail::report_null(error, "dst_size");
  return setup.chosen.table->adaptive_pool(&full, dst_size, src, dst, setup.threads_or_null, error);
}

}  // extern "C"
