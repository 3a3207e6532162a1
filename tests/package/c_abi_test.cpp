// SPDX-License-Identifier: MIT
// The C ABI from C++, on every instruction set of this machine.
#include <catch2/catch.hpp>
#include <swconv/swconv.h>

#include "layer.hpp"

using package_test::layer;

TEST_CASE("C ABI: versions of header and library agree", "[c_abi]") {
  REQUIRE(swconv_abi_version() == uint32_t{SWCONV_ABI_VERSION});
  REQUIRE(swconv_version() / 1000 == SWCONV_VERSION_MAJOR * 1000 + SWCONV_VERSION_MINOR);
}

TEST_CASE("C ABI: every instruction set computes the layer", "[c_abi]") {
  swconv_conv_params p;
  swconv_conv_params_init(&p);
  p.batch = layer::batch;
  p.in_channels = layer::in_channels;
  p.out_channels = layer::out_channels;
  p.src_size[1] = layer::height;
  p.src_size[2] = layer::width;
  p.filter_size[1] = layer::kernel_h;
  p.filter_size[2] = layer::kernel_w;
  p.stride[1] = layer::stride_h;
  p.stride[2] = layer::stride_w;
  p.pad_begin[1] = layer::top;
  p.pad_begin[2] = layer::left;
  p.pad_end[1] = layer::bottom;
  p.pad_end[2] = layer::right;

  const char *isas[8] = {};
  const size_t count = swconv_isas(isas, 8);
  REQUIRE(count > 0);
  REQUIRE(count <= 8);
  for (size_t i = 0; i < count; ++i) {
    INFO(isas[i]);
    swconv_plan_options options;
    swconv_plan_options_init(&options);
    options.force_isa = isas[i];
    swconv_plan *plan = nullptr;
    REQUIRE(swconv_conv_plan_create(&p, &options, nullptr, &plan, nullptr) == SWCONV_OK);
    swconv_plan_info info;
    swconv_plan_info_init(&info);
    REQUIRE(swconv_plan_get_info(plan, &info) == SWCONV_OK);
    REQUIRE(std::string(info.isa) == isas[i]);

    layer l;
    std::vector<unsigned char> packed(info.packed_bytes + 64), workspace(info.workspace_bytes + 64);
    REQUIRE(swconv_conv_pack(plan, l.filter.data(), package_test::align64(packed),
                             info.packed_bytes, nullptr) == SWCONV_OK);
    swconv_run_args args;
    swconv_run_args_init(&args);
    args.src = l.src.data();
    args.packed_filter = package_test::align64(packed);
    args.packed_bytes = info.packed_bytes;
    args.bias = l.bias.data();
    args.dst = l.dst.data();
    args.workspace = package_test::align64(workspace);
    args.workspace_bytes = info.workspace_bytes;
    swconv_error error;
    swconv_error_init(&error);
    const swconv_status status = swconv_run(plan, &args, &error);
    INFO(error.message);
    REQUIRE(status == SWCONV_OK);
    REQUIRE(l.dst == l.expected);
    swconv_plan_destroy(plan);
  }
}
