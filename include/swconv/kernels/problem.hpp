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

/// One axis of the tiles of a transformed convolution (kernels/winograd.hpp): m outputs that are
/// `step` apart come from n products; with n = 1 the axis is not transformed. A long filter is cut
/// into pieces of m taps, a strided one into as many phases as its stride, or its inputs in two.
struct tile_axis {
  int64_t m, n, step, stride, pieces;
  int64_t tiles;   ///< of an image
  int64_t phases;  ///< that count as further input channels
};

struct tiling {
  tile_axis h, w;
  int64_t block_tiles;  ///< most tiles in flight; decides the workspace
  uint32_t spectra;     ///< tiles of n by Fourier transforms; lanes are tiles (1) or groups (2)

  SWCONV_ALWAYS_INLINE int64_t phases() const { return h.phases * w.phases; }
  SWCONV_ALWAYS_INLINE int64_t points() const { return h.n * w.n; }
  /// Tiles of a row that are transformed together: about sixteen, and whole steps.
  SWCONV_ALWAYS_INLINE int64_t run_tiles() const {
    const int64_t wanted = w.n == 1 ? 64 : 16;
    return w.step * (w.step < wanted ? wanted / w.step : 1);
  }
  SWCONV_ALWAYS_INLINE int64_t values_floats(int64_t in_channels, int64_t lanes) const {
    const int64_t blocks = (in_channels + lanes - 1) / lanes;
    return points() * (phases() * blocks * (block_tiles + (w.pieces - 1) * w.step) + 1) * lanes;
  }
  SWCONV_ALWAYS_INLINE int64_t products_floats(int64_t lanes) const {
    return block_tiles * (2 * points() + 1) * lanes;
  }
  SWCONV_ALWAYS_INLINE int64_t stage_floats(int64_t lanes) const {
    const int64_t columns = w.stride * w.step * (w.m * (run_tiles() / w.step - 1) + w.n);
    return (h.n > 4 ? h.n : 4) * ((columns + lanes - 1) / lanes * lanes + 1) * lanes;
  }
  /// Two tiles of an image are the real and the imaginary part of one transform.
  SWCONV_ALWAYS_INLINE int64_t pairs() const { return (h.tiles * w.tiles + 1) / 2; }
  /// Floats that one worker needs: a formula of the layer, not of the image's size.
  SWCONV_ALWAYS_INLINE int64_t workspace_floats(int64_t in_channels, int64_t lanes) const {
    return values_floats(in_channels, lanes) + products_floats(lanes) + stage_floats(lanes);
  }
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
  uint32_t count_include_pad;
  uint32_t fast;                 ///< results need not be canonical
  int64_t pad_end_w, pad_end_h;  ///< for counting included padding
  tiling tiles;                  ///< for transformed convolution

  /// Is a group's dst larger than most second-level caches? Then it is worth asking for ahead.
  bool far_dst() const { return out_channels * dst.c > (1 << 18); }
};

/// The pointers of a run. `filter` is the packed filter's first weight.
struct run_pointers {
  const float *src, *filter, *bias, *scale, *residual;
  float *dst;
  void *workspace;  ///< of this worker: the bytes the kernel asked for, 64-byte aligned
};

/// A part of dst: one sample, one group, ranges of channels of the group, rows and columns. Kernels
/// that take planes many at a time (kernel_entry::many_groups) get groups g … g_end-1.
struct block {
  int64_t n, g, c0, c1, h0, h1, w0, w1, g_end;
};

/// A kernel fills a block of dst.
using kernel_fn = void (*)(const problem &, const run_pointers &, const block &);

SWCONV_END_NAMESPACE
