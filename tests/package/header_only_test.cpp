// SPDX-License-Identifier: MIT
// The header-only library as installed, for the instruction set this file is compiled for.
#include <catch2/catch.hpp>
#include <swconv/swconv.hpp>

#include "layer.hpp"

using package_test::layer;

TEST_CASE("header-only: one call", "[header_only]") {
  layer l;
  REQUIRE(swconv::conv(package_test::params_of<swconv::conv_params>(), l.src.data(),
                       l.filter.data(), l.bias.data(), l.dst.data()) == swconv::status::ok);
  REQUIRE(l.dst == l.expected);
}

TEST_CASE("header-only: plan, pack, run", "[header_only]") {
  layer l;
  REQUIRE(package_test::run_planned<swconv::plan, swconv::conv_params, swconv::run_args,
                                    swconv::status>(l));
  REQUIRE(l.dst == l.expected);
}

TEST_CASE("header-only: pooling with the caller's threads", "[header_only]") {
  const float src[] = {3, 1, 2, 5, 4, 0, 9, 8};
  float dst[4] = {};
  int64_t tasks = 0;
  auto reversed = [&](int64_t n, auto task) {
    for (int64_t i = n; i-- > 0; ++tasks) task(i, i % 2);
  };
  const swconv::threads threads(reversed, 2);
  const auto p = swconv::pool_params::pool1d(SWCONV_POOL_MAX, 1, 1, 8, 2);
  REQUIRE(swconv::pool(p, src, dst, &threads) == swconv::status::ok);
  REQUIRE(std::vector<float>(dst, dst + 4) == std::vector<float>{3, 5, 4, 9});
}

TEST_CASE("header-only: errors are values", "[header_only]") {
  swconv::error error;
  const float one = 1;
  float dst = -1;
  const auto p = swconv::conv_params().strides(1, 0);
  REQUIRE(swconv::conv(p, &one, &one, nullptr, &dst, nullptr, &error) ==
          swconv::status::invalid_argument);
  REQUIRE(std::string(error.field) == "stride[2]");
  REQUIRE(dst == -1);
}
