// SPDX-License-Identifier: MIT
/// @file swconv_api.hpp
/// The library through one door, whichever way it is used: linked, or header-only and compiled for
/// one instruction set. Plain functions and data, so that nothing of an instruction set leaks.
#pragma once

#include "swconv/swconv.h"

namespace swconv_bench {

struct swconv_api {
  const char *isa;  ///< of the header-only form; the linked one takes any
  swconv_status (*make_conv)(const swconv_conv_params *, const swconv_plan_options *, void **plan,
                             swconv_error *);
  swconv_status (*make_pool)(const swconv_pool_params *, const swconv_plan_options *, void **plan,
                             swconv_error *);
  void (*destroy)(void *plan);
  void (*info)(const void *plan, swconv_plan_info *);
  size_t (*describe)(const void *plan, char *text, size_t capacity);
  swconv_status (*pack)(const void *plan, const void *filter, void *packed, size_t bytes,
                        swconv_error *);
  swconv_status (*run)(const void *plan, const swconv_run_args *, swconv_error *);
};

#define SWCONV_BENCH_ISA(isa) extern "C" const swconv_api swconv_bench_header_##isa;
#include "headers.inc"
#undef SWCONV_BENCH_ISA

}  // namespace swconv_bench
