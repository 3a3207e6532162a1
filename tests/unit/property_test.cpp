// SPDX-License-Identifier: MIT
// What must hold whatever the reference says: properties of convolution itself, on the library alone.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "backend.hpp"
#include "case.hpp"

namespace swconv_test {
namespace {

using tensor = std::vector<float>;

/// Runs a dense convolution on one ISA, by the planner's choice.
tensor convolve(const conv_case &c, const isa &i, const tensor &src, const tensor &filter) {
  std::vector<swconv_epilogue_op> ops;
  const auto params = to_params(c, &ops);
  swconv_plan_options options{};
  options.struct_size = sizeof options;
  options.force_isa = i.name.c_str();
  plan_owner plan;
  const auto status = library().conv_plan(&params, &options, nullptr, plan.out(), nullptr);
  EXPECT_EQ(status, SWCONV_OK) << to_string(c);
  if (status != SWCONV_OK) return {};
  const auto info = plan.info();
  // Aligned for packing: a vector of blocks of 64 bytes.
  struct alignas(64) block {
    unsigned char bytes[64];
  };
  std::vector<block> packed(info.packed_bytes / 64 + 1), workspace(info.workspace_bytes / 64 + 1);
  tensor dst(static_cast<size_t>(dst_shape(c).count()), -1.0f);
  swconv_run_args args{};
  args.struct_size = sizeof args;
  args.src = src.data();
  args.packed_filter = packed.data();
  args.packed_bytes = info.packed_bytes;
  args.workspace = workspace.data();
  args.workspace_bytes = info.workspace_bytes;
  args.dst = dst.data();
  EXPECT_EQ(library().pack(plan.get(), filter.data(), packed.data(), info.packed_bytes, nullptr), SWCONV_OK);
  EXPECT_EQ(library().run(plan.get(), &args, nullptr), SWCONV_OK) << to_string(c);
  return dst;
}

tensor values_of(const tensor_shape &shape, int64_t data, int64_t seed, role r) {
  tensor t(static_cast<size_t>(shape.span()));
  fill(t.data(), shape, data, seed, r);
  return t;
}
tensor src_of(const conv_case &c, int64_t seed) { return values_of(src_shape(c), c.data, seed, role::src); }
tensor filter_of(const conv_case &c, int64_t seed) {
  return values_of(filter_shape(c), c.data, seed, role::filter);
}

/// A layer for each family, on each instruction set.
class Property : public testing::TestWithParam<std::string> {
 protected:
  conv_case layer() const {
    conv_case c;
    EXPECT_TRUE(parse(GetParam(), &c));
    return c;
  }
};
INSTANTIATE_TEST_SUITE_P(
    Layers, Property,
    testing::Values("conv ic=3 oc=20 h=12 w=19 kh=3 kw=3", "conv ic=4 oc=37 h=8 w=9 kh=5 kw=5",
                    "conv g=6 h=13 w=33 kh=3 kw=3", "conv g=3 oc=2 h=9 w=50 kh=2 kw=7",
                    "conv h=20 w=70 kh=7 kw=7", "conv dims=1 w=400 kw=17",
                    "conv dims=1 w=300 kw=33", "conv g=2 ic=6 oc=7 h=6 w=21 kh=1 kw=3"));

TEST_P(Property, AnImpulseReadsOutTheFilter) {
  auto c = layer();
  c.pt = c.pb = c.kh - 1;
  c.pl = c.pr = c.kw - 1;
  const auto filter = filter_of(c, 5);
  const auto ss = src_shape(c), fs = filter_shape(c), ds = dst_shape(c);
  for (const auto &i : isas())
    for (const int64_t where : {int64_t{0}, ss.span() / 2, ss.span() - 1}) {
      tensor src(static_cast<size_t>(ss.span()));
      src[static_cast<size_t>(where)] = 1;
      const auto dst = convolve(c, i, src, filter);
      const int64_t channel = where / (c.h * c.w), y = where / c.w % c.h, x = where % c.w;
      for (int64_t oc = 0; oc < c.out_channels(); ++oc)
        for (int64_t h = 0; h < ds.size[2]; ++h)
          for (int64_t w = 0; w < ds.size[3]; ++w) {
            // dst[h][w] sees src[y][x] through tap (y + pad - h, x + pad - w).
            const int64_t kh = y + c.pt - h, kw = x + c.pl - w;
            const bool meets = oc / c.oc == channel / c.ic && kh >= 0 && kh < c.kh && kw >= 0 && kw < c.kw;
            const float want = meets ? filter[static_cast<size_t>(fs.at(oc, channel % c.ic, kh, kw))] : 0;
            ASSERT_EQ(dst[static_cast<size_t>(ds.at(0, oc, h, w))], want)
                << i.name << " " << to_string(c) << " impulse at " << where << ", dst " << oc << " " << h << " " << w;
          }
    }
}

TEST_P(Property, IsLinearInSrcAndFilter) {
  const auto c = layer();  // integers: exact
  const auto a = src_of(c, 1), b = src_of(c, 2), f = filter_of(c, 3), g = filter_of(c, 4);
  tensor mixed_src = a, mixed_filter = f;
  for (size_t k = 0; k < a.size(); ++k) mixed_src[k] = 2 * a[k] - 3 * b[k];
  for (size_t k = 0; k < f.size(); ++k) mixed_filter[k] = f[k] + 5 * g[k];
  for (const auto &i : isas()) {
    const auto af = convolve(c, i, a, f), bf = convolve(c, i, b, f), ag = convolve(c, i, a, g);
    const auto sum = convolve(c, i, mixed_src, f), filters = convolve(c, i, a, mixed_filter);
    for (size_t k = 0; k < af.size(); ++k) {
      ASSERT_EQ(sum[k], 2 * af[k] - 3 * bf[k]) << i.name << " " << to_string(c) << " at " << k;
      ASSERT_EQ(filters[k], af[k] + 5 * ag[k]) << i.name << " " << to_string(c) << " at " << k;
    }
  }
}

TEST_P(Property, AShiftOfSrcShiftsDst) {
  auto c = layer();
  c.data = random_data;
  const auto src = src_of(c, 1), filter = filter_of(c, 2);
  auto narrow = c;  // src without its first column: dst without its first column
  --narrow.w;
  tensor shifted;
  for (size_t k = 0; k < src.size(); ++k)
    if (k % static_cast<size_t>(c.w) != 0) shifted.push_back(src[k]);
  const auto ds = dst_shape(c), ns = dst_shape(narrow);
  for (const auto &i : isas()) {
    const auto whole = convolve(c, i, src, filter), part = convolve(narrow, i, shifted, filter);
    for (int64_t oc = 0; oc < ns.size[1]; ++oc)
      for (int64_t h = 0; h < ns.size[2]; ++h)
        ASSERT_EQ(std::memcmp(&part[static_cast<size_t>(ns.at(0, oc, h, 0))],
                              &whole[static_cast<size_t>(ds.at(0, oc, h, 1))],
                              static_cast<size_t>(ns.size[3]) * sizeof(float)),
                  0)
            << i.name << " " << to_string(c) << " channel " << oc << " row " << h;
  }
}

TEST_P(Property, ADilatedFilterIsAFilterStuffedWithZeros) {
  auto dilated = layer();
  dilated.data = random_data;
  dilated.dw = 2;
  dilated.dh = dilated.kh > 1 ? 2 : 1;
  if (dilated.dims == 2) dilated.h += 2 * dilated.kh;
  dilated.w += 2 * dilated.kw;
  auto stuffed = dilated;
  stuffed.dh = stuffed.dw = 1;
  stuffed.kh = dilated.dh * (dilated.kh - 1) + 1;
  stuffed.kw = dilated.dw * (dilated.kw - 1) + 1;
  const auto src = src_of(dilated, 1), filter = filter_of(dilated, 2);
  const auto fs = filter_shape(dilated), zs = filter_shape(stuffed);
  tensor zeros(static_cast<size_t>(zs.span()));
  for (int64_t oc = 0; oc < fs.size[0]; ++oc)
    for (int64_t ic = 0; ic < fs.size[1]; ++ic)
      for (int64_t h = 0; h < fs.size[2]; ++h)
        for (int64_t w = 0; w < fs.size[3]; ++w)
          zeros[static_cast<size_t>(zs.at(oc, ic, h * dilated.dh, w * dilated.dw))] =
              filter[static_cast<size_t>(fs.at(oc, ic, h, w))];
  // Adding 0 · s changes no sum of the chain, so even the bits are the same.
  for (const auto &i : isas())
    ASSERT_EQ(convolve(dilated, i, src, filter), convolve(stuffed, i, src, zeros)) << i.name << " " << to_string(dilated);
}

TEST_P(Property, GroupsAreConvolutionsSideBySide) {
  auto grouped = layer();
  grouped.data = random_data;
  if (grouped.g == 1) grouped.g = 3;
  auto single = grouped;
  single.g = 1;
  const auto src = src_of(grouped, 1), filter = filter_of(grouped, 2);
  const size_t s = src.size() / static_cast<size_t>(grouped.g), f = filter.size() / static_cast<size_t>(grouped.g);
  for (const auto &i : isas()) {
    const auto all = convolve(grouped, i, src, filter);
    tensor joined;
    for (size_t g = 0; g < static_cast<size_t>(grouped.g); ++g) {
      const auto at = [](const tensor &t, size_t n) { return t.begin() + static_cast<std::ptrdiff_t>(n); };
      const auto one = convolve(single, i, tensor(at(src, g * s), at(src, (g + 1) * s)),
                                tensor(at(filter, g * f), at(filter, (g + 1) * f)));
      joined.insert(joined.end(), one.begin(), one.end());
    }
    ASSERT_EQ(all, joined) << i.name << " " << to_string(grouped);
  }
}

/// A tap that never leaves the padding may be infinite or NaN.
TEST_P(Property, TapsInThePaddingDoNoHarm) {
  auto c = layer();
  const auto filter = filter_of(c, 2);
  auto wide = c;  // two more columns of taps, which only ever see padding
  wide.kw = c.kw + 2;
  wide.w = c.kw;
  wide.pl = wide.pr = 1;
  if (wide.dst_w() != 1) GTEST_SKIP();
  auto plain = c;
  plain.w = c.kw;
  tensor poisoned;
  for (size_t k = 0; k < filter.size(); ++k) {
    if (k % static_cast<size_t>(c.kw) == 0) poisoned.push_back(std::numeric_limits<float>::infinity());
    poisoned.push_back(filter[k]);
    if ((k + 1) % static_cast<size_t>(c.kw) == 0) poisoned.push_back(std::nanf(""));
  }
  const auto src = src_of(plain, 1);
  for (const auto &i : isas())
    ASSERT_EQ(convolve(wide, i, src, poisoned), convolve(plain, i, src, filter)) << i.name << " " << to_string(wide);
}

}  // namespace
}  // namespace swconv_test
