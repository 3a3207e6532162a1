// SPDX-License-Identifier: MIT
#include "core_cases.hpp"

#include <initializer_list>

#include "generate.hpp"

namespace swconv_test {
namespace {

using conv_axes = std::vector<axis_of<conv_case>>;
using pool_axes = std::vector<axis_of<pool_case>>;
using values = std::vector<int64_t>;

template <class Case>
std::vector<axis_of<Case>> windows(values kernel, values stride, values dilation, values pad) {
  return {{&Case::kh, kernel}, {&Case::kw, kernel},   {&Case::sh, stride},
          {&Case::sw, stride}, {&Case::dh, dilation}, {&Case::dw, dilation},
          {&Case::pt, pad},    {&Case::pl, pad},      {&Case::pb, pad},
          {&Case::pr, pad}};
}

conv_axes surroundings() {
  return {{&conv_case::scale, {0, 1}},
          {&conv_case::bias, {1, 0}},
          {&conv_case::residual, {no_residual, own_residual, residual_is_dst}},
          {&conv_case::act, range(SWCONV_ACT_NONE, SWCONV_ACT_GELU_TANH)},
          {&conv_case::src_layout, {dense, gaps, rows_outside}},
          {&conv_case::dst_layout, {dense, gaps, rows_outside}},
          {&conv_case::filter_layout, {dense, gaps}},
          {&conv_case::data, {integers, random_data, tiny, inf_filter, nan_src}}};
}

template <class Case>
void append(std::vector<Case> *all, const std::vector<Case> &more) {
  all->insert(all->end(), more.begin(), more.end());
}

std::vector<axis_of<conv_case>> joined(std::initializer_list<conv_axes> parts) {
  conv_axes all;
  for (const auto &part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

std::vector<conv_case> pairwise_convolutions(uint64_t seed) {
  const auto small_windows = windows<conv_case>({1, 2, 3, 4, 5, 7}, {1, 2, 3}, {1, 2, 3}, {0, 1, 2, 3});
  std::vector<conv_case> all;
  // Dense, few channels, many channels.
  append(&all, pairwise(conv_case(),
                        joined({{{&conv_case::n, {1, 2, 0, 3}},
                                 {&conv_case::ic, {1, 2, 3, 4, 8, 17}},
                                 {&conv_case::oc, {1, 2, 3, 4, 5, 8, 15, 16, 17, 32, 33, 64, 67}},
                                 {&conv_case::h, {1, 2, 3, 7, 8, 14, 17}},
                                 {&conv_case::w, {1, 2, 3, 4, 7, 8, 14, 15, 16, 17, 28, 33, 56}}},
                                small_windows,
                                surroundings()}),
                        seed));
  // Grouped: 4 to 15 channels per group, and some that fill vectors.
  append(&all, pairwise(conv_case(),
                        joined({{{&conv_case::n, {1, 2}},
                                 {&conv_case::g, {2, 3, 5}},
                                 {&conv_case::ic, {4, 5, 7, 8, 11, 15}},
                                 {&conv_case::oc, {4, 6, 7, 8, 9, 12, 15, 16}},
                                 {&conv_case::h, {1, 5, 9}},
                                 {&conv_case::w, {1, 4, 7, 13, 16, 19, 31}}},
                                small_windows,
                                surroundings()}),
                        seed + 1));
  // Depthwise with multipliers, and depthwise turned round (many in, one out per group).
  append(&all, pairwise(conv_case(),
                        joined({{{&conv_case::n, {1, 2}},
                                 {&conv_case::g, {1, 2, 3, 8, 17}},
                                 {&conv_case::ic, {1, 1, 1, 2}},
                                 {&conv_case::oc, {1, 1, 2, 3}},
                                 {&conv_case::h, {1, 2, 5, 8, 9, 17}},
                                 {&conv_case::w, {1, 3, 7, 8, 14, 16, 17, 28, 31, 32, 49, 65}}},
                                windows<conv_case>({1, 2, 3, 5, 7, 9}, {1, 2, 3}, {1, 2, 3}, {0, 1, 2, 4}),
                                surroundings()}),
                        seed + 2));
  // One or few channels, larger filters, the vector-length borders of the compound form.
  append(&all, pairwise(conv_case(),
                        joined({{{&conv_case::ic, {1, 2, 3}},
                                 {&conv_case::oc, {1, 2, 3, 6}},
                                 {&conv_case::h, {1, 6, 19, 33}},
                                 {&conv_case::w, {1, 9, 16, 31, 33, 47, 64, 79}},
                                 {&conv_case::kh, {1, 3, 8, 15}},
                                 {&conv_case::kw, {3, 8, 9, 11, 15, 16, 17, 18, 31, 33}},
                                 {&conv_case::sw, {1, 2, 5}},
                                 {&conv_case::sh, {1, 2}},
                                 {&conv_case::dw, {1, 2}},
                                 {&conv_case::pt, {0, 3, 7}},
                                 {&conv_case::pl, {0, 4, 16}},
                                 {&conv_case::pr, {0, 8, 17}}},
                                surroundings()}),
                        seed + 3));
  // One-dimensional.
  conv_case signal;
  signal.dims = 1;
  append(&all, pairwise(signal,
                        joined({{{&conv_case::n, {1, 2}},
                                 {&conv_case::g, {1, 1, 4}},
                                 {&conv_case::ic, {1, 2, 5}},
                                 {&conv_case::oc, {1, 3, 16, 19}},
                                 {&conv_case::w, {1, 5, 16, 50, 65, 130, 257}},
                                 {&conv_case::kw, {1, 2, 3, 4, 5, 7, 9, 15, 16, 17, 18, 33, 49}},
                                 {&conv_case::sw, {1, 2, 3, 8}},
                                 {&conv_case::dw, {1, 2, 4, 16}},
                                 {&conv_case::pl, {0, 1, 8, 48}},
                                 {&conv_case::pr, {0, 2, 16}}},
                                surroundings()}),
                        seed + 4));
  return all;
}

std::vector<conv_case> special_convolutions() {
  std::vector<conv_case> all;
  const auto add = [&](const char *text) {
    for (const int64_t kind : {integers, random_data, inf_filter}) {
      conv_case c;
      parse(text, &c);
      c.data = kind;
      c.seed = static_cast<int64_t>(all.size()) + 1;
      all.push_back(c);
    }
  };
  // Degenerate axes, results without elements, a batch of none, empty axes (refused).
  add("conv h=1 w=1 kh=1 kw=1");
  add("conv ic=9 oc=40 h=1 w=1 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1 bias=1");
  add("conv ic=5 oc=33 h=7 w=7 kh=7 kw=7 bias=1");
  // Vectors of channels by threes, fours and fives; wider than a scratch; steps too large to multiply.
  add("conv ic=19 oc=29 h=9 w=11 kh=3 kw=5 dh=2 sw=2 pt=2 pb=3 pl=4 pr=1 bias=1");
  add("conv ic=5 oc=44 h=7 w=7 kh=5 kw=5 pt=2 pb=2 pl=2 pr=2");
  add("conv ic=2 oc=35 h=5 w=300 kh=3 kw=3 pt=1 pb=1 pl=1 pr=1 bias=1");
  add("conv ic=2 oc=16 h=3 w=16 kh=3 kw=3 sh=576460752303423488");
  add("conv g=2 ic=2 oc=8 w=26 sh=2 pt=1 bias=1");  // its only row of dst lies in the padding
  add("conv ic=2 oc=5 h=30 w=1 sw=3 pl=2 kh=3 bias=1");
  // Few input channels, rows of src taken apart: more columns than at a time, steps with and without rows in
  // common, tiles of all sizes, the last one of a group with channels missing.
  add("conv ic=3 oc=24 h=9 w=1100 kh=3 kw=5 sh=2 sw=2 pt=1 pl=2 pb=1 pr=2 bias=1");
  add("conv ic=2 oc=13 h=23 w=131 kh=3 kw=3 sh=2 sw=2 pt=1 pl=1 pb=1 pr=1 bias=1 act=1 residual=1");
  add("conv ic=3 oc=21 h=21 w=101 kh=2 kw=4 sh=3 sw=3 dw=2 pt=1 pl=5 pr=4");
  add("conv ic=1 oc=9 h=19 w=90 kh=5 kw=5 sh=1 sw=5 dh=2 pt=3 pl=1 pb=3 pr=2 scale=1");
  add("conv ic=2 oc=7 h=9 w=70 kh=3 kw=3 bias=1");
  add("conv ic=2 oc=6 h=12 w=49 kh=3 kw=3 dh=3 dw=7 pt=3 pl=7 pb=3 pr=7");
  add("conv ic=2 oc=3 h=40 w=1 kh=5 kw=1 pt=2 pb=2");
  add("conv ic=2 oc=3 h=40 w=1 kh=5 kw=3 pt=2 pb=2 pl=1 pr=1");
  add("conv g=8 h=33 w=2 kh=3 kw=3 pt=1 pb=1 pl=1 pr=1");
  add("conv ic=3 oc=17 h=1 w=45 kh=1 kw=7 pl=3 pr=3");
  add("conv ic=3 oc=17 h=2 w=3 kh=4 kw=5");
  add("conv n=0 ic=3 oc=17 h=4 w=5 kh=3 kw=3");
  add("conv ic=3 oc=2 h=0 w=5");
  add("conv ic=3 oc=2 h=5 w=0 kw=3 pl=1 pr=1");
  // Filters wider than the row and taller than the column; only padding seen by some taps.
  add("conv ic=2 oc=5 h=3 w=4 kh=9 kw=11 pt=4 pb=4 pl=5 pr=5 bias=1");
  add("conv g=6 h=3 w=4 kh=9 kw=31 pt=4 pb=4 pl=15 pr=15");
  add("conv h=5 w=5 kh=1 kw=40 pl=20 pr=20");
  add("conv ic=20 oc=20 h=2 w=2 kh=3 kw=3 pt=1 pb=1 pl=1 pr=1");
  // Padding beyond the filter: whole results from padding alone, then bias only.
  add("conv ic=2 oc=5 h=3 w=3 kh=2 kw=2 pt=4 pb=3 pl=6 pr=5 bias=1 act=1");
  add("conv h=3 w=9 kh=3 kw=3 pt=3 pb=3 pl=20 pr=35 bias=1");
  // Strides larger than the filter, dilations that leave src, both.
  add("conv ic=3 oc=18 h=23 w=37 kh=2 kw=2 sh=5 sw=6 bias=1");
  add("conv g=5 h=23 w=67 kh=3 kw=3 sh=4 sw=7 pt=1 pl=2 pb=2 pr=1");
  add("conv ic=2 oc=2 h=9 w=40 kh=3 kw=3 dh=5 dw=19 pt=5 pb=5 pl=19 pr=19");
  add("conv h=9 w=70 kh=3 kw=3 dh=4 dw=16 sw=2 pt=4 pb=4 pl=16 pr=16");
  // One tap with a dilation near the end of 63 bits: it must not take part in any sum.
  add("conv ic=2 oc=3 h=5 w=43 kw=3 sh=2 dh=9223372036854775807 pt=3 pb=3");
  add("conv g=2 h=9 w=43 kh=3 kw=1 sw=2 dw=4611686018427387905 pl=3 pr=3");
  // One tap on planes with gaps, which are no long rows.
  for (const char *layout : {"src_layout=1", "dst_layout=1", "src_layout=1 dst_layout=1 residual=1",
                             "src_layout=2", "dst_layout=2"})
    for (const char *layer : {"conv ic=3 oc=17 h=5 w=9 bias=1 ", "conv g=3 h=5 w=21 "})
      add((std::string(layer) + layout).c_str());
  // Many taps: n > 256, exact on integers.
  add("conv ic=70 oc=35 h=9 w=9 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1 bias=1 scale=1");
  add("conv ic=300 oc=19 h=3 w=5 kh=1 kw=1");
  add("conv h=40 w=50 kh=31 kw=31 pt=15 pb=15 pl=15 pr=15");
  add("conv dims=1 w=700 kw=511 pl=255 pr=255");
  // Common layers, small.
  add("conv ic=3 oc=32 h=23 w=29 kh=7 kw=7 sh=2 sw=2 pt=3 pb=3 pl=3 pr=3 bias=1 act=1");
  add("conv g=32 h=14 w=14 kh=3 kw=3 pt=1 pb=1 pl=1 pr=1 bias=1 act=5");
  add("conv g=24 h=15 w=15 kh=5 kw=5 sh=2 sw=2 pt=2 pb=2 pl=2 pr=2 bias=1 act=2");
  // Channels in the lanes: whole vectors of them and a rest; bands, and taps cut on both sides.
  add("conv g=35 h=7 w=7 kh=13 kw=13 pt=6 pb=6 pl=6 pr=6 bias=1 act=1");
  add("conv n=2 g=16 h=14 w=9 kh=7 kw=7 pt=3 pb=3 pl=3 pr=3 bias=1 residual=2 act=8");
  add("conv g=18 h=71 w=67 kh=5 kw=7 dh=2 dw=3 pt=4 pb=4 pl=9 pr=9 scale=1 bias=1 act=9");
  add("conv g=16 h=90 w=50 kh=6 kw=5 sh=3 sw=2 pt=2 pb=2 pl=3 pr=1 bias=1");
  add("conv g=32 h=5 w=3 kh=5 kw=9 pt=2 pb=2 pl=6 pr=6 act=1");
  add("conv ic=40 oc=66 h=7 w=7 scale=1 bias=1 residual=2 act=1");
  // Square filters on more planes than are taken together.
  add("conv n=2 g=131 h=18 w=17 kh=3 kw=3 pt=1 pb=1 pl=1 pr=1 scale=1 bias=1 residual=2 act=8");
  add("conv g=3 h=10 w=30 kh=7 kw=7 pt=3 pb=3 pl=2 pr=3 bias=1 residual=2 act=8");
  add("conv g=3 h=17 w=70 kh=5 kw=5 sh=2 sw=2 pt=2 pb=2 pl=2 pr=1 bias=1 residual=2 act=8");
  // Pads wider than half the filter: more taps of an end of a row lie outside than its tile masks.
  add("conv g=3 h=9 w=40 kh=3 kw=3 pt=2 pb=2 pl=2 bias=1");
  add("conv g=3 h=9 w=40 kh=3 kw=3 pt=1 pb=1 pr=2 bias=1");
  add("conv g=3 h=12 w=90 kh=5 kw=5 sh=2 sw=2 pt=3 pb=3 pl=3 pr=3 bias=1");
  add("conv n=2 g=61 h=18 w=31 kh=5 kw=5 pt=2 pb=2 pl=2 pr=2 bias=1 act=1 src_layout=1 dst_layout=1");
  add("conv g=45 h=27 w=29 kh=3 kw=3 sh=2 sw=2 pt=1 pb=1 pl=1 pr=1 scale=1 act=8");
  add("conv dims=1 ic=8 oc=8 g=2 w=200 kw=3 dw=8 pl=16");
  add("conv dims=1 g=19 w=120 kw=4 pl=3 bias=1 act=8");
  // Square filters, one channel per group and several; equal strides and dilations.
  for (const int64_t k : {2, 3, 4, 5, 7})
    for (const int64_t stride : {1, 2})
      for (const int64_t dilation : {1, 2})
        for (const int64_t channels : {1, 3}) {
          conv_case c;
          c.g = 2;
          c.oc = channels;
          c.h = 13 + k;
          c.w = 20 * stride + 11 * k;
          c.kh = c.kw = k;
          c.sh = c.sw = stride;
          c.dh = c.dw = dilation;
          c.pt = c.pl = c.pb = k / 2;
          c.pr = k - 1;
          c.bias = 1;
          add(to_string(c).c_str());
        }
  // Long signals, filter lengths around one, two and three vectors.
  for (const int64_t k : {1, 2, 3, 8, 15, 16, 17, 18, 31, 32, 33, 34, 47, 48, 49, 50, 64, 70}) {
    conv_case c;
    c.dims = 1;
    c.kw = k;
    c.w = 2000 + 7 * k;
    c.pl = k / 2;
    c.pr = k / 3;
    c.data = k % 2 ? integers : random_data;
    c.seed = k;
    all.push_back(c);
  }
  // Long dilations: columns that fewer taps reach, of one and of several channels.
  for (const char *text : {"conv dims=1 w=500 kw=3 dw=130 pl=130 pr=130 bias=1 data=1 seed=1",
                           "conv dims=1 ic=3 oc=2 w=700 kw=4 dw=70 pl=140 pr=75 bias=1 data=1 seed=2"})
    add(text);
  // Planes that no cache holds: sums wait for the next input channels, of two outputs and of one.
  add("conv ic=8 oc=3 h=260 w=1010 kh=2 kw=2 pl=1 bias=1 data=1 seed=3");
  // Each activation, with everything before it.
  for (int64_t act = SWCONV_ACT_NONE; act <= SWCONV_ACT_GELU_TANH; ++act)
    for (const char *text : {"conv n=2 ic=5 oc=19 h=6 w=21 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1",
                             "conv n=2 g=5 h=9 w=37 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1",
                             "conv dims=1 w=777 kw=9 pl=4 pr=4"})
      for (const int64_t kind : {integers, random_data, nan_src}) {
        conv_case c;
        parse(text, &c);
        c.act = act;
        c.scale = c.bias = 1;
        c.residual = own_residual;
        c.data = kind;
        all.push_back(c);
      }
  return all;
}

std::vector<conv_case> fast_convolutions(uint64_t seed) {
  const auto around = joined({{{&conv_case::scale, {0, 1}},
                               {&conv_case::bias, {1, 0}},
                               {&conv_case::residual, {no_residual, own_residual, residual_is_dst}},
                               {&conv_case::act, {SWCONV_ACT_NONE, SWCONV_ACT_RELU, SWCONV_ACT_SILU}},
                               {&conv_case::src_layout, {dense, gaps, rows_outside}},
                               {&conv_case::dst_layout, {dense, gaps, rows_outside}},
                               {&conv_case::filter_layout, {dense, gaps}},
                               {&conv_case::data, {integers, random_data, tiny}}}});
  conv_case fast;
  fast.fast = 1;
  std::vector<conv_case> all;
  // Planes: maps smaller than a tile and larger than a run of tiles.
  append(&all, pairwise(fast,
                        joined({{{&conv_case::n, {1, 3}},
                                 {&conv_case::g, {1, 2}},
                                 {&conv_case::ic, {1, 5, 16, 19}},
                                 {&conv_case::oc, {1, 8, 16, 33, 50}},
                                 {&conv_case::h, {1, 2, 7, 14, 19}},
                                 {&conv_case::w, {1, 3, 7, 14, 30, 75}}},
                                windows<conv_case>({1, 2, 3, 5, 7}, {1, 2}, {1, 2, 3}, {0, 1, 3}),
                                around}),
                        seed));
  // Rows: long filters in pieces, dilated.
  append(&all, pairwise(fast,
                        joined({{{&conv_case::n, {1, 2}},
                                 {&conv_case::ic, {3, 16, 21}},
                                 {&conv_case::oc, {5, 32, 35}},
                                 {&conv_case::w, {9, 64, 130, 700}},
                                 {&conv_case::kw, {3, 4, 6, 7, 9, 11, 15}},
                                 {&conv_case::dw, {1, 2, 5, 16, 64}},
                                 {&conv_case::pl, {0, 2, 30}},
                                 {&conv_case::pr, {0, 7, 64}}},
                                around}),
                        seed + 1));
  // Depthwise: large filters, part vectors of channels.
  append(&all, pairwise(fast,
                        joined({{{&conv_case::n, {1, 2}},
                                 {&conv_case::g, {9, 16, 20, 33}},
                                 {&conv_case::h, {5, 14, 31}},
                                 {&conv_case::w, {7, 28, 61}},
                                 {&conv_case::kh, {1, 5, 9, 13, 21}},
                                 {&conv_case::kw, {5, 9, 16, 31}},
                                 {&conv_case::pt, {0, 4, 15}},
                                 {&conv_case::pl, {0, 7, 15}},
                                 {&conv_case::pb, {0, 10}},
                                 {&conv_case::pr, {0, 8, 30}}},
                                around}),
                        seed + 2));
  // One channel per group: spectra of several tiles, of tiles in the lanes and of channels.
  append(&all, pairwise(fast,
                        joined({{{&conv_case::n, {1, 2}},
                                 {&conv_case::g, {1, 3, 17}},
                                 {&conv_case::h, {1, 30, 70}},
                                 {&conv_case::w, {20, 75, 130}},
                                 {&conv_case::kh, {1, 7, 15}},
                                 {&conv_case::kw, {5, 13, 17}},
                                 {&conv_case::pt, {0, 7}},
                                 {&conv_case::pl, {0, 5}},
                                 {&conv_case::pb, {0, 9}},
                                 {&conv_case::pr, {0, 16}}},
                                around}),
                        seed + 3));
  return all;
}

std::vector<pool_case> pairwise_pools(uint64_t seed) {
  pool_axes axes = windows<pool_case>({1, 2, 3, 4, 5, 7}, {1, 2, 3, 5}, {1, 2, 3}, {0, 1, 2});
  const pool_axes rest = {{&pool_case::kind, {SWCONV_POOL_MAX, SWCONV_POOL_AVG, SWCONV_POOL_MIN, SWCONV_POOL_L1,
                                              SWCONV_POOL_L2}},
                          {&pool_case::n, {1, 2, 0}},
                          {&pool_case::c, {1, 2, 3, 8, 17}},
                          {&pool_case::h, {1, 2, 3, 7, 12, 17}},
                          {&pool_case::w, {1, 2, 3, 7, 8, 15, 16, 17, 28, 33, 56, 65}},
                          {&pool_case::ceil_mode, {0, 1}},
                          {&pool_case::count_include_pad, {0, 1}},
                          {&pool_case::src_layout, {dense, gaps, rows_outside}},
                          {&pool_case::dst_layout, {dense, gaps, rows_outside}},
                          {&pool_case::data, {integers, random_data, tiny, nan_src}}};
  axes.insert(axes.end(), rest.begin(), rest.end());
  return pairwise(pool_case(), axes, seed);
}

std::vector<pool_case> special_pools() {
  std::vector<pool_case> all;
  const auto add = [&](const char *text) {
    for (const int64_t kind : {SWCONV_POOL_MAX, SWCONV_POOL_AVG, SWCONV_POOL_L2})
      for (const int64_t contents : {integers, random_data, nan_src}) {
        pool_case c;
        parse(text, &c);
        c.kind = kind;
        c.data = contents;
        c.seed = static_cast<int64_t>(all.size()) + 1;
        all.push_back(c);
      }
  };
  add("pool c=3 h=7 w=7 kh=7 kw=7");                                          // global
  add("pool c=3 h=31 w=45 kh=31 kw=45");
  add("pool c=2 h=1 w=1 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1");
  add("pool c=2 h=5 w=6 kh=3 kw=3 sh=2 sw=2 ceil_mode=1");
  add("pool c=2 h=6 w=6 kh=2 kw=2 sh=3 sw=3 pb=1 pr=1 ceil_mode=1");
  add("pool c=2 h=6 w=6 kh=3 kw=3 sh=2 sw=2 pt=1 pl=1 pb=1 pr=1 ceil_mode=1 count_include_pad=1");
  add("pool h=4 w=5 kh=2 kw=2 pt=3 pl=3 pb=3 pr=3");                          // windows of padding
  add("pool h=4 w=5 kh=2 kw=2 pt=3 pl=3 pb=3 pr=3 count_include_pad=1");
  add("pool h=3 w=4 kh=9 kw=11 pt=4 pl=5 pb=4 pr=5");                         // wider than the row
  add("pool h=3 w=4 kh=5 kw=6");                                              // no result
  add("pool n=0 c=3 h=4 w=5 kh=2 kw=2");
  add("pool h=0 w=5");
  add("pool h=5 w=0");
  add("pool c=2 h=9 w=70 kh=1 kw=1 sh=2 sw=3");
  add("pool c=2 h=40 w=200 kh=33 kw=65 pt=16 pb=16 pl=32 pr=32");
  add("pool h=12 w=90 kh=3 kw=17 dh=2 dw=3 pt=2 pb=2 pl=24 pr=24");
  add("pool dims=1 c=2 w=3000 kw=255 pl=127 pr=127");
  // Rows, or blocks of a row, in the lanes: what is over in fours, lanes without a row, two pieces.
  add("pool c=3 h=7 w=230 kh=3 kw=96 pt=1 pb=1 pl=20 pr=60");
  add("pool c=2 h=45 w=33 kh=8 kw=4 pt=7 pb=7 pl=3 pr=3");                      // rows by groups
  add("pool c=2 h=45 w=47 kh=17 kw=128 pt=16 pb=3 pl=64 pr=63");
  add("pool h=70 w=300 kh=40 kw=255 pt=20 pb=19 pl=127 pr=127 src_layout=1 dst_layout=1");
  add("pool dims=1 w=2500 kw=256 pl=255");
  add("pool c=2 h=13 w=300 kh=6 kw=129 pt=5 pb=5 pl=128 pr=128 src_layout=1 dst_layout=1");
  add("pool h=9 w=2500 kw=98");
  add("pool h=11 w=40 kh=2 kw=111 pl=110 pr=110");
  add("pool c=17 h=1 w=520 kh=3 kw=511 pt=2 pb=2 pl=30");
  add("pool dims=1 w=2100 kw=99 pr=98");
  add("pool dims=1 c=2 w=1500 kw=1023 pl=511 pr=511 count_include_pad=1");
  add("pool dims=1 c=2 w=900 kw=33 sw=7 dw=5");
  add("pool c=2 h=5 w=43 sw=4 dh=3616829482065356131 pb=29 pr=4 ceil_mode=1");
  add("pool c=2 h=5 w=43 kh=2 sw=2 dw=9223372036854775807 pb=9 pr=4");
  add("pool dims=1 w=9000 kw=2500 sw=3");                                     // cut in pieces
  add("pool dims=1 w=9000 kw=700 dw=3 pl=50 sw=2");
  add("pool h=6 w=700 kh=5 kw=511 pl=255 pr=255 pt=2 pb=2");                   // the longest by doubling
  add("pool h=4 w=700 kh=3 kw=512 sw=2 pl=255 pr=256 pt=1 pb=1");
  add("pool c=33 h=14 w=14 kh=3 kw=3 pt=1 pl=1 pb=1 pr=1");                    // many planes at once
  add("pool c=19 h=15 w=29 kh=3 kw=3 sh=2 sw=2 pt=1 pl=1");
  add("pool c=19 h=6 w=7 kh=2 kw=7 pt=1 pb=1");                                // rows in the lanes
  add("pool c=37 h=49 w=49 kh=49 kw=49");
  add("pool h=60 w=20 kh=17 kw=3 sh=2 pt=5 pb=9");                             // shared rows
  add("pool h=90 w=18 kh=9 kw=2 sh=3 dh=2 pt=4 pb=4");
  add("pool c=2 h=9 w=300 kh=2 kw=3 sw=40");                                   // most left out
  add("pool h=3 w=4 kh=2 kw=400 pl=200 pr=201");                              // mostly padding
  add("pool c=2 h=70 w=1 kh=20 kw=1 pt=3");
  return all;
}

}  // namespace swconv_test
