// SPDX-License-Identifier: MIT
#include "kernel.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "spread.hpp"

namespace swconv_ort {
namespace {

// Waking another thread costs microseconds: layers below this many MACs run on one.
constexpr double macs_worth_a_thread = 250e3;

std::vector<int64_t> dims_of(const OrtApi &ort, const OrtValue &v) {
  OrtTensorTypeAndShapeInfo *info = nullptr;
  check(ort, ort.GetTensorTypeAndShape(&v, &info));
  const std::unique_ptr<OrtTensorTypeAndShapeInfo, decltype(ort.ReleaseTensorTypeAndShapeInfo)>
      owner(info, ort.ReleaseTensorTypeAndShapeInfo);
  size_t rank = 0;
  check(ort, ort.GetDimensionsCount(info, &rank));
  std::vector<int64_t> dims(rank);
  check(ort, ort.GetDimensions(info, dims.data(), rank));
  return dims;
}

const void *data_of(const OrtApi &ort, const OrtValue &v) {
  const void *data = nullptr;
  check(ort, ort.GetTensorData(&v, &data));
  return data;
}

const OrtValue &input_of(const OrtApi &ort, OrtKernelContext &context, size_t index) {
  const OrtValue *v = nullptr;
  check(ort, ort.KernelContext_GetInput(&context, index, &v));
  if (v == nullptr) throw failure(ORT_INVALID_ARGUMENT, "swconv: an input is missing");
  return *v;
}

void *output_of(const OrtApi &ort, OrtKernelContext &context, const std::vector<int64_t> &dims) {
  OrtValue *v = nullptr;
  check(ort, ort.KernelContext_GetOutput(&context, 0, dims.data(), dims.size(), &v));
  if (v == nullptr) throw failure(ORT_FAIL, "swconv: the fused node has no output");
  void *data = nullptr;
  check(ort, ort.GetTensorMutableData(v, &data));
  return data;
}

// The position of a value among the inputs of the node that replaces the matched ones.
size_t input_index(const ort_apis &apis, const OrtNode &fused, const std::string &name) {
  size_t count = 0;
  check(*apis.ort, apis.ort->Node_GetNumInputs(&fused, &count));
  std::vector<const OrtValueInfo *> inputs(count);
  check(*apis.ort, apis.ort->Node_GetInputs(&fused, inputs.data(), count));
  for (size_t i = 0; i < count; ++i) {
    const char *text = nullptr;
    if (inputs[i] == nullptr) continue;
    check(*apis.ort, apis.ort->GetValueInfoName(inputs[i], &text));
    if (name == text) return i;
  }
  throw failure(ORT_FAIL, "swconv: the fused node lacks the input " + name);
}

layer make_layer(const graph &g, const match &m, const options &o) {
  size_t filter_count = 0, bias_count = 0;
  const float *filter = m.filter == nullptr ? nullptr : g.floats(*m.filter, filter_count);
  const float *bias = m.bias == nullptr ? nullptr : g.floats(*m.bias, bias_count);
  if ((filter == nullptr) != (m.filter == nullptr) || (bias == nullptr) != (m.bias == nullptr))
    throw failure(ORT_FAIL, "swconv: a constant of " + m.dst->name + " is not to be had");
  return layer(m.spec, filter, filter_count, bias, o.fast, o.plan_cache);
}

}  // namespace

kernel::kernel(session &owner, const graph &g, const match &m, const OrtNode &fused)
    : session_(owner),
      name_(m.dst->name),
      operators_(m.operators()),
      nodes_(m.nodes.size()),
      src_input_(input_index(owner.apis(), fused, m.src->name)),
      layer_(make_layer(g, m, owner.chosen())) {
  ort_version_supported = api_version;
  // The state is this object: any number of runs may share it.
  CreateState = [](OrtNodeComputeInfo *self, OrtNodeComputeContext *, void **state) -> OrtStatus * {
    *state = self;
    return nullptr;
  };
  Compute = [](OrtNodeComputeInfo *, void *state, OrtKernelContext *context) -> OrtStatus * {
    kernel &k = *static_cast<kernel *>(static_cast<OrtNodeComputeInfo *>(state));
    return guarded(*k.session_.apis().ort, [&] { k.compute(*context); });
  };
  ReleaseState = [](OrtNodeComputeInfo *, void *) {};
  if (m.residual != nullptr) residual_input_ = input_index(owner.apis(), fused, m.residual->name);
  shape src;
  if (m.known_shape(src)) layer_.settle(src, threads_for(src));
}

void kernel::compute(OrtKernelContext &context) {
  const auto start = std::chrono::steady_clock::now();
  const OrtApi &ort = *session_.apis().ort;
  session_.count_threads(context);

  const OrtValue &input = input_of(ort, context, src_input_);
  const std::vector<int64_t> dims = dims_of(ort, input);
  const layer_spec &spec = layer_.spec();
  if (dims.size() != static_cast<size_t>(spec.spatial_dims) + 2)
    throw failure(ORT_INVALID_ARGUMENT, "swconv: the input of " + name_ + " has " +
                                            std::to_string(dims.size()) + " axes");
  const shape src{dims[0], dims[1], dims.size() == 4 ? dims[2] : 1, dims.back()};

  const OrtValue *residual = nullptr;
  std::vector<int64_t> residual_dims;
  if (spec.residual) {
    residual = &input_of(ort, context, residual_input_);
    residual_dims = dims_of(ort, *residual);
  }
  const std::shared_ptr<const prepared> p = layer_.prepare(src, threads_for(src), false);
  const std::vector<int64_t> dst_dims = onnx_dims(p->dst);
  if (spec.residual && residual_dims != dst_dims) {
    run_spread(src, context, data_of(ort, input), *residual, residual_dims);
  } else {
    void *dst = output_of(ort, context, dst_dims);
    run(*p, context, data_of(ort, input), residual == nullptr ? nullptr : data_of(ort, *residual),
        dst);
  }

  if (session_.chosen().report.empty()) return;
  const int64_t took =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start)
          .count();
  const std::lock_guard<std::mutex> lock(report_mutex_);
  ++calls_;
  fastest_ = std::min(fastest_, took);
  last_plan_ = p;
}

void kernel::run(const prepared &p, OrtKernelContext &context, const void *src,
                 const void *residual, void *dst) {
  if (p.src.batch == 0) return;
  const crew threads(*session_.apis().ort, context, p.threads);
  swconv_run_args args;
  swconv_run_args_init(&args);
  args.src = src;
  args.dst = dst;
  args.residual = residual;
  args.bias = layer_.bias();
  if (p.packed) {
    args.packed_filter = p.packed->memory.get();
    args.packed_bytes = p.packed->bytes;
  } else {
    args.filter = layer_.filter();
  }
  args.threads = threads.get();
  buffer workspace;
  if (p.workspace_bytes != 0) {
    workspace = session_.borrow(p.workspace_bytes);
    args.workspace = workspace.memory.get();
    args.workspace_bytes = workspace.bytes;
  }
  swconv_error error;
  swconv_error_init(&error);
  const swconv_status status = swconv_run(p.plan.get(), &args, &error);
  if (workspace.memory) session_.give_back(std::move(workspace));
  if (status != SWCONV_OK)
    throw failure(ORT_FAIL,
                  "swconv: " + name_ + ": " + swconv_status_name(status) + ": " + error.message);
}

void kernel::run_spread(const shape &src, OrtKernelContext &context, const void *data,
                        const OrtValue &residual, const std::vector<int64_t> &residual_dims) {
  const OrtApi &ort = *session_.apis().ort;
  const std::shared_ptr<const prepared> p = layer_.prepare(src, threads_for(src), true);
  const std::vector<int64_t> own = onnx_dims(p->dst), dims = spread_dims(own, residual_dims);
  const auto *other = static_cast<const float *>(data_of(ort, residual));
  auto *out = static_cast<float *>(output_of(ort, context, dims));
  if (dims == own) {
    run(*p, context, data, nullptr, out);
    add_spread(layer_.spec(), out, own, other, residual_dims, out, dims);
    return;
  }
  size_t count = 1;
  for (const int64_t extent : own) count *= static_cast<size_t>(extent);
  std::vector<float> mine(count);
  run(*p, context, data, nullptr, mine.data());
  add_spread(layer_.spec(), mine.data(), own, other, residual_dims, out, dims);
}

int kernel::threads_for(const shape &src) const {
  const int most = session_.threads();
  if (most <= 1) return 1;
  // An upper bound of the result is enough here: the extents of src over the strides.
  const layer_spec &s = layer_.spec();
  shape dst = src;
  dst.channels = s.pool ? src.channels : s.out_channels;
  dst.height = s.global ? 1 : src.height / s.stride[0];
  dst.width = s.global ? 1 : src.width / s.stride[1];
  return layer::macs(s, src, dst) < macs_worth_a_thread ? 1 : most;
}

std::vector<int64_t> kernel::onnx_dims(const shape &s) const {
  if (layer_.spec().spatial_dims == 1) return {s.batch, s.channels, s.width};
  return {s.batch, s.channels, s.height, s.width};
}

std::string kernel::report() const {
  const std::lock_guard<std::mutex> lock(report_mutex_);
  if (!last_plan_) return {};
  const prepared &p = *last_plan_;
  return name_ + "\t" + operators_ + "\t" + std::to_string(nodes_) + "\t" + layer_.spec().text() +
         "\t" + p.src.text() + "\t" + std::to_string(p.macs) + "\t" + std::to_string(calls_) +
         "\t" + std::to_string(fastest_) + "\t" + p.description;
}

}  // namespace swconv_ort
