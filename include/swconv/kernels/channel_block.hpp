// SPDX-License-Identifier: MIT
/// @file channel_block.hpp
/// What both tiles of channel_vector.hpp share: the sizes of their blocks and what they are told.
#pragma once

#include "transposed_store.hpp"

SWCONV_BEGIN_NAMESPACE
namespace channel_vector {

/// Do tiles of several vectors take pixels from anywhere (channel_pixels.hpp)?
constexpr bool scattered = simd::isa::registers < 32 && simd::isa::has_fma;

template <int NV>
constexpr bool any_pixels = scattered && NV > 1;
/// Pixels of such a tile.
template <int NV>
constexpr int scattered_pixels = 12 / NV;

/// Lanes by which the packed filter is blocked, whatever vector a kernel uses.
constexpr int pack_lanes = simd::isa::full::size;

/// Pixels of the scratch, and bytes of weights that stay in the first-level cache beside a tile's part of
/// it. Tiles of pixels from anywhere find more that are alike among many.
constexpr int64_t scratch_pixels = scattered ? 256 : 64;
constexpr int64_t weight_bytes = 20 << 10;

/// Planes are far apart, and no hardware prefetcher follows so many: so many channels early a tile asks.
constexpr int64_t channels_ahead = 4;

/// What the tiles of one run of channels and one block of input channels share; h, first_kh and last_kh
/// only those of one output row.
struct row {
  const problem &p;
  const float *src;      ///< first channel of the group, row 0, column 0
  const float *weights;  ///< first tap of the first channel
  int64_t pitch;         ///< floats from tap to tap
  int64_t second;        ///< floats to the weights of the next vector of channels
  int64_t ic0, ic1;      ///< input channels
  int64_t h, first_kh, last_kh;
  /// The part of the weights of the next block of input channels that nobody has asked for, and how
  /// many cache lines of each vector a tile asks for, per input channel if its pixels are one row's:
  /// they may come from far.
  const float *next, *next_end;
  int64_t lines;
};

}  // namespace channel_vector
SWCONV_END_NAMESPACE
