// SPDX-License-Identifier: MIT
// Full products of sizes for pooling: rows first, then planes, then long windows.

#include "generate.hpp"
#include "run_cases.hpp"
#include "settings.hpp"

namespace swconv_test {
namespace {

using values = std::vector<int64_t>;
const values all_kinds = {SWCONV_POOL_MAX, SWCONV_POOL_AVG, SWCONV_POOL_MIN, SWCONV_POOL_L1,
                          SWCONV_POOL_L2};

void vary(std::vector<pool_case> *cases) {
  for (size_t i = 0; i < cases->size(); ++i) {
    auto &c = (*cases)[i];
    c.seed = static_cast<int64_t>(i) + 1;
    c.data = i % 3 == 0 ? integers : i % 3 == 1 ? random_data : nan_src;
  }
}

TEST(PoolRows, WidthWindowStrideDilationPads) {
  auto cases = product<pool_case>(
      pool_case(), {{&pool_case::w, by_effort(critical_sizes(18, 50), critical_sizes(34, 150), range(0, 290))},
                    {&pool_case::kind, all_kinds},
                    {&pool_case::kw, {1, 2, 3, 4, 5, 7, 9, 16, 17}},
                    {&pool_case::sw, {1, 2, 3, 5}},
                    {&pool_case::dw, {1, 2}},
                    {&pool_case::pl, {0, 1, 3}},
                    {&pool_case::pr, {0, 2}},
                    {&pool_case::ceil_mode, {0, 1}},
                    {&pool_case::count_include_pad, {0, 1}}});
  cases = sample(cases, by_effort<size_t>(151, 7, 1));
  vary(&cases);
  run_cases(cases);
}

TEST(PoolPlanes, RowsAndColumns) {
  auto cases = product<pool_case>(pool_case(), {{&pool_case::kind, all_kinds},
                                                {&pool_case::c, {1, 3}},
                                                {&pool_case::h, range(1, 17)},
                                                {&pool_case::w, {1, 4, 7, 13, 16, 17, 33}},
                                                {&pool_case::kh, {1, 2, 3, 5}},
                                                {&pool_case::kw, {1, 2, 3, 7}},
                                                {&pool_case::sh, {1, 2, 3}},
                                                {&pool_case::dh, {1, 3}},
                                                {&pool_case::pt, {0, 2}},
                                                {&pool_case::pb, {0, 1}}});
  cases = sample(cases, by_effort<size_t>(251, 7, 1));
  for (size_t i = 0; i < cases.size(); ++i) {
    auto &c = cases[i];
    c.sw = 1 + static_cast<int64_t>(i % 3);
    c.pl = c.pt;
    c.pr = c.pb;
    c.ceil_mode = (i / 2) % 2;
    c.count_include_pad = (i / 3) % 2;
  }
  vary(&cases);
  run_cases(cases);
}

TEST(PoolWindows, Long) {
  pool_case base;
  base.w = 700;
  base.pl = base.pr = 30;
  auto cases = product<pool_case>(
      base, {{&pool_case::kind, all_kinds},
             {&pool_case::kw, by_effort(values{31, 33, 64, 129}, range(1, 130), range(1, 300))},
             {&pool_case::sw, {1, 2, 7}},
             {&pool_case::dw, {1, 2}}});
  vary(&cases);
  run_cases(cases);
}

/// One infinity at places of wide rows: long windows meet it in each column, and no more of them.
TEST(PoolWindows, InfinityInEachColumn) {
  for (const int64_t kw : {96, 97, 98, 99, 130})
    for (int64_t at = 0; at < 12 * 230; at += by_effort<int64_t>(41, 7, 1)) {
      pool_case c;
      c.h = 12;
      c.w = 230;
      c.kw = kw;
      c.pl = at % 50;
      c.data = one_inf;
      c.kind = at % 2 ? SWCONV_POOL_AVG : SWCONV_POOL_MAX;  // an even one is positive
      c.seed = at;
      EXPECT_EQ(check(c, {breadth::kernels, {1}}), "");
    }
}

/// The same of windows of many rows, which are joined eight at a time; and a NaN, at which they no
/// longer are.
TEST(PoolWindows, OneInEachRow) {
  for (const int64_t kh : {8, 9, 15, 16, 17, 31, 33, 40})
    for (int64_t row = 0; row < 61; row += by_effort<int64_t>(20, 2, 1))
      for (const int64_t kw : {1, 21, 150}) {
        // Their reference takes most of the time: once, where an emulator does it.
        if (kw == 150 && row > by_effort<int64_t>(0, 61, 61)) continue;
        pool_case c;
        c.h = 61;
        c.w = 45 + 5 * (row % 3);
        c.kh = kh;
        c.kw = kw;
        c.pt = row % kh;
        c.pb = (kh - 1) / 2;
        c.pl = c.pr = kw / 2;
        c.seed = 2 * ((row * c.w + row * 31 % c.w) / 2);  // of an even place the infinity is positive
        for (const auto kind : {one_inf, one_nan, random_data}) {
          c.data = kind;
          EXPECT_EQ(check(c, {breadth::kernels, {1}}), "");
        }
      }
}

/// One NaN or infinity at each place of a plane: it must reach each window that holds it, whatever
/// its lane, and no other.
TEST(PoolNan, ReachesEveryLane) {
  constexpr int64_t ways = 2 * (SWCONV_POOL_L2 + 1);
  // Of three a number of ways is no multiple: the quick form has all of them, too.
  for (int64_t i = 0; i < ways * 3 * 37; i += by_effort<int64_t>(3, 1, 1)) {
    const int64_t at = i / ways;
    pool_case c;
    c.c = 1;
    c.h = 3;
    c.w = 37;
    c.kh = 2;
    c.kw = 3;
    c.data = i % 2 ? one_inf : one_nan;
    c.kind = i % ways / 2;
    c.seed = at;
    for (const int64_t stride : {1, 2, 3}) {
      c.sw = stride;
      EXPECT_EQ(check(c, {breadth::kernels, {1}}), "");
    }
  }
}

/// A stride may be as long as it likes where there is one window.
TEST(PoolWindows, StridesBeyondAnyRow) {
  for (const int64_t kind : {SWCONV_POOL_MAX, SWCONV_POOL_AVG, SWCONV_POOL_L1, SWCONV_POOL_L2})
    for (const int64_t dilation : {1, 3})
      for (const int64_t pads : {0, 1}) {
        pool_case c;
        c.kind = kind;
        c.h = 5;
        c.w = 3;
        c.kh = c.kw = 7;
        c.sh = c.sw = (int64_t{1} << 60) - 1;
        c.dh = c.dw = dilation;
        c.pl = c.pt = c.pb = pads;
        c.ceil_mode = 1;
        c.count_include_pad = pads;
        EXPECT_EQ(check(c, {breadth::kernels, {1}}), "");
      }
}

}  // namespace
}  // namespace swconv_test
