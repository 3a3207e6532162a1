// SPDX-License-Identifier: MIT
// Sized structs: older callers, newer callers, liars; defaults and reserved fields.
#include <cstddef>

#include "helpers.hpp"

namespace swconv_test {
namespace {

/// A struct as a caller of a later version would have it.
template <class T>
struct newer {
  T known;
  uint64_t unknown[4];
};

swconv_status make(const swconv_conv_params *p, swconv_error *e = nullptr) {
  plan_owner plan;
  return swconv_conv_plan_create(p, nullptr, nullptr, plan.out(), e);
}
swconv_status make(const swconv_pool_params *p, swconv_error *e = nullptr) {
  plan_owner plan;
  return swconv_pool_plan_create(p, nullptr, nullptr, plan.out(), e);
}
swconv_status make(const swconv_plan_options *o, swconv_error *e = nullptr) {
  const swconv_conv_params p = valid_conv();
  plan_owner plan;
  return swconv_conv_plan_create(&p, o, nullptr, plan.out(), e);
}
swconv_status make(const swconv_allocator *a, swconv_error *e = nullptr) {
  const swconv_conv_params p = valid_conv();
  plan_owner plan;
  return swconv_conv_plan_create(&p, nullptr, a, plan.out(), e);
}
swconv_status make(const swconv_epilogue_op *op, swconv_error *e = nullptr) {
  swconv_conv_params p = valid_conv();
  p.epilogue = op;
  p.epilogue_count = 1;
  return make(&p, e);
}
swconv_status make(const swconv_threads *t, swconv_error *e = nullptr) {
  static ready_conv c;
  c.args.threads = t;
  return swconv_run(c.plan.get(), &c.args, e);
}

/// Every rule about struct_size, for one struct.
template <class T>
void check_sizes(const T &valid, const std::string &name) {
  SCOPED_TRACE(name);
  newer<T> n{};
  n.known = valid;
  EXPECT_EQ(make(&n.known), SWCONV_OK);
  n.known.struct_size = sizeof n;
  EXPECT_EQ(make(&n.known), SWCONV_OK) << "a tail of zeros";
  n.unknown[3] = uint64_t{1} << 63;
  expect_failure([&](swconv_error *e) { return make(&n.known, e); }, SWCONV_INVALID_ARGUMENT,
                 name + ".struct_size", sizeof n);
  n.unknown[3] = 0;
  // Lies: nothing, less than itself, half a field, garbage.
  for (const uint32_t size :
       {0u, 1u, 3u, uint32_t(sizeof(T)) - 1, uint32_t(sizeof(T)) + 1, 0x7fffffffu, 0xffffffffu}) {
    n.known.struct_size = size;
    expect_failure([&](swconv_error *e) { return make(&n.known, e); }, SWCONV_INVALID_ARGUMENT,
                   name + ".struct_size", size);
  }
}

TEST(struct_size, is_checked_for_every_struct) {
  check_sizes(valid_conv(), "conv_params");
  check_sizes(valid_pool(), "pool_params");
  swconv_plan_options options;
  swconv_plan_options_init(&options);
  check_sizes(options, "plan_options");
  swconv_allocator allocator;
  swconv_allocator_init(&allocator);
  check_sizes(allocator, "allocator");
  swconv_threads threads;
  swconv_threads_init(&threads);
  check_sizes(threads, "threads");
  swconv_epilogue_op op;
  swconv_epilogue_op_init(&op);
  op.kind = SWCONV_EPILOGUE_ACTIVATION;
  op.activation = SWCONV_ACT_RELU;
  check_sizes(op, "epilogue_op");
}

TEST(struct_size, of_run_args) {
  ready_conv c;
  newer<swconv_run_args> n{};
  n.known = c.args;
  n.known.struct_size = sizeof n;
  EXPECT_EQ(swconv_run(c.plan.get(), &n.known, nullptr), SWCONV_OK);
  n.unknown[0] = 1;
  expect_failure([&](swconv_error *e) { return swconv_run(c.plan.get(), &n.known, e); },
                 SWCONV_INVALID_ARGUMENT, "run_args.struct_size", sizeof n);
  for (const uint32_t size : {0u, 2u, 13u, uint32_t(sizeof(swconv_run_args)) - 4, 0xffffffffu}) {
    n.known.struct_size = size;
    expect_failure([&](swconv_error *e) { return swconv_run(c.plan.get(), &n.known, e); },
                   SWCONV_INVALID_ARGUMENT, "run_args.struct_size", size);
  }
}

TEST(struct_size, a_smaller_struct_means_defaults_for_the_rest) {
  // Up to `stride` only: dilation 1, no padding, dense, no epilogue, whatever lies behind.
  swconv_conv_params p = valid_conv();
  std::memset(reinterpret_cast<char *>(&p) + offsetof(swconv_conv_params, dilation), 0x5a,
              sizeof p - offsetof(swconv_conv_params, dilation));
  p.struct_size = offsetof(swconv_conv_params, dilation);
  plan_owner plan;
  ASSERT_EQ(swconv_conv_plan_create(&p, nullptr, nullptr, plan.out(), nullptr), SWCONV_OK);
  EXPECT_EQ(plan.info().dst_size[1], 5);
  EXPECT_EQ(plan.info().dst_size[2], 7);

  // Arguments without threads are serial.
  ready_conv c;
  c.args.struct_size = offsetof(swconv_run_args, threads);
  c.args.threads = reinterpret_cast<const swconv_threads *>(1);
  EXPECT_EQ(c.run(), SWCONV_OK);

  // There is no room for the answer in a struct that ends before it.
  EXPECT_EQ(swconv_conv_pad_same_upper(&p, nullptr), SWCONV_INVALID_ARGUMENT);
}

TEST(struct_size, an_epilogue_of_larger_elements_is_walked) {
  newer<swconv_epilogue_op> ops[2] = {};
  for (auto &op : ops) {
    swconv_epilogue_op_init(&op.known);
    op.known.struct_size = sizeof op;
  }
  ops[0].known.kind = SWCONV_EPILOGUE_RESIDUAL;
  ops[1].known.kind = SWCONV_EPILOGUE_ACTIVATION;
  ops[1].known.activation = SWCONV_ACT_RELU;
  swconv_conv_params p = valid_conv();
  p.epilogue = &ops[0].known;
  p.epilogue_count = 2;
  EXPECT_EQ(make(&p), SWCONV_OK);
  ops[1].known.struct_size = sizeof(swconv_epilogue_op);
  expect_failure([&](swconv_error *e) { return make(&p, e); }, SWCONV_INVALID_ARGUMENT,
                 "epilogue_op.struct_size", sizeof(swconv_epilogue_op));
}

TEST(struct_size, results_fill_what_there_is_room_for) {
  ready_conv c;
  // Info that ends after `kernel`.
  swconv_plan_info info;
  std::memset(&info, 0x5a, sizeof info);
  info.struct_size = offsetof(swconv_plan_info, dst_size);
  ASSERT_EQ(swconv_plan_get_info(c.plan.get(), &info), SWCONV_OK);
  EXPECT_EQ(info.struct_size, offsetof(swconv_plan_info, dst_size));
  EXPECT_STREQ(info.kernel, c.info.kernel);
  EXPECT_EQ(info.tasks, 0x5a5a5a5a5a5a5a5a);
  for (const uint32_t size : {0u, 4u, 9u, 0xffffffffu}) {
    info.struct_size = size;
    EXPECT_EQ(swconv_plan_get_info(c.plan.get(), &info), SWCONV_INVALID_ARGUMENT) << size;
  }
  EXPECT_EQ(swconv_plan_get_info(c.plan.get(), nullptr), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(swconv_plan_get_info(nullptr, &info), SWCONV_INVALID_ARGUMENT);

  // An error that ends before `message`; one without a size gets nothing, and nothing breaks.
  error_probe e;
  const error_probe before = e;
  e.struct_size = offsetof(swconv_error, message);
  EXPECT_EQ(swconv_run(nullptr, &c.args, &e), SWCONV_INVALID_ARGUMENT);
  EXPECT_STREQ(e.field, "plan");
  EXPECT_EQ(std::memcmp(e.message, before.message, sizeof e.message), 0);
  error_probe none;
  none.struct_size = 0;
  EXPECT_EQ(swconv_run(nullptr, &c.args, &none), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(none.status, before.status);
}

TEST(reserved_fields, must_be_zero) {
  const auto refuses = [](const auto &spoiled, const std::string &field, int64_t value) {
    expect_failure([&](swconv_error *e) { return make(&spoiled, e); }, SWCONV_INVALID_ARGUMENT,
                   field, value);
  };
  for (int i = 0; i < 6; ++i) {
    swconv_conv_params c = valid_conv();
    c.reserved[i] = -5 - i;
    refuses(c, "conv_params.reserved", -5 - i);
    swconv_pool_params p = valid_pool();
    p.reserved[i] = 1;
    refuses(p, "pool_params.reserved", 1);
  }
  swconv_conv_params c = valid_conv();
  c.reserved0 = 1;
  refuses(c, "conv_params.reserved0", 1);
  swconv_pool_params p = valid_pool();
  p.reserved0 = 2;
  refuses(p, "pool_params.reserved0", 2);
  for (int i = 0; i < 3; ++i) {
    swconv_plan_options o;
    swconv_plan_options_init(&o);
    o.reserved[i] = 7;
    refuses(o, "plan_options.reserved", 7);
  }
  swconv_allocator a;
  swconv_allocator_init(&a);
  a.reserved0 = 3;
  refuses(a, "allocator.reserved0", 3);
  for (int i = 0; i < 3; ++i) {
    swconv_epilogue_op op;
    swconv_epilogue_op_init(&op);
    op.kind = SWCONV_EPILOGUE_ACTIVATION;
    op.reserved[i] = 9;
    refuses(op, "epilogue_op.reserved", 9);
  }
}

TEST(init, null_is_fine) {
  swconv_conv_params_init(nullptr);
  swconv_pool_params_init(nullptr);
  swconv_epilogue_op_init(nullptr);
  swconv_plan_options_init(nullptr);
  swconv_error_init(nullptr);
  swconv_allocator_init(nullptr);
  swconv_threads_init(nullptr);
  swconv_run_args_init(nullptr);
  swconv_plan_info_init(nullptr);
}

TEST(init, the_defaults_are_a_1x1_layer) {
  swconv_conv_params c;
  std::memset(&c, 0x5a, sizeof c);
  swconv_conv_params_init(&c);
  const float src = 3.0f, filter = 2.0f, bias = 0.5f;
  float dst = 0.0f;
  EXPECT_EQ(swconv_conv(&c, &src, &filter, &bias, &dst, nullptr, nullptr), SWCONV_OK);
  EXPECT_EQ(dst, 6.5f);
  swconv_pool_params p;
  std::memset(&p, 0x5a, sizeof p);
  swconv_pool_params_init(&p);
  EXPECT_EQ(swconv_pool(&p, &src, &dst, nullptr, nullptr), SWCONV_OK);
  EXPECT_EQ(dst, 3.0f);
}

}  // namespace
}  // namespace swconv_test
