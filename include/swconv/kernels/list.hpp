// SPDX-License-Identifier: MIT
/// @file list.hpp
/// Every kernel, once: the planner chooses from this list, the tests and benchmarks walk it. A
/// specialised filter size is one line here.
#pragma once

#include "channel_vector.hpp"
#include "depthwise_lanes.hpp"
#include "overlap_save.hpp"
#include "planar.hpp"
#include "planar_channels.hpp"
#include "planar_square.hpp"
#include "planar_wide.hpp"
#include "pointwise.hpp"
#include "pool_lines.hpp"
#include "signal.hpp"
#include "winograd.hpp"

SWCONV_BEGIN_NAMESPACE

/// Those of pooling in the order of swconv_pool_kind, from pool_max on.
enum class family : uint8_t {
  channel_vector,
  depthwise,
  pointwise,
  planar,
  signal,
  winograd,
  pool_max,
  pool_avg,
  pool_min,
  pool_l1,
  pool_l2
};

/// A kernel and the layers it can serve. Zero in a field means any.
struct kernel_entry {
  const char *name;
  kernel_fn run;
  family kind;
  int8_t kh, kw;        ///< filter size
  int8_t column_stride;
  bool square;          ///< needs row_ratio == column_stride and one output channel per group
  bool one_row;         ///< needs a filter of height 1 that never leaves src vertically
  bool dilates;         ///< accepts column dilation
  /// Further conditions, and bytes of workspace per worker; null for none.
  bool (*serves)(const problem &) = nullptr;
  int64_t (*workspace)(const problem &) = nullptr;
  bool many_groups = false;  ///< takes a range of groups at a time

  bool accepts(const problem &p) const {
    return (kh == 0 || p.h.taps == kh) && (kw == 0 || p.w.taps == kw) &&
           (column_stride == 0 || p.w.stride == column_stride) &&
           (!square || (p.row_ratio == column_stride && p.out_channels == 1)) &&
           (!one_row || (p.h.taps == 1 && p.h.inside(0, p.h.out))) &&
           (dilates || p.w.dilation == 1) && (serves == nullptr || serves(p));
  }
};

namespace kernels {

template <class M>
constexpr kernel_entry channel_vector_for(const char *name) {
  return {name,  &channel_vector::run<M>, family::channel_vector, 0, 0, 0, false, false,
          true,  &M::serves};
}
template <int K, int S>
constexpr kernel_entry planar_square(const char *name) {
  return {name, &planar::run_square<K, S>, family::planar, K, K, S, true, false, false, nullptr,
          nullptr, true};
}
template <int S>
constexpr kernel_entry planar_any(const char *name) {
  return {name, &planar::run_any<S>, family::planar, 0, 0, S, false, false, true};
}
template <int K>
constexpr kernel_entry signal_slide(const char *name) {
  return {name, &signal::run_slide<K>, family::signal, 1, K, 1, false, true, false};
}
constexpr kernel_entry pools(const char *name, kernel_fn run, family f,
                             int64_t (*workspace)(const problem &) = &pooling::slide_workspace) {
  return {name, run, f, 0, 0, 0, false, false, true, nullptr, workspace, true};
}

/// Within a family the first that accepts a layer serves it: special before general.
constexpr kernel_entry list[] = {
    channel_vector_for<channel_vector::neighbours>("channel_vector/s1"),
    channel_vector_for<channel_vector::every_other>("channel_vector/s2"),
    channel_vector_for<channel_vector::apart>("channel_vector/any"),
    {"pointwise/k1", &pointwise::run, family::pointwise, 1, 1, 1, false, true, true,
     &pointwise::serves},
    {"depthwise/channels", &depthwise_lanes::run, family::depthwise, 0, 0, 0, false, false, true,
     &depthwise_lanes::serves, &depthwise_lanes::workspace, true},
    planar_square<2, 1>("planar/k2"),
    planar_square<3, 1>("planar/k3"),
#if !defined(SWCONV_ISA_SSE2)  // of the baseline a small library matters more than speed
    planar_square<4, 1>("planar/k4"),
    planar_square<5, 1>("planar/k5"),
    planar_square<7, 1>("planar/k7"),
#endif
    {"planar/any", &planar::run_wide, family::planar, 0, 0, unit_stride, false, false, true, nullptr,
     &planar::wide_workspace},
    {"planar/channels", &planar::run_channel_tiles, family::planar, 0, 0, any_stride, false, false,
     true, &planar::channels_serves, &planar::channels_workspace},
    planar_square<3, 2>("planar/k3s2"),
#if !defined(SWCONV_ISA_SSE2)
    planar_square<5, 2>("planar/k5s2"),
#endif
    planar_any<pair_stride>("planar/any_s2"),
    planar_any<any_stride>("planar/any_stride"),
    signal_slide<3>("signal/slide_k3"),
    signal_slide<5>("signal/slide_k5"),
    signal_slide<7>("signal/slide_k7"),
    signal_slide<0>("signal/compound"),
    {"signal/segments", &signal::run_segments, family::signal, 1, 0, 1, false, true, true,
     &signal::serves_segments, &signal::segment_workspace},
    {"signal/columns", &signal::run_columns, family::signal, 1, 0, 1, false, true, true,
     &signal::serves_columns},
    {"signal/load", &signal::run_load, family::signal, 1, 0, 1, false, true, true},
#if !defined(SWCONV_ISA_SSE2)  // of the baseline a small library matters more than speed
    {"winograd/tiles", &winograd::run, family::winograd, 0, 0, 0, false, false, true,
     &winograd::serves, &winograd::workspace},
    {"fourier/tiles", &fourier::run, family::winograd, 0, 0, 0, false, false, true,
     &fourier::serves, &fourier::workspace},
#endif
    pools("pool/max", &pooling::run_lines<pooling::max_of>, family::pool_max,
          &pooling::lines_workspace<pooling::max_of>),
    pools("pool/avg", &pooling::run_lines<pooling::sum_of>, family::pool_avg,
          &pooling::lines_workspace<pooling::sum_of>),
    pools("pool/min", &pooling::run_other<SWCONV_POOL_MIN>, family::pool_min),
    pools("pool/l1", &pooling::run_other<SWCONV_POOL_L1>, family::pool_l1),
    pools("pool/l2", &pooling::run_other<SWCONV_POOL_L2>, family::pool_l2),
};
constexpr int count = static_cast<int>(sizeof(list) / sizeof(list[0]));

}  // namespace kernels
SWCONV_END_NAMESPACE
