// SPDX-License-Identifier: MIT
// Which kernel a layer gets, on every instruction set. The families are those of docs/kernels.md.
#include <gtest/gtest.h>

#include <ostream>
#include <set>
#include <utility>

#include "backend.hpp"
#include "case.hpp"

namespace swconv_test {
namespace {

struct choice {
  const char *layer, *kernel;  // a prefix of the kernel's name
};

void PrintTo(const choice &c, std::ostream *out) { *out << c.layer; }

template <class Case, class Make>
void expect_choice(const Case &c, const choice &wanted, Make make) {
  for (const auto &i : isas()) {
    swconv_plan_options options{};
    options.struct_size = sizeof options;
    options.force_isa = i.name.c_str();
    plan_owner plan;
    ASSERT_EQ(make(c, &options, plan.out()), SWCONV_OK) << wanted.layer;
    const auto info = plan.info();
    EXPECT_EQ(std::string(info.kernel).rfind(wanted.kernel, 0), 0u)
        << i.name << " " << wanted.layer << ": " << info.kernel;
    char text[512];
    const size_t length = library().describe(plan.get(), text, sizeof text);
    ASSERT_LT(length, sizeof text);
    const std::string described(text, length);
    EXPECT_NE(described.find(info.kernel), std::string::npos) << described;
    EXPECT_NE(described.find(i.name), std::string::npos) << described;
  }
}

class ConvChoice : public testing::TestWithParam<choice> {};
TEST_P(ConvChoice, IsOfItsFamily) {
  conv_case c;
  ASSERT_TRUE(parse(GetParam().layer, &c));
  expect_choice(c, GetParam(), [](const conv_case &layer, const swconv_plan_options *options, swconv_plan **plan) {
    std::vector<swconv_epilogue_op> ops;
    const auto params = to_params(layer, &ops);
    return library().conv_plan(&params, options, nullptr, plan, nullptr);
  });
}
INSTANTIATE_TEST_SUITE_P(
    Layers, ConvChoice,
    testing::Values(
        choice{"conv ic=64 oc=64 h=56 w=56 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1", "channel_vector/s1"},
        choice{"conv ic=512 oc=512 h=7 w=7 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1", "channel_vector/s1"},
        choice{"conv ic=4 oc=64 h=256 w=256 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1", "planar/channels"},
        choice{"conv ic=32 oc=64 h=56 w=56 kh=3 kw=3 sh=2 sw=2 pt=1 pl=1 pb=1 pr=1", "channel_vector/s2"},
        choice{"conv ic=128 oc=128 h=28 w=28", "pointwise"},
        choice{"conv g=32 ic=32 oc=32 h=14 w=14 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1", "channel_vector/s1"},
        choice{"conv ic=32 oc=64 h=56 w=56 kh=5 kw=5 dh=2 dw=2 pt=4 pl=4 pb=4 pr=4", "channel_vector"},
        choice{"conv g=2 h=112 w=112 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1", "planar/k3"},
        choice{"conv g=96 h=112 w=112 kh=3 kw=3 sh=2 sw=2 pt=1 pl=1 pb=1 pr=1", "planar/k3s2"},
        choice{"conv g=240 h=7 w=7 kh=7 kw=7 pt=3 pl=3 pb=3 pr=3", "depthwise/channels"},
        choice{"conv h=512 w=512 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1", "planar/k3"},
        choice{"conv h=512 w=512 kh=17 kw=17 pt=8 pl=8 pb=8 pr=8", "planar"},
        choice{"conv dims=1 w=100000 kw=65 pl=32 pr=32", "signal"},
        choice{"conv dims=1 w=100000 kw=17 pl=8 pr=8", "signal"}));

// One channel more than vectors hold must not cost a vector of channels.
TEST(ChannelTail, IsLeftToColumnsInLanes) {
  conv_case c;
  ASSERT_TRUE(parse("conv ic=64 oc=65 h=56 w=56 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1", &c));
  std::vector<swconv_epilogue_op> ops;
  const auto params = to_params(c, &ops);
  for (const auto &i : isas()) {
    swconv_plan_options options{};
    options.struct_size = sizeof options;
    options.force_isa = i.name.c_str();
    plan_owner plan;
    ASSERT_EQ(library().conv_plan(&params, &options, nullptr, plan.out(), nullptr), SWCONV_OK);
    char text[512];
    const std::string described(text, library().describe(plan.get(), text, sizeof text));
    if (i.lanes == 4) continue;  // there a whole vector is little
    EXPECT_NE(described.find("channels from 64 on by planar/"), std::string::npos) << described;
  }
}

class PoolChoice : public testing::TestWithParam<choice> {};
TEST_P(PoolChoice, IsOfItsFamily) {
  pool_case c;
  ASSERT_TRUE(parse(GetParam().layer, &c));
  expect_choice(c, GetParam(), [](const pool_case &layer, const swconv_plan_options *options, swconv_plan **plan) {
    const auto params = to_params(layer);
    return library().pool_plan(&params, options, nullptr, plan, nullptr);
  });
}
INSTANTIATE_TEST_SUITE_P(Layers, PoolChoice,
                         testing::Values(choice{"pool c=64 h=112 w=112 kh=3 kw=3 sh=2 sw=2 pt=1 pl=1 pb=1 pr=1", "pool/max"},
                                         choice{"pool kind=1 c=64 h=7 w=7 kh=7 kw=7", "pool/avg"},
                                         choice{"pool h=512 w=512 kh=33 kw=33", "pool/max"}));

TEST(Choice, FamiliesAreThoseDocumented) {
  for (const auto &i : isas()) {
    std::set<std::string> documented = {"channel_vector", "depthwise", "planar",
                                        "pointwise",      "pool",      "signal"};
    if (i.name != "sse2") documented.insert({"winograd", "fourier"});
    EXPECT_EQ(std::set<std::string>(i.families.begin(), i.families.end()), documented) << i.name;
  }
}

/// A name that no kernel has is a mistake; one that cannot serve the layer is only unsupported.
TEST(Choice, AForcedKernelMustExistAndServe) {
  conv_case c;
  std::vector<swconv_epilogue_op> ops;
  const auto params = to_params(c, &ops);
  swconv_plan_options options{};
  options.struct_size = sizeof options;
  for (const auto &wanted : {std::make_pair("nonesuch/", SWCONV_INVALID_ARGUMENT),
                             std::make_pair("pool/", SWCONV_UNSUPPORTED)}) {
    options.force_kernel = wanted.first;
    plan_owner plan;
    swconv_error error{};
    error.struct_size = sizeof error;
    EXPECT_EQ(library().conv_plan(&params, &options, nullptr, plan.out(), &error),
              static_cast<swconv_status>(wanted.second))
        << wanted.first << ": " << error.message;
    EXPECT_EQ(plan.get(), nullptr);
  }
}

}  // namespace
}  // namespace swconv_test
