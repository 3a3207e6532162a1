// SPDX-License-Identifier: MIT
/// @file problem.hpp
/// What a kernel is given: a validated, normalised layer (plain data), the pointers of a run, and
/// the block of dst it has to fill.
#pragma once

#include <stdint.h>

#include "../namespace.hpp"
#include "../swconv.h"

SWCONV_BEGIN_NAMESPACE

/// One spatial axis of a sliding window.
struct axis {
  int64_t in, out, taps, stride, dilation, pad;

  /// Position in src of tap 0 for output o; negative inside the padding.
  SWCONV_ALWAYS_INLINE int64_t start(int64_t o) const { return o * stride - pad; }
  /// First tap at or after position `p` of src, for a window that starts at x; may exceed `taps`.
  SWCONV_ALWAYS_INLINE int64_t tap_at(int64_t x, int64_t p) const {
    const int64_t d = p - x;
    if (d <= 0) return 0;
    return dilation == 1 ? d : (d + dilation - 1) / dilation;
  }
  /// Taps [first_tap(x), last_tap(x)) of a window that starts at x lie inside src.
  SWCONV_ALWAYS_INLINE int64_t first_tap(int64_t x) const { return least(tap_at(x, 0), taps); }
  SWCONV_ALWAYS_INLINE int64_t last_tap(int64_t x) const { return least(tap_at(x, in), taps); }
  /// Do all taps of outputs o … o+n-1 lie inside src?
  SWCONV_ALWAYS_INLINE bool inside(int64_t o, int64_t n) const {
    return start(o) >= 0 && start(o + n - 1) + (taps - 1) * dilation < in;
  }
  static SWCONV_ALWAYS_INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
};

/// Element strides of a planar tensor; columns are contiguous.
struct pitches {
  int64_t n, c, h;
};

/// The epilogue of a layer: act(scale · acc + bias + residual).
struct epilogue_spec {
  uint32_t act;
  float alpha, beta;
  uint32_t has_scale, has_residual;
};

/// A convolution per group, or a pooling layer (groups = channels, one channel each).
struct problem {
  axis h, w;
  int64_t batch, groups, in_channels, out_channels;  ///< channels per group
  pitches src, dst, residual;
  epilogue_spec epilogue;
  /// Output rows r · row_step of a tile read input rows that are row_ratio steps of the dilation
  /// apart, so that a loaded row serves several of them.
  int64_t row_step, row_ratio;
  int64_t column_step, column_ratio;  ///< the same for columns
  uint32_t count_include_pad;
  int64_t pad_end_w, pad_end_h;  ///< for counting included padding
};

/// The pointers of a run. `filter` is the packed filter's first weight.
struct run_pointers {
  const float *src, *filter, *bias, *scale, *residual;
  float *dst;
  void *workspace;  ///< of this worker: the bytes the kernel asked for, 64-byte aligned
};

/// A part of dst: one sample, one group, ranges of channels of the group, rows and columns.
struct block {
  int64_t n, g, c0, c1, h0, h1, w0, w1;
};

/// A kernel fills a block of dst.
using kernel_fn = void (*)(const problem &, const run_pointers &, const block &);

SWCONV_END_NAMESPACE
