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
      for (--waiting; waiting > 0;) std::this_thread::yield();
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

/// The best of many samples, except the best few: in a virtual machine the clock on the wall
/// stumbles now and then.
double best_but_few(std::vector<double> &samples) {
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() - 1 - samples.size() / 50];
}

/// The clock may fall under wide vectors, and other programs may take the core. So each sample of
/// the peak is followed at once by one of the clock, and what is not sound is tried again.
machine::peak measure_peak(const isa_probe &probe, int threads, int rounds, double &clock) {
  const double flops_per_loop = 2.0 * probe.lanes * probe.fmas_per_loop;
  constexpr int64_t loops = 8000;
  volatile float sink = 0;
  machine::peak p{probe.name, 0, 0, 0, probe.fused};
  for (int attempt = 0; attempt < 10 && (attempt == 0 || !p.sound()); ++attempt) {
    std::vector<double> flops, cycles;
    for (int r = 0; r < rounds; ++r) {
      const double taken = time_of_all(threads, [&](int) { sink = probe.fma(loops); });
      flops.push_back(flops_per_loop * double(loops) / taken);
      cycles.push_back(clock_now());
    }
    const double best_flops = best_but_few(flops), best_cycles = best_but_few(cycles);
    clock = std::max(clock, best_cycles);
    p.flops = best_flops * threads;
    p.per_cycle = best_flops / (2.0 * probe.lanes * best_cycles);
    p.issue = std::max(1.0, std::round(p.per_cycle));
  }
  return p;
}

/// Each thread has its part of the footprint.
machine::memory_rate measure_memory(const std::vector<const isa_probe *> &probes, float *from,
                                    float *to, size_t footprint, int threads, double budget) {
  const auto share = [&](size_t bytes) {
    return std::max<size_t>(bytes / size_t(threads) / 1024 * 1024, 1024);
  };
  volatile float sink = 0;
  // The best rate of `work(probe, thread, bytes)`, which moves `moved` bytes each time.
  const auto best_rate = [&](size_t bytes, size_t moved, const auto &work) {
    const size_t repeats = std::max<size_t>(1, (size_t(1) << 18) / bytes);
    double best = 0;
    for (const auto *probe : probes) {
      double spent = 0;
      for (int r = 0; r < 3 || spent < budget; ++r) {
        const double taken = time_of_all(threads, [&](int t) {
          for (size_t i = 0; i < repeats; ++i) work(*probe, size_t(t), bytes);
        });
        spent += taken;
        best = std::max(best, double(moved * repeats * size_t(threads)) / taken);
      }
    }
    return best;
  };
  const size_t half = share(footprint / 2), whole = share(footprint);
  const double copy = best_rate(half, 2 * half, [&](const isa_probe &p, size_t t, size_t bytes) {
    p.copy(to + t * bytes / sizeof(float), from + t * bytes / sizeof(float), bytes);
  });
  const double read = best_rate(whole, whole, [&](const isa_probe &p, size_t t, size_t bytes) {
    sink = p.read(from + t * bytes / sizeof(float), bytes);
  });
  return {double(footprint), copy, std::max(read, copy)};
}

}  // namespace

std::vector<const isa_probe *> isa_probes() {
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
  const auto usable = isa_probes();
  for (const auto *probe : usable)
    peaks_.push_back(measure_peak(*probe, threads, quick ? 20 : 200, clock_));

  const size_t smallest = size_t(1) << 13, largest = size_t(1) << (quick ? 24 : 28);
  tensor from = tensor::aligned(int64_t(largest / sizeof(float)));
  tensor to = tensor::aligned(from.size() / 2);
  for (size_t footprint = smallest; footprint <= largest; footprint *= 2)
    rates_.push_back(
        measure_memory(usable, from.data(), to.data(), footprint, threads, quick ? 0.001 : 0.02));
}

void machine::follow_clock() {
  const auto usable = isa_probes();
  for (size_t i = 0; i < usable.size(); ++i) {
    const peak now = measure_peak(*usable[i], threads_, 50, clock_);
    if (now.sound() && (!peaks_[i].sound() || now.flops > peaks_[i].flops)) peaks_[i] = now;
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

machine::memory_rate machine::rate_at(double bytes) const {
  if (bytes <= rates_.front().footprint) return rates_.front();
  for (size_t i = 1; i < rates_.size(); ++i)
    if (bytes <= rates_[i].footprint) {
      const auto &low = rates_[i - 1], &high = rates_[i];
      const double at =
          std::log2(bytes / low.footprint) / std::log2(high.footprint / low.footprint);
      return {bytes, low.copy + at * (high.copy - low.copy),
              low.read + at * (high.read - low.read)};
    }
  return rates_.back();
}

double machine::ideal_seconds(const layer &l, const std::string &isa) const {
  const double arithmetic = l.pool() ? 0 : 2 * l.needed_taps() / peak_of(isa).flops;
  return std::max(arithmetic, memory_seconds(l));
}

double machine::memory_seconds(const layer &l) const {
  const double reads = l.needed_reads(), writes = l.written();
  const memory_rate rate = rate_at(reads + writes);
  const double copied = std::min(reads, writes) + writes;
  return copied / rate.copy + (reads + writes - copied) / rate.read;
}

std::string machine::rates_as_text() const {
  std::string text;
  char item[96];
  for (const auto &r : rates_) {
    std::snprintf(item, sizeof item, "%s%.0f:%.1f:%.1f", text.empty() ? "" : " ", r.footprint,
                  r.copy / 1e9, r.read / 1e9);
    text += item;
  }
  return text;
}

std::string machine::describe() const {
  std::string text;
  char line[256];
  std::snprintf(line, sizeof line, "clock        %.2f GHz (dependent additions)\n", clock_ / 1e9);
  text += line;
  for (const auto &p : peaks_) {
    std::snprintf(line, sizeof line,
                  "peak %-7s %7.1f GFLOP/s = %.2f vector multiply-adds per cycle%s\n",
                  p.isa.c_str(), p.flops / 1e9, p.per_cycle,
                  p.sound() ? "" : "  (not within 3% of the issue rate: not a sound measurement)");
    text += line;
  }
  for (const bool copy : {true, false}) {
    text += copy ? "copy        " : "read        ";
    for (const auto &r : rates_) {
      if (std::fmod(std::log2(r.footprint), 3) != 0) continue;
      const bool mega = r.footprint >= 1 << 20;
      std::snprintf(line, sizeof line, " %.0f %s: %.0f", r.footprint / (mega ? 1 << 20 : 1 << 10),
                    mega ? "MiB" : "KiB", (copy ? r.copy : r.read) / 1e9);
      text += line;
    }
    text += copy ? " GB/s read + written\n" : " GB/s\n";
  }
  return text;
}

}  // namespace swconv_bench
