// SPDX-License-Identifier: MIT
// Plans as handles: allocators, what they tell about themselves, forced choices, lists of names.
#include <algorithm>
#include <cstdlib>

#include "helpers.hpp"

namespace swconv_test {
namespace {

/// An allocator that keeps accounts and refuses after `limit` allocations.
struct accountant {
  int allocations = 0, deallocations = 0, limit = 1000;
  size_t held = 0;
  swconv_allocator allocator;

  accountant() {
    swconv_allocator_init(&allocator);
    allocator.ctx = this;
    allocator.allocate = [](void *ctx, size_t bytes, size_t alignment) -> void * {
      auto *self = static_cast<accountant *>(ctx);
      if (self->allocations >= self->limit) return nullptr;
      ++self->allocations;
      self->held += bytes;
      return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    };
    allocator.deallocate = [](void *ctx, void *memory, size_t bytes) {
      auto *self = static_cast<accountant *>(ctx);
      ++self->deallocations;
      self->held -= bytes;
      free(memory);
    };
  }
};

TEST(allocator, is_copied_and_used_for_destruction) {
  accountant a;
  const swconv_conv_params p = valid_conv();
  swconv_allocator temporary = a.allocator;
  swconv_plan *plan = nullptr;
  ASSERT_EQ(swconv_conv_plan_create(&p, nullptr, &temporary, &plan, nullptr), SWCONV_OK);
  std::memset(&temporary, 0, sizeof temporary);
  EXPECT_GE(a.allocations, 1);
  swconv_plan_destroy(plan);
  EXPECT_EQ(a.allocations, a.deallocations);
  EXPECT_EQ(a.held, 0u) << "what is given back differs from what was taken";
}

TEST(allocator, gets_everything_back_when_a_plan_fails) {
  accountant a;
  swconv_conv_params p = valid_conv();
  p.stride[2] = 0;
  swconv_plan *plan = nullptr;
  EXPECT_EQ(swconv_conv_plan_create(&p, nullptr, &a.allocator, &plan, nullptr),
            SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(a.allocations, a.deallocations);
  EXPECT_EQ(a.held, 0u);
}

TEST(allocator, without_memory) {
  accountant a;
  a.limit = 0;
  const swconv_conv_params c = valid_conv();
  const swconv_pool_params p = valid_pool();
  plan_owner plan;
  error_probe e;
  EXPECT_EQ(swconv_conv_plan_create(&c, nullptr, &a.allocator, plan.out(), &e),
            SWCONV_OUT_OF_MEMORY);
  EXPECT_EQ(plan.get(), nullptr);
  EXPECT_EQ(e.status, SWCONV_OUT_OF_MEMORY);
  EXPECT_STREQ(e.field, "allocator");
  EXPECT_GT(e.value, 0);
  EXPECT_EQ(swconv_pool_plan_create(&p, nullptr, &a.allocator, plan.out(), nullptr),
            SWCONV_OUT_OF_MEMORY);
}

TEST(allocator, needs_both_functions) {
  const swconv_conv_params p = valid_conv();
  plan_owner plan;
  accountant a;
  a.allocator.allocate = nullptr;
  const auto create = [&](swconv_error *e) {
    return swconv_conv_plan_create(&p, nullptr, &a.allocator, plan.out(), e);
  };
  expect_failure(create, SWCONV_INVALID_ARGUMENT, "allocator.allocate", 0);
  a = accountant();
  a.allocator.deallocate = nullptr;
  expect_failure(create, SWCONV_INVALID_ARGUMENT, "allocator.deallocate", 0);
}

TEST(plan, null_arguments) {
  const swconv_conv_params c = valid_conv();
  const swconv_pool_params p = valid_pool();
  plan_owner plan;
  expect_failure(
      [&](swconv_error *e) { return swconv_conv_plan_create(&c, nullptr, nullptr, nullptr, e); },
      SWCONV_INVALID_ARGUMENT, "plan", 0);
  expect_failure(
      [&](swconv_error *e) { return swconv_pool_plan_create(&p, nullptr, nullptr, nullptr, e); },
      SWCONV_INVALID_ARGUMENT, "plan", 0);
  expect_failure(
      [&](swconv_error *e) {
        return swconv_conv_plan_create(nullptr, nullptr, nullptr, plan.out(), e);
      },
      SWCONV_INVALID_ARGUMENT, "conv_params", 0);
  expect_failure(
      [&](swconv_error *e) {
        return swconv_pool_plan_create(nullptr, nullptr, nullptr, plan.out(), e);
      },
      SWCONV_INVALID_ARGUMENT, "pool_params", 0);
  swconv_plan_destroy(nullptr);
}

TEST(plan, describes_itself) {
  ready_conv c;
  const size_t length = swconv_plan_describe(c.plan.get(), nullptr, 0);
  ASSERT_GT(length, 20u);
  std::string text(length + 1, '?');
  EXPECT_EQ(swconv_plan_describe(c.plan.get(), text.data(), text.size()), length);
  ASSERT_EQ(text.back(), '\0');
  text.pop_back();
  EXPECT_EQ(text.find('\0'), std::string::npos);
  EXPECT_EQ(text.find('\n'), std::string::npos) << "one line";
  EXPECT_NE(text.find(c.info.kernel), std::string::npos) << text;
  EXPECT_NE(text.find(c.info.isa), std::string::npos) << text;

  char cut[9];
  std::memset(cut, '?', sizeof cut);
  EXPECT_EQ(swconv_plan_describe(c.plan.get(), cut, 8), length);
  EXPECT_EQ(std::string(cut), text.substr(0, 7));
  EXPECT_EQ(cut[8], '?') << "wrote past the capacity";
  EXPECT_EQ(swconv_plan_describe(nullptr, cut, 8), 0u);
  EXPECT_EQ(cut[0], '\0');
}

TEST(plan, info_is_consistent) {
  ready_conv c;
  const char *isas[8] = {};
  const size_t count = swconv_isas(isas, 8);
  ASSERT_GE(count, 1u);
  EXPECT_STREQ(c.info.isa, isas[0]) << "the best by default";
  const size_t kernel_count = swconv_kernels(c.info.isa, nullptr, 0);
  ASSERT_GE(kernel_count, 1u);
  std::vector<const char *> kernels(kernel_count);
  EXPECT_EQ(swconv_kernels(nullptr, kernels.data(), kernel_count), kernel_count);
  EXPECT_TRUE(std::any_of(kernels.begin(), kernels.end(), [&](const char *name) {
    return std::strcmp(name, c.info.kernel) == 0;
  })) << c.info.kernel;
  int64_t size[3];
  ASSERT_EQ(swconv_conv_dst_size(&c.params, size, nullptr), SWCONV_OK);
  EXPECT_TRUE(std::equal(size, size + 3, c.info.dst_size));
  EXPECT_NE(c.info.packing_id, 0u);
  EXPECT_GE(c.info.tasks, 1);

  const swconv_pool_params p = valid_pool();
  plan_owner pool;
  ASSERT_EQ(swconv_pool_plan_create(&p, nullptr, nullptr, pool.out(), nullptr), SWCONV_OK);
  EXPECT_EQ(pool.info().packing_id, 0u);
  EXPECT_EQ(pool.info().packed_bytes, 0u);
}

TEST(plan, outlives_its_parameters) {
  swconv_epilogue_op op;
  swconv_epilogue_op_init(&op);
  op.kind = SWCONV_EPILOGUE_ACTIVATION;
  op.activation = SWCONV_ACT_CLAMP;
  op.alpha = -1.0f;
  op.beta = 1.0f;
  swconv_conv_params p = valid_conv();
  p.epilogue = &op;
  p.epilogue_count = 1;
  ready_conv c(p);
  std::memset(&op, 0xff, sizeof op);
  std::memset(&c.params, 0xff, sizeof c.params);
  EXPECT_EQ(c.run(), SWCONV_OK);
  for (const float value : c.dst) EXPECT_EQ(value, 1.0f);
}

/// Where the CPU is known, as under an emulator, so is the list.
TEST(names, instruction_sets_are_those_expected_here) {
  const char *expected = std::getenv("SWCONV_TEST_EXPECT_ISAS");
  if (expected == nullptr) GTEST_SKIP() << "SWCONV_TEST_EXPECT_ISAS is not set";
  const char *names[8] = {};
  const size_t count = swconv_isas(names, 8);
  std::string found;
  for (size_t i = 0; i < count; ++i) found += (i > 0 ? " " : "") + std::string(names[i]);
  EXPECT_EQ(found, expected);
}

TEST(names, lists_respect_their_capacity) {
  const char *names[2] = {nullptr, "untouched"};
  const size_t count = swconv_isas(nullptr, 0);
  ASSERT_GE(count, 1u);
  EXPECT_EQ(swconv_isas(names, 1), count);
  EXPECT_NE(names[0], nullptr);
  EXPECT_STREQ(names[1], "untouched");
  EXPECT_EQ(swconv_kernels("no such set", names, 2), 0u);
  EXPECT_EQ(swconv_kernels(names[0], names, 1), swconv_kernels(nullptr, nullptr, 0));
  EXPECT_STREQ(names[1], "untouched");
}

TEST(names, of_statuses_and_versions) {
  EXPECT_STREQ(swconv_status_name(SWCONV_OK), "ok");
  EXPECT_STREQ(swconv_status_name(SWCONV_OVERLAP), "overlap");
  EXPECT_STREQ(swconv_status_name(SWCONV_OVERLAP + 1), "unknown_status");
  EXPECT_STREQ(swconv_status_name(0xffffffff), "unknown_status");
  EXPECT_EQ(swconv_version(), SWCONV_VERSION_MAJOR * 1000000 + SWCONV_VERSION_MINOR * 1000 +
                                  SWCONV_VERSION_PATCH);
  EXPECT_EQ(swconv_abi_version(), uint32_t{SWCONV_ABI_VERSION});
}

TEST(force_isa, every_one_of_the_list_and_no_other) {
  const swconv_conv_params p = valid_conv();
  swconv_plan_options options;
  swconv_plan_options_init(&options);
  const char *isas[8] = {};
  const size_t count = swconv_isas(isas, 8);
  for (size_t i = 0; i < count; ++i) {
    options.force_isa = isas[i];
    plan_owner plan;
    ASSERT_EQ(swconv_conv_plan_create(&p, &options, nullptr, plan.out(), nullptr), SWCONV_OK);
    EXPECT_STREQ(plan.info().isa, isas[i]);
  }
  const std::string very_long(1000, 'x');
  for (const char *unknown : {"", "avx1024", "AVX2", "neon ", very_long.c_str()}) {
    options.force_isa = unknown;
    plan_owner plan;
    error_probe e;
    EXPECT_EQ(swconv_conv_plan_create(&p, &options, nullptr, plan.out(), &e),
              SWCONV_INVALID_ARGUMENT);
    EXPECT_EQ(plan.get(), nullptr);
    EXPECT_STREQ(e.field, "force_isa");
    ASSERT_LT(strnlen(e.message, sizeof e.message), sizeof e.message);
    const std::string message = e.message;
    EXPECT_NE(message.find(std::string(unknown).substr(0, 50)), std::string::npos) << message;
    EXPECT_NE(message.find(isas[0]), std::string::npos) << "should list what there is: " << message;
  }
}

TEST(force_kernel, every_one_that_can_and_no_unknown) {
  const swconv_conv_params p = valid_conv();
  swconv_plan_options options;
  swconv_plan_options_init(&options);
  std::vector<const char *> kernels(swconv_kernels(nullptr, nullptr, 0));
  swconv_kernels(nullptr, kernels.data(), kernels.size());
  int made = 0;
  for (const char *kernel : kernels) {
    options.force_kernel = kernel;
    plan_owner plan;
    const swconv_status status =
        swconv_conv_plan_create(&p, &options, nullptr, plan.out(), nullptr);
    if (status != SWCONV_OK) continue;  // not for this layer
    ++made;
    EXPECT_EQ(std::string(plan.info().kernel).rfind(kernel, 0), 0u) << plan.info().kernel;
  }
  EXPECT_GT(made, 0);
  options.force_kernel = "no_such_kernel";
  plan_owner plan;
  error_probe e;
  EXPECT_EQ(swconv_conv_plan_create(&p, &options, nullptr, plan.out(), &e),
            SWCONV_INVALID_ARGUMENT);
  EXPECT_STREQ(e.field, "force_kernel");
  EXPECT_NE(std::string(e.message).find("no_such_kernel"), std::string::npos) << e.message;
}

TEST(info, estimates_more_for_more) {
  const auto estimate = [](int64_t batch) {
    swconv_conv_params p = valid_conv();
    p.batch = batch;
    return ready_conv(p).info.estimated_flops;
  };
  EXPECT_GT(estimate(1), 0);
  EXPECT_DOUBLE_EQ(estimate(6), 6 * estimate(1));
}

}  // namespace
}  // namespace swconv_test
