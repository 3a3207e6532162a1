// SPDX-License-Identifier: MIT
#include "machine.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <functional>
#include <thread>

#include "isa/probe.hpp"
#include "swconv/swconv.h"
#include "tensor.hpp"
#include "timing.hpp"

namespace swconv_bench {
namespace {

/// Run `work(thread)` on several threads at once; the time from the common start to the last end.
double time_of_all(int threads, const std::function<void(int)> &work) {
  if (threads == 1) return time_of([&] { work(0); });
  std::atomic<int> waiting{threads};
  std::vector<double> taken(static_cast<size_t>(threads));
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; ++t)
    pool.emplace_back([&, t] {
      for (--waiting; waiting > 0;) {
      }
      taken[size_t(t)] = time_of([&] { work(t); });
    });
  for (auto &thread : pool) thread.join();
  return *std::max_element(taken.begin(), taken.end());
}

/// A chain of dependent additions, one per cycle. The addend is a register: some CPUs add
/// constants for nothing while renaming registers.
constexpr int chain_length = 64;
__attribute__((noinline)) uint64_t addition_chain(int64_t loops) {
  uint64_t sum = 1, addend = 3;
  asm volatile("" : "+r"(addend));
  for (int64_t i = 0; i < loops; ++i) {
#pragma GCC unroll 64
    for (int j = 0; j < chain_length; ++j) {
      sum += addend;
      asm volatile("" : "+r"(sum));
    }
  }
  return sum;
}

/// Cycles per second.
double clock_now() {
  constexpr int64_t loops = 3000;
  volatile uint64_t sink = 0;
  const double taken = time_of([&] { sink = addition_chain(loops); });
  return double(loops * chain_length) / taken;
}

/// Probes of the instruction sets that this CPU supports, best first.
std::vector<const isa_probe *> probes() {
  const std::vector<const isa_probe *> built = {
#define SWCONV_BENCH_ISA(isa) &swconv_bench_probe_##isa,
#include "probes.inc"
#undef SWCONV_BENCH_ISA
  };
  const char *names[16] = {};
  const size_t count = std::min<size_t>(swconv_isas(names, 16), 16);
  std::vector<const isa_probe *> usable;
  for (size_t i = 0; i < count; ++i)
    for (const auto *probe : built)
      if (std::string(probe->name) == names[i]) usable.push_back(probe);
  return usable;
}

/// The clock may fall under wide vectors and rise for a moment when the neighbours are idle, and
/// other programs may take the core. So each sample of the peak is followed at once by one of the
/// clock, the best of many counts (of the clock, the best but a few), and what is not sound is
/// tried again.
machine::peak measure_peak(const isa_probe &probe, int threads, int rounds, double &clock) {
  const double flops_per_loop = 2.0 * probe.lanes * probe.fmas_per_loop;
  constexpr int64_t loops = 8000;
  volatile float sink = 0;
  machine::peak p{probe.name, 0, 0, 0, probe.fused};
  for (int attempt = 0; attempt < 10 && (attempt == 0 || !p.sound()); ++attempt) {
    std::vector<double> cycles;
    for (int r = 0; r < rounds; ++r) {
      const double taken = time_of_all(threads, [&](int) { sink = probe.fma(loops); });
      p.flops = std::max(p.flops, flops_per_loop * double(loops) / taken * threads);
      cycles.push_back(clock_now());
    }
    std::sort(cycles.begin(), cycles.end());
    const double best_cycles = cycles[size_t(rounds - 1 - rounds / 50)];
    clock = std::max(clock, best_cycles);
    p.per_cycle = p.flops / threads / (2.0 * probe.lanes * best_cycles);
    p.issue = std::max(1.0, std::round(p.per_cycle));
  }
  return p;
}

double measure_copy(const std::vector<const isa_probe *> &loops, float *from, float *to,
                    size_t footprint, int threads, double budget) {
  const size_t half = std::max<size_t>(footprint / 2 / size_t(threads) / 512 * 512, 512);
  const size_t stride = half / sizeof(float);
  double best = 0;
  for (const auto *loop : loops) {
    const size_t repeats = std::max<size_t>(1, (size_t(1) << 18) / half);
    double spent = 0;
    for (int r = 0; r < 3 || spent < budget; ++r) {
      const double taken = time_of_all(threads, [&](int t) {
        for (size_t i = 0; i < repeats; ++i)
          loop->copy(to + size_t(t) * stride, from + size_t(t) * stride, half);
      });
      spent += taken;
      best = std::max(best, 2.0 * double(half * repeats * size_t(threads)) / taken);
    }
  }
  return best;
}

}  // namespace

int pin_to_cpus(int count) {
  cpu_set_t allowed, chosen;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return -1;
  CPU_ZERO(&chosen);
  int first = -1;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && count > 0; --cpu)
    if (CPU_ISSET(cpu, &allowed)) CPU_SET(cpu, &chosen), first = cpu, --count;
  return sched_setaffinity(0, sizeof chosen, &chosen) == 0 ? first : -1;
}

machine::machine(int threads, bool quick) : threads_(threads) {
  const auto usable = probes();
  for (const auto *probe : usable)
    peaks_.push_back(measure_peak(*probe, threads, quick ? 20 : 200, clock_));

  const size_t largest = size_t(1) << (quick ? 24 : 28);
  tensor from = tensor::aligned(int64_t(largest / 2 / sizeof(float)));
  tensor to = tensor::aligned(from.size());
  for (size_t footprint = size_t(1) << 13; footprint <= largest; footprint *= 2)
    copies_.push_back({double(footprint), measure_copy(usable, from.data(), to.data(), footprint,
                                                       threads, quick ? 0.001 : 0.01)});
}

void machine::follow_clock() {
  const auto usable = probes();
  for (size_t i = 0; i < usable.size(); ++i) {
    const peak now = measure_peak(*usable[i], threads_, 20, clock_);
    if (now.sound() && now.flops > peaks_[i].flops) peaks_[i] = now;
  }
}

const machine::peak &machine::peak_of(const std::string &isa) const {
  const peak *best = &peaks_.at(0);
  for (const auto &p : peaks_) {
    if (p.isa == isa) return p;
    if (p.flops > best->flops) best = &p;
  }
  return *best;
}

double machine::copy_rate_at(double bytes) const {
  if (bytes <= copies_.front().footprint) return copies_.front().bytes_per_second;
  for (size_t i = 1; i < copies_.size(); ++i)
    if (bytes <= copies_[i].footprint) {
      const auto &low = copies_[i - 1], &high = copies_[i];
      const double at = std::log2(bytes / low.footprint) / std::log2(high.footprint / low.footprint);
      return low.bytes_per_second + at * (high.bytes_per_second - low.bytes_per_second);
    }
  return copies_.back().bytes_per_second;
}

double machine::ideal_seconds(const layer &l, const std::string &isa) const {
  const double arithmetic = l.pool() ? 0 : 2 * l.needed_taps() / peak_of(isa).flops;
  return std::max(arithmetic, l.bytes() / copy_rate_at(l.bytes()));
}

std::string machine::describe() const {
  std::string text;
  char line[256];
  std::snprintf(line, sizeof line, "clock        %.2f GHz (dependent additions)\n", clock_ / 1e9);
  text += line;
  for (const auto &p : peaks_) {
    std::snprintf(line, sizeof line, "peak %-7s %7.1f GFLOP/s = %.2f vector multiply-adds per cycle%s\n",
                  p.isa.c_str(), p.flops / 1e9, p.per_cycle,
                  p.sound() ? "" : "  (below 97% of the issue rate: not a sound measurement)");
    text += line;
  }
  text += "copy rate   ";
  for (const auto &c : copies_) {
    if (std::fmod(std::log2(c.footprint), 3) != 0) continue;
    const bool mega = c.footprint >= 1 << 20;
    std::snprintf(line, sizeof line, " %.0f %s: %.0f", c.footprint / (mega ? 1 << 20 : 1 << 10),
                  mega ? "MiB" : "KiB", c.bytes_per_second / 1e9);
    text += line;
  }
  return text + " GB/s read + written\n";
}

}  // namespace swconv_bench
