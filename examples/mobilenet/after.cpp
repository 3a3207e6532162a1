// SPDX-License-Identifier: MIT
// After: a plan and a packed filter per layer; bias, residual and activation in the same pass.
#include <cstdio>
#include <cstdlib>
#include <swconv/linked.hpp>

#include "convolution.hpp"

namespace {

struct free_memory {
  void operator()(void *p) const { std::free(p); }
};
using memory = std::unique_ptr<void, free_memory>;
memory allocate(std::size_t bytes) {
  return memory(std::aligned_alloc(64, (bytes + 64) / 64 * 64));
}

class with_swconv : public convolution {
 public:
  with_swconv(const layer_shape &s, const std::vector<float> &filter,
              const std::vector<float> &bias)
      : bias_(bias) {
    using swconv::epilogue_op;
    const epilogue_op residual = epilogue_op::residual();
    const epilogue_op act = epilogue_op::act(swconv::activation::hard_swish);
    swconv_epilogue_op ops[2];
    uint32_t count = 0;
    if (s.residual) ops[count++] = residual;
    if (s.hard_swish) ops[count++] = act;
    auto params = swconv::conv_params::conv2d(1, s.in, s.size, s.size, s.out, s.kernel, s.kernel);
    params.group_count(s.groups).strides(s.stride, s.stride).pads(s.kernel / 2);
    params.epilogue = ops;
    params.epilogue_count = count;
    require(plan_.make(params, nullptr, &error_));

    const auto info = plan_.info();
    packed_ = allocate(info.packed_bytes);
    workspace_ = allocate(info.workspace_bytes);
    require(plan_.pack(filter.data(), packed_.get(), info.packed_bytes, &error_));
    args_.packed_filter = packed_.get();
    args_.packed_bytes = info.packed_bytes;
    args_.bias = bias_.data();
    args_.workspace = workspace_.get();
    args_.workspace_bytes = info.workspace_bytes;
    with_residual_ = s.residual;
  }

  void run(const float *src, const float *residual, float *dst) override {
    args_.src = src;
    args_.residual = with_residual_ ? residual : nullptr;
    args_.dst = dst;
    require(plan_.run(args_, &error_));
  }
  std::size_t extra_bytes() const override { return args_.workspace_bytes; }

 private:
  void require(swconv::status status) {
    if (status == swconv::status::ok) return;
    std::fprintf(stderr, "%s\n", error_.message);
    std::exit(1);
  }

  std::vector<float> bias_;
  swconv::error error_;
  swconv::linked::plan plan_;
  swconv::run_args args_;
  memory packed_, workspace_;
  bool with_residual_ = false;
};

}  // namespace

std::unique_ptr<convolution> make_swconv(const layer_shape &s, const std::vector<float> &filter,
                                         const std::vector<float> &bias) {
  return std::make_unique<with_swconv>(s, filter, bias);
}
