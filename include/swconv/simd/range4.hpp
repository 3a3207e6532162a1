// SPDX-License-Identifier: MIT
/// @file range4.hpp
/// Partial access for 4-lane instruction sets without masked memory access: a mask is a range of
/// lanes, partial loads and stores are composed of exact 1- and 2-lane ones.
#pragma once

#include <stdint.h>

#include "../namespace.hpp"

SWCONV_BEGIN_NAMESPACE
namespace simd {

/// Lanes lo … hi-1 of 4, clamped.
struct range4 {
  int lo, hi;
};

SWCONV_ALWAYS_INLINE range4 make_range4(int64_t lo, int64_t hi) {
  const int l = static_cast<int>(lo < 0 ? 0 : lo > 4 ? 4 : lo);
  const int h = static_cast<int>(hi < l ? l : hi > 4 ? 4 : hi);
  return {l, h};
}

/// -1 in the lanes of a range, as four integers in memory: load at [4 - lo … ] and friends.
alignas(16) static constexpr int32_t range4_bits[12] = {0, 0, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0};

}  // namespace simd
SWCONV_END_NAMESPACE
