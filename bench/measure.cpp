// SPDX-License-Identifier: MIT
#include "measure.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "calm.hpp"
#include "reference.hpp"
#include "tensor.hpp"
#include "timing.hpp"

namespace swconv_bench {
namespace {

/// What all variants of a layer share.
struct inputs {
  tensor src, filter;
  explicit inputs(const layer &l) : src(l.src_size()), filter(l.filter_size()) {
    src.fill_random(1);
    filter.fill_random(2);
  }
};

/// One variant of a layer while it is measured. An exception ends it, not the benchmark.
class trial {
 public:
  trial(const layer &l, const variant_kind &kind, const inputs &in, const settings &s)
      : dst_(l.dst_size()), settings_(s), fast_(kind.below_limit) {
    const problem p{l, in.src.data(), in.filter.data(), dst_.data(), s.threads, s.isa};
    if (!kind.applies(p)) {
      result.message = "does not apply";
      return;
    }
    guarded([&] {
      result.state = measurement::timed;
      variant_ = kind.make(p);
      result.pack = time_of([&] { variant_->pack(); });
      for (int i = 0; i < 4 && result.pack < 0.01; ++i)
        result.pack = std::min(result.pack, time_of([&] { variant_->pack(); }));
      dst_.fill(std::numeric_limits<float>::quiet_NaN());  // nothing may be left unwritten
      first_ = timed([&] { variant_->run(); });
      result.workspace_bytes = variant_->workspace_bytes();
      result.choice = variant_->describe();
    });
  }

  bool alive() const { return result.state == measurement::timed; }

  /// Find out how many runs make a sample that the clock can resolve. Of what takes longer than
  /// all samples should, the first run is the first sample.
  void warm_up() {
    if (first_ > settings_.seconds) {
      times_.push_back(first_), spent_ = first_;
      return;
    }
    guarded([&] {
      fastest_ = std::numeric_limits<double>::infinity();  // the first run is not a sample
      const double sample = settings_.seconds / settings_.samples;
      double once = first_;
      for (double spent = 0; spent < sample;) {
        const double taken = time_of([&] { variant_->run(); });
        once = std::min(once, taken), spent += std::max(taken, 1e-7);
      }
      runs_ = std::max<int64_t>(1, std::llround(sample / std::max(once, 1e-9)));
    });
  }
  /// Slow variants stop at three samples, very slow ones at one.
  bool wants_sample() const {
    if (!alive() || int(times_.size()) >= settings_.samples) return false;
    const double next = times_.empty() ? 0 : spent_ / double(times_.size());
    return spent_ + next < (times_.size() < 3 ? 8 : 1.5) * settings_.seconds;
  }
  void sample(calm_core &core) {
    guarded([&] {
      const double before = fastest_;
      const double taken = timed([&] {
        for (int64_t i = 0; i < runs_; ++i) variant_->run();
      });
      if (fastest_ < before && settings_.threads == 1 && !core.now()) result.undisturbed = 0;
      spent_ += taken;
      times_.push_back(taken / double(runs_));
    });
  }
  void cold_sample(tensor &walk) {
    guarded([&] {
      volatile float sink = 0;
      float sum = 0;
      for (int64_t i = 0; i < walk.size(); i += 16) sum += walk.data()[i];
      sink = sum;
      (void)sink;
      const double taken = time_of([&] { variant_->run(); });
      result.cold = result.cold == 0 ? taken : std::min(result.cold, taken);
    });
  }
  /// A slow variant spends so long in memory anyway that cold is no news.
  bool wants_cold() const { return alive() && !times_.empty() && times_.back() < 0.2; }

  void finish(const reference &exact) {
    guarded([&] {
      variant_->fetch();
      const verdict v = exact.check(dst_.data(), fast_);
      result.max_error = v.max_error;
      if (!v.right) throw std::runtime_error("wrong result: " + v.complaint);
      result.samples = int(times_.size());
      if (times_.empty()) return;
      std::sort(times_.begin(), times_.end());
      const size_t n = times_.size();
      result.min = times_[0] / variant_->copies();
      result.median = (times_[(n - 1) / 2] + times_[n / 2]) / 2 / variant_->copies();
    });
  }

  measurement result;

 private:
  /// As time_of, for `runs_` runs; remembers how much of the fastest was ours.
  template <class Work>
  double timed(Work &&work) {
    const double before = thread_seconds();
    const double taken = time_of(work), busy = thread_seconds() - before;
    const double each = taken / double(runs_);
    if (each < fastest_) {
      fastest_ = each;
      if (settings_.threads == 1) result.undisturbed = std::min(1.0, busy / taken);
    }
    return taken;
  }
  template <class Work>
  void guarded(Work &&work) {
    try {
      work();
    } catch (const declined &e) {
      result.state = measurement::does_not_apply, result.message = e.what();
    } catch (const std::exception &e) {
      result.state = measurement::failed, result.message = e.what();
    }
  }

  tensor dst_;
  const settings &settings_;
  bool fast_;
  std::unique_ptr<variant> variant_;
  int64_t runs_ = 1;
  double first_ = 0, spent_ = 0, fastest_ = std::numeric_limits<double>::infinity();
  std::vector<double> times_;
};

/// Runs `work` on every trial, forwards in even rounds and backwards in odd ones.
template <class Work>
void take_turns(std::vector<trial> &trials, int round, Work &&work) {
  for (size_t i = 0; i < trials.size(); ++i)
    work(trials[round % 2 == 0 ? i : trials.size() - 1 - i]);
}

std::vector<measurement> measure_here(const layer &l,
                                      const std::vector<const variant_kind *> &kinds,
                                      const settings &s, const inputs &in, const reference &exact) {
  std::vector<trial> trials;
  trials.reserve(kinds.size());
  for (const auto *kind : kinds) trials.emplace_back(l, *kind, in, s);

  if (!s.verify_only) {
    for (auto &t : trials)
      if (t.alive()) t.warm_up();
    static calm_core core;
    double patience = s.threads == 1 ? s.patience : 0;
    for (int round = 0; round < s.samples; ++round)
      take_turns(trials, round, [&](trial &t) {
        if (!t.wants_sample()) return;
        patience -= core.wait(patience);
        t.sample(core);
      });
    if (s.cold_samples > 0) {
      static tensor walk;
      if (walk.size() == 0) walk = tensor::aligned(int64_t(s.cold_bytes / sizeof(float)));
      for (int round = 0; round < s.cold_samples; ++round)
        take_turns(trials, round, [](trial &t) {
          if (t.wants_cold()) t.cold_sample(walk);
        });
    }
  }

  std::vector<measurement> results;
  for (auto &t : trials) {
    if (t.alive()) t.finish(exact);
    results.push_back(t.result);
  }
  return results;
}

/// A measurement as bytes, for the pipe from a child.
struct message {
  measurement::outcome state;
  double min, median, cold, pack, max_error;
  int samples;
  size_t workspace_bytes;
  char text[256], choice[512];
};

void send(int pipe, const measurement &m) {
  message out{m.state,     m.min,     m.median,          m.cold, m.pack,
              m.max_error, m.samples, m.workspace_bytes, {},     {}};
  std::strncpy(out.text, m.message.c_str(), sizeof out.text - 1);
  std::strncpy(out.choice, m.choice.c_str(), sizeof out.choice - 1);
  if (write(pipe, &out, sizeof out) != ssize_t(sizeof out)) _exit(1);
}

measurement receive(int pipe) {
  message in;
  size_t got = 0;
  for (ssize_t n; got < sizeof in; got += size_t(n)) {
    n = read(pipe, reinterpret_cast<char *>(&in) + got, sizeof in - got);
    if (n <= 0) break;
  }
  measurement m;
  if (got < sizeof in) {
    m.state = measurement::failed, m.message = "its process ended early";
    return m;
  }
  m.state = in.state, m.message = in.text, m.choice = in.choice;
  m.min = in.min, m.median = in.median, m.cold = in.cold, m.pack = in.pack;
  m.max_error = in.max_error, m.samples = in.samples, m.workspace_bytes = in.workspace_bytes;
  return m;
}

measurement measure_in_child(const layer &l, const variant_kind &kind, const settings &s,
                             const inputs &in, const reference &exact) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    close(ends[0]);
    send(ends[1], measure_here(l, {&kind}, s, in, exact).at(0));
    _exit(0);
  }
  close(ends[1]);
  const measurement m = receive(ends[0]);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return m;
}

}  // namespace

std::vector<measurement> measure_layer(const layer &l,
                                       const std::vector<const variant_kind *> &kinds,
                                       const settings &s) {
  const inputs in(l);
  const reference exact(l, in.src.data(), in.filter.data(), s.reference_taps);
  if (s.threads == 1) return measure_here(l, kinds, s, in, exact);
  std::vector<measurement> results;
  for (const auto *kind : kinds) results.push_back(measure_in_child(l, *kind, s, in, exact));
  return results;
}

double cold_walk_bytes() {
  const long l3 = sysconf(_SC_LEVEL3_CACHE_SIZE), l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
  const double last = double(std::max({l3, l2, 4l << 20}));
  return std::min(2 * last, 256.0 * (1 << 20));
}

}  // namespace swconv_bench
