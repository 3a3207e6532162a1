// SPDX-License-Identifier: MIT
// Full products of sizes for one row at a time, and of rows and channels: where tiles, tails and
// padding meet. Every result must have the canonical bits, on integers the exact ones.
#include <algorithm>

#include "backend.hpp"
#include "generate.hpp"
#include "run_cases.hpp"
#include "settings.hpp"

namespace swconv_test {
namespace {

using values = std::vector<int64_t>;

/// The widest tile of columns, 8 vectors, twice, plus a vector plus one: past the second tile's tail.
int64_t widest() {
  int64_t lanes = 4;
  for (const auto &i : isas()) lanes = std::max(lanes, i.lanes);
  return 2 * 8 * lanes + lanes + 1;
}
/// All widths; under emulators those around multiples of a vector.
values widths() { return test_effort() == effort::quick ? critical_sizes(18, 66) : range(0, widest()); }

/// Alternates integers and random data, and the epilogue, from case to case.
void vary(std::vector<conv_case> *cases) {
  for (size_t i = 0; i < cases->size(); ++i) {
    auto &c = (*cases)[i];
    c.seed = static_cast<int64_t>(i) + 1;
    c.data = i % 2 ? random_data : integers;
    c.bias = i % 3 == 0;
    c.act = i % 5 == 0 ? SWCONV_ACT_RELU : SWCONV_ACT_NONE;
  }
}

/// The product of (width, kw, stride, dilation, both pads) over a base layer. The long run takes all
/// of it; the others take every n-th case, n coprime to the lengths of the lists, so that all of
/// their values meet.
void run_rows(const conv_case &base, const values &kernels, size_t every_quick, size_t every,
              const scope &s = {}) {
  auto cases = product<conv_case>(base, {{&conv_case::w, widths()},
                                         {&conv_case::kw, kernels},
                                         {&conv_case::sw, {1, 2, 3, 4}},
                                         {&conv_case::dw, {1, 2, 3}},
                                         {&conv_case::pl, {0, 1, 2, 5}},
                                         {&conv_case::pr, {0, 1, 3, 6}}});
  cases = sample(cases, by_effort<size_t>(every_quick, every, 1), static_cast<size_t>(base.oc + base.g));
  vary(&cases);
  run_cases(cases, s);
}

const values small_filters = {1, 2, 3, 4, 5, 6, 7, 8, 11};

TEST(ConvRows, SingleChannel) {
  run_rows(conv_case(), small_filters, 53, 5, {breadth::families, {1}});
}
TEST(ConvRows, SingleChannelOneDimensional) {
  conv_case base;
  base.dims = 1;
  run_rows(base, {2, 3, 5, 7, 9, 15, 16, 17, 18, 31, 32, 33, 34, 47, 48, 49, 50}, 97, 11);
}
TEST(ConvRows, Depthwise) {
  conv_case base;
  base.g = 3;
  base.h = 3;
  base.kh = 3;
  base.pt = base.pb = 1;
  run_rows(base, small_filters, 103, 13);
}
TEST(ConvRows, DepthwiseMultiplier) {
  conv_case base;
  base.g = 2;
  base.oc = 3;
  run_rows(base, small_filters, 103, 17);
}
TEST(ConvRows, FewChannels) {
  conv_case base;
  base.ic = 3;
  base.oc = 5;
  run_rows(base, small_filters, 103, 17);
}
TEST(ConvRows, DenseVector) {
  conv_case base;
  base.ic = 2;
  base.oc = 17;
  run_rows(base, small_filters, 211, 41);
}
TEST(ConvRows, DensePair) {
  conv_case base;
  base.ic = 2;
  base.oc = 35;
  run_rows(base, small_filters, 307, 61);
}
TEST(ConvRows, Grouped) {
  conv_case base;
  base.g = 2;
  base.ic = 5;
  base.oc = 7;
  run_rows(base, small_filters, 211, 41);
}

/// Square filters with all specialised sizes: rows, their strides and pads.
TEST(ConvPlanes, RowsAndColumns) {
  for (const int64_t k : {2, 3, 5, 7}) {
    conv_case base;
    base.kh = base.kw = k;
    auto cases = product<conv_case>(base, {{&conv_case::g, {1, 2}},
                                           {&conv_case::h, range(1, 17)},
                                           {&conv_case::w, {1, 4, 7, 13, 16, 17, 33, 40}},
                                           {&conv_case::sh, {1, 2, 3}},
                                           {&conv_case::sw, {1, 2, 3}},
                                           {&conv_case::dh, {1, 2}},
                                           {&conv_case::pt, {0, 1, k - 1}},
                                           {&conv_case::pb, {0, k / 2}}});
    cases = sample(cases, by_effort<size_t>(67, 3, 1), static_cast<size_t>(k));
    for (auto &c : cases) c.pl = c.pr = c.pt;
    vary(&cases);
    run_cases(cases);
  }
}

/// Channels to two tiles and one more, on planes of a few pixels to a few tiles of pixels.
TEST(ConvPlanes, Channels) {
  const auto outs = by_effort(critical_sizes(17, 66), range(1, 66), range(1, 4 * 16 * 2 + 1));
  auto cases = product<conv_case>(conv_case(), {{&conv_case::oc, outs},
                                                {&conv_case::ic, {1, 2, 3, 4, 7, 16, 33}},
                                                {&conv_case::g, {1, 2}},
                                                {&conv_case::kw, {1, 3, 5}},
                                                {&conv_case::w, {1, 3, 8, 14, 15, 30, 34}},
                                                {&conv_case::sw, {1, 2}}});
  cases.erase(std::remove_if(cases.begin(), cases.end(), [](const conv_case &c) { return c.oc == 0; }),
              cases.end());
  cases = sample(cases, by_effort<size_t>(127, 5, 1));
  for (size_t i = 0; i < cases.size(); ++i) {
    auto &c = cases[i];
    c.h = 1 + static_cast<int64_t>(i % 4);
    c.kh = i % 3 == 0 ? 1 : c.kw;
    c.pt = c.pb = c.pl = c.pr = c.kw / 2;
  }
  vary(&cases);
  run_cases(cases);
}

/// One NaN or infinity at each column of a row, through every family and epilogue: it must reach the
/// results that read it, whatever their lane or tail, and no other.
TEST(ConvNanAndInfinity, ReachEveryLaneAndNoOther) {
  std::vector<conv_case> cases;
  for (const char *text : {"conv w=37 kw=3 pl=1 pr=1", "conv oc=19 w=21 kw=3 pl=1 pr=1",
                           "conv oc=3 w=39 kw=2 sw=2", "conv g=2 h=2 w=33 kh=2 kw=5 pl=2",
                           "conv dims=1 w=45 kw=17 pl=8 pr=8", "conv oc=9 h=3 w=29",
                           "conv g=3 h=4 w=6 kh=3 kw=3 pt=1 pb=1 pl=1 pr=1"})
    for (int64_t act = SWCONV_ACT_NONE; act <= SWCONV_ACT_GELU_TANH; ++act)
      for (const int64_t kind : {one_nan, one_inf}) {
        conv_case c;
        ASSERT_TRUE(parse(text, &c));
        c.act = act;
        c.data = kind;
        c.scale = act % 2;
        c.bias = act % 3 == 0;
        for (c.seed = 0; c.seed < c.g * c.h * c.w; ++c.seed) {
          c.residual = (act + c.seed) % 4 == 0 ? own_residual : no_residual;
          cases.push_back(c);
        }
      }
  run_cases(sample(cases, by_effort<size_t>(97, 1, 1)), {breadth::families, {1}});
}

/// The same of kernels that families do not choose there, most of them without activation.
TEST(ConvNanAndInfinity, OfSmallFilters) {
  std::vector<conv_case> cases;
  for (const char *text :
       {"conv g=2 h=3 w=21 kh=2 kw=2 pt=1", "conv h=5 w=23 kh=3 kw=3 pt=1 pb=1 pl=1 pr=1",
        "conv g=2 h=9 w=21 kh=3 kw=3 sh=2 sw=2 pt=1 pl=1", "conv h=5 w=19 kh=4 kw=4 pl=2 pr=1",
        "conv h=6 w=21 kh=5 kw=5 pt=2 pb=2 pl=2 pr=2", "conv g=2 h=7 w=37 kh=5 kw=5 sh=2 sw=2 pt=2 pl=2",
        "conv h=8 w=27 kh=7 kw=7 pt=3 pb=3 pl=3 pr=3", "conv dims=1 w=150 kw=7 pl=3 pr=3",
        "conv dims=1 w=150 kw=2", "conv dims=1 w=290 kw=9 dw=2"})
    for (const int64_t kind : {one_nan, one_inf}) {
      conv_case c;
      ASSERT_TRUE(parse(text, &c));
      c.data = kind;
      for (c.seed = 0; c.seed < c.g * c.h * c.w; ++c.seed) {
        c.act = c.seed % 5 == 0 ? c.seed / 5 % (SWCONV_ACT_GELU_TANH + 1) : 0;
        c.residual = c.seed % 7 == 0 ? own_residual : no_residual;
        cases.push_back(c);
      }
    }
  run_cases(sample(cases, by_effort<size_t>(97, 1, 1)), {breadth::kernels, {1}});
}

/// Long signals: filter lengths around one, two and three vectors, all of them in the long run.
TEST(ConvSignals, FilterLengths) {
  conv_case base;
  base.dims = 1;
  auto cases = product<conv_case>(
      base, {{&conv_case::kw, by_effort(values{3, 15, 17, 33, 49}, range(1, 70), range(1, 140))},
             {&conv_case::w, by_effort(values{600}, values{200, 1023, 1500}, values{200, 255, 1023, 1500, 4099})},
             {&conv_case::oc, {1, 2}},
             {&conv_case::dw, by_effort(values{1}, values{1, 2}, values{1, 2, 3, 16})},
             {&conv_case::pl, {0, 40}}});
  for (auto &c : cases) c.pr = c.pl;
  vary(&cases);
  run_cases(cases, {breadth::kernels, {1, -5}});
}

/// Dilations of many vectors: the columns near an end that fewer taps reach have a filter of those taps.
TEST(ConvSignals, LongDilations) {
  conv_case base;
  base.dims = 1;
  auto cases = product<conv_case>(
      base, {{&conv_case::kw, by_effort(values{3}, values{2, 3, 5}, range(2, 8))},
             {&conv_case::dw, by_effort(values{70}, values{63, 64, 100, 150}, values{63, 64, 65, 100, 150, 513})},
             {&conv_case::pl, {0, 70, 130, 301}},
             {&conv_case::pr, {0, 64, 300}},
             {&conv_case::w, by_effort(values{400}, values{79, 129, 400, 701}, values{1, 79, 129, 400, 701, 2049})},
             {&conv_case::ic, {1, 3}},
             {&conv_case::oc, {1, 2}}});
  const auto none = [](const conv_case &c) { return c.w + c.pl + c.pr <= (c.kw - 1) * c.dw; };
  cases.erase(std::remove_if(cases.begin(), cases.end(), none), cases.end());
  vary(&cases);
  run_cases(cases, {breadth::kernels, {1, -5}});
}

}  // namespace
}  // namespace swconv_test
