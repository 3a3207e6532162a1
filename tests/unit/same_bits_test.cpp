// SPDX-License-Identifier: MIT
// One computation, many ways: instruction sets, kernels, threads, splits, positions in a batch and
// the packed filter must not show in a single bit. check() compares each run with the canonical
// chain, so equal to it means equal to each other.
#include <cstring>
#include <set>

#include "backend.hpp"
#include "core_cases.hpp"
#include "generate.hpp"
#include "memory.hpp"
#include "run_cases.hpp"
#include "settings.hpp"

namespace swconv_test {
namespace {

conv_case convolution(const char *text) {
  conv_case c;
  EXPECT_TRUE(parse(text, &c)) << text;
  c.data = random_data;
  return c;
}

/// Layers large enough to be split in more than one way.
const char *const layers[] = {
    "conv n=3 ic=5 oc=70 h=13 w=29 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1 bias=1 scale=1 act=1",
    "conv g=3 ic=6 oc=9 h=11 w=23 kh=3 kw=3 sh=2 sw=2 pt=1 pl=1 pb=1 pr=1 bias=1",
    "conv n=2 g=19 h=18 w=37 kh=5 kw=5 pt=2 pl=2 pb=2 pr=2 residual=2",
    "conv h=61 w=203 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1",
    "conv dims=1 w=5000 kw=33 pl=16 pr=16 bias=1",
    "conv dims=1 g=4 ic=8 oc=8 w=300 kw=5 dw=4 pl=8 pr=8",
    "conv ic=64 oc=100 h=3 w=3 residual=1",
    "conv n=7 ic=40 oc=33 h=1 w=1",
};

std::vector<int> thread_counts() {
  return by_effort<std::vector<int>>({3, -7}, {1, 2, 3, 7, -2, -3, -7, -64}, {1, 2, 3, 7, -2, -3, -7, -64});
}

TEST(SameBits, ThreadsAndSplits) {
  for (const char *text : layers)
    EXPECT_EQ(check(convolution(text), {breadth::families, thread_counts()}), "");
}

TEST(SameBits, ThreadsAndSplitsOfPools) {
  for (const char *text : {"pool n=2 c=5 h=30 w=41 kh=3 kw=3 sh=2 sw=2 pt=1 pl=1 pb=1 pr=1",
                           "pool h=40 w=90 kh=9 kw=9 pt=4 pl=4 pb=4 pr=4",
                           "pool dims=1 w=2000 kw=51"})
    for (const int64_t kind : {SWCONV_POOL_MAX, SWCONV_POOL_AVG}) {
      pool_case c;
      ASSERT_TRUE(parse(text, &c));
      c.kind = kind;
      c.data = random_data;
      EXPECT_EQ(check(c, {breadth::families, thread_counts()}), "");
    }
}

TEST(SameBits, KernelsAndInstructionSets) {
  auto cases = sample(pairwise_convolutions(77), by_effort<size_t>(11, 1, 1));
  for (auto &c : cases) {
    c.data = c.data == integers ? random_data : c.data;
    c.act %= SWCONV_ACT_SIGMOID;  // those whose bits are promised
  }
  run_cases(cases, {breadth::kernels, {1, -4}});
}

/// What a plan of `c` for one ISA and kernel makes of its own data, as plain memory. Empty if the
/// kernel does not serve the layer.
std::vector<float> result_of(const conv_case &c, const isa &i, const char *kernel,
                             swconv_plan_info *info_out = nullptr) {
  std::vector<swconv_epilogue_op> ops;
  const auto params = to_params(c, &ops);
  swconv_plan_options options{};
  options.struct_size = sizeof options;
  options.force_isa = i.name.c_str();
  options.force_kernel = kernel;
  plan_owner plan;
  if (library().conv_plan(&params, &options, nullptr, plan.out(), nullptr) != SWCONV_OK) return {};
  const auto info = plan.info();
  if (info_out) *info_out = info;

  const auto ss = src_shape(c), fs = filter_shape(c), ds = dst_shape(c);
  std::vector<float> src(static_cast<size_t>(ss.span())), filter(static_cast<size_t>(fs.span()));
  std::vector<float> dst(static_cast<size_t>(ds.span()), canary());
  fill(src.data(), ss, c.data, c.seed, role::src);
  fill(filter.data(), fs, c.data, c.seed, role::filter);
  guarded_memory packed, workspace;
  swconv_run_args args{};
  args.struct_size = sizeof args;
  args.src = src.data();
  args.dst = dst.data();
  void *memory = packed.take(info.packed_bytes, 64, edge::front);
  args.packed_filter = memory;
  args.packed_bytes = info.packed_bytes;
  args.workspace = workspace.take(info.workspace_bytes, 64, edge::front);
  args.workspace_bytes = info.workspace_bytes;
  EXPECT_EQ(library().pack(plan.get(), filter.data(), memory, info.packed_bytes, nullptr), SWCONV_OK);
  EXPECT_EQ(library().run(plan.get(), &args, nullptr), SWCONV_OK);
  return dst;
}

TEST(SameBits, PositionInABatch) {
  for (const auto &i : isas())
    for (const char *text : {"conv n=5 ic=3 oc=20 h=7 w=9 kh=3 kw=3 pt=1 pl=1", "conv n=5 g=6 h=9 w=40 kh=3 kw=3"}) {
      const auto batch = convolution(text);
      const auto all = result_of(batch, i, nullptr);
      // The images of a dense src lie one after another, so image k of the batch is the src of a
      // case that starts there; fill() numbers elements in the same order.
      const auto ss = src_shape(batch), ds = dst_shape(batch);
      std::vector<float> src(static_cast<size_t>(ss.span())), filter(static_cast<size_t>(filter_shape(batch).span()));
      fill(src.data(), ss, batch.data, batch.seed, role::src);
      fill(filter.data(), filter_shape(batch), batch.data, batch.seed, role::filter);
      auto one = batch;
      one.n = 1;
      std::vector<swconv_epilogue_op> ops;
      const auto params = to_params(one, &ops);
      swconv_plan_options options{};
      options.struct_size = sizeof options;
      options.force_isa = i.name.c_str();
      plan_owner plan;
      ASSERT_EQ(library().conv_plan(&params, &options, nullptr, plan.out(), nullptr), SWCONV_OK);
      const auto info = plan.info();
      guarded_memory packed, workspace;
      void *memory = packed.take(info.packed_bytes, 64, edge::front);
      void *room = workspace.take(info.workspace_bytes, 64, edge::front);
      ASSERT_EQ(library().pack(plan.get(), filter.data(), memory, info.packed_bytes, nullptr), SWCONV_OK);
      for (int64_t n = 0; n < batch.n; ++n) {
        std::vector<float> dst(static_cast<size_t>(ds.stride[0]));
        swconv_run_args args{};
        args.struct_size = sizeof args;
        args.src = src.data() + n * ss.stride[0];
        args.packed_filter = memory;
        args.packed_bytes = info.packed_bytes;
        args.dst = dst.data();
        args.workspace = room;
        args.workspace_bytes = info.workspace_bytes;
        ASSERT_EQ(library().run(plan.get(), &args, nullptr), SWCONV_OK);
        EXPECT_EQ(std::memcmp(dst.data(), all.data() + n * ds.stride[0], dst.size() * 4), 0)
            << i.name << " " << text << " image " << n;
      }
    }
}

/// One filter, one packing: whatever the kernel, the batch and the image size.
TEST(SameBits, OnePackingServesAllKernelsAndSizes) {
  for (const auto &i : isas())
    for (const char *text : {"conv ic=3 oc=20 kh=3 kw=3", "conv g=6 kh=5 kw=5", "conv kw=9", "conv g=4 ic=3 oc=5 kh=1 kw=3"}) {
      std::set<uint64_t> ids;
      std::set<std::string> kernels;
      for (const auto &family : i.families)
        for (const int64_t size : {int64_t{9}, int64_t{40}, by_effort<int64_t>(41, 130, 130)}) {
          auto c = convolution(text);
          c.n = size % 2 + 1;
          c.w = size;
          c.h = c.kh > 1 ? size : 1;
          swconv_plan_info info{};
          if (result_of(c, i, family.c_str(), &info).empty()) continue;
          ids.insert(info.packing_id);
          kernels.insert(info.kernel);
        }
      EXPECT_EQ(ids.size(), 1u) << i.name << " " << text;
      EXPECT_GE(kernels.size(), 2u) << i.name << " " << text << ": too few kernels to compare";
    }
}

}  // namespace
}  // namespace swconv_test
