// SPDX-License-Identifier: MIT
// The header-only library, compiled once per instruction set (SWCONV_BENCH_ISA_NAME).
#include <stdlib.h>
#include <string.h>

#include "swconv/swconv.hpp"
#include "swconv_api.hpp"

namespace {

const swconv::plan *cast(const void *plan) { return static_cast<const swconv::plan *>(plan); }

/// No operator new: an object of an instruction set calls nothing that C++ could merge.
template <class Params>
swconv_status make(const Params *params, const swconv_plan_options *options, void **out,
                   swconv_error *error) {
  swconv::plan made;
  const auto status = static_cast<swconv_status>(made.make(*params, options, error));
  *out = nullptr;
  if (status != SWCONV_OK) return status;
  *out = aligned_alloc(64, (sizeof made + 63) / 64 * 64);
  if (!*out) return SWCONV_OUT_OF_MEMORY;
  memcpy(*out, static_cast<const void *>(&made), sizeof made);
  return SWCONV_OK;
}
void info(const void *plan, swconv_plan_info *out) { *out = cast(plan)->info(); }
size_t describe(const void *plan, char *text, size_t capacity) {
  return cast(plan)->describe(text, capacity);
}
swconv_status pack(const void *plan, const void *filter, void *packed, size_t bytes,
                   swconv_error *error) {
  return static_cast<swconv_status>(
      cast(plan)->pack(static_cast<const float *>(filter), packed, bytes, error));
}
swconv_status run(const void *plan, const swconv_run_args *args, swconv_error *error) {
  return static_cast<swconv_status>(cast(plan)->run(*args, error));
}

}  // namespace

#define SWCONV_BENCH_JOIN_(a, b) a##b
#define SWCONV_BENCH_JOIN(a, b) SWCONV_BENCH_JOIN_(a, b)
#define SWCONV_BENCH_STRING_(a) #a
#define SWCONV_BENCH_STRING(a) SWCONV_BENCH_STRING_(a)

extern "C" const swconv_bench::swconv_api SWCONV_BENCH_JOIN(swconv_bench_header_,
                                                            SWCONV_BENCH_ISA_NAME) = {
    SWCONV_BENCH_STRING(SWCONV_BENCH_ISA_NAME),
    make<swconv_conv_params>,
    make<swconv_pool_params>,
    free,
    info,
    describe,
    pack,
    run};
