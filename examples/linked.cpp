// SPDX-License-Identifier: MIT
// A depthwise layer with stride, bias and hard_swish, linked: the instruction set is chosen at run
// time; plan and pack once, run often.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <swconv/linked.hpp>
#include <vector>

// Packed filters and workspace are aligned to 64 bytes.
struct free_memory {
  void operator()(void *p) const { std::free(p); }
};
static std::unique_ptr<void, free_memory> allocate(std::size_t bytes) {
  return std::unique_ptr<void, free_memory>(std::aligned_alloc(64, (bytes + 64) / 64 * 64));
}

static int fail(const swconv::error &error) {
  std::fprintf(stderr, "%s\n", error.message);
  return 1;
}

int main() {
  constexpr int channels = 32, size = 56;
  const std::vector<float> src(channels * size * size, 1), filter(channels * 3 * 3, 1);
  const std::vector<float> bias(channels, -3);
  std::vector<float> dst(channels * size / 2 * size / 2);
  swconv::error error;

  using swconv::epilogue_op, swconv::activation;
  const epilogue_op epilogue[] = {epilogue_op::act(activation::hard_swish)};
  auto params = swconv::conv_params::conv2d(1, channels, size, size, channels, 3, 3);
  params.group_count(channels).strides(2, 2).pads(1).epilogue_ops(epilogue);

  swconv::linked::plan plan;
  if (plan.make(params, nullptr, &error) != swconv::status::ok) return fail(error);
  const auto info = plan.info();
  const auto packed = allocate(info.packed_bytes), workspace = allocate(info.workspace_bytes);
  plan.pack(filter.data(), packed.get(), info.packed_bytes);

  swconv::run_args args;
  args.src = src.data();
  args.packed_filter = packed.get();
  args.packed_bytes = info.packed_bytes;
  args.bias = bias.data();
  args.dst = dst.data();
  args.workspace = workspace.get();
  args.workspace_bytes = info.workspace_bytes;
  if (plan.run(args, &error) != swconv::status::ok) return fail(error);  // again for every src

  // A corner sees 4 ones, an inner point 9.
  std::printf("corner %.4f, inner %.4f, kernel %s on %s\n", dst[0], dst[size / 2 + 1], info.kernel,
              info.isa);
}
