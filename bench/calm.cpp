// SPDX-License-Identifier: MIT
#include "calm.hpp"

#include <algorithm>

#include "isa/probe.hpp"
#include "machine.hpp"
#include "timing.hpp"

namespace swconv_bench {

/// A neighbour costs more, the wavering clock less.
constexpr double tolerance = 1.1;

/// In the first-level cache.
constexpr size_t data_size = 4096, loads = 30;
constexpr int64_t multiplications = 2000;

calm_core::calm_core() : probe_(isa_probes().at(0)), data_(data_size + 16) {
  for (int i = 0; i < 1000; ++i) now();
}

bool calm_core::record::add(double taken) {
  fastest = std::min(fastest, std::max(taken, last));
  last = taken;
  return taken <= tolerance * fastest;
}

bool calm_core::now() {
  const size_t misaligned = reinterpret_cast<uintptr_t>(data_.data()) / sizeof(float) % 16;
  const float *const data = data_.data() + (16 - misaligned) % 16;
  volatile float sink = 0;
  const bool multiplies = multiply_.add(time_of([&] { sink = probe_->fma(multiplications); }));
  const bool reads = load_.add(time_of([&] {
    for (size_t i = 0; i < loads; ++i) sink = probe_->read(data, data_size * sizeof(float));
  }));
  return multiplies && reads;
}

double calm_core::wait(double seconds) {
  double waited = 0;
  while (!now() && waited < seconds) waited += multiply_.last + load_.last;
  return waited;
}

}  // namespace swconv_bench
