// SPDX-License-Identifier: MIT
/// @file copies.hpp
/// As many layers as there are threads, each by one thread on a core of its own: what threads that
/// share one layer are measured against.
#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tensor.hpp"
#include "variant.hpp"

namespace swconv_bench {

class copies_variant : public variant {
 public:
  copies_variant(const problem &p, std::unique_ptr<variant> (*make)(const problem &)) {
    sched_getaffinity(0, sizeof before_, &before_);
    int cpu = -1;
    for (int i = 0; i < p.threads; ++i) {
      while (++cpu < CPU_SETSIZE && !CPU_ISSET(cpu, &before_)) {
      }
      if (cpu >= CPU_SETSIZE) throw declined("fewer cores than threads");
      copies_.push_back(std::make_unique<copy>());
      copy &c = *copies_.back();
      c.cpu = cpu;
      c.src = tensor(p.shape.src_size()), c.dst = tensor(p.shape.dst_size());
      std::copy(p.src, p.src + p.shape.src_size(), c.src.data());
      problem one = p;
      one.threads = 1;
      if (i > 0) one.src = c.src.data(), one.dst = c.dst.data();
      c.layer = make(one);
    }
    stay_on(copies_[0]->cpu);
    for (size_t i = 1; i < copies_.size(); ++i)
      copies_[i]->thread = std::thread([this, i] { work(*copies_[i]); });
  }
  ~copies_variant() override {
    stop_ = true;
    round_.fetch_add(1, std::memory_order_release);
    for (auto &c : copies_)
      if (c->thread.joinable()) c->thread.join();
    sched_setaffinity(0, sizeof before_, &before_);
  }
  void pack() override {
    for (auto &c : copies_) c->layer->pack();
  }
  void run() override {
    busy_.store(int(copies_.size()) - 1, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    copies_[0]->layer->run();
    while (busy_.load(std::memory_order_acquire) > 0) {
    }
  }
  int copies() const override { return int(copies_.size()); }
  std::string describe() const override { return "independent copies"; }

 private:
  struct copy {
    int cpu = 0;
    tensor src, dst;
    std::unique_ptr<variant> layer;
    std::thread thread;
  };
  static void stay_on(int cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  /// Spins between runs: waking up would be timed, too.
  void work(copy &c) {
    stay_on(c.cpu);
    for (int64_t seen = 0;; ++seen) {
      while (round_.load(std::memory_order_acquire) == seen) {
      }
      if (stop_) return;
      c.layer->run();
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  cpu_set_t before_;
  std::vector<std::unique_ptr<copy>> copies_;
  std::atomic<int64_t> round_{0};
  std::atomic<int> busy_{0};
  std::atomic<bool> stop_{false};
};

}  // namespace swconv_bench
