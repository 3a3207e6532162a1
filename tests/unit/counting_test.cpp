// SPDX-License-Identifier: MIT
// Cost without a clock: the kernels on an architecture of scalar lanes that counts operations. An
// FMA slot that does no needed work, a load too many per FMA, a size that falls off a cliff show
// here on any machine. The limits are a little above what the kernels do; a kernel that gets better
// should lower them.
#include <gtest/gtest.h>

#include <cstdio>
#include <ostream>
#include <string>
#include <vector>

#include "case.hpp"
#include "swconv/swconv.hpp"

namespace swconv_test {
namespace {

using swconv::simd::counts;
constexpr double lanes = swconv::simd::isa::full::size;

/// Operations per needed vector FMA; padding and idle lanes are not needed.
struct cost {
  std::string kernel;
  double fmas, loads, shuffles;  // loads: vectors and broadcasts
};

double needed_taps(int64_t out, int64_t in, int64_t k, int64_t s, int64_t d, int64_t pad) {
  double taps = 0;
  for (int64_t o = 0; o < out; ++o)
    for (int64_t t = 0; t < k; ++t) {
      const int64_t at = o * s - pad + t * d;
      taps += at >= 0 && at < in;
    }
  return taps;
}

cost cost_of(const conv_case &c, const char *kernel = nullptr) {
  std::vector<swconv_epilogue_op> ops;
  const auto params = to_params(c, &ops);
  swconv::plan_options options;
  options.force_kernel = kernel;
  swconv::plan plan;
  EXPECT_EQ(plan.make(params, &options), swconv::status::ok) << to_string(c);
  const auto info = plan.info();
  struct alignas(64) block {
    unsigned char bytes[64];
  };
  std::vector<block> packed(info.packed_bytes / 64 + 1), workspace(info.workspace_bytes / 64 + 1);
  std::vector<float> src(static_cast<size_t>(src_shape(c).span()), 1.0f);
  std::vector<float> filter(static_cast<size_t>(filter_shape(c).span()), 1.0f);
  std::vector<float> dst(static_cast<size_t>(dst_shape(c).span()));
  EXPECT_EQ(plan.pack(filter.data(), packed.data(), info.packed_bytes), swconv::status::ok);
  swconv::run_args args;
  args.src = src.data();
  args.packed_filter = packed.data();
  args.packed_bytes = info.packed_bytes;
  args.workspace = workspace.data();
  args.workspace_bytes = info.workspace_bytes;
  args.dst = dst.data();
  counts = {};
  EXPECT_EQ(plan.run(args), swconv::status::ok);
  const double needed = needed_taps(c.dst_h(), c.h, c.kh, c.sh, c.dh, c.pt) *
                        needed_taps(c.dst_w(), c.w, c.kw, c.sw, c.dw, c.pl) *
                        static_cast<double>(c.n * c.out_channels() * c.ic) / lanes;
  return {info.kernel, static_cast<double>(counts.fmas) / needed,
          static_cast<double>(counts.loads + counts.broadcasts) / needed,
          static_cast<double>(counts.shuffles) / needed};
}

conv_case layer(const std::string &text) {
  conv_case c;
  EXPECT_TRUE(parse(text, &c)) << text;
  return c;
}

struct limit {
  const char *layer;
  double fmas, loads, shuffles;
};

void PrintTo(const limit &l, std::ostream *out) { *out << l.layer; }

class Cost : public testing::TestWithParam<limit> {};
TEST_P(Cost, StaysWithinItsLimits) {
  const auto &most = GetParam();
  const auto c = cost_of(layer(most.layer));
  std::printf("%-75s %-20s fmas %.2f loads %.2f shuffles %.2f\n", most.layer, c.kernel.c_str(),
              c.fmas, c.loads, c.shuffles);
  EXPECT_LE(c.fmas, most.fmas) << c.kernel;
  EXPECT_LE(c.loads, most.loads) << c.kernel;
  EXPECT_LE(c.shuffles, most.shuffles) << c.kernel;
}
INSTANTIATE_TEST_SUITE_P(
    Layers, Cost,
    testing::Values(
        // Dense: lanes are channels, nothing idles.
        limit{"conv ic=64 oc=64 h=14 w=14 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1", 1.01, 0.35, 0.02},
        limit{"conv ic=32 oc=64 h=7 w=7 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1", 1.01, 0.35, 0.02},
        limit{"conv ic=64 oc=64 h=14 w=14", 1.03, 0.55, 0},
        limit{"conv ic=3 oc=32 h=56 w=56 kh=7 kw=7 sh=2 sw=2 pt=3 pl=3 pb=3 pr=3", 1.01, 0.70, 0.03},
        // Lanes are columns; both ends of a row are one tile of whole vectors. What a load takes is not
        // the multipliers', what a slide takes is.
        limit{"conv g=4 h=56 w=56 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1", 1.2, 0.55, 0.15},
        limit{"conv g=4 h=28 w=28 kh=5 kw=5 pt=2 pl=2 pb=2 pr=2", 1.25, 0.7, 0.05},
        limit{"conv g=4 h=28 w=28 kh=7 kw=7 pt=3 pl=3 pb=3 pr=3", 1.3, 0.8, 0.05},
        // The last tile is not full: it computes rows it does not fill.
        limit{"conv g=4 h=31 w=31 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1", 1.3, 0.6, 0.2},
        limit{"conv g=4 h=57 w=57 kh=3 kw=3 sh=2 sw=2 pt=1 pl=1 pb=1 pr=1", 1.45, 0.9, 1.1},
        limit{"conv h=64 w=128 kh=17 kw=17 pt=8 pl=8 pb=8 pr=8", 1.1, 0.7, 0.1},
        // Signals: a slide or a load per FMA in turn, beyond some taps neither.
        limit{"conv dims=1 w=4096 kw=17 pl=8 pr=8", 1.01, 0.8, 0.6},
        limit{"conv dims=1 w=4096 kw=17 dw=2 pl=16 pr=16", 1.01, 0.8, 0.6},
        limit{"conv dims=1 w=4096 kw=3 dw=128 pl=128 pr=128", 1.03, 1.3, 0},
        limit{"conv dims=1 w=4096 kw=65 pl=32 pr=32", 1.03, 0.45, 0.1}));

/// A size a little larger may cost a little more, never a multiple: no cliff between neighbours.
TEST(CostCliffs, NeighbouringSizesCostAlike) {
  for (const char *text : {"conv ic=16 oc=32 h=14 w=14 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1",
                           "conv g=2 h=40 w=40 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1", "conv dims=1 w=1024 kw=17"}) {
    const auto base = cost_of(layer(text));
    const auto total = [](const cost &c) { return c.fmas + c.loads + c.shuffles; };
    for (const int64_t more : {1, 2, 3, 4, 5, 6, 7, 8})
      for (const auto size : {&conv_case::w, &conv_case::h, &conv_case::kw, &conv_case::oc, &conv_case::dw}) {
        auto c = layer(text);
        if (size == &conv_case::oc && c.oc == 1) continue;
        if (size == &conv_case::h && c.dims == 1) continue;
        c.*size += more;
        if (size == &conv_case::kw) c.pl = c.pr = c.kw / 2;
        if (size == &conv_case::dw) c.pl = c.pr = c.dw * (c.kw / 2);
        const auto now = cost_of(c);
        EXPECT_LE(total(now), 2.0 * total(base)) << to_string(c) << " " << now.kernel << " against " << text;
      }
  }
}

}  // namespace
}  // namespace swconv_test
