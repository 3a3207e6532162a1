// SPDX-License-Identifier: MIT
// Pooling and sliding sums against copying the same data: the targets of docs/benchmarks.md, and
// what was reached. One thread, best of many.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "calm.hpp"
#include "swconv/linked.hpp"
#include "swconv/sliding_sum.hpp"
#include "timing.hpp"

#if defined(SWCONV_BENCH_OPENCV)
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#endif

namespace {

using namespace swconv;

int missed = 0;

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

const char *verdict(bool reached) {
  if (!reached) ++missed;
  return reached ? "reached" : "MISSED";
}

void planes() {
  constexpr int64_t size = 512;
  std::vector<float> src(size * size), dst(src.size());
  for (size_t i = 0; i < src.size(); ++i) src[i] = float((i * 2654435761u) % 1000) / 1000;
  const double copy = best([&] { std::memcpy(dst.data(), src.data(), src.size() * 4); });
  std::printf("512 x 512, stride 1: memcpy %.4f ms; targets: 6 copies, window 255 at 1.5 of window 3\n",
              copy * 1e3);
  std::printf("%-5s %6s %9s %7s %10s %8s\n", "op", "window", "ms", "copies", "OpenCV ms", "");
  for (const uint32_t kind : {SWCONV_POOL_MAX, SWCONV_POOL_AVG}) {
    double first = 0, last = 0;
    for (const int64_t k : {3, 5, 9, 17, 33, 65, 129, 255}) {
      swconv_pool_params p;
      swconv_pool_params_init(&p);
      p.spatial_dims = 2;
      p.kind = kind;
      p.batch = p.channels = 1;
      for (int i = 1; i < 3; ++i) {
        p.src_size[i] = size, p.window[i] = k;
        p.pad_begin[i] = p.pad_end[i] = k / 2;
      }
      linked::plan made;
      if (static_cast<int>(made.make(p)) != SWCONV_OK) std::abort();
      const size_t bytes = made.info().workspace_bytes;
      std::vector<char> memory(bytes + 64);
      swconv_run_args a;
      swconv_run_args_init(&a);
      a.src = src.data(), a.dst = dst.data();
      a.workspace = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
      a.workspace_bytes = bytes;
      const double t = best([&] { (void)made.run(a); });
      if (k == 3) first = t;
      last = t;
      double theirs = 0;
#if defined(SWCONV_BENCH_OPENCV)
      cv::setNumThreads(1);
      std::vector<float> other(dst.size());
      const cv::Mat in(size, size, CV_32F, src.data());
      cv::Mat out(size, size, CV_32F, other.data());
      const auto element = cv::getStructuringElement(cv::MORPH_RECT, cv::Size(int(k), int(k)));
      theirs = best([&] {
        if (kind == SWCONV_POOL_MAX)
          cv::dilate(in, out, element);
        else
          cv::boxFilter(in, out, -1, cv::Size(int(k), int(k)), cv::Point(-1, -1), true,
                        cv::BORDER_CONSTANT);
      });
#endif
      std::printf("%-5s %6lld %9.4f %7.2f %10.4f  %s%s\n", kind == SWCONV_POOL_MAX ? "max" : "avg",
                  static_cast<long long>(k), t * 1e3, t / copy, theirs * 1e3,
                  verdict(t <= 6 * copy), theirs > 0 && theirs < t ? ", OpenCV is faster" : "");
    }
    std::printf("      window 255 costs %.2f of window 3  %s\n", last / first,
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
  for (const int64_t w : {2, 3, 7, 16, 31, 63, 64, 100, 255, 1000, 1023, 10000, 100000}) {
    const double add = best([&] { sliding_sum(src.data(), dst.data(), n, w, ops::add()); });
    if (dst[0] != float(w)) std::printf("WRONG: %g\n", double(dst[0])), ++missed;
    const double max = best([&] { sliding_sum(src.data(), dst.data(), n, w, ops::max()); });
    std::printf("%6lld %9.4f %7.2f %9.4f %7.2f  %s\n", static_cast<long long>(w), add * 1e3,
                add / copy, max * 1e3, max / copy, verdict(add <= 4 * copy && max <= 4 * copy));
  }
}

}  // namespace

int main() {
  planes();
  rows();
  std::printf("\n%d targets missed\n", missed);
}
