// SPDX-License-Identifier: MIT
// Parameters that break the contract: each is refused with its status and a message that names
// the field and the value.
#include <algorithm>
#include <array>

#include "helpers.hpp"

namespace swconv_test {
namespace {

constexpr int64_t huge = INT64_MAX / 2;

template <class Params>
struct spoiled {
  const char *field;
  int64_t value;
  swconv_status status;
  std::function<void(Params &, int64_t)> spoil;
};

#define SWCONV_SPOIL(Params, member, value, status) \
  spoiled<Params> { #member, value, status, [](Params &p, int64_t v) { set(p.member, v); } }
template <class T>
void set(T &field, int64_t value) {
  field = static_cast<T>(value);
}

const spoiled<swconv_conv_params> spoiled_convs[] = {
#define CONV(member, value) SWCONV_SPOIL(swconv_conv_params, member, value, SWCONV_INVALID_ARGUMENT)
    CONV(batch, -1),
    CONV(groups, 0),
    CONV(groups, -2),
    CONV(in_channels, 0),
    CONV(in_channels, -4),
    CONV(out_channels, 0),
    CONV(out_channels, -6),
    CONV(src_size[0], 0),
    CONV(src_size[1], 0),
    CONV(src_size[2], -9),
    CONV(filter_size[0], 0),
    CONV(filter_size[1], 0),
    CONV(filter_size[2], -3),
    CONV(stride[0], 0),
    CONV(stride[1], -1),
    CONV(stride[2], 0),
    CONV(dilation[0], 0),
    CONV(dilation[1], 0),
    CONV(dilation[2], -2),
    CONV(pad_begin[0], -1),
    CONV(pad_begin[1], -1),
    CONV(pad_begin[2], INT64_MIN),
    CONV(pad_end[1], -3),
    CONV(pad_end[2], -1),
    CONV(spatial_dims, 0),
    CONV(spatial_dims, 4),
    CONV(src_dtype, 77),
    CONV(filter_dtype, 77),
    CONV(bias_dtype, 77),
    CONV(dst_dtype, 77),
    CONV(acc_dtype, 77),
    CONV(direction, 9),
    CONV(math, 9),
    CONV(flags, 1 << 20),
#undef CONV
#define CONV(member, value) SWCONV_SPOIL(swconv_conv_params, member, value, SWCONV_UNSUPPORTED)
    CONV(src_dtype, SWCONV_I8),
    CONV(filter_dtype, SWCONV_BF16),
    CONV(bias_dtype, SWCONV_F64),
    CONV(dst_dtype, SWCONV_F16),
    CONV(acc_dtype, SWCONV_I32),
    CONV(direction, SWCONV_BACKWARD_DATA),
    CONV(direction, SWCONV_BACKWARD_FILTER),
    CONV(spatial_dims, 3),
    CONV(src_zero_point, 3),
    CONV(filter_zero_point, -3),
    CONV(dst_zero_point, 4),
#undef CONV
};

TEST(conv_parameters, broken_fields_are_named) {
  for (const auto &bad : spoiled_convs) {
    SCOPED_TRACE(std::string(bad.field) + " = " + std::to_string(bad.value));
    swconv_conv_params p = valid_conv();
    bad.spoil(p, bad.value);
    swconv_plan *plan = reinterpret_cast<swconv_plan *>(1);
    expect_failure(
        [&](swconv_error *e) { return swconv_conv_plan_create(&p, nullptr, nullptr, &plan, e); },
        bad.status, bad.field, bad.value);
    EXPECT_EQ(plan, nullptr);
    // The one-call form refuses the same, before it looks at a pointer.
    expect_failure(
        [&](swconv_error *e) {
          return swconv_conv(&p, nullptr, nullptr, nullptr, nullptr, nullptr, e);
        },
        bad.status, bad.field, bad.value);
  }
}

const spoiled<swconv_pool_params> spoiled_pools[] = {
#define POOL(member, value) SWCONV_SPOIL(swconv_pool_params, member, value, SWCONV_INVALID_ARGUMENT)
    POOL(batch, -1),
    POOL(channels, 0),
    POOL(channels, -3),
    POOL(src_size[0], 0),
    POOL(src_size[1], -7),
    POOL(src_size[2], 0),
    POOL(window[0], 0),
    POOL(window[1], 0),
    POOL(window[2], -2),
    POOL(stride[1], 0),
    POOL(stride[2], -1),
    POOL(dilation[1], 0),
    POOL(dilation[2], -1),
    POOL(pad_begin[1], -1),
    POOL(pad_begin[2], -1),
    POOL(pad_end[1], -1),
    POOL(pad_end[2], -1),
    POOL(spatial_dims, 0),
    POOL(spatial_dims, 5),
    POOL(kind, 5),
    POOL(dtype, 77),
    POOL(ceil_mode, 2),
    POOL(count_include_pad, 2),
    POOL(flags, 1 << 20),
#undef POOL
#define POOL(member, value) SWCONV_SPOIL(swconv_pool_params, member, value, SWCONV_UNSUPPORTED)
    POOL(dtype, SWCONV_F64),
    POOL(spatial_dims, 3),
#undef POOL
};

TEST(pool_parameters, broken_fields_are_named) {
  for (const auto &bad : spoiled_pools) {
    SCOPED_TRACE(std::string(bad.field) + " = " + std::to_string(bad.value));
    swconv_pool_params p = valid_pool();
    bad.spoil(p, bad.value);
    swconv_plan *plan = reinterpret_cast<swconv_plan *>(1);
    expect_failure(
        [&](swconv_error *e) { return swconv_pool_plan_create(&p, nullptr, nullptr, &plan, e); },
        bad.status, bad.field, bad.value);
    EXPECT_EQ(plan, nullptr);
    expect_failure(
        [&](swconv_error *e) { return swconv_pool(&p, nullptr, nullptr, nullptr, e); },
        bad.status, bad.field, bad.value);
  }
}

/// What must fail, with any field named.
void expect_conv_status(const swconv_conv_params &p, swconv_status status) {
  error_probe e;
  plan_owner plan;
  EXPECT_EQ(swconv_conv_plan_create(&p, nullptr, nullptr, plan.out(), &e), status);
  EXPECT_EQ(plan.get(), nullptr);
  EXPECT_EQ(e.status, status);
  EXPECT_NE(e.field[0], '\0');
  const std::string message(e.message, strnlen(e.message, sizeof e.message));
  EXPECT_NE(message.find(e.field), std::string::npos) << message;
}

TEST(conv_parameters, groups_must_divide_the_channels) {
  swconv_conv_params p = valid_conv();
  p.in_channels = 5;
  expect_conv_status(p, SWCONV_INVALID_ARGUMENT);
  p = valid_conv();
  p.out_channels = 7;
  expect_conv_status(p, SWCONV_INVALID_ARGUMENT);
}

TEST(conv_parameters, a_1d_convolution_has_no_height) {
  swconv_conv_params p = valid_conv();
  p.spatial_dims = 1;
  expect_conv_status(p, SWCONV_INVALID_ARGUMENT);
}

TEST(conv_parameters, products_beyond_64_bits_are_an_answer) {
  const std::function<void(swconv_conv_params &)> too_large[] = {
      [](swconv_conv_params &p) { p.batch = huge; },
      [](swconv_conv_params &p) { p.in_channels = huge / 2 * 2; },
      [](swconv_conv_params &p) { p.out_channels = huge / 2 * 2; },
      [](swconv_conv_params &p) { p.src_size[1] = huge; },
      [](swconv_conv_params &p) { p.src_size[2] = huge; },
      [](swconv_conv_params &p) { p.src_size[1] = p.src_size[2] = int64_t{1} << 31; },
      [](swconv_conv_params &p) { p.pad_begin[2] = p.pad_end[2] = INT64_MAX; },
      [](swconv_conv_params &p) { p.pad_begin[1] = INT64_MAX; },
      [](swconv_conv_params &p) { p.filter_size[2] = p.dilation[2] = int64_t{1} << 40; },
      [](swconv_conv_params &p) { p.filter_size[1] = INT64_MAX, p.dilation[1] = 3; },
      [](swconv_conv_params &p) {
        p.filter_size[1] = p.filter_size[2] = int64_t{1} << 31;
        p.pad_begin[1] = p.pad_begin[2] = int64_t{1} << 31;
      },
      [](swconv_conv_params &p) {
        for (int i = 0; i < 5; ++i) p.src_stride[i] = huge;
        p.src_stride[4] = 1;
      },
      [](swconv_conv_params &p) {  // rows of a window, in the padding
        p.pad_begin[1] = p.pad_end[1] = p.stride[1] = int64_t{1} << 30;
        const int64_t strides[5] = {9, 9, 9, int64_t{1} << 40, 1};
        std::memcpy(p.src_stride, strides, sizeof strides);
      },
      [](swconv_conv_params &p) {  // rows of dst that have a row of src in common
        p.dilation[1] = int64_t{1} << 40;
        p.pad_begin[1] = 2 * p.dilation[1];
        const int64_t h = int64_t{1} << 30, strides[5] = {64 * h, 8 * h, 8 * h, h, 1};
        std::memcpy(p.dst_stride, strides, sizeof strides);
      },
      [](swconv_conv_params &p) {  // weights between two rows of dst
        p.pad_begin[1] = p.pad_end[1] = p.stride[1] = int64_t{1} << 53;
        p.filter_size[2] = p.pad_end[2] = 16;
      },
  };
  int index = 0;
  for (const auto &spoil : too_large) {
    SCOPED_TRACE(index++);
    swconv_conv_params p = valid_conv();
    spoil(p);
    expect_conv_status(p, SWCONV_SIZE_OVERFLOW);
  }
}

TEST(pool_parameters, products_beyond_64_bits_are_an_answer) {
  const std::function<void(swconv_pool_params &)> too_large[] = {
      [](swconv_pool_params &p) { p.batch = huge; },
      [](swconv_pool_params &p) { p.channels = huge; },
      [](swconv_pool_params &p) { p.src_size[2] = huge; },
      [](swconv_pool_params &p) { p.pad_begin[2] = p.pad_end[2] = INT64_MAX; },
      [](swconv_pool_params &p) { p.window[2] = p.dilation[2] = int64_t{1} << 40; },
  };
  int index = 0;
  for (const auto &spoil : too_large) {
    SCOPED_TRACE(index++);
    swconv_pool_params p = valid_pool();
    spoil(p);
    plan_owner plan;
    error_probe e;
    EXPECT_EQ(swconv_pool_plan_create(&p, nullptr, nullptr, plan.out(), &e), SWCONV_SIZE_OVERFLOW);
    EXPECT_EQ(plan.get(), nullptr);
    EXPECT_EQ(e.status, SWCONV_SIZE_OVERFLOW);
  }
}

TEST(conv_parameters, rows_must_be_contiguous) {
  swconv_conv_params p = valid_conv();
  const int64_t strides[5] = {1000, 200, 100, 18, 2};
  std::memcpy(p.src_stride, strides, sizeof strides);
  expect_conv_status(p, SWCONV_INVALID_ARGUMENT);
}

TEST(conv_parameters, elements_of_dst_must_not_coincide) {
  // dst is 2 x 6 x 5 x 7: rows, channels and images that reach into the next.
  for (const auto &strides : {std::array<int64_t, 5>{210, 35, 35, 6, 1},
                              std::array<int64_t, 5>{210, 34, 34, 7, 1},
                              std::array<int64_t, 5>{209, 35, 35, 7, 1},
                              std::array<int64_t, 5>{210, 35, 35, 0, 1}}) {
    swconv_conv_params p = valid_conv();
    std::copy(strides.begin(), strides.end(), p.dst_stride);
    plan_owner plan;
    EXPECT_EQ(swconv_conv_plan_create(&p, nullptr, nullptr, plan.out(), nullptr),
              SWCONV_INVALID_ARGUMENT)
        << strides[0] << " " << strides[1] << " " << strides[3];
  }
}

TEST(conv_parameters, broken_epilogues_are_refused) {
  swconv_epilogue_op op;
  swconv_epilogue_op_init(&op);
  swconv_conv_params p = valid_conv();
  p.epilogue = &op;
  p.epilogue_count = 1;
  op.kind = 0;
  expect_conv_status(p, SWCONV_INVALID_ARGUMENT);
  op.kind = 99;
  expect_conv_status(p, SWCONV_INVALID_ARGUMENT);
  op.kind = SWCONV_EPILOGUE_ACTIVATION;
  op.activation = 99;
  expect_conv_status(p, SWCONV_INVALID_ARGUMENT);
  op.activation = SWCONV_ACT_RELU;
  op.reserved[2] = 1;
  expect_conv_status(p, SWCONV_INVALID_ARGUMENT);
  op.reserved[2] = 0;
  p.epilogue = nullptr;
  expect_conv_status(p, SWCONV_INVALID_ARGUMENT);
  p.epilogue = &op;
  p.epilogue_count = 0xffffffff;
  expect_conv_status(p, SWCONV_INVALID_ARGUMENT);

  swconv_epilogue_op twice[2] = {op, op};
  p.epilogue = twice;
  p.epilogue_count = 2;
  expect_conv_status(p, SWCONV_UNSUPPORTED);  // each kind at most once, in order
  twice[0].kind = SWCONV_EPILOGUE_SCALE;
  plan_owner plan;
  EXPECT_EQ(swconv_conv_plan_create(&p, nullptr, nullptr, plan.out(), nullptr), SWCONV_OK);
}

TEST(shapes, pads_and_extents_refuse_the_same) {
  swconv_conv_params c = valid_conv();
  int64_t size[3] = {-7, -7, -7};
  c.stride[2] = 0;
  expect_failure([&](swconv_error *e) { return swconv_conv_dst_size(&c, size, e); },
                 SWCONV_INVALID_ARGUMENT, "stride[2]", 0);
  EXPECT_EQ(size[0], -7);
  expect_failure([&](swconv_error *e) { return swconv_conv_pad_same_upper(&c, e); },
                 SWCONV_INVALID_ARGUMENT, "stride[2]", 0);
  c = valid_conv();
  c.dilation[1] = INT64_MAX;
  EXPECT_EQ(swconv_conv_dst_size(&c, size, nullptr), SWCONV_SIZE_OVERFLOW);
  EXPECT_EQ(swconv_conv_pad_same_lower(&c, nullptr), SWCONV_SIZE_OVERFLOW);
  EXPECT_EQ(swconv_conv_dst_size(nullptr, size, nullptr), SWCONV_INVALID_ARGUMENT);
  c = valid_conv();
  EXPECT_EQ(swconv_conv_dst_size(&c, nullptr, nullptr), SWCONV_INVALID_ARGUMENT);

  swconv_pool_params p = valid_pool();
  p.window[1] = 0;
  expect_failure([&](swconv_error *e) { return swconv_pool_dst_size(&p, size, e); },
                 SWCONV_INVALID_ARGUMENT, "window[1]", 0);
  expect_failure([&](swconv_error *e) { return swconv_pool_pad_same_lower(&p, e); },
                 SWCONV_INVALID_ARGUMENT, "window[1]", 0);
  p = valid_pool();
  p.pad_end[2] = -1;
  expect_failure([&](swconv_error *e) { return swconv_pool_dst_size(&p, size, e); },
                 SWCONV_INVALID_ARGUMENT, "pad_end[2]", -1);
}

}  // namespace
}  // namespace swconv_test
