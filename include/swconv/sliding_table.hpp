// SPDX-License-Identifier: MIT
/// @file sliding_table.hpp
/// Sliding sums behind the C ABI: parameters checked, then the element type and the operator turned
/// into types.
#pragma once

#include "failure.hpp"
#include "shape.hpp"
#include "sliding_sum.hpp"

SWCONV_BEGIN_NAMESPACE
namespace detail {

/// Contract and arguments of swconv_sliding_sum; with `needed` only the workspace is computed, for
/// dst == src or not.
struct sliding_call {
  const swconv_sliding_params &params;
  const void *src;
  void *dst;
  void *workspace;
  size_t workspace_bytes;
  size_t *needed;
};

template <class T>
status run_sliding(const sliding_call &c) {
  const swconv_sliding_params &q = c.params;
  sliding_options<T> o;
  o.edges = static_cast<edges>(q.edges);
  o.before_h = q.before[0];
  o.before = q.before[1];
  o.fill = static_cast<T>(q.fill);
  size_t bytes = c.workspace_bytes;
  size_t *const size = c.needed != nullptr ? c.needed : c.workspace != nullptr ? &bytes : nullptr;
  return sliding_sum(static_cast<const T *>(c.src), q.src_stride, static_cast<T *>(c.dst),
                     q.dst_stride, q.size[0], q.size[1], q.window[0], q.window[1],
                     sliding::any_operator{q.op}, o, c.workspace, size);
}

/// Every field, so that a failure can be named. Fills in dense strides.
SWCONV_COLD inline swconv_status check_sliding(swconv_sliding_params &q, swconv_error *error) {
  const auto fail = [error](const char *field, int64_t value, const char *sentence) {
    return report_failure(error, SWCONV_INVALID_ARGUMENT, field, value, sentence);
  };
  if (q.op > SWCONV_OP_XOR) return fail("op", q.op, "is not an operator");
  if (q.dtype > SWCONV_I32) return fail("dtype", q.dtype, "is not a dtype");
  const bool real = q.dtype == SWCONV_F32 || q.dtype == SWCONV_F64;
  if (!real && q.dtype != SWCONV_I32 && q.dtype != SWCONV_U8)
    return report_failure(error, SWCONV_UNSUPPORTED, "dtype", q.dtype,
                          "sliding sums are of f32, f64, i32 and u8");
  if (real && q.op >= SWCONV_OP_AND) return fail("op", q.op, "is for integers");
  if (q.edges > SWCONV_EDGES_TRUNCATED) return fail("edges", q.edges, "is not a kind of edges");
  // A double that the element type cannot hold has no conversion.
  const double least = q.dtype == SWCONV_U8 ? 0.0 : -2147483648.0;
  const double most = q.dtype == SWCONV_U8 ? 255.0 : 2147483647.0;
  if (!real && !(q.fill >= least && q.fill <= most)) return fail("fill", 0, "does not fit dtype");
  constexpr int64_t far = INT64_MAX / 64;
  for (int i = 0; i < 2; ++i) {
    const bool h = i == 0;
    if (q.size[i] < 1) return fail(h ? "size[0]" : "size[1]", q.size[i], "must be at least 1");
    if (q.window[i] < 1)
      return fail(h ? "window[0]" : "window[1]", q.window[i], "must be at least 1");
    if (q.before[i] < 0 || q.before[i] >= q.window[i])
      return fail(h ? "before[0]" : "before[1]", q.before[i], "must be 0 ... window - 1");
    if (q.edges == SWCONV_EDGES_VALID && q.window[i] > q.size[i])
      return fail(h ? "window[0]" : "window[1]", q.window[i], "is larger than size");
    if (q.size[i] > far || q.window[i] > far)
      return report_failure(error, SWCONV_SIZE_OVERFLOW, h ? "size[0]" : "size[1]", q.size[i],
                            "makes a size that exceeds 63 bits");
  }
  const int64_t out =
      q.edges == SWCONV_EDGES_VALID ? q.size[1] - q.window[1] + 1 : q.size[1];
  if (q.src_stride == 0) q.src_stride = q.size[1];
  if (q.dst_stride == 0) q.dst_stride = out;
  if (q.src_stride < q.size[1]) return fail("src_stride", q.src_stride, "rows would overlap");
  if (q.dst_stride < out) return fail("dst_stride", q.dst_stride, "rows would overlap");
  // Rows of src and dst, and those that a workspace may hold.
  int64_t rows = 0, elements = 0;
  if (add_overflow(q.size[0], q.window[0], &rows) ||
      mul_overflow(rows, q.src_stride + q.dst_stride, &elements) || elements > far ||
      add_overflow(q.size[1], q.window[1] + 4096, &elements) ||
      mul_overflow(rows + 8, elements, &elements) || elements > far)
    return report_failure(error, SWCONV_SIZE_OVERFLOW, "size[0]", q.size[0],
                          "makes a size that exceeds 63 bits");
  return SWCONV_OK;
}

/// swconv_sliding_sum, or with `needed` swconv_sliding_workspace (src == dst: in place).
inline swconv_status table_sliding(const swconv_sliding_params *params, const void *src, void *dst,
                                   void *workspace, size_t workspace_bytes, size_t *needed,
                                   swconv_error *error) {
  swconv_sliding_params q = *params;
  const swconv_status s = check_sliding(q, error);
  if (s != SWCONV_OK) return s;
  if (src == nullptr) return report_null(error, "src");
  if (dst == nullptr) return report_null(error, "dst");
  if (src == dst && q.src_stride != q.dst_stride)
    return report_failure(error, SWCONV_INVALID_ARGUMENT, "dst_stride", q.dst_stride,
                          "differs from src_stride, but dst is src");
  if (reinterpret_cast<uintptr_t>(workspace) % 64 != 0)
    return report_failure(error, SWCONV_INVALID_ARGUMENT, "workspace", 0,
                          "must be 64-byte aligned");
  const sliding_call c{q, src, dst, workspace, workspace_bytes, needed};
  const status result = q.dtype == SWCONV_F32   ? run_sliding<float>(c)
                        : q.dtype == SWCONV_F64 ? run_sliding<double>(c)
                        : q.dtype == SWCONV_I32 ? run_sliding<int32_t>(c)
                                                : run_sliding<uint8_t>(c);
  if (result == status::out_of_memory)
    return report_failure(error, SWCONV_OUT_OF_MEMORY, "workspace", 0, "could not be allocated");
  if (result == status::workspace_too_small)
    return report_failure(error, SWCONV_WORKSPACE_TOO_SMALL, "workspace_bytes",
                          static_cast<int64_t>(workspace_bytes),
                          "is smaller than swconv_sliding_workspace says");
  return static_cast<swconv_status>(result);
}

}  // namespace detail
SWCONV_END_NAMESPACE
