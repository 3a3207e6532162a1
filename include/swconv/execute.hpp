// SPDX-License-Identifier: MIT
/// @file execute.hpp
/// Running a plan: the pointers checked, then every block handed to the kernel, in order or by the
/// caller's threads. Nothing here allocates, locks or calls the system.
#pragma once

#include "plan.hpp"
#include "simd/denormals.hpp"

SWCONV_BEGIN_NAMESPACE
namespace detail {

/// Everything a task needs; lives on the stack of run().
struct execution {
  const plan_data &plan;
  run_pointers pointers;
};

/// Bytes from the first to behind the last element of a tensor of `p`.
inline int64_t span_bytes(const problem &p, const pitches &s, int64_t channels, int64_t h,
                          int64_t w) {
  const int64_t last = (p.batch - 1) * s.n + (channels - 1) * s.c + (h - 1) * s.h + w - 1;
  return (last + 1) * 4;
}

/// Do src and dst share an element? Interleaved slices of one buffer do not, if their rows are the
/// same distance apart; any other overlap of the address ranges is taken for a shared element.
inline bool share_elements(const plan_data &d, const run_pointers &r) {
  const problem &p = d.p;
  const auto src = reinterpret_cast<uintptr_t>(r.src), dst = reinterpret_cast<uintptr_t>(r.dst);
  const auto src_bytes = static_cast<uintptr_t>(
      span_bytes(p, p.src, p.groups * p.in_channels, p.h.in, p.w.in));
  const auto dst_bytes = static_cast<uintptr_t>(
      span_bytes(p, p.dst, p.groups * p.out_channels, p.h.out, p.w.out));
  if (src + src_bytes <= dst || dst + dst_bytes <= src) return false;
  // Bytes that one step of a stride covers, on both sides: a sample, a channel or a row.
  const struct {
    int64_t src_step, dst_step, src_bytes, dst_bytes;
  } levels[] = {
      {p.src.n, p.dst.n, 0, 0}, {p.src.c, p.dst.c, 0, 0}, {p.src.h, p.dst.h, 0, 0}};
  int64_t inner_src = p.w.in * 4, inner_dst = p.w.out * 4;
  const int64_t src_count[] = {p.batch, p.groups * p.in_channels, p.h.in};
  const int64_t dst_count[] = {p.batch, p.groups * p.out_channels, p.h.out};
  for (int i = 2; i >= 0; --i) {
    const int64_t step = levels[i].src_step * 4;
    if (step > 0 && step == levels[i].dst_step * 4) {
      // Both repeat every `step` bytes: disjoint if their inner parts are, modulo the step.
      const auto s = static_cast<uintptr_t>(step);
      const auto gap = static_cast<int64_t>((dst - src) % s);
      if (gap >= inner_src && gap + inner_dst <= step) return false;
    }
    inner_src += (src_count[i] - 1) * levels[i].src_step * 4;
    inner_dst += (dst_count[i] - 1) * levels[i].dst_step * 4;
  }
  return true;
}

/// The contract of swconv_run, up to the work itself.
inline swconv_status check_run(const plan_data &d, const swconv_run_args &a, run_pointers &r,
                               swconv_error *error) {
  if (a.struct_size != sizeof a)
    return report_failure(error, SWCONV_INVALID_ARGUMENT, "struct_size", a.struct_size,
                          "is not the size of swconv_run_args");
  if (a.reserved0 != 0)
    return report_failure(error, SWCONV_INVALID_ARGUMENT, "reserved0", a.reserved0, "must be 0");
  if (a.threads != nullptr) {
    if (a.threads->struct_size != sizeof *a.threads)
      return report_failure(error, SWCONV_INVALID_ARGUMENT, "threads.struct_size",
                            a.threads->struct_size, "is not the size of swconv_threads");
    if (a.threads->parallel_for == nullptr) return report_null(error, "threads.parallel_for");
    if (a.threads->num_threads == 0)
      return report_failure(error, SWCONV_INVALID_ARGUMENT, "threads.num_threads", 0,
                            "must be at least 1");
  }
  r = run_pointers{};
  if (d.p.batch == 0 || d.p.h.out == 0 || d.p.w.out == 0) return SWCONV_OK;
  if (a.src == nullptr) return report_null(error, "src");
  if (a.dst == nullptr) return report_null(error, "dst");
  r.src = static_cast<const float *>(a.src);
  r.dst = static_cast<float *>(a.dst);
  if (!d.is_pool) {
    if (a.packed_filter != nullptr) {
      if (reinterpret_cast<uintptr_t>(a.packed_filter) % 64 != 0)
        return report_failure(error, SWCONV_INVALID_ARGUMENT, "packed_filter", 0,
                              "must be 64-byte aligned");
      const swconv_status s =
          check_packed(a.packed_filter, a.packed_bytes, d.packed_bytes, d.packing_id, error);
      if (s != SWCONV_OK) return s;
      r.filter = static_cast<const float *>(a.packed_filter) + sizeof(packed_header) / 4;
    } else if (d.reads_raw_filter) {
      if (a.filter == nullptr) return report_null(error, "filter");
      r.filter = static_cast<const float *>(a.filter);
    } else {
      return report_null(error, "packed_filter");
    }
    const bool scale = d.p.epilogue.has_scale != 0, residual = d.p.epilogue.has_residual != 0;
    if (scale != (a.scale != nullptr))
      return report_failure(error, SWCONV_INVALID_ARGUMENT, "scale", 0,
                            "must be given if and only if the plan has SWCONV_EPILOGUE_SCALE");
    if (residual != (a.residual != nullptr))
      return report_failure(error, SWCONV_INVALID_ARGUMENT, "residual", 0,
                            "must be given if and only if the plan has SWCONV_EPILOGUE_RESIDUAL");
    r.bias = static_cast<const float *>(a.bias);
    r.scale = static_cast<const float *>(a.scale);
    r.residual = static_cast<const float *>(a.residual);
  }
  if (d.workspace > 0) {
    // Slices of the workspace: one per worker that may come.
    const int64_t workers =
        a.threads != nullptr && task_count(d) > 1 ? int64_t{a.threads->num_threads} : 1;
    if (a.workspace == nullptr) return report_null(error, "workspace");
    if (reinterpret_cast<uintptr_t>(a.workspace) % 64 != 0)
      return report_failure(error, SWCONV_INVALID_ARGUMENT, "workspace", 0,
                            "must be 64-byte aligned");
    if (a.workspace_bytes / static_cast<size_t>(d.workspace) < static_cast<size_t>(workers))
      return report_failure(error, SWCONV_WORKSPACE_TOO_SMALL, "workspace_bytes",
                            static_cast<int64_t>(a.workspace_bytes),
                            "smaller than workspace_bytes of the plan info, or more threads than "
                            "the plan was made for");
    r.workspace = a.workspace;
  }
  if (share_elements(d, r))
    return report_failure(error, SWCONV_OVERLAP, "dst", 0, "shares elements with src");
  return SWCONV_OK;
}

/// One block of dst; the contract of swconv_task_fn.
inline void run_task(void *arg, int64_t task, int64_t worker) {
  const execution &e = *static_cast<const execution *>(arg);
  const plan_data &d = e.plan;
  const problem &p = d.p;
  // Blocks are numbered columns first, samples and groups last.
  const auto digit = [&](int64_t radix) {
    const int64_t i = task % radix;
    task /= radix;
    return i;
  };
  const int64_t w = digit(d.column_blocks) * d.column_step;
  const int64_t h = digit(d.row_blocks) * d.row_step;
  const int64_t c = digit(d.channel_blocks) * d.channel_step;
  const int64_t first = task * d.outer_step;
  const int64_t last = axis::least(first + d.outer_step, d.outer());
  block b{d.tiled ? 0 : first / p.groups,
          first % p.groups,
          c,
          axis::least(c + d.channel_step, d.channels()),
          h,
          axis::least(h + d.row_step, d.rows()),
          w,
          axis::least(w + d.column_step, d.columns()),
          0};
  const simd::flushed_denormals flush(d.flush_denormals != 0);
  const kernel_entry &k = kernels::list[d.kernel];
  block tail = b;
  if (d.tail_channels > 0) {
    b.c1 = axis::least(b.c1, p.out_channels - d.tail_channels);
    if (tail.c0 < b.c1) tail.c0 = b.c1;
  }
  run_pointers r = e.pointers;
  if (d.workspace > 0) r.workspace = static_cast<char *>(r.workspace) + worker * d.workspace;
  for (int64_t i = first; i < last;) {
    b.g_end = k.many_groups ? axis::least(b.g + last - i, p.groups) : b.g + 1;
    if (b.c0 < b.c1) k.run(p, r, b);
    if (d.tail_channels > 0 && tail.c0 < tail.c1) {
      tail.n = b.n;
      tail.g = b.g;
      kernels::list[d.tail_kernel].run(p, r, tail);
    }
    i += b.g_end - b.g;
    b.g = b.g_end;
    if (b.g == p.groups) {
      b.g = 0;
      ++b.n;
    }
  }
}

inline swconv_status run_plan(const plan_data &d, const swconv_run_args &a, swconv_error *error) {
  run_pointers r;
  const swconv_status s = check_run(d, a, r, error);
  if (s != SWCONV_OK) return s;
  execution e{d, r};
  const int64_t tasks = task_count(d);
  if (a.threads != nullptr && a.threads->num_threads > 1 && tasks > 1)
    a.threads->parallel_for(a.threads->ctx, tasks, &run_task, &e);
  else
    for (int64_t i = 0; i < tasks; ++i) run_task(&e, i, 0);
  return SWCONV_OK;
}

}  // namespace detail
SWCONV_END_NAMESPACE
