// SPDX-License-Identifier: MIT
// The implementation under test is the library behind the C ABI.
#include "backend.hpp"

const swconv_test::backend &swconv_test::library() {
  static const backend linked = {
      swconv_isas,          swconv_kernels,       swconv_conv_plan_create,
      swconv_pool_plan_create, swconv_plan_destroy, swconv_plan_get_info,
      swconv_plan_describe, swconv_conv_pack,     swconv_run};
  return linked;
}
