// SPDX-License-Identifier: MIT
// Pack and run with broken pointers, sizes and headers: refused, and dst is untouched.
#include "helpers.hpp"

namespace swconv_test {
namespace {

/// A run must fail and leave dst alone.
void expect_refused(const ready_conv &c, swconv_status status, const char *field) {
  error_probe e;
  EXPECT_EQ(c.run(&e), status);
  EXPECT_EQ(e.status, status);
  EXPECT_STREQ(e.field, field);
  EXPECT_NE(std::string(e.message).find(field), std::string::npos) << e.message;
  EXPECT_TRUE(c.dst_is_untouched());
}

TEST(run, the_example_itself_runs) {
  ready_conv c;
  EXPECT_EQ(c.run(), SWCONV_OK);
  for (const float value : c.dst) EXPECT_EQ(value, 9.0f);  // 2 channels x 9 taps x 0.5
}

TEST(run, null_pointers) {
  ready_conv c;
  expect_failure([&](swconv_error *e) { return swconv_run(nullptr, &c.args, e); },
                 SWCONV_INVALID_ARGUMENT, "plan", 0);
  expect_failure([&](swconv_error *e) { return swconv_run(c.plan.get(), nullptr, e); },
                 SWCONV_INVALID_ARGUMENT, "run_args", 0);
  c.args.src = nullptr;
  expect_refused(c, SWCONV_INVALID_ARGUMENT, "src");
  c.args.src = c.src.data();
  c.args.packed_filter = nullptr;
  expect_refused(c, SWCONV_INVALID_ARGUMENT, "packed_filter");
  c.args.packed_filter = c.packed.data();
  c.args.dst = nullptr;
  expect_refused(c, SWCONV_INVALID_ARGUMENT, "dst");
}

TEST(run, scale_and_residual_must_be_there_if_the_epilogue_wants_them) {
  swconv_epilogue_op op;
  swconv_epilogue_op_init(&op);
  swconv_conv_params p = valid_conv();
  p.epilogue = &op;
  p.epilogue_count = 1;
  op.kind = SWCONV_EPILOGUE_SCALE;
  expect_refused(ready_conv(p), SWCONV_INVALID_ARGUMENT, "scale");
  op.kind = SWCONV_EPILOGUE_RESIDUAL;
  expect_refused(ready_conv(p), SWCONV_INVALID_ARGUMENT, "residual");
}

TEST(run, reserved_field_and_sizes) {
  ready_conv c;
  c.args.reserved0 = 1;
  expect_refused(c, SWCONV_INVALID_ARGUMENT, "run_args.reserved0");
  c.args.reserved0 = 0;
  c.args.struct_size = 3;
  expect_refused(c, SWCONV_INVALID_ARGUMENT, "run_args.struct_size");
}

TEST(run, broken_threads) {
  ready_conv c;
  swconv_threads t;
  swconv_threads_init(&t);
  c.args.threads = &t;
  t.num_threads = 0;
  expect_refused(c, SWCONV_INVALID_ARGUMENT, "threads.num_threads");
  swconv_threads_init(&t);
  t.parallel_for = nullptr;
  expect_refused(c, SWCONV_INVALID_ARGUMENT, "threads.parallel_for");
  swconv_threads_init(&t);
  t.struct_size = 12345;
  expect_refused(c, SWCONV_INVALID_ARGUMENT, "threads.struct_size");
  swconv_threads_init(&t);
  EXPECT_EQ(c.run(), SWCONV_OK) << "threads as initialised are serial";
}

TEST(packed_filter, truncated_foreign_or_mismatched) {
  ready_conv c;
  c.args.packed_bytes -= 1;
  expect_refused(c, SWCONV_PACKING_MISMATCH, "packed_bytes");
  c.args.packed_bytes = 0;
  expect_refused(c, SWCONV_PACKING_MISMATCH, "packed_bytes");
  c.args.packed_bytes = c.info.packed_bytes;

  // Of another layer with as many bytes: channels and groups swapped.
  swconv_conv_params other_params = valid_conv();
  other_params.filter_size[1] = 9;
  other_params.filter_size[2] = 1;
  other_params.src_size[1] = 9;
  ready_conv other(other_params);
  ASSERT_NE(other.info.packing_id, c.info.packing_id);
  std::memcpy(c.packed.data(), other.packed.data(), 64);
  expect_refused(c, SWCONV_PACKING_MISMATCH, "packed_filter");

  // No packed filter at all.
  std::memset(c.packed.data(), 0, c.info.packed_bytes);
  expect_refused(c, SWCONV_PACKING_MISMATCH, "packed_filter");
  std::memset(c.packed.data(), 0xff, c.info.packed_bytes);
  expect_refused(c, SWCONV_PACKING_MISMATCH, "packed_filter");

  // Misaligned.
  ready_conv d;
  std::memmove(d.packed.data() + 4, d.packed.data(), d.info.packed_bytes);
  d.args.packed_filter = d.packed.data() + 4;
  expect_refused(d, SWCONV_INVALID_ARGUMENT, "packed_filter");
}

TEST(packed_filter, of_another_instruction_set) {
  const char *isas[8];
  const size_t count = swconv_isas(isas, 8);
  if (count < 2) GTEST_SKIP() << "only one instruction set here";
  ready_conv c;
  swconv_plan_options options;
  swconv_plan_options_init(&options);
  options.force_isa = isas[1];
  plan_owner plan;
  ASSERT_EQ(swconv_conv_plan_create(&c.params, &options, nullptr, plan.out(), nullptr), SWCONV_OK);
  const swconv_plan_info info = plan.info();
  ASSERT_STREQ(info.isa, isas[1]);
  aligned_bytes packed(info.packed_bytes);
  ASSERT_EQ(
      swconv_conv_pack(plan.get(), c.filter.data(), packed.data(), info.packed_bytes, nullptr),
      SWCONV_OK);
  c.args.packed_filter = packed.data();
  c.args.packed_bytes = info.packed_bytes > c.info.packed_bytes ? info.packed_bytes : c.info.packed_bytes;
  aligned_bytes roomy(c.args.packed_bytes);
  std::memcpy(roomy.data(), packed.data(), info.packed_bytes);
  c.args.packed_filter = roomy.data();
  expect_refused(c, SWCONV_PACKING_MISMATCH, "packed_filter");
}

TEST(pack, broken_arguments) {
  ready_conv c;
  const auto pack = [&](const void *filter, void *packed, size_t bytes, swconv_error *e) {
    return swconv_conv_pack(c.plan.get(), filter, packed, bytes, e);
  };
  const size_t bytes = c.info.packed_bytes;
  expect_failure(
      [&](swconv_error *e) {
        return swconv_conv_pack(nullptr, c.filter.data(), c.packed.data(), bytes, e);
      },
      SWCONV_INVALID_ARGUMENT, "plan", 0);
  expect_failure([&](swconv_error *e) { return pack(nullptr, c.packed.data(), bytes, e); },
                 SWCONV_INVALID_ARGUMENT, "filter", 0);
  expect_failure([&](swconv_error *e) { return pack(c.filter.data(), nullptr, bytes, e); },
                 SWCONV_INVALID_ARGUMENT, "packed", 0);
  error_probe e;
  EXPECT_EQ(pack(c.filter.data(), c.packed.data(), bytes - 1, &e), SWCONV_INVALID_ARGUMENT);
  EXPECT_STREQ(e.field, "packed_bytes");
  EXPECT_EQ(pack(c.filter.data(), c.packed.data() + 4, bytes, &e), SWCONV_INVALID_ARGUMENT);
  EXPECT_STREQ(e.field, "packed");

  // A pooling plan has nothing to pack.
  const swconv_pool_params p = valid_pool();
  plan_owner pool;
  ASSERT_EQ(swconv_pool_plan_create(&p, nullptr, nullptr, pool.out(), nullptr), SWCONV_OK);
  EXPECT_EQ(swconv_conv_pack(pool.get(), c.filter.data(), c.packed.data(), 1 << 20, nullptr),
            SWCONV_INVALID_ARGUMENT);
}

/// A run of `plan` must insist on its workspace. False if the plan needs none.
bool insists_on_workspace(const plan_owner &plan, swconv_run_args args, std::vector<float> &dst) {
  const swconv_plan_info info = plan.info();
  if (info.workspace_bytes == 0) return false;
  aligned_bytes workspace(info.workspace_bytes + 64);
  const std::vector<float> before = dst;
  const auto refuses = [&](void *memory, size_t bytes, swconv_status status, const char *field) {
    args.workspace = memory;
    args.workspace_bytes = bytes;
    error_probe e;
    EXPECT_EQ(swconv_run(plan.get(), &args, &e), status);
    EXPECT_STREQ(e.field, field);
    EXPECT_EQ(dst, before);
  };
  refuses(workspace.data(), info.workspace_bytes - 1, SWCONV_WORKSPACE_TOO_SMALL,
          "workspace_bytes");
  refuses(workspace.data(), 0, SWCONV_WORKSPACE_TOO_SMALL, "workspace_bytes");
  refuses(nullptr, info.workspace_bytes, SWCONV_INVALID_ARGUMENT, "workspace");
  refuses(workspace.data() + 4, info.workspace_bytes, SWCONV_INVALID_ARGUMENT, "workspace");
  args.workspace = workspace.data();
  args.workspace_bytes = info.workspace_bytes;
  EXPECT_EQ(swconv_run(plan.get(), &args, nullptr), SWCONV_OK);
  return true;
}

TEST(workspace, too_small_or_missing) {
  int needy = 0;
  for (const int64_t width : {9, 200, 3000})
    for (const int64_t filter : {1, 3, 9}) {
      swconv_conv_params p = valid_conv();
      p.in_channels = p.out_channels = p.groups = 8;
      p.src_size[2] = width;
      p.filter_size[2] = filter;
      p.pad_begin[2] = p.pad_end[2] = 3;
      ready_conv c(p);
      needy += insists_on_workspace(c.plan, c.args, c.dst);
    }
  for (const uint32_t kind : {SWCONV_POOL_MAX, SWCONV_POOL_AVG})
    for (const int64_t window : {2, 3, 17, 60, 300})
      for (const int64_t stride : {1, 2, 3}) {
        swconv_pool_params p = valid_pool();
        p.kind = kind;
        p.src_size[1] = p.src_size[2] = 320;
        p.window[1] = p.window[2] = window;
        p.stride[1] = p.stride[2] = stride;
        plan_owner plan;
        ASSERT_EQ(swconv_pool_plan_create(&p, nullptr, nullptr, plan.out(), nullptr), SWCONV_OK);
        std::vector<float> src(2 * 3 * 320 * 320, 1.0f), dst(src.size(), -1.0f);
        swconv_run_args args;
        swconv_run_args_init(&args);
        args.src = src.data();
        args.dst = dst.data();
        needy += insists_on_workspace(plan, args, dst);
      }
  if (needy == 0) GTEST_SKIP() << "none of these plans needs workspace";
}

TEST(overlap, shared_elements_are_refused) {
  ready_conv c;
  std::vector<float> both(c.src.size() + c.dst.size(), 2.0f);
  c.args.src = both.data();
  for (const size_t offset : {size_t{0}, size_t{1}, c.src.size() - 1}) {
    c.args.dst = both.data() + offset;
    error_probe e;
    EXPECT_EQ(c.run(&e), SWCONV_OVERLAP) << offset;
    EXPECT_NE(e.field[0], '\0');
    EXPECT_EQ(both, std::vector<float>(both.size(), 2.0f));
  }
  c.args.src = both.data() + c.dst.size() - 1;
  c.args.dst = both.data();
  EXPECT_EQ(c.run(), SWCONV_OVERLAP);
  c.args.src = both.data() + c.dst.size();
  EXPECT_EQ(c.run(), SWCONV_OK) << "neighbours do not overlap";
}

TEST(overlap, interleaved_slices_of_one_buffer_are_legal) {
  // Two halves of the channels of one buffer, batch by batch: spans overlap, elements do not.
  swconv_conv_params p = valid_conv();
  p.groups = 1;
  p.in_channels = p.out_channels = 2;
  p.filter_size[1] = p.filter_size[2] = 1;
  const int64_t plane = 7 * 9;
  const int64_t strides[5] = {4 * plane, plane, plane, 9, 1};
  std::memcpy(p.src_stride, strides, sizeof strides);
  std::memcpy(p.dst_stride, strides, sizeof strides);
  std::vector<float> buffer(size_t(2 * 4 * plane), 1.0f);
  const std::vector<float> filter(4, 1.0f);
  EXPECT_EQ(swconv_conv(&p, buffer.data(), filter.data(), nullptr, buffer.data() + 2 * plane,
                        nullptr, nullptr),
            SWCONV_OK);
  for (int64_t n = 0; n < 2; ++n)
    for (int64_t ch = 0; ch < 4; ++ch)
      for (int64_t i = 0; i < plane; ++i)
        ASSERT_EQ(buffer[size_t((n * 4 + ch) * plane + i)], ch < 2 ? 1.0f : 2.0f);
  EXPECT_EQ(swconv_conv(&p, buffer.data(), filter.data(), nullptr, buffer.data() + plane, nullptr,
                        nullptr),
            SWCONV_OVERLAP);
}

TEST(one_call, null_pointers) {
  const swconv_conv_params c = valid_conv();
  const swconv_pool_params p = valid_pool();
  std::vector<float> memory(4096, 1.0f);
  float *m = memory.data();
  EXPECT_EQ(swconv_conv(nullptr, m, m, nullptr, m, nullptr, nullptr), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(swconv_conv(&c, nullptr, m, nullptr, m, nullptr, nullptr), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(swconv_conv(&c, m, nullptr, nullptr, m, nullptr, nullptr), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(swconv_conv(&c, m, m, nullptr, nullptr, nullptr, nullptr), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(swconv_pool(nullptr, m, m + 2048, nullptr, nullptr), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(swconv_pool(&p, nullptr, m, nullptr, nullptr), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(swconv_pool(&p, m, nullptr, nullptr, nullptr), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(memory, std::vector<float>(4096, 1.0f));
}

TEST(run, nothing_to_do_is_ok) {
  swconv_conv_params c = valid_conv();
  c.batch = 0;
  EXPECT_EQ(swconv_conv(&c, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr), SWCONV_OK);
  c = valid_conv();
  c.filter_size[2] = 10;  // wider than the row
  std::vector<float> src(2 * 4 * 7 * 9), filter(6 * 2 * 3 * 10);
  EXPECT_EQ(swconv_conv(&c, src.data(), filter.data(), nullptr, src.data(), nullptr, nullptr),
            SWCONV_OK);
  swconv_pool_params p = valid_pool();
  p.window[1] = 8;
  EXPECT_EQ(swconv_pool(&p, src.data(), nullptr, nullptr, nullptr), SWCONV_OK);
}

/// The residual has strides of its own.
TEST(run, residual_strides_are_not_those_of_dst) {
  swconv_epilogue_op op;
  swconv_epilogue_op_init(&op);
  op.kind = SWCONV_EPILOGUE_RESIDUAL;
  swconv_conv_params p = valid_conv();
  p.epilogue = &op;
  p.epilogue_count = 1;
  const int64_t strides[5] = {900, 100, 100, 11, 1};  // dst is 5 x 7, dense
  std::memcpy(p.residual_stride, strides, sizeof strides);
  ready_conv c(p);
  std::vector<float> residual(2 * 900);
  for (size_t i = 0; i < residual.size(); ++i) residual[i] = float(i);
  c.args.residual = residual.data();
  ASSERT_EQ(c.run(), SWCONV_OK);
  for (int64_t n = 0, at = 0; n < 2; ++n)
    for (int64_t ch = 0; ch < 6; ++ch)
      for (int64_t h = 0; h < 5; ++h)
        for (int64_t w = 0; w < 7; ++w, ++at)
          ASSERT_EQ(c.dst[size_t(at)], 9.0f + float(n * 900 + ch * 100 + h * 11 + w));
}

}  // namespace
}  // namespace swconv_test
