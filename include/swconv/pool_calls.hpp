// SPDX-License-Identifier: MIT
/// @file pool_calls.hpp
/// Pooling without a plan: bytes, maxima with their indices, adaptive windows. Checked, then plane
/// by plane, with memory from malloc.
#pragma once

#include "at_once.hpp"
#include "execute.hpp"
#include "kernels/pool_adaptive.hpp"
#include "kernels/pool_elements.hpp"

SWCONV_BEGIN_NAMESPACE
namespace detail {

/// What the task of one plane needs.
struct pool_planes {
  const swconv_pool_params &params;
  problem p;
  const void *src;
  void *dst;
  int64_t *indices;
  bool columns_first;
  char *memory;
  int64_t bytes;  ///< of memory, per worker
};

template <class T>
void pool_elements(const pool_planes &j, int64_t plane, void *memory) {
  const problem &p = j.p;
  const int64_t n = plane / p.groups, c = plane % p.groups;
  const T *const src = static_cast<const T *>(j.src) + n * p.src.n + c * p.src.c;
  T *const dst = static_cast<T *>(j.dst) + n * p.dst.n + c * p.dst.c;
  const block all{0, 0, 0, 1, 0, p.h.out, 0, p.w.out, 1};
  if (j.indices != nullptr) {
    pooling::max_with_indices(p, src, dst, j.indices + plane * (p.h.out * p.w.out),
                              plane * (p.h.in * p.w.in), j.columns_first,
                              static_cast<int64_t *>(memory));
  } else if constexpr (sizeof(T) == 1) {
    const int flip =
        (std::is_signed_v<T> ? 0x80 : 0) ^ (j.params.kind == SWCONV_POOL_MIN ? 0xff : 0);
    pooling::slide_plane<simd::wide<uint8_t>, pooling::bytes_of>(
        {static_cast<uint8_t>(flip)}, p, reinterpret_cast<const uint8_t *>(src),
        reinterpret_cast<uint8_t *>(dst), memory, all)
        .run();
  } else if constexpr (std::is_same_v<T, float>) {
    const pooling::adaptive_axis h{p.h.in, p.h.out}, w{p.w.in, p.w.out};
    pooling::adaptive_plane(j.params.kind, h, w, src, p.src.h, dst, p.dst.h,
                            static_cast<float *>(memory));
  }
}

inline void pool_plane(void *arg, int64_t plane, int64_t worker) {
  const pool_planes &j = *static_cast<const pool_planes *>(arg);
  void *const memory = j.memory + worker * j.bytes;
  const simd::flushed_denormals flush((j.params.flags & SWCONV_FLUSH_DENORMALS) != 0);
  if (j.params.dtype == SWCONV_U8)
    pool_elements<uint8_t>(j, plane, memory);
  else if (j.params.dtype == SWCONV_I8)
    pool_elements<int8_t>(j, plane, memory);
  else
    pool_elements<float>(j, plane, memory);
}

/// Pointers checked, memory taken, planes run.
inline swconv_status run_planes(pool_planes &j, int64_t bytes, const swconv_threads *threads,
                                swconv_error *error) {
  const problem &p = j.p;
  if (p.batch == 0 || p.h.out == 0 || p.w.out == 0) return SWCONV_OK;
  if (j.src == nullptr) return report_null(error, "src");
  if (j.dst == nullptr) return report_null(error, "dst");
  const int64_t size = j.params.dtype == SWCONV_F32 ? 4 : 1;
  const auto src = reinterpret_cast<uintptr_t>(j.src), dst = reinterpret_cast<uintptr_t>(j.dst);
  const int64_t src_bytes = span_bytes(p, p.src, p.groups, p.h.in, p.w.in) / 4 * size;
  const int64_t dst_bytes = span_bytes(p, p.dst, p.groups, p.h.out, p.w.out) / 4 * size;
  if (src < dst + static_cast<uintptr_t>(dst_bytes) &&
      dst < src + static_cast<uintptr_t>(src_bytes))
    return report_failure(error, SWCONV_OVERLAP, "dst", 0, "shares elements with src");
  const bool parallel = threads != nullptr && threads->num_threads > 1 && p.batch * p.groups > 1;
  if (parallel && threads->parallel_for == nullptr)
    return report_null(error, "threads.parallel_for");
  int64_t all = 0;
  j.bytes = (bytes + 63) / 64 * 64;
  if (mul_overflow(j.bytes, parallel ? int64_t{threads->num_threads} : 1, &all))
    return report_failure(error, SWCONV_SIZE_OVERFLOW, "threads", 0,
                          "make a workspace that exceeds 63 bits");
  const scratch_memory memory(static_cast<size_t>(all));
  if (memory.failed()) return report_no_memory(error, "workspace", memory.bytes());
  j.memory = static_cast<char *>(memory.data());
  if (parallel)
    threads->parallel_for(threads->ctx, p.batch * p.groups, &pool_plane, &j);
  else
    for (int64_t i = 0; i < p.batch * p.groups; ++i) pool_plane(&j, i, 0);
  return SWCONV_OK;
}

/// Maximum or minimum of bytes, and with `indices` the maximum of f32, u8 or i8 with its place.
SWCONV_COLD inline swconv_status table_max_pool(const swconv_pool_params *params, const void *src,
                                                void *dst, int64_t *indices, uint32_t storage_order,
                                                const swconv_threads *threads,
                                                swconv_error *error) {
  const bool bytes = params->dtype == SWCONV_U8 || params->dtype == SWCONV_I8;
  if (storage_order > 1)
    return report_failure(error, SWCONV_INVALID_ARGUMENT, "storage_order", storage_order,
                          "must be 0 or 1");
  if (params->kind != SWCONV_POOL_MAX && (indices != nullptr || params->kind != SWCONV_POOL_MIN))
    return report_failure(error, SWCONV_UNSUPPORTED, "kind", params->kind,
                          "indices are of the maximum, bytes have maximum and minimum");
  swconv_pool_params as_f32 = *params;
  if (bytes) as_f32.dtype = SWCONV_F32;
  pool_planes j{*params, {}, src, dst, indices, storage_order == 1, nullptr, 0};
  const swconv_status s = check_pool(as_f32, j.p, error);
  if (s != SWCONV_OK) return s;
  // The workspace of f32 is the larger one but for the size of keys.
  const int64_t floats = pooling::slide_workspace(j.p);
  int64_t plane = 0;
  if (floats < 0 || floats > INT64_MAX / 64 || mul_overflow(j.p.h.in, j.p.w.in, &plane) ||
      (indices != nullptr && plane > INT64_C(0xffffffff)))
    return report_failure(error, SWCONV_SIZE_OVERFLOW, "src_size", 0,
                          "makes a plane that is too large");
  const int64_t need = indices != nullptr
                           ? pooling::keys_elements(j.p) * 8
                           : pooling::slide_parts<simd::wide<uint8_t>>(j.p).elements();
  return run_planes(j, need, threads, error);
}

/// Every window from floor(o · in / out) to ceil((o + 1) · in / out), of f32.
SWCONV_COLD inline swconv_status table_adaptive_pool(const swconv_pool_params *params,
                                                     const int64_t dst_size[2], const void *src,
                                                     void *dst, const swconv_threads *threads,
                                                     swconv_error *error) {
  swconv_pool_params q = *params;
  pool_planes j{*params, {}, src, dst, nullptr, false, nullptr, 0};
  constexpr int64_t far = INT64_C(1) << 31;
  for (int i = 1; i < 3; ++i) {
    if (q.window[i] != 1 || q.stride[i] != 1 || q.dilation[i] != 1 || q.pad_begin[i] != 0 ||
        q.pad_end[i] != 0)
      return report_failure(error, SWCONV_INVALID_ARGUMENT, "window", q.window[i],
                            "adaptive pooling has no window, stride, dilation or padding");
    const int64_t out = dst_size[i - 1];
    if (out < 1 || (i == 1 && q.spatial_dims == 1 && out != 1))
      return report_failure(error, SWCONV_INVALID_ARGUMENT, "dst_size", out,
                            "must be positive, and 1 for an axis that is not spatial");
    if (out > far || q.src_size[i] > far)
      return report_failure(error, SWCONV_SIZE_OVERFLOW, "dst_size", out, "is too large");
    // Strides of dst are checked against its true extent: as if src were as large.
    q.src_size[i] = out;
  }
  const int64_t h = params->src_size[1], w = params->src_size[2];
  problem of_dst;
  for (auto &stride : q.src_stride) stride = 0;
  swconv_status s = check_pool(q, of_dst, error);
  if (s != SWCONV_OK) return s;
  swconv_pool_params of_src = *params;
  for (auto &stride : of_src.dst_stride) stride = 0;
  s = check_pool(of_src, j.p, error);
  if (s != SWCONV_OK) return s;
  const int64_t out_h = dst_size[0], out_w = dst_size[1];
  if (h < 1 || w < 1)
    return report_failure(error, SWCONV_INVALID_ARGUMENT, "src_size", 0, "must be positive");
  j.p.dst = of_dst.dst;
  j.p.h.out = out_h;
  j.p.w.out = out_w;
  return run_planes(j, (w + out_w + 2 * simd::isa::full::size) * 4, threads, error);
}

}  // namespace detail
SWCONV_END_NAMESPACE
