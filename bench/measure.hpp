// SPDX-License-Identifier: MIT
/// @file measure.hpp
/// Times all variants of one layer side by side and checks what they computed.
///
/// Google Benchmark runs one benchmark to its end before the next begins. Here the variants of a
/// layer take turns instead, forwards and backwards, each for the same time: a change of clock or
/// load meets all of them. Google Benchmark then reports what was measured.
#pragma once

#include <string>
#include <vector>

#include "layer.hpp"
#include "variant.hpp"

namespace swconv_bench {

struct settings {
  int threads = 1;
  std::string isa;              ///< of this library; "": the best of this CPU
  int samples = 100;            ///< of each variant, at most; short ones fit between disturbances
  double seconds = 0.15;        ///< for the samples of each variant, about
  double patience = 3;          ///< seconds to wait per layer, at most, until the core is all ours
  int cold_samples = 3;         ///< 0: none
  double cold_bytes = 0;        ///< walked through before each cold sample
  double reference_taps = 5e7;  ///< up to here every result is checked, beyond it a sample
  bool verify_only = false;     ///< one run, no times
};

struct measurement {
  enum outcome { timed, does_not_apply, failed };
  outcome state = does_not_apply;
  std::string message;                             ///< why it does not apply or failed
  std::string choice;                              ///< what the variant says of itself
  double min = 0, median = 0, cold = 0, pack = 0;  ///< seconds; 0: not measured
  int samples = 0;
  /// Part of the fastest sample during which the process had a core (one thread only). Below 0.97
  /// other programs are in every sample, and the time means little. 0 where another machine was on
  /// the core after it.
  double undisturbed = 1;
  size_t workspace_bytes = 0;
  double max_error = 0;
};

/// Measure `kinds` on `l`. Single-threaded, all live in this process; with more threads each has a
/// process of its own, so that no two thread pools ever meet.
std::vector<measurement> measure_layer(const layer &l,
                                       const std::vector<const variant_kind *> &kinds,
                                       const settings &s);

/// Bytes to walk through so that nothing of a layer stays in a cache: twice the last-level cache,
/// but at most 256 MiB. (Servers report the cache of the whole socket, of which a core has a part.)
double cold_walk_bytes();

}  // namespace swconv_bench
