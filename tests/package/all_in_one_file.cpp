// SPDX-License-Identifier: MIT
// Header-only, linked and C ABI in one translation unit, without exceptions and RTTI.
#include "all_in_one_file.hpp"

#include <swconv/linked.hpp>
#include <swconv/swconv.h>
#include <swconv/swconv.hpp>

#include "layer.hpp"

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "this unit is meant to be compiled with -fno-exceptions -fno-rtti"
#endif

using package_test::layer;

int run_all_three_ways() {
  const auto params = package_test::params_of<swconv::conv_params>();
  layer header, linked, c;
  if (swconv::conv(params, header.src.data(), header.filter.data(), header.bias.data(),
                   header.dst.data()) != swconv::status::ok ||
      header.dst != header.expected)
    return 1;
  if (swconv::linked::conv(params, linked.src.data(), linked.filter.data(), linked.bias.data(),
                           linked.dst.data()) != swconv::status::ok ||
      linked.dst != linked.expected)
    return 2;
  if (swconv_conv(&params, c.src.data(), c.filter.data(), c.bias.data(), c.dst.data(), nullptr,
                  nullptr) != SWCONV_OK ||
      c.dst != c.expected)
    return 3;
  // A plan of each kind, alive at once.
  swconv::plan included;
  swconv::linked::plan loaded;
  if (included.make(params) != swconv::status::ok || loaded.make(params) != swconv::status::ok)
    return 4;
  return 0;
}
