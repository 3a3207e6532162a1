// SPDX-License-Identifier: MIT
/// @file calm.hpp
/// Is the core all ours? On a shared host another machine may use the other hardware thread of this
/// core, and then what issues several instructions a cycle takes up to twice as long. No clock or
/// counter in here shows it, but short runs of multiply-adds and of loads do.
#pragma once

#include <vector>

namespace swconv_bench {

struct isa_probe;

/// For one thread, that which measures.
class calm_core {
 public:
  calm_core();
  /// Some ten microseconds of work: does it run as fast as the fastest so far?
  bool now();
  /// Wait for that, for so many seconds at most. Returns the seconds waited.
  double wait(double seconds);

 private:
  /// Times of one kind of work. A clock that stumbles must not set the standard: two in turn do.
  struct record {
    double last = 1, fastest = 1;
    bool add(double taken);
  };

  const isa_probe *probe_;
  std::vector<float> data_;
  record multiply_, load_;
};

}  // namespace swconv_bench
