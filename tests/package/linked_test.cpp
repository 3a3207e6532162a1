// SPDX-License-Identifier: MIT
// C++ over the shared library, and OpenMP threads.
#include <catch2/catch.hpp>
#include <swconv/linked.hpp>
#include <swconv/openmp.h>

#include <utility>

#include "layer.hpp"

using package_test::layer;

TEST_CASE("linked: one call, serial and with OpenMP", "[linked]") {
  const auto params = package_test::params_of<swconv::conv_params>();
  layer l;
  REQUIRE(swconv::linked::conv(params, l.src.data(), l.filter.data(), l.bias.data(),
                               l.dst.data()) == swconv::status::ok);
  REQUIRE(l.dst == l.expected);

  swconv_threads threads;
  REQUIRE(swconv_openmp_threads(&threads, 3) == SWCONV_OK);
  layer t;
  REQUIRE(swconv::linked::conv(params, t.src.data(), t.filter.data(), t.bias.data(), t.dst.data(),
                               &threads) == swconv::status::ok);
  REQUIRE(t.dst == t.expected);
}

TEST_CASE("linked: plan, pack, run", "[linked]") {
  layer l;
  REQUIRE(package_test::run_planned<swconv::linked::plan, swconv::conv_params, swconv::run_args,
                                    swconv::status>(l));
  REQUIRE(l.dst == l.expected);
}

TEST_CASE("linked: a plan moves and is destroyed once", "[linked]") {
  swconv::linked::plan a;
  REQUIRE(!a);
  REQUIRE(a.make(swconv::conv_params()) == swconv::status::ok);
  const swconv_plan *handle = a.get();
  swconv::linked::plan b(std::move(a));
  REQUIRE(b.get() == handle);
  REQUIRE(a.get() == nullptr);
  a = std::move(b);
  REQUIRE(a.get() == handle);
  REQUIRE(a.make(swconv::conv_params().strides(0, 0)) == swconv::status::invalid_argument);
  REQUIRE(!a);
}

TEST_CASE("linked: average pooling", "[linked]") {
  const float src[] = {2, 4, 6, 8};
  float dst[1] = {};
  const auto p = swconv::pool_params::pool2d(SWCONV_POOL_AVG, 1, 1, 2, 2, 2, 2);
  REQUIRE(swconv::linked::pool(p, src, dst) == swconv::status::ok);
  REQUIRE(dst[0] == 5);
}
