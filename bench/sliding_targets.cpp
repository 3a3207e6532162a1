// SPDX-License-Identifier: MIT
// Pooling and sliding sums against copying the same data, against OpenCV and against the memory
// roofline: the targets of docs/sliding-sums.md, and what was reached. One thread, best of many.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "calm.hpp"
#include "machine.hpp"
#include "parameters.hpp"
#include "swconv/linked.hpp"
#include "swconv/sliding_sum.hpp"
#include "timing.hpp"

#if defined(SWCONV_BENCH_OPENCV)
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#endif

namespace {

using namespace swconv;

int checks = 0, missed = 0;

/// Seconds of the fastest of the runs that fit into a short while in which the core is all ours.
template <class Work>
double best(Work &&work) {
  static swconv_bench::calm_core core;
  double fastest = 1e9, spent = 0, patience = 1;
  for (int i = 0; i < 5 || (i < 2000 && spent < 0.15); ++i) {
    patience -= core.wait(patience);
    const double t = swconv_bench::time_of(work);
    spent += t;
    if (t < fastest) fastest = t;
  }
  return fastest;
}

/// Counts a target, and says so if it is missed.
const char *verdict(bool reached) {
  ++checks;
  if (!reached) ++missed;
  return reached ? "" : "  MISSED";
}

/// A plan and its workspace.
class pooling {
 public:
  explicit pooling(const swconv_pool_params &p) {
    if (static_cast<int>(made_.make(p)) != SWCONV_OK) std::abort();
    const size_t bytes = made_.info().workspace_bytes;
    memory_.resize(bytes + 64);
    swconv_run_args_init(&args_);
    args_.workspace = memory_.data() + (64 - reinterpret_cast<uintptr_t>(memory_.data()) % 64);
    args_.workspace_bytes = bytes;
  }
  double seconds(const std::vector<float> &src, std::vector<float> &dst) {
    args_.src = src.data(), args_.dst = dst.data();
    return best([&] { (void)made_.run(args_); });
  }

 private:
  linked::plan made_;
  std::vector<char> memory_;
  swconv_run_args args_;
};

std::vector<float> some(int64_t n) {
  std::vector<float> x(static_cast<size_t>(n));
  for (size_t i = 0; i < x.size(); ++i) x[i] = float((i * 2654435761u) % 1000) / 1000;
  return x;
}

/// Seconds of OpenCV's dilate or boxFilter; 0 without it.
double of_opencv([[maybe_unused]] bool is_max, [[maybe_unused]] int64_t size,
                 [[maybe_unused]] int k, [[maybe_unused]] std::vector<float> &src) {
#if defined(SWCONV_BENCH_OPENCV)
  cv::setNumThreads(1);
  std::vector<float> other(src.size());
  const int n = static_cast<int>(size);
  const cv::Mat in(n, n, CV_32F, src.data());
  cv::Mat out(n, n, CV_32F, other.data());
  const auto element = cv::getStructuringElement(cv::MORPH_RECT, cv::Size(k, k));
  return best([&] {
    if (is_max)
      cv::dilate(in, out, element);
    else
      cv::boxFilter(in, out, -1, cv::Size(k, k), cv::Point(-1, -1), true, cv::BORDER_CONSTANT);
  });
#else
  return 0;
#endif
}

void planes() {
  constexpr int64_t size = 512;
  std::vector<float> src = some(size * size), dst(src.size());
  const double copy = best([&] { std::memcpy(dst.data(), src.data(), src.size() * 4); });
  std::printf("512 x 512, stride 1: memcpy %.4f ms; targets: 6 copies, faster than OpenCV, "
              "window 255 at 1.5 of window 3\n",
              copy * 1e3);
  std::printf("%-5s %6s %9s %7s %10s\n", "op", "window", "ms", "copies", "OpenCV ms");
  for (const bool is_max : {true, false}) {
    double first = 0, last = 0;
    for (const int k : {3, 5, 9, 17, 33, 65, 129, 255}) {
      swconv_pool_params p;
      swconv_pool_params_init(&p);
      p.spatial_dims = 2;
      p.kind = is_max ? SWCONV_POOL_MAX : SWCONV_POOL_AVG;
      p.batch = p.channels = 1;
      for (int i = 1; i < 3; ++i) {
        p.src_size[i] = size, p.window[i] = k;
        p.pad_begin[i] = p.pad_end[i] = k / 2;
      }
      const double t = pooling(p).seconds(src, dst), theirs = of_opencv(is_max, size, k, src);
      if (k == 3) first = t;
      last = t;
      std::printf("%-5s %6d %9.4f %7.2f%s", is_max ? "max" : "avg", k, t * 1e3, t / copy,
                  verdict(t <= 6 * copy));
      if (theirs > 0) std::printf(" %10.4f%s", theirs * 1e3, verdict(t < theirs));
      std::printf("\n");
    }
    std::printf("      window 255 costs %.2f of window 3%s\n", last / first,
                verdict(last <= 1.5 * first));
  }
}

void rows() {
  constexpr int64_t n = 262144;
  std::vector<float> src(n, 1.0f), dst(n);
  const double copy = best([&] { std::memcpy(dst.data(), src.data(), n * 4); });
  std::printf("\n1-D, %lld samples: memcpy %.4f ms; target: 4 copies\n",
              static_cast<long long>(n), copy * 1e3);
  std::printf("%6s %9s %7s %9s %7s\n", "window", "add ms", "copies", "max ms", "copies");
  for (const int64_t w : {2, 3, 7, 16, 31, 63, 64, 100, 255, 511, 512, 1000, 1023, 4000, 10000,
                          30000, 100000}) {
    const double add = best([&] { sliding_sum(src.data(), dst.data(), n, w, ops::add()); });
    if (dst[0] != float(w)) std::printf("WRONG: %g\n", double(dst[0])), ++missed;
    const double max = best([&] { sliding_sum(src.data(), dst.data(), n, w, ops::max()); });
    std::printf("%6lld %9.4f %7.2f%s", static_cast<long long>(w), add * 1e3, add / copy,
                verdict(add <= 4 * copy));
    std::printf(" %9.4f %7.2f%s\n", max * 1e3, max / copy, verdict(max <= 4 * copy));
  }
}

/// What reads each element about once: the memory is the limit.
void layers() {
  const swconv_bench::machine machine(1, false);
  std::printf("\nWindows with strides: target: 70%% of the memory roofline\n");
  std::printf("%-16s %9s %9s %6s\n", "layer", "ms", "limit ms", "share");
  for (const auto &l : swconv_bench::read_pool_layers(SWCONV_BENCH_SUITE "/pool_layers.csv")) {
    if (l.unit_stride() && l.dst_size() > l.n * l.oc) continue;
    const std::vector<float> src = some(l.src_size());
    std::vector<float> dst(static_cast<size_t>(l.dst_size()));
    const double t = pooling(swconv_bench::pool_params_of(l)).seconds(src, dst);
    const double limit = machine.memory_seconds(l);
    std::printf("%-16s %9.4f %9.4f %5.0f%%%s\n", l.name.c_str(), t * 1e3, limit * 1e3,
                100 * limit / t, verdict(limit >= 0.7 * t));
  }
}

}  // namespace

int main() {
  planes();
  rows();
  layers();
  std::printf("\n%d of %d targets missed\n", missed, checks);
}
