// SPDX-License-Identifier: MIT
// What math = fast promises beside its error: which bits stay the same, where a NaN goes, which
// filter a plan reads. The error itself is part of every check of a fast case.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "backend.hpp"
#include "case.hpp"
#include "memory.hpp"
#include "settings.hpp"
#include "thread_sources.hpp"

namespace swconv_test {
namespace {

conv_case fast_case(const char *text) {
  conv_case c;
  EXPECT_TRUE(parse(text, &c)) << text;
  c.fast = 1;
  c.data = random_data;
  return c;
}

/// A plan of a fast case for one instruction set, and what a run needs.
struct layer {
  plan_owner plan;
  swconv_plan_info info{};
  swconv_status status;
  std::vector<float> filter;
  guarded_memory packed, workspace;

  layer(const conv_case &c, const isa &i, uint64_t keep = 0, uint32_t threads = 1) {
    std::vector<swconv_epilogue_op> ops;
    const auto params = to_params(c, &ops);
    swconv_plan_options options{};
    options.struct_size = sizeof options;
    options.force_isa = i.name.c_str();
    options.keep_packing_id = keep;
    options.max_threads = threads;
    status = library().conv_plan(&params, &options, nullptr, plan.out(), nullptr);
    if (status != SWCONV_OK) return;
    info = plan.info();
    filter.resize(static_cast<size_t>(filter_shape(c).span()));
    fill(filter.data(), filter_shape(c), c.data, c.seed, role::filter);
    const auto memory = packed.take(info.packed_bytes, 64, edge::back);
    EXPECT_EQ(library().pack(plan.get(), filter.data(), memory, info.packed_bytes, nullptr), SWCONV_OK);
  }

  std::vector<float> run(const conv_case &c, const std::vector<float> &src, const void *other = nullptr,
                         const swconv_threads *threads = nullptr) {
    std::vector<float> dst(static_cast<size_t>(dst_shape(c).span()));
    swconv_run_args args{};
    args.struct_size = sizeof args;
    args.src = src.data();
    args.dst = dst.data();
    args.packed_filter = other ? other : packed.block();
    args.packed_bytes = info.packed_bytes;
    args.workspace = workspace.take(info.workspace_bytes, 64, edge::back);
    args.workspace_bytes = info.workspace_bytes;
    args.threads = threads;
    EXPECT_EQ(library().run(plan.get(), &args, nullptr), SWCONV_OK);
    return dst;
  }
};

std::vector<float> src_of(const conv_case &c) {
  std::vector<float> src(static_cast<size_t>(src_shape(c).span()));
  fill(src.data(), src_shape(c), c.data, c.seed, role::src);
  return src;
}

/// The baseline answers with its direct kernels.
bool has_tiles(const isa &i) {
  return std::find(i.families.begin(), i.families.end(), "winograd") != i.families.end();
}

bool is_fourier(const layer &l) { return std::string(l.info.kernel).rfind("fourier/", 0) == 0; }
bool is_tiled(const layer &l) {
  return std::string(l.info.kernel).rfind("winograd/", 0) == 0 || is_fourier(l);
}

const char *const typical[] = {
    "conv ic=64 oc=64 h=56 w=56 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1",
    "conv ic=32 oc=48 h=28 w=28 kh=5 kw=5 pt=2 pl=2 pb=2 pr=2",
    "conv dims=1 ic=64 oc=64 w=1000 kw=7 dw=3 pl=9 pr=9",
    "conv ic=128 oc=128 h=61 w=67 kh=3 kw=3 sh=2 sw=2 pt=1 pl=1 pb=1 pr=1",
};

TEST(Fast, TypicalLayersGetTiles) {
  EXPECT_TRUE(std::all_of(isas().begin(), isas().end(),
                          [](const isa &i) { return has_tiles(i) || i.name == "sse2"; }));
  for (const auto &i : isas())
    for (const char *text : typical) {
      if (!has_tiles(i)) continue;
      layer l(fast_case(text), i);
      EXPECT_TRUE(is_tiled(l)) << i.name << " " << text << ": " << l.info.kernel;
      char line[512];
      library().describe(l.plan.get(), line, sizeof line);
      EXPECT_NE(std::strstr(line, "points, error about"), nullptr) << line;
    }
}

/// One channel: tiles in the lanes; many: channels. Long rows: one axis.
const char *const large_filters[] = {
    "conv h=300 w=310 kh=25 kw=25", "conv n=2 dims=1 g=3 w=30000 kw=257 pl=128 pr=128",
    "conv h=256 w=256 kh=17 kw=31 pt=8 pl=15 pb=8 pr=15",
    "conv g=64 h=90 w=100 kh=31 kw=31 pt=15 pl=15 pb=15 pr=15", "conv dims=1 w=100000 kw=200"};
const char *const large_batches[] = {"conv n=3 g=2 h=150 w=170 kh=25 kw=25 pt=9 pl=12",
                                     "conv n=2 g=40 h=80 w=90 kh=29 kw=31"};

/// An emulator takes a minute for all of these: it runs those with the fewest transforms.
template <size_t N>
std::vector<const char *> by_time(const char *const (&layers)[N]) {
  return {layers, layers + by_effort<size_t>(N / 2, N, N)};
}

TEST(Fast, LargeFiltersGetSpectra) {
  for (const auto &i : isas())
    for (const char *text : by_time(large_filters)) {
      if (!has_tiles(i)) continue;
      layer l(fast_case(text), i);
      EXPECT_TRUE(is_fourier(l)) << i.name << " " << text << ": " << l.info.kernel;
      char line[512];
      library().describe(l.plan.get(), line, sizeof line);
      EXPECT_NE(std::strstr(line, "Fourier transform, error about 1e-07"), nullptr) << line;
    }
}

/// Two tiles share a transform, and always the same two: however the work is cut.
TEST(Fast, SpectraHaveTheSameBitsForThreadsAndPositionInABatch) {
  for (const auto &i : isas()) {
    for (const char *text : by_time(large_batches)) {
      if (!has_tiles(i)) continue;
      const auto c = fast_case(text);
      layer serial(c, i), split(c, i, 0, 5);
      ASSERT_TRUE(is_fourier(serial)) << i.name << " " << serial.info.kernel;
      EXPECT_GT(split.info.tasks, serial.info.tasks);
      const auto src = src_of(c);
      const auto one = serial.run(c, src);
      const auto source = reversed_threads(5);
      const auto many = split.run(c, src, nullptr, &source);
      EXPECT_EQ(std::memcmp(one.data(), many.data(), one.size() * 4), 0) << i.name;
      auto single = c;
      single.n = 1;
      layer alone(single, i, serial.info.packing_id);
      ASSERT_EQ(alone.status, SWCONV_OK);
      const auto ss = src_shape(c), ds = dst_shape(c);
      const std::vector<float> image(src.begin() + ss.stride[0], src.begin() + 2 * ss.stride[0]);
      const auto result = alone.run(single, image);
      EXPECT_EQ(std::memcmp(result.data(), one.data() + ds.stride[0], result.size() * 4), 0) << i.name;
    }
  }
}

/// Errors are those of a Fourier transform, below those of the direct chain: a bound as tight as is
/// said, on a filter with one large tap, too.
TEST(Fast, SpectraAreAsAccurateAsSaid) {
  for (const auto &i : isas()) {
    if (!has_tiles(i)) continue;
    for (const char *text : by_time(large_filters))
      for (int peak = 0; peak < 2; ++peak) {
        const auto c = fast_case(text);
        layer l(c, i);
        if (peak) {
          l.filter[l.filter.size() / 2] = 1000;
          const auto memory = l.packed.block();
          library().pack(l.plan.get(), l.filter.data(), memory, l.info.packed_bytes, nullptr);
        }
        const auto src = src_of(c);
        const auto dst = l.run(c, src);
        const auto ss = src_shape(c), fs = filter_shape(c), ds = dst_shape(c);
        for (int64_t k = 0; k < 500; ++k) {
          const int64_t n = k % c.n, g = k * 7 % c.g, y = k * 31 % ds.size[2], x = k * 1009 % ds.size[3];
          double exact = 0, magnitude = 0;
          for (int64_t h = 0; h < c.kh; ++h)
            for (int64_t w = 0; w < c.kw; ++w) {
              const double f = l.filter[static_cast<size_t>(fs.at(g, 0, h, w))];
              const int64_t row = y + h - c.pt, column = x + w - c.pl;
              magnitude += std::fabs(f);
              if (row >= 0 && row < c.h && column >= 0 && column < c.w)
                exact += f * src[static_cast<size_t>(ss.at(n, g, row, column))];
            }
          const double got = dst[static_cast<size_t>(ds.at(n, g, y, x))];
          ASSERT_LT(std::fabs(got - exact), 4e-7 * magnitude) << i.name << " " << text << " " << k;
        }
      }
  }
}

TEST(Fast, StrictAndHopelessLayersDoNot) {
  for (const auto &i : isas()) {
    auto c = fast_case(typical[0]);
    c.fast = 0;
    EXPECT_FALSE(is_tiled(layer(c, i)));
    for (const char *text : {"conv ic=256 oc=64 h=56 w=56", "conv g=64 h=56 w=56 kh=3 kw=3",
                             "conv h=200 w=200 kh=3 kw=3", "conv ic=3 oc=2 h=9 w=9 kh=3 kw=3"})
      EXPECT_FALSE(is_tiled(layer(fast_case(text), i))) << i.name << " " << text;
  }
}

TEST(Fast, SameBitsForThreadsAndPositionInABatch) {
  for (const auto &i : isas()) {
    auto c = fast_case("conv n=3 ic=32 oc=40 h=13 w=21 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1");
    const auto src = src_of(c);
    layer serial(c, i), split(c, i, 0, 3);
    ASSERT_EQ(is_tiled(serial), has_tiles(i)) << i.name;
    const auto one = serial.run(c, src);
    const auto source = reversed_threads(3);
    const auto many = split.run(c, src, nullptr, &source);
    EXPECT_EQ(std::memcmp(one.data(), many.data(), one.size() * 4), 0) << i.name;
    auto single = c;
    single.n = 1;
    layer alone(single, i, serial.info.packing_id);
    const auto ss = src_shape(c), ds = dst_shape(c);
    for (int64_t n = 0; n < c.n; ++n) {
      const std::vector<float> image(src.begin() + n * ss.stride[0], src.begin() + (n + 1) * ss.stride[0]);
      const auto result = alone.run(single, image);
      EXPECT_EQ(std::memcmp(result.data(), one.data() + n * ds.stride[0], result.size() * 4), 0) << i.name;
    }
  }
}

/// An infinity or NaN spoils the tiles that read it and nothing else.
TEST(Fast, ANanStaysInItsTiles) {
  constexpr int64_t tile = 8;  // no tile reads further
  for (const auto &i : isas()) {
    const auto c = fast_case("conv ic=16 oc=32 h=40 w=40 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1");
    layer l(c, i);
    auto src = src_of(c);
    const auto clean = l.run(c, src);
    const int64_t y = 19, x = 22;
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      src[static_cast<size_t>(src_shape(c).at(0, 7, y, x))] = bad;
      const auto spoiled = l.run(c, src);
      for (int64_t oc = 0; oc < c.oc; ++oc)
        for (int64_t h = 0; h < 40; ++h)
          for (int64_t w = 0; w < 40; ++w) {
            const auto at = static_cast<size_t>(dst_shape(c).at(0, oc, h, w));
            if (std::abs(h - y) <= 1 && std::abs(w - x) <= 1) {
              EXPECT_FALSE(std::isfinite(spoiled[at]));
            } else if (std::abs(h - y) >= tile || std::abs(w - x) >= tile) {
              ASSERT_EQ(spoiled[at], clean[at]) << i.name << " " << h << " " << w;
            }
          }
    }
  }
}

/// In a spectrum it spoils the two tiles of its transform.
TEST(Fast, ANanStaysInItsPairOfTiles) {
  for (const auto &i : isas()) {
    if (!has_tiles(i)) continue;
    const auto c = fast_case("conv h=300 w=310 kh=25 kw=25");
    layer l(c, i);
    ASSERT_TRUE(is_fourier(l));
    auto src = src_of(c);
    const auto clean = l.run(c, src);
    src[static_cast<size_t>(src_shape(c).at(0, 0, 5, 5))] = std::numeric_limits<float>::quiet_NaN();
    const auto spoiled = l.run(c, src);
    int64_t same = 0;
    for (int64_t h = 0; h < 276; ++h)
      for (int64_t w = 0; w < 286; ++w) {
        const auto at = static_cast<size_t>(dst_shape(c).at(0, 0, h, w));
        if (h <= 5 && w <= 5) {
          EXPECT_TRUE(std::isnan(spoiled[at]));
        }
        if (h >= 128 || w >= 256) {
          ASSERT_EQ(spoiled[at], clean[at]) << i.name << " " << h << " " << w;
        }
        same += spoiled[at] == clean[at];
      }
    EXPECT_GT(same, 276 * 286 / 2);
  }
}

/// One packed filter for other sizes and dilations, by its id.
TEST(Fast, KeepsAPacking) {
  for (const auto &i : isas()) {
    const auto c = fast_case(typical[0]);
    layer first(c, i);
    ASSERT_EQ(is_tiled(first), has_tiles(i));
    for (const char *text : {"conv ic=64 oc=64 h=7 w=7 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1",
                             "conv n=2 ic=64 oc=64 h=19 w=31 kh=3 kw=3 dh=2 dw=3"}) {
      const auto other = fast_case(text);
      layer kept(other, i, first.info.packing_id), free(other, i);
      ASSERT_EQ(kept.status, SWCONV_OK);
      EXPECT_EQ(kept.info.packing_id, first.info.packing_id);
      const auto src = src_of(other);
      const auto with_its_own = kept.run(other, src), with_other = kept.run(other, src, first.packed.block());
      EXPECT_EQ(std::memcmp(with_its_own.data(), with_other.data(), with_other.size() * 4), 0);
    }
    layer wrong(fast_case("conv ic=64 oc=65 h=7 w=7 kh=3 kw=3"), i, first.info.packing_id);
    EXPECT_EQ(wrong.status, static_cast<swconv_status>(SWCONV_UNSUPPORTED));
  }
}

/// Fifty layers one after another, with relu: errors add up, they do not multiply.
TEST(Fast, AChainOfFiftyLayers) {
  for (const auto &i : isas()) {
    auto c = fast_case("conv ic=16 oc=16 h=12 w=12 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1 act=3");
    std::vector<float> x[2] = {src_of(c), src_of(c)};
    const float scale = 1.0f / std::sqrt(16 * 9 / 3.0f * 0.53f);
    for (int depth = 0; depth < 50; ++depth) {
      c.seed = depth + 2;
      for (int fast = 0; fast < 2; ++fast) {
        c.fast = fast;
        layer l(c, i);
        x[fast] = l.run(c, x[fast]);
        for (float &v : x[fast]) v *= scale;
      }
    }
    double difference = 0, size = 0;
    for (size_t k = 0; k < x[0].size(); ++k) {
      difference += std::pow(double(x[0][k]) - x[1][k], 2);
      size += std::pow(double(x[0][k]), 2);
    }
    EXPECT_GT(size, 0);
    EXPECT_TRUE(std::isfinite(size));
    EXPECT_LT(std::sqrt(difference / size), 2e-5) << i.name;
    RecordProperty("relative_difference_" + i.name, std::to_string(std::sqrt(difference / size)));
  }
}

}  // namespace
}  // namespace swconv_test
