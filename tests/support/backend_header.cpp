// SPDX-License-Identifier: MIT
// The implementation under test is the header-only library, compiled with this file's flags.
#include <cstring>

#include "backend.hpp"
#include "swconv/swconv.hpp"

namespace {

swconv::plan *cast(swconv_plan *p) { return reinterpret_cast<swconv::plan *>(p); }
const swconv::plan *cast(const swconv_plan *p) {
  return reinterpret_cast<const swconv::plan *>(p);
}
swconv_status status_of(swconv::status s) { return static_cast<swconv_status>(s); }

template <class Params>
swconv_status make(const Params *params, const swconv_plan_options *options,
                   const swconv_allocator *, swconv_plan **out, swconv_error *error) {
  auto *made = new swconv::plan;
  const auto status = status_of(made->make(*params, options, error));
  if (status != SWCONV_OK) {
    delete made;
    made = nullptr;
  }
  *out = reinterpret_cast<swconv_plan *>(made);
  return status;
}

size_t own_isa(const char **names, size_t capacity) {
  if (capacity > 0) names[0] = swconv::detail::native_table().name;
  return 1;
}

size_t kernels(const char *isa, const char **names, size_t capacity) {
  const auto &table = swconv::detail::native_table();
  if (isa && std::strcmp(isa, table.name) != 0) return 0;
  for (size_t i = 0; i < table.kernel_count && i < capacity; ++i) names[i] = table.kernel_names[i];
  return table.kernel_count;
}

void destroy(swconv_plan *p) { delete cast(p); }

swconv_status get_info(const swconv_plan *p, swconv_plan_info *info) {
  *info = cast(p)->info();
  return SWCONV_OK;
}

size_t describe(const swconv_plan *p, char *text, size_t capacity) {
  return cast(p)->describe(text, capacity);
}

swconv_status pack(const swconv_plan *p, const void *filter, void *packed, size_t bytes,
                   swconv_error *error) {
  return status_of(cast(p)->pack(static_cast<const float *>(filter), packed, bytes, error));
}

swconv_status run(const swconv_plan *p, const swconv_run_args *args, swconv_error *error) {
  return status_of(cast(p)->run(*args, error));
}

}  // namespace

const swconv_test::backend &swconv_test::library() {
  static const backend header = {own_isa,  kernels, make<swconv_conv_params>,
                                 make<swconv_pool_params>, destroy, get_info,
                                 describe, pack,    run};
  return header;
}
