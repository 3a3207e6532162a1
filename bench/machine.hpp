// SPDX-License-Identifier: MIT
/// @file machine.hpp
/// What this machine can do at best, measured: the yardstick of every result.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "layer.hpp"

namespace swconv_bench {

struct isa_probe;

/// Keep the calling thread, and threads made later, on the last `count` CPUs it may use. Returns
/// the first of them, or -1 where that is not possible.
int pin_to_cpus(int count);

/// Probes of the instruction sets that this CPU supports, best first.
std::vector<const isa_probe *> isa_probes();

class machine {
 public:
  struct peak {
    std::string isa;
    double flops;      ///< per second, all threads together
    double per_cycle;  ///< vector multiply-adds per cycle of one core, as measured
    double issue;      ///< the whole number that `per_cycle` stands for
    bool fused;        ///< without FMA there is no issue rate to compare with
    bool sound() const { return !fused || std::abs(per_cycle - issue) <= 0.03 * issue; }
  };
  /// Bytes per second with ordinary loads and stores, for one footprint in bytes.
  struct memory_rate {
    double footprint;
    double copy;  ///< read and written together
    double read;  ///< read alone
  };

  /// Measure with `threads` threads; takes about a second.
  machine(int threads, bool quick);

  /// Sample the highest peak again, for some milliseconds, in case the clock has risen since.
  void follow_clock();

  double clock() const { return clock_; }
  const std::vector<peak> &peaks() const { return peaks_; }
  const std::vector<memory_rate> &rates() const { return rates_; }
  /// Peak of an instruction set; the highest of all for "" or one that was not measured.
  const peak &peak_of(const std::string &isa) const;
  /// Interpolated on a logarithmic scale of footprints.
  memory_rate rate_at(double bytes) const;

  /// The time no program can beat: needed arithmetic at the FMA peak, or needed bytes moved once,
  /// whichever is longer. Bytes move at the rate of a copy of that footprint; what is read in
  /// excess of what is written, at the rate of reading, which is higher. Pooling is counted in
  /// bytes only, because a window of any size needs a small constant number of operations.
  double ideal_seconds(const layer &l, const std::string &isa) const;
  /// The part of it that bytes take.
  double memory_seconds(const layer &l) const;

  /// The rates as "footprint:copy:read ..." in bytes and GB/s, for programs.
  std::string rates_as_text() const;
  /// One line per fact.
  std::string describe() const;

 private:
  int threads_;
  double clock_ = 0;
  std::vector<peak> peaks_;
  std::vector<memory_rate> rates_;
};

}  // namespace swconv_bench
