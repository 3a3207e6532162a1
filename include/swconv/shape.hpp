// SPDX-License-Identifier: MIT
/// @file shape.hpp
/// Arithmetic of extents: how large dst is, how much padding SAME means. Semantics are those of
/// ONNX and PyTorch. Overflow is an answer (overflowed_extent), never undefined behaviour.
#pragma once

#include <stdint.h>

#include "namespace.hpp"

SWCONV_BEGIN_NAMESPACE
namespace detail {

/// Returned by the functions below where an intermediate result does not fit in 63 bits.
constexpr int64_t overflowed_extent = -1;

/// `*sum = a + b`; true if the true sum does not fit.
SWCONV_ALWAYS_INLINE bool add_overflow(int64_t a, int64_t b, int64_t *sum) noexcept {
  return __builtin_add_overflow(a, b, sum);
}
/// `*product = a * b`; true if the true product does not fit.
SWCONV_ALWAYS_INLINE bool mul_overflow(int64_t a, int64_t b, int64_t *product) noexcept {
  return __builtin_mul_overflow(a, b, product);
}

/// Elements from the first to the last tap of a dilated filter, both included:
/// `dilation * (k - 1) + 1`. Needs k >= 1 and dilation >= 1.
inline int64_t dilated_extent(int64_t k, int64_t dilation) noexcept {
  int64_t span = 0;
  if (mul_overflow(dilation, k - 1, &span) || add_overflow(span, 1, &span))
    return overflowed_extent;
  return span;
}

/// Extent of a pooling result along one axis: the number of windows that fit into the padded
/// input. With `ceil_mode` the count is rounded up instead of down, except that a last window
/// that would start in the end padding or beyond is dropped. 0 if no window fits.
/// Needs in, k, stride, dilation >= 1 and pads >= 0.
inline int64_t pool_extent(int64_t in, int64_t k, int64_t stride, int64_t dilation,
                           int64_t pad_begin, int64_t pad_end, bool ceil_mode) noexcept {
  const int64_t span = dilated_extent(k, dilation);
  int64_t start_limit = 0, padded = 0;  // windows start below start_limit
  if (span == overflowed_extent || add_overflow(in, pad_begin, &start_limit) ||
      add_overflow(start_limit, pad_end, &padded))
    return overflowed_extent;
  const int64_t room = padded - span;  // by how far the first window may slide; may be negative
  if (!ceil_mode) return room < 0 ? 0 : room / stride + 1;

  // ceil(room / stride) + 1 windows, written so that no term overflows.
  if (room <= -stride) return 0;
  const int64_t last = room <= 0 ? 0 : (room - 1) / stride + 1;  // index of the last window
  // Only the window that rounding up added is dropped; those before it fit, as without ceil_mode.
  const bool starts_inside = last <= (start_limit - 1) / stride;
  return starts_inside ? last + 1 : last;
}

/// Extent of a convolution result along one axis; 0 if the dilated filter exceeds the padded
/// input. Needs in, k, stride, dilation >= 1 and pads >= 0.
inline int64_t conv_extent(int64_t in, int64_t k, int64_t stride, int64_t dilation,
                           int64_t pad_begin, int64_t pad_end) noexcept {
  return pool_extent(in, k, stride, dilation, pad_begin, pad_end, false);
}

/// Padding that makes the result `ceil(in / stride)` long (ONNX SAME_UPPER, SAME_LOWER); an odd
/// element goes to the end if `upper`, else to the beginning. Never negative. False on overflow.
/// Needs in, k, stride, dilation >= 1.
inline bool same_pads(int64_t in, int64_t k, int64_t stride, int64_t dilation, bool upper,
                      int64_t &begin, int64_t &end) noexcept {
  const int64_t span = dilated_extent(k, dilation);
  if (span == overflowed_extent) return false;
  const int64_t last_start = (in - 1) / stride * stride;  // of the last of ceil(in / stride) windows
  int64_t needed = 0;
  if (add_overflow(last_start, span, &needed)) return false;
  const int64_t total = needed > in ? needed - in : 0;
  begin = upper ? total / 2 : total - total / 2;
  end = total - begin;
  return true;
}

}  // namespace detail
SWCONV_END_NAMESPACE
