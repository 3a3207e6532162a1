// SPDX-License-Identifier: MIT
/// @file filter_access.hpp
/// Where the weights of one output channel stand in the packed filter (packing.hpp has the layout).
#pragma once

#include "../simd/simd.hpp"
#include "problem.hpp"

SWCONV_BEGIN_NAMESPACE

/// The taps of one output channel: the first, and floats from one to the next in the order
/// [in channel][kh][kw].
struct tap_pointer {
  const float *first;
  int64_t pitch;
};

/// Taps of output channel c of group g.
SWCONV_ALWAYS_INLINE tap_pointer taps_of_channel(const problem &p, const run_pointers &ptr,
                                                 int64_t g, int64_t c) {
  constexpr int64_t lanes = simd::isa::full::size;
  const int64_t taps = p.in_channels * p.h.taps * p.w.taps;
  const int64_t first = c / lanes * lanes;  // of the packed block that holds c
  return {ptr.filter + (g * p.out_channels + first) * taps + (c - first),
          axis::least(p.out_channels - first, lanes)};
}

SWCONV_END_NAMESPACE
