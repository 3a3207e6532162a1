// SPDX-License-Identifier: MIT
#include "layer.hpp"

#include <algorithm>
#include <new>
#include <stdexcept>

namespace swconv_integration {
namespace {

// More layouts of one filter than this are not kept: later shapes take what the first one took.
constexpr size_t max_packings = 3;

void demand(swconv_status status, const swconv_error &error) {
  if (status == SWCONV_OK) return;
  const std::string text =
      std::string("swconv: ") + swconv_status_name(status) + ": " + error.message;
  if (status == SWCONV_OUT_OF_MEMORY) throw std::runtime_error(text);
  throw std::invalid_argument(text);
}

// The parameters of both kinds of layers name these fields alike.
template <typename Params>
void set_axes(Params &p, const layer_spec &spec, const shape &src) {
  p.spatial_dims = static_cast<uint32_t>(spec.spatial_dims);
  p.batch = src.batch;
  p.src_size[1] = src.height;
  p.src_size[2] = src.width;
  for (size_t axis = 0; axis < 2; ++axis) {
    p.stride[axis + 1] = spec.stride[axis];
    p.dilation[axis + 1] = spec.dilation[axis];
    p.pad_begin[axis + 1] = spec.pad_begin[axis];
    p.pad_end[axis + 1] = spec.pad_end[axis];
  }
}

struct conv_layer {
  swconv_conv_params params;
  std::array<swconv_epilogue_op, 2> ops;

  conv_layer(const layer_spec &spec, const shape &src, bool fast, bool plain) {
    swconv_conv_params_init(&params);
    set_axes(params, spec, src);
    params.math = fast ? SWCONV_FAST : SWCONV_STRICT;
    params.groups = spec.groups;
    params.in_channels = src.channels;
    params.out_channels = spec.out_channels;
    for (size_t axis = 0; axis < 2; ++axis) params.filter_size[axis + 1] = spec.window[axis];
    for (swconv_epilogue_op &op : ops) swconv_epilogue_op_init(&op);
    uint32_t count = 0;
    if (spec.residual && !plain) ops[count++].kind = SWCONV_EPILOGUE_RESIDUAL;
    if (spec.activation != SWCONV_ACT_NONE && !plain) {
      ops[count].kind = SWCONV_EPILOGUE_ACTIVATION;
      ops[count].activation = spec.activation;
      ops[count].alpha = spec.alpha;
      ops[count++].beta = spec.beta;
    }
    params.epilogue = count == 0 ? nullptr : ops.data();
    params.epilogue_count = count;
    swconv_error error;
    swconv_error_init(&error);
    if (spec.auto_pad == "SAME_UPPER")
      demand(swconv_conv_pad_same_upper(&params, &error), error);
    else if (spec.auto_pad == "SAME_LOWER")
      demand(swconv_conv_pad_same_lower(&params, &error), error);
    if (src.channels != spec.groups * spec.group_channels)
      throw std::invalid_argument("swconv: the input has " + std::to_string(src.channels) +
                                  " channels, the filter wants " +
                                  std::to_string(spec.groups * spec.group_channels));
  }
  conv_layer(const conv_layer &) = delete;
  conv_layer &operator=(const conv_layer &) = delete;
};

swconv_pool_params pool_params(const layer_spec &spec, const shape &src) {
  swconv_pool_params params;
  swconv_pool_params_init(&params);
  set_axes(params, spec, src);
  params.kind = spec.kind;
  params.channels = src.channels;
  params.ceil_mode = spec.ceil;
  params.count_include_pad = spec.count_include_pad;
  params.window[1] = spec.global ? src.height : spec.window[0];
  params.window[2] = spec.global ? src.width : spec.window[1];
  swconv_error error;
  swconv_error_init(&error);
  if (spec.auto_pad == "SAME_UPPER")
    demand(swconv_pool_pad_same_upper(&params, &error), error);
  else if (spec.auto_pad == "SAME_LOWER")
    demand(swconv_pool_pad_same_lower(&params, &error), error);
  return params;
}

shape from_extents(const layer_spec &spec, const shape &src, const int64_t size[3]) {
  shape dst;
  dst.batch = src.batch;
  dst.channels = spec.pool ? src.channels : spec.out_channels;
  dst.height = size[1];
  dst.width = size[2];
  // ONNX has no empty results but for an empty batch: the window does not fit.
  if (dst.height < 1 || dst.width < 1)
    throw std::invalid_argument("swconv: the window of " + spec.text() +
                                " exceeds its padded input " + src.text());
  return dst;
}

std::string by(int64_t a, int64_t b) { return std::to_string(a) + "x" + std::to_string(b); }

}  // namespace

std::string layer_spec::text() const {
  std::string t;
  if (pool) {
    t = std::string(global ? "global " : "") + (kind == SWCONV_POOL_MAX ? "max" : "average");
    if (!global) t += " " + by(window[0], window[1]);
  } else {
    t = std::to_string(group_channels * groups) + "->" + std::to_string(out_channels) + " " +
        by(window[0], window[1]);
  }
  if (stride[0] != 1 || stride[1] != 1) t += " s" + by(stride[0], stride[1]);
  if (dilation[0] != 1 || dilation[1] != 1) t += " d" + by(dilation[0], dilation[1]);
  if (groups != 1) t += " g" + std::to_string(groups);
  return t;
}

std::string shape::text() const { return by(batch, channels) + "x" + by(height, width); }

buffer allocate(size_t bytes) {
  buffer b;
  b.bytes = (bytes + 63) / 64 * 64;
  b.memory.reset(std::aligned_alloc(64, b.bytes));
  if (!b.memory) throw std::bad_alloc();
  return b;
}

layer::layer(const layer_spec &spec, const float *filter, size_t filter_count, const float *bias,
             bool fast, int plan_cache)
    : spec_(spec), fast_(fast), capacity_(static_cast<size_t>(plan_cache)) {
  if (filter != nullptr) filter_.assign(filter, filter + filter_count);
  if (bias != nullptr) bias_.assign(bias, bias + spec.out_channels);
}

shape layer::result(const layer_spec &spec, const shape &src, bool fast) {
  swconv_error error;
  swconv_error_init(&error);
  swconv_plan *plan = nullptr;
  swconv_status status;
  if (spec.pool) {
    const swconv_pool_params params = pool_params(spec, src);
    status = swconv_pool_plan_create(&params, nullptr, nullptr, &plan, &error);
  } else {
    const conv_layer conv(spec, src, fast, false);
    status = swconv_conv_plan_create(&conv.params, nullptr, nullptr, &plan, &error);
  }
  const std::unique_ptr<swconv_plan, void (*)(swconv_plan *)> owner(plan, swconv_plan_destroy);
  demand(status, error);
  swconv_plan_info info;
  swconv_plan_info_init(&info);
  swconv_plan_get_info(plan, &info);
  return from_extents(spec, src, info.dst_size);
}

double layer::macs(const layer_spec &spec, const shape &src, const shape &dst) {
  const double outputs = static_cast<double>(dst.batch) * static_cast<double>(dst.channels) *
                         static_cast<double>(dst.height) * static_cast<double>(dst.width);
  if (spec.global)
    return outputs * static_cast<double>(src.height) * static_cast<double>(src.width);
  return outputs * static_cast<double>(spec.window[0]) * static_cast<double>(spec.window[1]) *
         (spec.pool ? 1.0 : static_cast<double>(spec.group_channels));
}

std::shared_ptr<const prepared> layer::prepare(const shape &src, int threads, bool plain) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto i = plans_.begin(); i != plans_.end(); ++i) {
    const prepared &p = **i;
    if (!(p.src == src) || p.threads != threads || p.plain != plain) continue;
    if (i != plans_.begin()) plans_.splice(plans_.begin(), plans_, i);
    return plans_.front();
  }
  std::shared_ptr<const prepared> made = make(src, threads, plain);
  plans_.push_front(made);
  // A run that still uses the oldest one keeps it alive.
  if (plans_.size() > capacity_) plans_.pop_back();
  return made;
}

std::shared_ptr<prepared> layer::make(const shape &src, int threads, bool plain) {
  auto p = std::make_shared<prepared>();
  p->src = src;
  p->threads = threads;
  p->plain = plain;
  swconv_error error;
  swconv_error_init(&error);
  swconv_plan_options options;
  swconv_plan_options_init(&options);
  options.max_threads = static_cast<uint32_t>(threads);
  // Without the raw filter, or with many layouts of it already, a plan must read one that is there.
  if (!packings_.empty() && (filter_.empty() || packings_.size() >= max_packings))
    options.keep_packing_id = packings_.begin()->first;
  swconv_plan *plan = nullptr;
  swconv_status status;
  if (spec_.pool) {
    const swconv_pool_params params = pool_params(spec_, src);
    status = swconv_pool_plan_create(&params, &options, nullptr, &plan, &error);
  } else {
    const conv_layer conv(spec_, src, fast_, plain);
    status = swconv_conv_plan_create(&conv.params, &options, nullptr, &plan, &error);
  }
  p->plan.reset(plan);
  demand(status, error);
  swconv_plan_info info;
  swconv_plan_info_init(&info);
  demand(swconv_plan_get_info(plan, &info), error);
  p->dst = from_extents(spec_, src, info.dst_size);
  p->workspace_bytes = info.workspace_bytes;
  p->macs = macs(spec_, src, p->dst);
  char text[512];
  swconv_plan_describe(plan, text, sizeof text);
  p->description = text;
  if (!spec_.pool && !(info.reads_raw_filter != 0 && !filter_.empty()))
    pack(*p, info.packing_id, info.packed_bytes);
  return p;
}

void layer::pack(prepared &p, uint64_t packing_id, size_t bytes) {
  std::shared_ptr<const buffer> &known = packings_[packing_id];
  if (!known) {
    if (filter_.empty())
      throw std::runtime_error("swconv: the filter was packed for another shape than came");
    auto made = std::make_shared<buffer>(allocate(bytes));
    swconv_error error;
    swconv_error_init(&error);
    demand(swconv_conv_pack(p.plan.get(), filter_.data(), made->memory.get(), made->bytes, &error),
           error);
    known = std::move(made);
  }
  p.packed = known;
}

void layer::settle(const shape &src, int threads) {
  const std::shared_ptr<const prepared> p = prepare(src, threads, false);
  if (!spec_.pool && p->packed) {
    filter_.clear();
    filter_.shrink_to_fit();
  }
}

}  // namespace swconv_integration
