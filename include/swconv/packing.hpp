// SPDX-License-Identifier: MIT
/// @file packing.hpp
/// The packed filter: one layout for every kernel that may serve a layer.
///
///     header (64 bytes) | group 0 | group 1 | … | one vector of zeros
///     group = blocks of `lanes` output channels, the last one narrower
///     block = [in channel][kh][kw][channel of the block]
///
/// A block's width is also its distance from tap to tap, so nothing is padded: kernels that load a
/// whole vector from a narrow block read into the next taps and drop those lanes; the vector of
/// zeros at the end keeps the last such load inside. With one output channel per group this is the
/// order of the raw filter.
#pragma once

#include <stdint.h>
#include <string.h>

#include "failure.hpp"
#include "kernels/problem.hpp"
#include "shape.hpp"

SWCONV_BEGIN_NAMESPACE
namespace detail {

/// The first 64 bytes of a packed filter.
struct packed_header {
  uint64_t magic, packing_id;
  int64_t bytes;
  uint64_t reserved[5];
};
static_assert(sizeof(packed_header) == 64, "the weights behind it stay aligned");

constexpr uint64_t packed_magic = 0x316b636170777373;  // "sswpack1" in memory order

/// Mixes a value into an id (FNV-1a over 64-bit words).
inline uint64_t mix(uint64_t id, int64_t value) {
  return (id ^ static_cast<uint64_t>(value)) * 0x100000001b3;
}

/// Equal for two layers exactly if the same packed bytes serve both.
inline uint64_t packing_id(const problem &p, int lanes) {
  uint64_t id = 0xcbf29ce484222325;
  constexpr int64_t layout_version = 1;
  const int64_t parts[] = {layout_version,  lanes,    p.groups, p.out_channels,
                           p.in_channels, p.h.taps, p.w.taps};
  for (const int64_t v : parts) id = mix(id, v);
  return id | 1;  // 0 means: no packed filter
}

/// Size of the packed filter, or overflowed_extent.
inline int64_t packed_size(int64_t filter_elements, int lanes) {
  int64_t bytes = 0;
  const int64_t rest = static_cast<int64_t>(sizeof(packed_header)) + lanes * 4 + 63;
  if (mul_overflow(filter_elements, 4, &bytes) || add_overflow(bytes, rest, &bytes))
    return overflowed_extent;
  return bytes / 64 * 64;
}

/// Strides of the raw filter: out channel, in channel, row, column.
struct filter_pitches {
  int64_t oc, ic, h, w;
};

/// Writes the header; returns where the weights begin.
inline float *begin_packed(int64_t bytes, uint64_t id, void *packed) {
  const packed_header header{packed_magic, id, bytes, {}};
  char *const begin = static_cast<char *>(packed);
  memcpy(begin, &header, sizeof header);
  return reinterpret_cast<float *>(begin + sizeof header);
}

/// Fills `packed`, whose size and alignment the caller has checked.
inline void pack_filter(const problem &p, const filter_pitches &s, int lanes, int64_t bytes,
                        uint64_t id, const float *filter, void *packed) {
  char *const begin = static_cast<char *>(packed);
  float *out = begin_packed(bytes, id, packed);
  for (int64_t g = 0; g < p.groups; ++g)
    for (int64_t c0 = 0; c0 < p.out_channels; c0 += lanes) {
      const int64_t width = axis::least(lanes, p.out_channels - c0);
      const float *const in = filter + (g * p.out_channels + c0) * s.oc;
      for (int64_t ic = 0; ic < p.in_channels; ++ic)
        for (int64_t h = 0; h < p.h.taps; ++h)
          for (int64_t w = 0; w < p.w.taps; ++w) {
            const float *const tap = in + ic * s.ic + h * s.h + w * s.w;
            for (int64_t c = 0; c < width; ++c) *out++ = tap[c * s.oc];
          }
    }
  memset(out, 0, static_cast<size_t>(begin + bytes - reinterpret_cast<char *>(out)));
}

/// O(1) check that `packed` holds what a plan with this id and size reads.
inline swconv_status check_packed(const void *packed, size_t packed_bytes, int64_t bytes,
                                  uint64_t id, swconv_error *error) {
  if (packed_bytes < static_cast<size_t>(bytes))
    return report_failure(error, SWCONV_PACKING_MISMATCH, "packed_bytes",
                          static_cast<int64_t>(packed_bytes),
                          "smaller than packed_bytes of the plan info");
  packed_header h;
  memcpy(&h, packed, sizeof h);
  if (h.magic != packed_magic)
    return report_failure(error, SWCONV_PACKING_MISMATCH, "packed_filter",
                          static_cast<int64_t>(h.magic), "not a packed filter of swconv");
  if (h.packing_id != id || h.bytes != bytes)
    return report_failure(error, SWCONV_PACKING_MISMATCH, "packed_filter",
                          static_cast<int64_t>(h.packing_id),
                          "packed for another layer or instruction set");
  return SWCONV_OK;
}

}  // namespace detail
SWCONV_END_NAMESPACE
