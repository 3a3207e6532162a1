// SPDX-License-Identifier: MIT
/// @file isa_table.hpp
/// The kernels of this object's instruction set behind the functions of table.hpp.
#pragma once

#include "execute.hpp"
#include "pool_calls.hpp"
#include "sliding_table.hpp"
#include "table.hpp"

SWCONV_BEGIN_NAMESPACE
namespace detail {

inline plan_data &data_of(abi::plan_state *s) { return *reinterpret_cast<plan_data *>(s->bytes); }
inline const plan_data &data_of(const abi::plan_state *s) {
  return *reinterpret_cast<const plan_data *>(s->bytes);
}

inline swconv_status table_make_conv(const swconv_conv_params *p, const swconv_plan_options *o,
                                     abi::plan_state *s, swconv_error *e) {
  return plan_conv(*p, o, data_of(s), e);
}
inline swconv_status table_make_pool(const swconv_pool_params *p, const swconv_plan_options *o,
                                     abi::plan_state *s, swconv_error *e) {
  return plan_pool(*p, o, data_of(s), e);
}
inline void table_info(const abi::plan_state *s, swconv_plan_info *info) {
  const plan_data &d = data_of(s);
  info->reads_raw_filter = d.reads_raw_filter;
  info->isa = simd::isa::name;
  info->kernel = kernels::list[d.kernel].name;
  info->dst_size[0] = 1;
  info->dst_size[1] = d.dst_h;
  info->dst_size[2] = d.dst_w;
  info->packing_id = d.packing_id;
  info->packed_bytes = static_cast<size_t>(d.packed_bytes);
  info->workspace_bytes = static_cast<size_t>(d.workspace * d.workers);
  info->tasks = task_count(d);
  info->estimated_flops = estimated_flops(d);
}
inline size_t table_describe(const abi::plan_state *s, char *text, size_t capacity) {
  return describe_plan(data_of(s), text, capacity);
}
inline swconv_status table_pack(const abi::plan_state *s, const void *filter, void *packed,
                                size_t packed_bytes, swconv_error *e) {
  const plan_data &d = data_of(s);
  if (d.is_pool)
    return report_failure(e, SWCONV_INVALID_ARGUMENT, "plan", 0, "a pooling plan has no filter");
  if (filter == nullptr) return report_null(e, "filter");
  if (packed == nullptr) return report_null(e, "packed");
  if (reinterpret_cast<uintptr_t>(packed) % 64 != 0)
    return report_failure(e, SWCONV_INVALID_ARGUMENT, "packed", 0, "must be 64-byte aligned");
  if (packed_bytes < static_cast<size_t>(d.packed_bytes))
    return report_failure(e, SWCONV_INVALID_ARGUMENT, "packed_bytes",
                          static_cast<int64_t>(packed_bytes),
                          "smaller than packed_bytes of the plan info");
  if (winograd::listed && d.tiled)
    pack_transformed(d.p, d.filter, simd::isa::full::size, static_cast<const float *>(filter),
                     begin_packed(d.packed_bytes, d.packing_id, packed));
  else
    pack_filter(d.p, d.filter, simd::isa::full::size, d.packed_bytes, d.packing_id,
                static_cast<const float *>(filter), packed);
  return SWCONV_OK;
}
inline swconv_status table_run(const abi::plan_state *s, const swconv_run_args *a,
                               swconv_error *e) {
  return run_plan(data_of(s), *a, e);
}

/// The names of the list as the C ABI wants them.
struct kernel_names {
  const char *name[kernels::count];
  constexpr kernel_names() : name{} {
    for (int i = 0; i < kernels::count; ++i) name[i] = kernels::list[i].name;
  }
};
inline constexpr kernel_names names{};

inline constexpr abi::isa_table table{
    simd::isa::name,     simd::isa::full::size, simd::isa::has_fma, names.name,  kernels::count,
    &table_make_conv,    &table_make_pool,      &table_info,        &table_describe, &table_pack,
    &table_run,          &table_sliding,        &table_max_pool, &table_adaptive_pool};

/// The table of the instruction set this object is compiled for.
inline const abi::isa_table &native_table() noexcept { return table; }

}  // namespace detail
SWCONV_END_NAMESPACE
